import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IndexedRow } from '../../../src/editor/protocol/protocol';
import type { BaseReport, LayerReport } from '../../../src/report/report';
import {
  adaptersIn,
  ALL_COLUMNS,
  columnsWith,
  countOperators,
  filterRows,
  itself,
  logDomain,
  logShare,
  nextSorting,
  overLayerBudget,
  sortRows,
} from '../../../webview/rows';
import type { Column } from '../../../webview/rows';
import { adapter, layer } from '../report/sample';

const rowsOf = (...layers: Partial<LayerReport>[]): IndexedRow[] =>
  layers.map((overrides, index) => ({ index, row: layer(overrides) }));

const indices = (rows: readonly IndexedRow[]) => rows.map(({ index }) => index);

const lipschitz = (overrides: Partial<NonNullable<LayerReport['lipschitz']>>) => ({
  lower: 1,
  upper: 1,
  certainty: 'certified' as const,
  scope: 'any input size',
  method: 'branch and bound',
  ...overrides,
});
const stableRank = (normalized: number) => ({
  value: 8 * normalized,
  normalized,
  interval: { lower: 8 * normalized, upper: 8 * normalized },
});

const promised = (upper: number) => ({ lower: upper / 2, upper, certainty: 'certified' as const });
const base = (overrides: Partial<BaseReport>): BaseReport => ({
  weight: 'q.weight',
  norm: promised(1),
  relative: null,
  sum: null,
  ...overrides,
});

/** For every column four layers that the column has in the order 2, 0, 1, 3, the last of them without a value if it can be. */
const CASES: Record<Column, { readonly layers: Partial<LayerReport>[]; readonly descending: number[] }> = {
  index: { layers: [{}, {}, {}, {}], descending: [3, 2, 1, 0] },
  name: {
    layers: [{ name: 'conv2' }, { name: 'conv10' }, { name: 'Conv1' }, { name: 'fc' }],
    descending: [3, 1, 0, 2],
  },
  operator: {
    layers: [{ op: 'Gemm' }, { op: 'LSTM' }, { op: 'Conv' }, { op: 'MatMul' }],
    descending: [3, 1, 0, 2],
  },
  shape: {
    layers: [{ shape: [8, 3] }, { shape: [5, 5] }, { shape: [] }, { shape: [2, 2, 10] }],
    descending: [3, 1, 0, 2],
  },
  norm: {
    layers: [
      { lipschitz: lipschitz({ upper: 2 }) },
      { lipschitz: lipschitz({ upper: 10 }) },
      { lipschitz: lipschitz({ upper: 1 }) },
      { lipschitz: null },
    ],
    descending: [1, 0, 2, 3],
  },
  rank: {
    layers: [
      { stableRank: stableRank(0.2) },
      { stableRank: stableRank(1) },
      { stableRank: stableRank(0.1) },
      { stableRank: null },
    ],
    descending: [1, 0, 2, 3],
  },
  adapterRank: {
    layers: [
      { adapter: adapter({ rank: 4 }) },
      { adapter: adapter({ rank: 16 }) },
      { adapter: adapter({ rank: 1 }) },
      {},
    ],
    descending: [1, 0, 2, 3],
  },
  scale: {
    layers: [
      { adapter: adapter({ scale: 1 }) },
      { adapter: adapter({ scale: 2 }) },
      { adapter: adapter({ scale: 0.5 }) },
      {},
    ],
    descending: [1, 0, 2, 3],
  },
  energy: {
    layers: [
      { adapter: adapter({ energy: { lower: 0.5, upper: 0.6 } }) },
      { adapter: adapter({ energy: { lower: 0.1, upper: 1 } }) },
      { adapter: adapter({ energy: { lower: 0.2, upper: 0.3 } }) },
      { adapter: adapter({ energy: null }) },
    ],
    descending: [1, 0, 2, 3],
  },
  relative: {
    layers: [
      { adapter: adapter({ base: base({ relative: promised(2) }) }) },
      { adapter: adapter({ base: base({ relative: promised(3) }) }) },
      { adapter: adapter({ base: base({ relative: promised(1) }) }) },
      { adapter: adapter({ base: base({ relative: null }) }) },
    ],
    descending: [1, 0, 2, 3],
  },
  sum: {
    layers: [
      { adapter: adapter({ base: base({ sum: promised(2) }) }) },
      { adapter: adapter({ base: base({ sum: promised(3) }) }) },
      { adapter: adapter({ base: base({ sum: promised(1) }) }) },
      { adapter: adapter({ base: null }) },
    ],
    descending: [1, 0, 2, 3],
  },
  parameters: {
    layers: [{ parameters: 20 }, { parameters: 100 }, { parameters: 3 }, { parameters: 1000 }],
    descending: [3, 1, 0, 2],
  },
  scope: {
    layers: [
      { lipschitz: lipschitz({ scope: 'input size 8x8' }) },
      { lipschitz: lipschitz({ scope: 'input size 16x16' }) },
      { lipschitz: lipschitz({ scope: 'any input size' }) },
      { lipschitz: null },
    ],
    descending: [1, 0, 2, 3],
  },
  certainty: {
    layers: [
      { lipschitz: lipschitz({ certainty: 'analytic' }) },
      { lipschitz: lipschitz({ certainty: 'estimate' }) },
      { lipschitz: lipschitz({ certainty: 'certified' }) },
      { lipschitz: null },
    ],
    descending: [1, 0, 2, 3],
  },
  time: {
    layers: [{ seconds: 0.5 }, { seconds: 3 }, { seconds: 0.25 }, { seconds: 60 }],
    descending: [3, 1, 0, 2],
  },
};

/** Layers with few different values, so that many are equal, and with gaps. */
const someRows = fc
  .array(
    fc.record({
      name: fc.constantFrom('a1', 'a2', 'a10'),
      op: fc.constantFrom('Conv', 'Gemm'),
      shape: fc.constantFrom([], [2, 3], [3, 2]),
      lipschitz: fc.constantFrom(
        null,
        lipschitz({ upper: 1 }),
        lipschitz({ upper: 2, certainty: 'probable' }),
      ),
      stableRank: fc.constantFrom(null, stableRank(0.5), stableRank(1)),
      parameters: fc.constantFrom(1, 6),
      seconds: fc.constantFrom(0, 1),
    }),
  )
  .map((layers) => rowsOf(...layers));

describe('sortRows', () => {
  it.each(ALL_COLUMNS)('orders by %s both ways, without a value last', (column) => {
    const rows = rowsOf(...CASES[column].layers);
    const ascending = column === 'index' ? [0, 1, 2, 3] : [2, 0, 1, 3];
    expect(indices(sortRows(rows, { column, descending: false }))).toEqual(ascending);
    expect(indices(sortRows(rows, { column, descending: true }))).toEqual(CASES[column].descending);
  });

  it('does not depend on the order in which the rows arrived, and keeps equal ones as in the file', () => {
    const input = someRows.chain((rows) =>
      fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
    );
    fc.assert(
      fc.property(
        input,
        fc.constantFrom(...ALL_COLUMNS),
        fc.boolean(),
        ([rows, arrived], column, descending) => {
          const sorted = sortRows(arrived, { column, descending });
          expect(sorted).toEqual(sortRows(rows, { column, descending }));
          expect(indices(sorted).sort((a, b) => a - b)).toEqual(indices(rows));
        },
      ),
    );
    const equal = rowsOf({}, {}, {}).reverse();
    for (const column of ALL_COLUMNS.filter((column) => column !== 'index')) {
      expect(indices(sortRows(equal, { column, descending: true }))).toEqual([0, 1, 2]);
    }
  });

  it('leaves its input alone', () => {
    const rows = Object.freeze(rowsOf({ seconds: 2 }, { seconds: 1 }));
    expect(indices(sortRows(rows, { column: 'time', descending: false }))).toEqual([1, 0]);
  });
});

describe('nextSorting', () => {
  it('begins a column with what is looked for first, then turns it around', () => {
    const byIndex = { column: 'index', descending: false } as const;
    expect(nextSorting(byIndex, 'name')).toEqual({ column: 'name', descending: false });
    expect(nextSorting(byIndex, 'rank')).toEqual({ column: 'rank', descending: false });
    const byNorm = nextSorting(byIndex, 'norm');
    expect(byNorm).toEqual({ column: 'norm', descending: true });
    expect(nextSorting(byNorm, 'norm')).toEqual({ column: 'norm', descending: false });
  });
});

describe('filterRows', () => {
  const rows = rowsOf(
    { name: 'encoder/conv1', op: 'Conv', weight: 'w1' },
    { name: 'encoder/fc', op: 'Gemm', weight: 'W2' },
    { name: 'decoder/conv1', op: 'Conv', weight: 'w3' },
  );
  const found = (text: string, operator = '') => indices(filterRows(rows, { text, operator }, itself));

  it('wants every word, in any order and case, in name, operator or weight', () => {
    expect(found('')).toEqual([0, 1, 2]);
    expect(found('  \t')).toEqual([0, 1, 2]);
    expect(found('CONV1 enc')).toEqual([0]);
    expect(found('gemm')).toEqual([1]);
    expect(found('w2')).toEqual([1]);
    expect(found('encoder decoder')).toEqual([]);
  });

  it('takes no character for a pattern, and finds no word across two fields', () => {
    expect(found('.*')).toEqual([]);
    expect(found('[')).toEqual([]);
    expect(found('fcgemm')).toEqual([]);
  });

  it('keeps one operator', () => {
    expect(found('', 'Conv')).toEqual([0, 2]);
    expect(found('decoder', 'Conv')).toEqual([2]);
    expect(found('', 'conv')).toEqual([]);
  });
});

describe('countOperators', () => {
  it('puts the most frequent first', () => {
    expect(countOperators([], itself)).toEqual([]);
    const rows = rowsOf({ op: 'Gemm' }, { op: 'Conv' }, { op: 'Conv' }, { op: '__proto__' });
    expect(countOperators(rows, itself)).toEqual([
      ['Conv', 2],
      ['Gemm', 1],
      ['__proto__', 1],
    ]);
  });
});

describe('the logarithmic axis', () => {
  const positive = fc.double({ min: 5e-324, max: Number.MAX_VALUE, noNaN: true });

  it('spans all positive bounds', () => {
    expect(logDomain([])).toBeNull();
    expect(
      logDomain(rowsOf({ lipschitz: null }, { lipschitz: lipschitz({ lower: 0, upper: 0 }) })),
    ).toBeNull();
    const rows = rowsOf(
      { lipschitz: lipschitz({ lower: 2, upper: 3 }) },
      { lipschitz: lipschitz({ lower: 0, upper: 50 }) },
      { lipschitz: null },
    );
    expect(logDomain(rows)).toEqual([2, 50]);
    expect(logDomain(rows.slice(1))).toEqual([50, 50]);
  });

  it('gives every bound a place from 0 to 1, larger ones further on', () => {
    const ends = fc.tuple(positive, positive).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const value = fc.oneof(fc.constant(0), positive);
    fc.assert(
      fc.property(ends, value, value, (domain, a, b) => {
        const [low, high] = [logShare(Math.min(a, b), domain), logShare(Math.max(a, b), domain)];
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });

  it('shows a bar for the smallest bound, a full one for the largest, and none for 0', () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const domain = [Math.min(a, b), Math.max(a, b)] as const;
        expect(logShare(domain[0], domain)).toBeGreaterThan(0);
        expect(logShare(domain[1], domain)).toBeCloseTo(1, 9);
        expect(logShare(0, domain)).toBe(0);
      }),
    );
  });
});

describe('overLayerBudget', () => {
  const row = layer({ lipschitz: lipschitz({ lower: 163.91, upper: 164.08 }) });

  it('is certain only where the lower bound is above, too', () => {
    expect(overLayerBudget(row, 163.9)).toMatchObject({ certainly: true });
    expect(overLayerBudget(row, 163.95)).toMatchObject({ certainly: false });
  });

  it('is null within the budget, without one, and without a bound', () => {
    expect(overLayerBudget(row, 164.08)).toBeNull();
    expect(overLayerBudget(row, null)).toBeNull();
    expect(overLayerBudget(layer({ lipschitz: null }), 1)).toBeNull();
  });
});

describe('columnsWith', () => {
  it('has columns for updates where there are some, and for a base where one is known', () => {
    const alone = rowsOf({}, { adapter: adapter({ base: null }) });
    const based = rowsOf({ adapter: adapter({ base: base({}) }) }, {});
    expect([rowsOf({}), alone, based].map(adaptersIn)).toEqual(['none', 'alone', 'with base']);
    expect(columnsWith('none')).not.toContain('scale');
    expect(columnsWith('alone')).toEqual(expect.arrayContaining(['adapterRank', 'scale', 'energy']));
    expect(columnsWith('alone')).not.toContain('sum');
    expect([...columnsWith('with base')].sort()).toEqual([...ALL_COLUMNS].sort());
  });
});
