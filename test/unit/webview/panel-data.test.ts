import { describe, expect, it } from 'vitest';
import type { IndexedRow, PanelHead, ToPanel } from '../../../src/editor/protocol/protocol';
import { begin, hasFigures, take } from '../../../webview/panel-data';
import type { PanelData } from '../../../webview/panel-data';
import { DEFAULT_SETTINGS, layer } from '../report/sample';
import { strings } from './english';
import { bounded, panelNetwork } from './network-sample';

const head = (overrides: Partial<PanelHead> = {}): PanelHead => ({
  run: 1,
  file: { name: 'net.onnx', path: '/models/net.onnx' },
  state: { kind: 'opening' },
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
  ...overrides,
});
const row = (index: number): IndexedRow => ({ index, row: layer({ name: `conv${index}` }) });
const rows = (run: number, ...indices: number[]): ToPanel => ({ type: 'rows', run, rows: indices.map(row) });
const snapshot = (run = 1): ToPanel => ({ type: 'snapshot', head: head({ run }), network: null });
const fresh = begin({ head: head({ run: 0, state: { kind: 'loading' } }), strings, locale: 'de' });

/** What the page has after the messages of one turn. */
function after(data: PanelData, ...messages: unknown[]): PanelData {
  return take(data, messages);
}

const indices = (data: PanelData) => data.rows.map(({ index }) => index);

describe('hasFigures', () => {
  it('is false until there is a row, or it is known that there is none', () => {
    const at = (state: PanelHead['state'], ...indices: number[]) =>
      hasFigures({ head: head({ state }), rows: indices.map(row) });
    expect(at({ kind: 'confirm', seconds: 900 })).toBe(false);
    expect(at({ kind: 'cancelled', finished: 0, of: 3 })).toBe(false);
    expect(at({ kind: 'cancelled', finished: 1, of: 3 }, 0)).toBe(true);
    expect(at({ kind: 'finished' })).toBe(true);
  });
});

describe('take', () => {
  it('begins with what stands in the document, and has no rows before the first snapshot', () => {
    expect(fresh.head.state.kind).toBe('loading');
    expect(indices(after(fresh, rows(1, 0)))).toEqual([]);
    expect(after(fresh, snapshot()).head).toEqual(head());
  });

  it('gathers what was skipped, until it is gone', () => {
    const skipped = ['a', 'b', 'c'].map((name) => ({
      name,
      op: 'MatMul',
      weight: null,
      reason: 'no weight',
    }));
    const tell = (run: number, from: number, to: number): ToPanel => ({
      type: 'skipped',
      run,
      skipped: skipped.slice(from, to),
    });
    const first = after(
      fresh,
      { type: 'snapshot', head: head({ skippedCount: 3 }), network: null },
      tell(1, 0, 1),
    );
    expect(first.skipped).toEqual(skipped.slice(0, 1));
    const all = after(first, tell(1, 1, 2), tell(2, 0, 3), tell(1, 2, 3));
    expect([first.skipped.length, all.skipped]).toEqual([1, skipped]);
    // The same array: nothing that depends on it is made anew.
    const told = after(all, { type: 'head', head: head({ stale: true, skippedCount: 3 }) }, rows(1, 0));
    expect(told.skipped).toBe(all.skipped);
    expect(after(all, snapshot(2)).skipped).toEqual([]);
    const gone = after(all, { type: 'head', head: head({ skippedCount: 0 }) });
    expect([gone.skipped, all.skipped.length]).toEqual([[], 3]);
  });

  it('gathers the rows of the run in the order of their ends', () => {
    const first = after(fresh, snapshot(), rows(1, 2, 0), rows(1, 1));
    expect(indices(first)).toEqual([2, 0, 1]);
    const second = after(first, rows(1, 3), rows(1, 4));
    expect(indices(second)).toEqual([2, 0, 1, 3, 4]);
    expect(indices(first)).toEqual([2, 0, 1]);
  });

  it('has the row of a layer in place of its preliminary one', () => {
    const preliminary = { ...row(1), row: layer({ name: 'conv1', seconds: 77 }) };
    const first = after(fresh, snapshot(), rows(1, 0), { type: 'rows', run: 1, rows: [preliminary] });
    expect(first.rows.map(({ row: { seconds } }) => seconds)).toEqual([row(0).row.seconds, 77]);
    for (const last of [after(first, rows(1, 1, 2)), after(fresh, snapshot(), rows(1, 0, 1, 1, 2))]) {
      expect(last.rows).toEqual([row(0), row(1), row(2)]);
    }
    expect(first.rows).toHaveLength(2);
  });

  it('has all rows of a series again, each in the place of the one before', () => {
    const before = after(fresh, snapshot(), rows(1, 0, 1, 2));
    const again = { ...row(1), row: layer({ name: 'conv1', seconds: 77 }) };
    const data = after(before, { type: 'rows', run: 1, rows: [row(0), again, row(2), row(3)] });
    expect(indices(data)).toEqual([0, 1, 2, 3]);
    expect(data.rows[1]).toBe(again);
  });

  it('drops rows of another run', () => {
    const data = after(fresh, snapshot(2), rows(1, 0), rows(2, 1), rows(3, 2));
    expect(indices(data)).toEqual([1]);
  });

  it('forgets all rows at a snapshot, those of the same turn included', () => {
    const data = after(fresh, snapshot(), rows(1, 0, 1));
    expect(indices(after(data, rows(1, 2), snapshot(2), rows(1, 3), rows(2, 4)))).toEqual([4]);
    expect(indices(after(data, snapshot(2)))).toEqual([]);
    expect(indices(data)).toEqual([0, 1]);
  });

  it('has the network of the run with its nodes, also when slopes were met, until a snapshot', () => {
    const network = panelNetwork({ coverage: [bounded('a'), bounded('b')] });
    const nodes = (run: number, ...names: string[]): ToPanel => ({
      type: 'nodes',
      run,
      nodes: names.map((name) => bounded(name)),
    });
    const first = after(
      fresh,
      snapshot(),
      { type: 'network', run: 1, network },
      nodes(1, 'a'),
      nodes(2, 'c'),
    );
    expect(first.network).toBe(network);
    const met = after(first, nodes(1, 'b'), {
      type: 'network',
      run: 1,
      network: { ...network, notes: ['met'] },
    });
    expect(met.nodes.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(met.network?.notes).toEqual(['met']);
    expect(after(met, { type: 'network', run: 2, network: null }).network).toBe(met.network);
    const next = after(met, snapshot(2));
    expect([next.network, next.nodes]).toEqual([null, []]);
  });

  it('takes a new head, with the rows before and after it', () => {
    const finished = head({ state: { kind: 'finished' }, seconds: 2 });
    const data = after(fresh, snapshot(), rows(1, 0), { type: 'head', head: finished }, rows(1, 1));
    expect(data.head).toEqual(finished);
    expect(indices(data)).toEqual([0, 1]);
  });

  it("has the user's language from the document", () => {
    const { locale } = after(fresh, snapshot());
    expect(locale).toBe(fresh.locale);
    expect(locale.number('2.5')).toBe('2,5');
    expect(locale.strings).toBe(strings);
  });

  it('keeps the latest wish to see a layer', () => {
    const reveal = (name: string): ToPanel => ({ type: 'reveal', layer: name, weight: true });
    const data = after(fresh, snapshot(), reveal('conv1'), rows(1, 0), reveal('conv2'));
    expect(data.wish).toEqual(reveal('conv2'));
    expect(after(data, rows(1, 1)).wish).toBe(data.wish);
  });

  it('drops what is no message, and is the same object where nothing is left', () => {
    const data = after(fresh, snapshot(), rows(1, 0));
    const junk = [undefined, null, 1, 'rows', [], {}, { type: 'unheard of' }, { type: null }, { run: 1 }];
    expect(take(data, junk)).toBe(data);
    expect(take(fresh, junk)).toBe(fresh);
    expect(indices(after(data, ...junk, rows(1, 1)))).toEqual([0, 1]);
  });

  it('keeps singular values by layer, of the run that is shown', () => {
    const told = (run: number, layer: string, share: number): ToPanel => ({
      ...{ type: 'spectrum', run },
      spectrum: { layer, state: { kind: 'running', share } },
    });
    const data = after(
      fresh,
      snapshot(2),
      told(2, 'a', 0.1),
      told(2, 'b', 0.2),
      told(2, 'a', 0.5),
      told(1, 'a', 1),
    );
    expect([...data.spectra]).toEqual([
      ['a', { kind: 'running', share: 0.5 }],
      ['b', { kind: 'running', share: 0.2 }],
    ]);
    expect(after(data, snapshot(3)).spectra.size).toBe(0);
  });
});
