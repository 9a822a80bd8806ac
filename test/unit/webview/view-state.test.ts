import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_COLUMNS } from '../../../webview/rows';
import { INITIAL_VIEW, LEAST_DETAIL, mostDetail, restoreView, TABS } from '../../../webview/view-state';
import type { ViewState } from '../../../webview/view-state';

const PATH = '/models/net.onnx';

const restored = (view: unknown) => restoreView({ version: 1, path: PATH, view }, PATH);

describe('restoreView', () => {
  it('gives back what was kept', () => {
    const view: ViewState = {
      tab: 'scatter',
      sorting: { column: 'norm', descending: true },
      filter: { text: '<b>conv', operator: 'Conv' },
      nodeFilter: { text: 'mul', status: 'domain' },
      selected: 'conv1',
      detail: true,
      detailHeight: 420,
      scroll: 640,
    };
    expect(restored(JSON.parse(JSON.stringify(view)))).toEqual(view);
  });

  it('begins anew without a state, with one of another version, and for another model', () => {
    for (const kept of [undefined, null, 'x', 1, [], {}, { version: 2, path: PATH, view: { scroll: 5 } }]) {
      expect(restoreView(kept, PATH)).toEqual(INITIAL_VIEW);
    }
    expect(restoreView({ version: 1, path: '/other.onnx', view: { scroll: 5 } }, PATH)).toEqual(INITIAL_VIEW);
    expect(restoreView({ version: 1, path: PATH, view: { scroll: 5 } }, PATH).scroll).toBe(5);
  });

  it('replaces each part that makes no sense, and only it', () => {
    const kept = { ...INITIAL_VIEW, selected: 'conv1', detail: true };
    for (const junk of [
      { tab: 'toString' },
      { tab: ['layers'] },
      { sorting: null },
      { nodeFilter: { text: 1, status: null } },
      { nodeFilter: { text: '', status: 'toString' } },
      { sorting: { column: 'colour', descending: true } },
      { filter: { text: 1, operator: '' } },
      { filter: { text: 'a' } },
      { detailHeight: 5 },
      { detailHeight: '300' },
      { scroll: -1 },
      { scroll: NaN },
      { scroll: '10' },
    ]) {
      expect(restored({ ...kept, ...junk })).toEqual(kept);
    }
    expect(restored({ ...kept, selected: {}, detail: 'yes' })).toEqual(INITIAL_VIEW);
  });

  it('makes a view of anything', () => {
    const junk = fc.record({
      tab: fc.anything(),
      sorting: fc.anything(),
      filter: fc.anything(),
      scroll: fc.anything(),
    });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), junk), (view) => {
        const { tab, sorting, filter, scroll } = restored(view);
        expect(TABS).toContain(tab);
        expect(ALL_COLUMNS).toContain(sorting.column);
        expect(typeof filter.text).toBe('string');
        expect(scroll).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('mostDetail', () => {
  it('leaves room for rows, but has room for the title in any panel', () => {
    expect(mostDetail(1000)).toBe(700);
    for (const height of [0, 50, 137]) expect(mostDetail(height)).toBe(LEAST_DETAIL);
  });
});
