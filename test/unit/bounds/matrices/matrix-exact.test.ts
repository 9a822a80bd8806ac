/** Enclosures of dense matrices against truths without rounding. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundMatrix } from '../../../../src/bounds/matrices/matrix';
import { sqrtOf } from '../../../../src/bounds/rounding';
import { Engine } from '../../../../src/compute/engine';
import { compareWithNorm, isDefinite } from '../../truth/definite';
import { gaussian, seeded } from '../../truth/random';
import { UnluckyEngine } from '../rounding-engine';

const engines: [string, Engine][] = [
  ['ordinary rounding', new Engine('cpu')],
  ['rounding always upwards', new UnluckyEngine(1)],
  ['rounding always downwards', new UnluckyEngine(-1)],
];

describe('the exact decision', () => {
  it('knows definite, semidefinite and indefinite matrices', () => {
    const cases: [bigint[], number, boolean, boolean][] = [
      [[2n, 1n, 1n, 2n], 2, true, true],
      [[1n, 1n, 1n, 1n], 2, true, false],
      [[1n, 2n, 2n, 1n], 2, false, false],
      [[0n, 1n, 1n, 5n], 2, false, false],
      [[0n, 0n, 0n, 5n], 2, true, false],
      [[4n, 2n, 2n, 2n, 1n, 1n, 2n, 1n, 2n], 3, true, false],
      [[4n, 2n, 2n, 2n, 1n, 3n, 2n, 3n, 2n], 3, false, false],
    ];
    for (const [matrix, n, semidefinite, definite] of cases) {
      expect(isDefinite(matrix, n, false)).toBe(semidefinite);
      expect(isDefinite(matrix, n, true)).toBe(definite);
    }
  });

  it('knows norms', () => {
    const outer = [15, 36, 20, 48];
    expect(compareWithNorm(65, outer, 2, 2)).toEqual({ atLeast: true, above: false });
    expect(compareWithNorm(65 * (1 + 2 ** -52), outer, 2, 2)).toEqual({ atLeast: true, above: true });
    expect(compareWithNorm(65 * (1 - 2 ** -52), outer, 2, 2)).toEqual({ atLeast: false, above: false });
  });
});

describe('sqrtOf', () => {
  it('is directed, decided exactly', () => {
    for (let square = 1; square <= 300; square++) {
      const ones = new Array<number>(square).fill(1);
      const { lower, upper } = sqrtOf({ lower: square, upper: square });
      expect(compareWithNorm(upper, ones, square, 1).atLeast).toBe(true);
      expect(compareWithNorm(lower, ones, square, 1).above).toBe(false);
    }
  });
});

describe('boundMatrix on integers', () => {
  it.each(engines)('encloses the norm, decided exactly: %s', async (_, engine) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 14 }),
        fc.constantFrom(1, 7, 1000, 2 ** 22),
        fc.constantFrom(1e-6, 1e-10, 1e-15),
        fc.integer(),
        async (columns, rows, largest, tolerance, seed) => {
          const random = seeded(seed);
          const values = Array.from({ length: rows * columns }, () =>
            Math.round((2 * random() - 1) * largest),
          );
          const matrix = { values: Float32Array.from(values), rows, columns };
          const { lower, upper } = await boundMatrix(engine, matrix, tolerance);
          expect(compareWithNorm(upper, values, rows, columns).atLeast).toBe(true);
          const zero = values.every((value) => value === 0);
          expect(zero ? lower === 0 : !compareWithNorm(lower, values, rows, columns).above).toBe(true);
          expect(upper).toBeLessThanOrEqual(lower * (1 + Math.max(tolerance, 1e-12)));
        },
      ),
      { numRuns: 120 },
    );
  });

  /** Of all singular values n: a reflection times n. */
  const reflection = (n: number) =>
    Float32Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? n : 0) - 2);
  /** Singular values n + 2 and 2. */
  const onesAndTwo = (n: number) =>
    Float32Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 3 : 1));
  /** Circulant and symmetric: 4 for the vector of ones, and many almost as large. */
  const circulant = (n: number) =>
    Float32Array.from({ length: n * n }, (_, at) => {
      const distance = (Math.floor(at / n) - (at % n) + n) % n;
      return distance === 0 ? 2 : distance === 1 || distance === n - 1 ? 1 : 0;
    });

  it.each(engines)('encloses norms of larger matrices that are known exactly: %s', async (_, engine) => {
    for (const n of [129, 200, 256, 300]) {
      for (const [name, values, norm] of [
        ['reflection', reflection(n), n],
        ['ones and two', onesAndTwo(n), n + 2],
        ['circulant', circulant(n), 4],
      ] as const) {
        for (const tolerance of [1e-6, 1e-9]) {
          const { lower, upper } = await boundMatrix(engine, { values, rows: n, columns: n }, tolerance);
          expect(lower, `${name} ${n}`).toBeLessThanOrEqual(norm);
          expect(upper, `${name} ${n}`).toBeGreaterThanOrEqual(norm);
          expect(upper, `${name} ${n}`).toBeLessThanOrEqual(lower * (1 + tolerance));
        }
      }
    }
  });

  it('is as tight as asked for where the spectrum is dense at its edge', async () => {
    // Second differences: eigenvalues 2 - 2 cos(k pi / (n + 1)), the largest two 3e-5 apart, more of them than any block.
    const n = 400;
    const values = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      values[i * n + i] = 2;
      if (i > 0) values[i * n + i - 1] = values[(i - 1) * n + i] = -1;
    }
    const norm = 2 + 2 * Math.cos(Math.PI / (n + 1));
    for (const tolerance of [1e-6, 1e-8, 1e-10]) {
      const { lower, upper } = await boundMatrix(
        new Engine('cpu'),
        { values, rows: n, columns: n },
        tolerance,
      );
      expect(lower).toBeLessThanOrEqual(norm * (1 + 1e-15));
      expect(upper).toBeGreaterThanOrEqual(norm * (1 - 1e-15));
      expect(upper).toBeLessThanOrEqual(lower * (1 + tolerance));
    }
  });

  it('encloses that of a very long matrix, either way up', async () => {
    // Columns of 64 residues: orthogonal, of lengths known exactly but for a square root.
    const [length, order] = [100_000, 64];
    const values = new Float32Array(length * order);
    for (let i = 0; i < length; i++) values[i * order + (i % order)] = i % order === 5 ? 3 : 1;
    const truth = 3 * Math.sqrt(Math.ceil((length - 5) / order));
    const random = seeded(8);
    const dense = Float32Array.from({ length: length * order }, () => gaussian(random));
    for (const [rows, columns] of [
      [length, order],
      [order, length],
    ]) {
      const transposed = rows < columns;
      const stored = transposed
        ? Float32Array.from(values, (_, at) => values[(at % length) * order + Math.floor(at / length)])
        : values;
      const { lower, upper } = await boundMatrix(new Engine('cpu'), { values: stored, rows, columns }, 1e-6);
      expect(lower).toBeLessThanOrEqual(truth);
      expect(upper).toBeGreaterThanOrEqual(truth * (1 - 1e-16));
      expect(upper).toBeLessThanOrEqual(lower * (1 + 1e-6));
      const found = await boundMatrix(new Engine('cpu'), { values: dense, rows, columns }, 1e-6);
      expect(found.upper).toBeLessThanOrEqual(found.lower * (1 + 1e-6));
    }
  });

  it('allows for what a long sum of squares loses', async () => {
    // 1 + 2^-54 is 1: the sum is 1, and not the square of the length.
    const values = new Float64Array(1024).fill(2 ** -27);
    values[0] = 1;
    const { lower, upper } = await boundMatrix(new Engine('cpu'), { values, rows: 1, columns: 1024 }, 1e-6);
    expect(lower).toBeLessThanOrEqual(1);
    expect(upper).toBeGreaterThanOrEqual(1 + 1022 * 2 ** -55);
    expect(upper).toBeLessThanOrEqual(1 + 1e-12);
  });

  it.each([
    ['float16', 2 ** -24, 65504],
    ['bfloat16', 2 ** -133, 3.3895313892515355e38],
  ])('holds for the smallest and the largest values of %s together', async (_, smallest, largest) => {
    // [[l, s], [s, -l]] is orthogonal up to a factor: norm sqrt(l^2 + s^2), which is l to the last digit.
    for (const [l, s] of [
      [largest, smallest],
      [largest, largest],
      [smallest, smallest],
    ]) {
      const values = Float32Array.of(l, s, s, -l);
      const { lower, upper } = await boundMatrix(new Engine('cpu'), { values, rows: 2, columns: 2 }, 1e-9);
      const norm = (l / s > 2 ** 30 ? 1 : Math.SQRT2) * l;
      expect(lower).toBeLessThanOrEqual(norm);
      expect(upper).toBeGreaterThanOrEqual(norm * (1 - 2 ** -53));
      expect(upper).toBeLessThanOrEqual(lower * (1 + 1e-9));
    }
  });
});
