import { describe, expect, it } from 'vitest';
import type { SeriesLayer, SeriesValue } from '../../../src/report/series/series';
import { restoreComparison } from '../../../webview/view-state';
import {
  changeOf,
  checkpointOf,
  columnsOf,
  INITIAL_SERIES_VIEW,
  SERIES_TABS,
  seriesText,
  sortSeries,
  valueHint,
} from '../../../webview/series/series-rows';
import { layer } from '../report/sample';
import { english, strings } from './english';

function value(norm: number | null, error: string | null = null): SeriesValue {
  const lipschitz = norm === null ? null : { ...layer().lipschitz!, lower: norm, upper: norm };
  return { name: 'x', matchedBy: 'name', lipschitz, stableRank: null, frobenius: null, notes: [], error };
}

function series(name: string, ...values: (number | null)[]): SeriesLayer {
  return { ...layer({ name }), values: values.map((norm) => (norm === null ? null : value(norm))) };
}

const rows = [series('grown', 1, 4), series('shrunk', 8, 1), series('gone', 2, null)].map((row, index) => ({
  index,
  row,
}));

describe('the rows of a series', () => {
  it('have a column for every checkpoint', () => {
    expect(columnsOf(2).map(checkpointOf)).toEqual([null, null, null, null, 0, 1]);
    expect(seriesText('value1', rows[0], english)).toBe('4.0000');
    expect(seriesText('value1', rows[2], english)).toBe('');
    // Its values are under way.
    expect(seriesText('value7', rows[0], english)).toBe('');
  });

  it('are sorted by any of them, those without a value last', () => {
    const names = (descending: boolean) =>
      sortSeries(rows, { column: 'value1', descending }).map(({ row }) => row.name);
    expect(names(true)).toEqual(['grown', 'shrunk', 'gone']);
    expect(names(false)).toEqual(['shrunk', 'grown', 'gone']);
  });

  it('say why a value is not there', () => {
    expect(valueHint(null, english)).toBe(strings.absent);
    expect(valueHint(value(null, 'the weight contains NaN'), english)).toBe('the weight contains NaN');
    expect(valueHint(value(1), english)).toBeUndefined();
  });

  it('are told by how far they went, in either direction', () => {
    expect(rows.map(({ row }) => changeOf(row))).toEqual([4, 8, 1]);
  });
});

describe('restoreComparison', () => {
  const paths = ['/run/a.onnx', '/run/b.onnx', '/run/c.onnx'];
  const restore = (kept: unknown) =>
    restoreComparison(kept, paths, INITIAL_SERIES_VIEW, SERIES_TABS, columnsOf(3));
  const view = {
    tab: 'over',
    sorting: { column: 'value2', descending: true },
    selected: 'grown',
    scroll: 52,
  };

  it('brings back where the user was, as far as it makes sense', () => {
    expect(restore({ version: 1, paths, view })).toEqual({ ...INITIAL_SERIES_VIEW, ...view });
    const wrong = { tab: 'scatter', sorting: { column: 'value3' }, selected: 1, scroll: -1 };
    expect(restore({ version: 1, paths, view: wrong })).toEqual(INITIAL_SERIES_VIEW);
  });

  it.each([
    null,
    {},
    { version: 1, paths: paths.slice(1), view },
    { version: 2, paths, view },
    { version: 1, paths },
  ])('begins anew with %j', (kept) => expect(restore(kept)).toEqual(INITIAL_SERIES_VIEW));
});
