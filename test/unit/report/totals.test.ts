import { describe, expect, it } from 'vitest';
import { collectNotes, skippedByReason, totals } from '../../../src/report/totals';
import { FULL, layer, report } from './sample';

const norm = (upper: number) => ({
  lower: upper / 2,
  upper,
  certainty: 'certified' as const,
  scope: 'any input size',
  method: 'm',
});

describe('totals', () => {
  it('orders the extremes and adds the logarithms', () => {
    const rank = (normalized: number) => ({ value: 1, normalized, interval: { lower: 1, upper: 1 } });
    const sum = totals(
      report({
        layers: [
          layer({ name: 'a', lipschitz: norm(10), stableRank: rank(0.5) }),
          layer({ name: 'b', lipschitz: norm(1000), stableRank: rank(0.1) }),
          layer({ name: 'c', lipschitz: null, stableRank: null, error: 'broken' }),
        ],
      }),
    );
    expect(sum.largest.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(sum.lowestRank.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(sum.productLog10).toBeCloseTo(4);
    expect([sum.layers, sum.failed]).toEqual([3, 1]);
  });

  it('leaves the rank of a layer that is zero out', () => {
    const rank = (value: number) => ({
      value,
      normalized: value / 10,
      interval: { lower: value, upper: value },
    });
    const layers = [
      layer({ name: 'zero', lipschitz: norm(0), stableRank: rank(0) }),
      layer({ name: 'low', lipschitz: norm(1), stableRank: rank(1) }),
      layer({ name: 'unbounded', lipschitz: null, stableRank: rank(2) }),
    ];
    expect(totals({ layers }).lowestRank.map(({ name }) => name)).toEqual(['low', 'unbounded']);
  });

  it('counts a weight once, however many layers use it, and all of its parts', () => {
    const parameters = (layers: Parameters<typeof layer>[0][]) =>
      totals(report({ layers: layers.map((one) => layer(one)) })).parameters;
    const shared = { weight: 'w', shape: [4, 5], parameters: 20 };
    const gate = { weight: 'lstm', shape: [1, 8, 3], parameters: 6 };
    const pair = { weight: 'lora_A', shape: [2, 10], parameters: 50 };
    expect(parameters([shared, shared])).toBe(20);
    expect(parameters([gate, gate, gate, gate])).toBe(24);
    expect(parameters([pair])).toBe(50);
    expect(parameters([shared, gate, pair])).toBe(76);
  });

  it('has a product of 0 where a layer is zero, and of 1 where there is none', () => {
    expect(totals(FULL).productLog10).toBe(-Infinity);
    expect(totals(report({ layers: [] })).productLog10).toBe(0);
  });
});

describe('skippedByReason', () => {
  it('counts by reason, the most frequent first, with the first as example', () => {
    const skipped = (name: string, op: string, reason: string) => ({ name, op, weight: null, reason });
    const groups = skippedByReason([
      skipped('a', 'Gemm', 'packed'),
      skipped('b', 'MatMul', 'computed'),
      skipped('c', 'Einsum', 'computed'),
      skipped('d', 'MatMul', 'computed'),
    ]);
    expect(groups.map(({ reason, count, ops, example }) => [reason, count, ops, example.name])).toEqual([
      ['computed', 3, ['MatMul', 'Einsum'], 'b'],
      ['packed', 1, ['Gemm'], 'a'],
    ]);
  });
});

describe('collectNotes', () => {
  it('has each note once, in order of appearance', () => {
    expect(collectNotes(FULL.layers)).toEqual([
      'The stride is not in the file: 1 is assumed.',
      'The padding is not in the file.',
    ]);
  });
});
