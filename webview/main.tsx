/** The panel's page. */
import '@vscode/codicons/dist/codicon.css';
import './panel.css';
import { config } from '@vscode/l10n';
import { render } from 'preact';
import { START_ID } from '../src/editor/protocol/protocol';
import type { ComparisonHead, SeriesHead } from '../src/editor/protocol/comparison';
import type { PanelHead, PanelStart } from '../src/editor/protocol/protocol';
import { App } from './app';
import { ComparisonApp } from './comparison/comparison-app';
import { host } from './host';
import { SeriesApp } from './series/series-app';

type AnyStart = PanelStart<PanelHead | ComparisonHead | SeriesHead>;

const report = (message: string) => host.postMessage({ type: 'error', message });
addEventListener('error', ({ message }) => report(message));
addEventListener('unhandledrejection', ({ reason }) => report(String(reason)));

// The answer comes while the page is drawn without it.
host.postMessage({ type: 'ready' });
const text = document.getElementById(START_ID)?.textContent;
const root = document.getElementById('root');
if (root && text) {
  const start = JSON.parse(text) as AnyStart;
  // For the words that the core puts together here, such as units.
  config({ contents: start.bundle ?? {} });
  render(pageOf(start), root);
}

function pageOf(start: AnyStart) {
  const { head } = start;
  if (!('kind' in head)) return <App start={{ ...start, head }} />;
  return head.kind === 'comparison' ? (
    <ComparisonApp start={{ ...start, head }} />
  ) : (
    <SeriesApp start={{ ...start, head }} />
  );
}
