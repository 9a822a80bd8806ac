import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundMatrix, type MatrixEnclosure } from '../../../../src/bounds/matrices/matrix';
import { NotFiniteError, type Values } from '../../../../src/bounds/values';
import { Engine } from '../../../../src/compute/engine';
import { goldenMatrices } from '../../truth/golden';
import { frobenius } from '../../truth/layer';
import { matrices, matrixFamilies, multiply, seeded } from '../../truth/random';
import { largestSingularValue } from '../../truth/singular-values';
import { Float32Engine, UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');

/** What the computed truth may be wrong by, relatively. */
const truthError = 1e-13;

function bound(values: Values, rows: number, columns: number, tolerance = 1e-6): Promise<MatrixEnclosure> {
  return boundMatrix(engine, { values, rows, columns }, tolerance);
}

function truthOf(values: Values, rows: number, columns: number): number {
  return largestSingularValue({ rows, columns, values: Float64Array.from(values) });
}

function expectEncloses(found: MatrixEnclosure, truth: number, tolerance: number): void {
  expect(found.lower).toBeLessThanOrEqual(truth * (1 + truthError));
  expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - truthError));
  expect(found.upper - found.lower).toBeLessThanOrEqual(tolerance * found.upper);
}

function transposed(values: Values, rows: number, columns: number): Float64Array {
  return Float64Array.from(
    { length: values.length },
    (_, at) => values[(at % rows) * columns + Math.floor(at / rows)],
  );
}

describe('boundMatrix', () => {
  it('encloses the largest singular value of random matrices within the tolerance', async () => {
    await fc.assert(
      fc.asyncProperty(
        matrices(48),
        fc.constantFrom(1e-3, 1e-6, 1e-9),
        async ({ rows, columns, values }, tolerance) => {
          const found = await bound(values, rows, columns, tolerance);
          expectEncloses(found, truthOf(values, rows, columns), tolerance);
          const expected = frobenius(values);
          expect(Math.abs(found.frobenius - expected)).toBeLessThanOrEqual(1e-9 * expected);
        },
      ),
      { numRuns: 600 },
    );
  });

  it.each([
    ['gaussian', 300, 200],
    ['gaussian', 150, 700],
    ['orthogonal', 260, 260],
    ['clustered', 200, 300],
    ['pair', 170, 400],
    ['power', 300, 190],
    ['spiked', 257, 257],
    ['rankOne', 180, 180],
    ['graded', 200, 250],
    ['constant', 256, 300],
    ['zero', 200, 200],
  ] as const)('encloses that of a larger matrix: %s, %i x %i', async (family, rows, columns) => {
    const { values } = matrixFamilies[family](seeded(rows + columns), rows, columns);
    for (const stored of [values, Float32Array.from(values)]) {
      expectEncloses(await bound(stored, rows, columns), truthOf(stored, rows, columns), 1e-6);
    }
  });

  it.each([1, -1] as const)('allows for rounding that is always in direction %i', async (direction) => {
    for (const precision of ['float64', 'float32'] as const) {
      const unlucky = new UnluckyEngine(direction, precision);
      await fc.assert(
        fc.asyncProperty(matrices(40), async ({ rows, columns, values }) => {
          const found = await boundMatrix(unlucky, { values, rows, columns }, 1e-6);
          expectEncloses(found, truthOf(values, rows, columns), 1e-6);
        }),
        { numRuns: 100 },
      );
      // Long sums, where the allowance is largest beside what is tolerated of the truth: the norm is exactly 128.
      for (const [rows, columns] of [
        [4096, 4],
        [4, 4096],
      ]) {
        const ones = new Float32Array(rows * columns).fill(1);
        const found = await boundMatrix(unlucky, { values: ones, rows, columns }, 1e-9);
        expect(found.lower).toBeLessThanOrEqual(128);
        expect(found.upper).toBeGreaterThanOrEqual(128);
      }
    }
  });

  it.each([
    ['slices that are summed exactly', 30, 20, 33, 32, 1e-5],
    ['panels that are rounded', 34, 33, 34, 33, 1e-2],
  ])(
    'encloses that of a matrix so large that a float32 device takes part: %s',
    async (_, p, q, r, s, width) => {
      // The norm of a Kronecker product is the product of the norms.
      const random = seeded(p + q);
      const a = matrixFamilies.gaussian(random, p, q);
      const b = matrixFamilies.power(random, r, s);
      const columns = q * s;
      const values = new Float64Array(p * r * columns);
      for (let i = 0; i < p * r; i++) {
        for (let j = 0; j < columns; j++) {
          values[i * columns + j] =
            a.values[Math.floor(i / r) * q + Math.floor(j / s)] * b.values[(i % r) * s + (j % s)];
        }
      }
      const truth = largestSingularValue(a) * largestSingularValue(b);
      for (const one of [
        new Float32Engine(),
        new UnluckyEngine(1, 'float32'),
        new UnluckyEngine(-1, 'float32'),
      ]) {
        expectEncloses(await boundMatrix(one, { values, rows: p * r, columns }, 1e-6), truth, width);
      }
    },
  );

  it('allows for what the slices of a float32 device leave over', async () => {
    // 1 + 2^-28 in every entry: no slice holds the last bit. The norm is 1024 (1 + 2^-28).
    const values = new Float64Array(2048 * 512).fill(1 + 2 ** -28);
    const found = await boundMatrix(new Float32Engine(), { values, rows: 2048, columns: 512 }, 1e-9);
    expect(found.lower).toBeLessThanOrEqual(1024 * (1 + 2 ** -28));
    expect(found.upper).toBeGreaterThanOrEqual(1024 * (1 + 2 ** -28));
    expect(found.upper - found.lower).toBeLessThanOrEqual(1e-6 * found.upper);
  });

  it('encloses norms that are known exactly, to the last digit', async () => {
    const hadamard = (n: number) =>
      Float32Array.from({ length: n * n }, (_, at) => (bitParity((at % n) & Math.floor(at / n)) ? -1 : 1));
    const cases: [string, Values, number, number, number][] = [
      ['Hadamard, 16', hadamard(16), 16, 16, 4],
      ['Hadamard, 64', hadamard(64), 64, 64, 8],
      ['Hadamard, 256', hadamard(256), 256, 256, 16],
      ['ones', new Float32Array(36 * 25).fill(1), 36, 25, 30],
      ['outer product of (3, 4) and (5, 12, 84)', Float32Array.of(15, 36, 252, 20, 48, 336), 2, 3, 425],
      ['permutation', Float32Array.of(0, 1, 0, 0, 0, 1, 1, 0, 0), 3, 3, 1],
      ['row', Float32Array.of(3, 4, 12, 84), 1, 4, 85],
      ['column', Float32Array.of(3, 4, 12, 84), 4, 1, 85],
      ['single value', Float32Array.of(-0.75), 1, 1, 0.75],
      ['diagonal', Float32Array.of(2, 0, 0, 0, -7, 0, 0, 0, 5), 3, 3, 7],
      ['two equal', Float64Array.of(0, 3, 3, 0), 2, 2, 3],
    ];
    for (const [name, values, rows, columns, norm] of cases) {
      const found = await bound(values, rows, columns);
      expect(found.lower, name).toBeLessThanOrEqual(norm);
      expect(found.upper, name).toBeGreaterThanOrEqual(norm);
      expect(found.upper - found.lower, name).toBeLessThanOrEqual(1e-6 * norm);
    }
  });

  it.each([Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, -0.1])('knows a single number: %d', async (value) => {
    const found = await boundMatrix(engine, { values: Float64Array.of(value), rows: 1, columns: 1 }, 1e-6);
    const norm = Math.abs(value);
    expect(found).toEqual({ lower: norm, upper: norm, frobenius: norm });
  });

  it('answers exactly 0 for zeros', async () => {
    for (const [rows, columns] of [
      [1, 1],
      [1, 7],
      [24, 24],
      [300, 170],
    ]) {
      const found = await bound(new Float32Array(rows * columns).fill(-0), rows, columns);
      expect([found.lower, found.upper, found.frobenius]).toEqual([0, 0, 0]);
    }
  });

  it('is the same for a matrix and for a power of two times it', async () => {
    await fc.assert(
      fc.asyncProperty(
        matrices(24),
        fc.integer({ min: -200, max: 200 }),
        async ({ rows, columns, values }, power) => {
          const factor = 2 ** power;
          const double = Float64Array.from(values);
          const one = await bound(double, rows, columns);
          const other = await bound(
            double.map((value) => value * factor),
            rows,
            columns,
          );
          expect([other.lower, other.upper]).toEqual([one.lower * factor, one.upper * factor]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('does not depend on the element type, and up to the tolerance not on scale, transposition or order', async () => {
    await fc.assert(
      fc.asyncProperty(
        matrices(24),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.integer(),
        async ({ rows, columns, values }, factor, seed) => {
          const tolerance = 1e-9;
          const double = Float64Array.from(values);
          const one = await bound(values, rows, columns, tolerance);
          expect(await bound(double, rows, columns, tolerance)).toEqual(one);
          const scaled = double.map((value) => value * factor);
          expectAgree(await bound(scaled, rows, columns, tolerance), one, factor, tolerance);
          expectAgree(
            await bound(transposed(values, rows, columns), columns, rows, tolerance),
            one,
            1,
            tolerance,
          );
          const order = permutation(seed, rows);
          const shuffled = double.map(
            (_, at) => double[order[Math.floor(at / columns)] * columns + (at % columns)],
          );
          expectAgree(await bound(shuffled, rows, columns, tolerance), one, 1, tolerance);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([1e-45, 1e-42, 1e-38, 1e-30, 1e-12, 1e8, 1e30, 3e38])(
    'holds for float32 weights near %d',
    async (scale) => {
      const random = seeded(3);
      const values = Float32Array.from({ length: 30 * 20 }, () => (2 * random() - 1) * scale);
      const found = await bound(values, 30, 20);
      expectEncloses(found, truthOf(values, 30, 20), 1e-6);
      expect(found.lower).toBeGreaterThan(0);
      expect(Number.isFinite(found.upper)).toBe(true);
    },
  );

  it.each([5e-324, 1e-310, 1e-200, 1e200, 1e300])('holds for float64 weights near %d', async (scale) => {
    const random = seeded(4);
    const values = Float64Array.from({ length: 9 * 12 }, () => (2 * random() - 1) * scale);
    // The truth is that of the weights times a power of two, which is exact.
    const shift = scale < 1 ? 2 ** 500 : 2 ** -500;
    const truth = truthOf(
      values.map((value) => value * shift),
      9,
      12,
    );
    const found = await bound(values, 9, 12);
    expect(found.lower * shift).toBeLessThanOrEqual(truth * (1 + truthError));
    expect(found.upper * shift).toBeGreaterThanOrEqual(truth * (1 - truthError));
    expect(found.upper).toBeGreaterThan(0);
    expect(Number.isFinite(found.upper)).toBe(true);
  });

  it('holds for magnitudes from 1e-38 to 1e38 in one matrix', async () => {
    const random = seeded(5);
    const values = Float32Array.from(
      { length: 20 * 20 },
      () => (2 * random() - 1) * 10 ** Math.floor(76 * random() - 38),
    );
    expectEncloses(await bound(values, 20, 20), truthOf(values, 20, 20), 1e-6);
  });

  it('refuses values that are not finite', async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const at of [0, 7, 11]) {
        const values = new Float32Array(12).fill(1);
        values[at] = value;
        await expect(bound(values, 3, 4)).rejects.toBeInstanceOf(NotFiniteError);
      }
    }
    await expect(bound(Float32Array.of(1, NaN), 1, 2)).rejects.toThrow('NaN');
    await expect(bound(Float32Array.of(1, -Infinity), 1, 2)).rejects.toThrow('infinite');
  });

  it('takes a matrix out of a larger array', async () => {
    const values = Float32Array.from([NaN, 100, 100, 3, 0, 0, 4, 100, NaN]);
    const found = await boundMatrix(engine, { values, rows: 2, columns: 2, offset: 3 }, 1e-6);
    expectEncloses(found, 4, 1e-6);
    expect(found.frobenius).toBeCloseTo(5, 12);
  });

  it('is submultiplicative, as norms are', async () => {
    const random = seeded(6);
    const a = matrixFamilies.gaussian(random, 30, 40);
    const b = matrixFamilies.power(random, 40, 20);
    const ab = await bound(multiply(a, b).values, 30, 20);
    const upper = (await bound(a.values, 30, 40)).upper * (await bound(b.values, 40, 20)).upper;
    expect(ab.lower).toBeLessThanOrEqual(upper);
  });

  it.each(goldenMatrices())('encloses $name', async ({ matrix, scale, sigmaExact, frobenius: expected }) => {
    const found = await bound(Float32Array.from(matrix.values), matrix.rows, matrix.columns);
    expectEncloses(found, sigmaExact / scale, 1e-6);
    expect(Math.abs(found.frobenius * scale - expected)).toBeLessThanOrEqual(1e-9 * expected);
  });
});

function expectAgree(found: MatrixEnclosure, one: MatrixEnclosure, factor: number, tolerance: number): void {
  const slack = 2 * tolerance * one.upper * factor;
  expect(Math.abs(found.lower - one.lower * factor)).toBeLessThanOrEqual(slack);
  expect(Math.abs(found.upper - one.upper * factor)).toBeLessThanOrEqual(slack);
  expect(found.lower).toBeLessThanOrEqual(one.upper * factor * (1 + truthError));
  expect(found.upper).toBeGreaterThanOrEqual(one.lower * factor * (1 - truthError));
}

function permutation(seed: number, length: number): number[] {
  const random = seeded(seed);
  return Array.from({ length }, (_, index) => ({ index, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ index }) => index);
}

function bitParity(value: number): boolean {
  let odd = false;
  for (let rest = value; rest > 0; rest >>= 1) if (rest & 1) odd = !odd;
  return odd;
}
