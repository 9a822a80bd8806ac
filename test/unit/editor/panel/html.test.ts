import { posix } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Uri, Webview } from 'vscode';
import { panelHtml } from '../../../../src/editor/panel/html';
import { panelStrings } from '../../../../src/editor/panel/panel-strings';
import type { PanelStart } from '../../../../src/editor/protocol/protocol';
import { DEFAULT_SETTINGS } from '../../report/sample';

vi.mock('vscode', () => ({
  env: { language: 'en' },
  l10n: { t: (text: string) => text },
  Uri: { joinPath: (base: string, ...parts: string[]) => posix.join(base, ...parts) },
}));

const webview = { cspSource: 'https://resources', asWebviewUri: (uri: unknown) => uri } as Webview;

const start = (name: string): PanelStart => ({
  head: {
    run: 0,
    file: { name, path: `/models/${name}` },
    state: { kind: 'loading' },
    model: null,
    device: null,
    settings: DEFAULT_SETTINGS,
    base: null,
    skippedCount: 0,
    seconds: null,
    analysedAt: null,
    stale: false,
    budgets: { layer: null, network: null },
    trusted: true,
  },
  strings: panelStrings(),
  locale: 'en',
});

const html = (name = 'net.onnx') => panelHtml(webview, '/extension' as unknown as Uri, start(name));

/** The JSON in the page, as a browser finds it: up to the first end of a script. */
function startIn(page: string): unknown {
  const [, rest] = page.split('<script type="application/json" id="start">');
  return JSON.parse(rest.slice(0, rest.search(/<\/script/i)));
}

describe('panelHtml', () => {
  it('allows its own script by a nonce that is new every time, and nothing unsafe', () => {
    const nonces = [html(), html()].map((page) => {
      const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];
      expect(policy).toMatch(/^default-src 'none'; /);
      expect(policy).not.toMatch(/unsafe|\*/);
      const [, nonce] = /script-src 'nonce-([\w-]{20,})'(;|$)/.exec(policy) ?? [];
      expect(page).toContain(`<script type="module" nonce="${nonce}" src="/extension/dist/panel.js">`);
      return nonce;
    });
    expect(new Set(nonces).size).toBe(2);
  });

  it.each(['net.onnx', '</script><img src=x onerror=alert(1)>', '<!--<script>', '"\\\u2028&quot;.onnx'])(
    'tells the page of %j, whatever the name holds',
    (name) => {
      expect(startIn(html(name))).toEqual(start(name));
      expect(html(name)).not.toContain('<img');
      expect(html(name).match(/<script/g)).toHaveLength(2);
    },
  );
});
