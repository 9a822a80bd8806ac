/** The panel's page. */
import '@vscode/codicons/dist/codicon.css';
import './panel.css';
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
const start = document.getElementById(START_ID)?.textContent;
const root = document.getElementById('root');
if (root && start) render(<App start={JSON.parse(start) as PanelStart} />, root);
