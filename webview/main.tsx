/** The panel's page. */
import '@vscode/codicons/dist/codicon.css';
import './panel.css';
import { config } from '@vscode/l10n';
import { render } from 'preact';
import { START_ID } from '../src/editor/protocol/protocol';
import type { PanelStart } from '../src/editor/protocol/protocol';
import { App } from './app';
import { host } from './host';

const report = (message: string) => host.postMessage({ type: 'error', message });
addEventListener('error', ({ message }) => report(message));
addEventListener('unhandledrejection', ({ reason }) => report(String(reason)));

// The answer comes while the page is drawn without it.
host.postMessage({ type: 'ready' });
const text = document.getElementById(START_ID)?.textContent;
const root = document.getElementById('root');
if (root && text) {
  const start = JSON.parse(text) as PanelStart;
  // For the words that the core puts together here, such as units.
  config({ contents: start.bundle ?? {} });
  render(<App start={start} />, root);
}
