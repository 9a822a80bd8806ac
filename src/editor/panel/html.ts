import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { START_ID } from '../protocol/protocol';
import type { PanelStart } from '../protocol/protocol';

/** What the page may load: the programs of the package, nothing else. */
export function panelResources(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist');
}

/** The page around the panel's program: its own scripts and styles, no others, and no connection to anywhere. */
export function panelHtml(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  start: PanelStart<unknown>,
): string {
  const resources = panelResources(extensionUri);
  const uriOf = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(resources, name)).toString();
  // What the script imports later inherits its nonce.
  const nonce = randomNonce();
  // The toolkit tries with an empty style element what the browser knows; it finds this nonce in the page.
  const styleNonce = randomNonce();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${styleNonce}'`,
    `font-src ${webview.cspSource}`,
    "connect-src 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta property="csp-nonce" content="${styleNonce}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${uriOf('panel.css')}" />
    <script type="module" nonce="${nonce}" src="${uriOf('panel.js')}"></script>
    <title>Lipschitz Lens</title>
  </head>
  <body>
    <div id="root"></div>
    <script type="application/json" id="${START_ID}">${scriptText(start)}</script>
  </body>
</html>`;
}

/** JSON that holds nothing by which a script element could end. */
function scriptText(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function randomNonce(): string {
  return randomBytes(16).toString('base64url');
}
