/** The panel's page. */
import '@vscode/codicons/dist/codicon.css';
import './panel.css';
import { render } from 'preact';
import { App } from './app';
import { host } from './host';

const report = (message: string) => host.postMessage({ type: 'error', message });
addEventListener('error', ({ message }) => report(message));
addEventListener('unhandledrejection', ({ reason }) => report(String(reason)));

const root = document.getElementById('root');
if (root) render(<App />, root);
