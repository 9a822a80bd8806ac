import { describe, expect, it } from 'vitest';
import type { PairReport } from '../../../src/report/comparison/comparison';
import { worstFirst } from '../../../src/report/comparison/summary';
import {
  describeMatch,
  INITIAL_PAIR_VIEW,
  isEqual,
  isFailed,
  keyOfPair,
  layersOf,
  PAIR_COLUMNS,
  pairName,
  pairText,
  sortPairs,
} from '../../../webview/comparison/pairs';
import type { PairColumn } from '../../../webview/comparison/pairs';
import { countOperators, filterRows } from '../../../webview/rows';
import { COMPARISON, pair } from '../report/comparison-sample';
import { layer } from '../report/sample';
import { english, german, strings } from './english';

const rows = COMPARISON.pairs.map((row, index) => ({ index, row }));
const text = (row: PairReport, column: PairColumn) => pairText(column, { index: 3, row }, english);
const find = (name: string) => COMPARISON.pairs.find(({ a }) => a.name === name)!;

describe('sortPairs', () => {
  it('shows at first what the command line shows first', () => {
    const shown = sortPairs(rows, INITIAL_PAIR_VIEW.sorting).map(({ row }) => row.a.name);
    expect(shown).toEqual(worstFirst(COMPARISON.pairs).map(({ a }) => a.name));
    expect(shown[0]).toBe('from zero');
  });

  it.each(PAIR_COLUMNS)(
    'by %s has every pair once, and those without a value last in both directions',
    (column) => {
      for (const descending of [true, false]) {
        const sorted = sortPairs(rows, { column, descending });
        expect(new Set(sorted)).toEqual(new Set(rows));
      }
    },
  );

  it('by the norm of the difference ends with the pairs that have none', () => {
    for (const descending of [true, false]) {
      const sorted = sortPairs(rows, { column: 'difference', descending });
      expect(sorted.slice(-2).map(({ row }) => row.a.name)).toEqual(['broken', 'other strides']);
    }
  });
});

describe('pairText', () => {
  it('has both ends, and the decimal sign of the language', () => {
    const row = pair('conv', 0.5);
    expect(text(row, 'index')).toBe('4');
    expect(text(row, 'ratio')).toBe('1.5000');
    expect(pairText('ratio', { index: 0, row }, german)).toBe('1,5000');
    expect(text(row, 'relative')).toBe('0.50000');
    expect(text(row, 'certainty')).toBe('certified');
  });

  it('shows zeros where nothing differs, and no rank of nothing', () => {
    const still = find('still');
    expect(isEqual(still)).toBe(true);
    expect([text(still, 'difference'), text(still, 'relative'), text(still, 'ratio')]).toEqual([
      '0',
      '0',
      '1.0000',
    ]);
    expect(text(still, 'differenceRank')).toBe('');
  });

  it('says why there is no difference', () => {
    const [broken, other] = [find('broken'), find('other strides')];
    expect([isFailed(broken), isFailed(other)]).toEqual([true, false]);
    expect(text(broken, 'difference')).toContain('the weight contains NaN');
    expect(text(broken, 'normB')).toBe(strings.failed);
    expect(text(other, 'difference')).toBe('no difference: strides differ');
    expect(text(find('from zero'), 'relative')).toBe(strings.unlimited);
  });

  it('shows both layers where they differ, harmless', () => {
    const most = find('most');
    expect(pairName(most)).toMatch(/^most ↔ evil/);
    for (const hidden of ['\u001b', '\u202e', '\n']) expect(pairName(most)).not.toContain(hidden);
    expect(pairName(pair('conv', 0))).toBe('conv');
    const gemm = pair('fc', 0, { b: layer({ name: 'fc', op: 'Gemm', shape: [2, 3] }) });
    expect(text(gemm, 'operator')).toBe('Conv ↔ Gemm');
    expect(text(gemm, 'shape')).toMatch(/ ↔ 2×3$/);
  });

  it('says how they were matched', () => {
    expect(text(find('little'), 'matched')).toBe('position, transposed');
    expect(describeMatch(find('most'), english)).toBe(`prefix: ${strings.byPrefixMeaning}`);
  });
});

describe('the pairs of a comparison', () => {
  it('have keys of their own, also where one layer is in two of them', () => {
    const twice = [pair('a', 0), pair('a', 0, { b: layer({ name: 'b' }) }), pair('a,b', 0)];
    expect(new Set(twice.map(keyOfPair)).size).toBe(3);
  });

  it('are found and counted by either layer', () => {
    const mixed = [
      { index: 0, row: pair('one', 0, { b: layer({ name: 'two', op: 'Gemm' }) }) },
      { index: 1, row: pair('three', 0) },
    ];
    const found = (words: string, operator = '') =>
      filterRows(mixed, { text: words, operator }, layersOf).map(({ index }) => index);
    expect([found('two'), found('one'), found('', 'Gemm'), found('', 'Conv')]).toEqual([
      [0],
      [0],
      [0],
      [0, 1],
    ]);
    expect(countOperators(mixed, layersOf)).toEqual([
      ['Conv', 2],
      ['Gemm', 1],
    ]);
  });
});
