import { describe, expect, it } from 'vitest';
import { factorizeBand, panelsOf, sizeOf } from '../../../../src/bounds/padded/band-cholesky';
import type { GramLayout, PaddedGram } from '../../../../src/bounds/padded/padded-gram';
import { Engine } from '../../../../src/compute/engine';
import { seeded } from '../../truth/random';
import { largestSingularValue } from '../../truth/singular-values';
import { UnluckyEngine, oppositeRows, UnluckySquareEngine } from '../rounding-engine';

const engine = new Engine('cpu');

/** A symmetric matrix of random blocks where the pattern has them, made positive semidefinite by its diagonal. */
function matrixOf(pattern: readonly (readonly number[])[], channels: number, seed: number): PaddedGram {
  const random = seeded(seed);
  const blocks: Float64Array[] = [];
  const rows = pattern.map((columns, row) => ({
    columns: Int32Array.from(columns),
    sums: Int32Array.from(columns, (column) => {
      const block = Float64Array.from({ length: channels ** 2 }, () => random() - 0.5);
      if (column === row) {
        for (let r = 0; r < channels; r++) {
          for (let c = 0; c < r; c++) block[c * channels + r] = block[r * channels + c];
          block[r * channels + r] += 3 * Math.sqrt(channels * pattern.length);
        }
      }
      return blocks.push(block) - 1;
    }),
  }));
  const layout: GramLayout = {
    side: 'inputs',
    taps: 1,
    ranks: Int32Array.from(pattern.keys()),
    sums: blocks.map(() => new Int32Array(1)),
    rows,
  };
  return { layout, channels, blocks, error: 0, size: Infinity };
}

function written({ layout, channels, blocks }: PaddedGram): Float64Array {
  const order = layout.rows.length * channels;
  const out = new Float64Array(order ** 2);
  layout.rows.forEach(({ columns, sums }, p) => {
    columns.forEach((q, i) => {
      for (let r = 0; r < channels; r++) {
        for (let c = 0; c < channels; c++) {
          const value = blocks[sums[i]][r * channels + c];
          out[(p * channels + r) * order + q * channels + c] = value;
          out[(q * channels + c) * order + p * channels + r] = value;
        }
      }
    });
  });
  return out;
}

/** Patterns: a band, an arrow, a ring, blocks that touch nothing, rows without entries. */
const patterns: [string, number[][]][] = [
  ['one block', [[0]]],
  ['band', Array.from({ length: 12 }, (_, p) => [p - 2, p - 1, p].filter((q) => q >= 0))],
  ['ring', Array.from({ length: 9 }, (_, p) => (p === 8 ? [0, 7, 8] : [p - 1, p].filter((q) => q >= 0)))],
  ['arrow', Array.from({ length: 9 }, (_, p) => (p === 0 ? [0] : [0, p]))],
  ['diagonal', Array.from({ length: 9 }, (_, p) => [p])],
  ['gaps', Array.from({ length: 9 }, (_, p) => (p % 3 === 1 ? [] : p % 3 === 2 ? [p - 2, p] : [p]))],
];

describe('factorizeBand', () => {
  it.each(patterns)('bounds the largest eigenvalue: %s', async (_, pattern) => {
    for (const channels of [1, 7, 40, 64, 150]) {
      if (channels * pattern.length > 600) continue;
      const gram = matrixOf(pattern, channels, channels);
      const order = pattern.length * channels;
      const truth = largestSingularValue({ rows: order, columns: order, values: written(gram) });
      for (const one of [engine, new UnluckyEngine(1), new UnluckyEngine(-1)]) {
        for (const excess of [1e-9, 1e-3, 1]) {
          const found = await factorizeBand(one, gram, truth * (1 + excess));
          expect(found).not.toBeNull();
          expect(found?.bound).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
          expect(found?.bound).toBeLessThanOrEqual(truth * (1 + 1.001 * excess + 1e-9));
        }
        for (const deficit of [1e-13, 1e-12, 1e-11, 1e-9, 1e-3, 0.9]) {
          const found = await factorizeBand(one, gram, truth * (1 - deficit));
          if (deficit >= 1e-9) expect(found).toBeNull();
          expect(found === null || found.bound >= truth * (1 - 1e-13)).toBe(true);
        }
      }
    }
  });

  it.each(patterns)('solves: %s', async (_, pattern) => {
    const channels = Math.max(1, Math.floor(400 / pattern.length));
    const gram = matrixOf(pattern, channels, 3);
    const order = pattern.length * channels;
    const values = written(gram);
    const theta = 2 * largestSingularValue({ rows: order, columns: order, values });
    const random = seeded(4);
    const x = Float64Array.from({ length: order }, () => random() - 0.5);
    const y = await (await factorizeBand(engine, gram, theta))?.solve(x);
    if (y === undefined) throw new Error('no factor');
    for (let i = 0; i < order; i++) {
      let sum = theta * y[i];
      for (let j = 0; j < order; j++) sum -= values[i * order + j] * y[j];
      expect(sum).toBeCloseTo(x[i], 10);
    }
  });

  it('covers rounding as large as its factor, which may be far larger than the matrix', async () => {
    // [[I, X^T], [X, X X^T + 128 I - J]], X of signs with rows in pairs of opposites: definite but for ones in the second half.
    const half = 128;
    const x = oppositeRows(half);
    const [first, beside, second] = [0, 0, 0].map(() => new Float64Array(half * half));
    for (let i = 0; i < half; i++) {
      first[i * half + i] = 1023;
      second[i * half + i] = 1024;
      for (let j = 0; j < half; j++) {
        beside[i * half + j] = -x[i * half + j];
        let sum = i === j ? half - 1 : -1;
        for (let l = 0; l < half; l++) sum += x[i * half + l] * x[j * half + l];
        second[i * half + j] -= sum;
      }
    }
    const gram: PaddedGram = {
      ...matrixOf([[0], [0, 1]], half, 1),
      blocks: [first, beside, second],
    };
    const one = new UnluckySquareEngine('cpu');
    let answers = 0;
    for (const deficit of [2e-11, 1e-10, 1.5e-10, 2e-10, 1e-9]) {
      const found = await factorizeBand(one, gram, 1024 - deficit);
      if (found !== null && deficit > 1.2e-10) answers++;
      expect(found === null || found.bound >= 1024, `${deficit}`).toBe(true);
    }
    expect(answers).toBeGreaterThan(0);
  });

  it('covers what is left over below the diagonal', async () => {
    /** Products with an inverse that are wrong, all of them. */
    class WrongEngine extends Engine {
      override async multiplyTransposed(
        ...operands: Parameters<Engine['multiplyTransposed']>
      ): ReturnType<Engine['multiplyTransposed']> {
        const product = await super.multiplyTransposed(...operands);
        for (let i = 0; i < product.length; i++) product[i] *= 0.5;
        return product;
      }
    }
    // [[I, I], [I, I]] has the eigenvalue 2.
    const one = new Float64Array(128 * 128);
    for (let r = 0; r < 128; r++) one[r * 128 + r] = 1;
    const gram: PaddedGram = { ...matrixOf([[0], [0, 1]], 128, 1), blocks: [one, one, one] };
    const found = await factorizeBand(new WrongEngine('cpu'), gram, 1.9);
    expect(found?.bound).toBeGreaterThanOrEqual(2);
  });
});

describe('panelsOf', () => {
  it('holds every entry of the factor', () => {
    for (const [, pattern] of patterns) {
      for (const channels of [1, 50, 128, 200]) {
        const envelope = pattern.map((columns, row) => columns[0] ?? row);
        const panels = panelsOf(envelope, channels);
        const order = pattern.length * channels;
        expect(panels[0].begin).toBe(0);
        panels.forEach(({ begin, end, reach }, i) => {
          expect(end).toBe(panels[i + 1]?.begin ?? order);
          expect(begin).toBeLessThan(end);
          expect(reach).toBeGreaterThanOrEqual(Math.max(end, panels[i - 1]?.reach ?? 0));
          expect(reach).toBeLessThanOrEqual(order);
          // Whole leaves.
          expect(reach === order || reach % 128 === 0).toBe(true);
          envelope.forEach((first, row) => {
            if (first * channels < end) expect(reach).toBeGreaterThanOrEqual((row + 1) * channels);
          });
        });
        expect(sizeOf(panels).elements).toBeGreaterThanOrEqual((order * (order + 1)) / 2 / order);
      }
    }
  });
});
