import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hochstenbachBound,
  leastComponent,
  probableMatrix,
  randomDirection,
} from '../../../../src/bounds/matrices/probable';
import { NotFiniteError } from '../../../../src/bounds/values';
import { Engine } from '../../../../src/compute/engine';
import { matrices, matrixFamilies, seeded } from '../../truth/random';
import { largestEigenvalue, largestSingularValue, singularValues } from '../../truth/singular-values';

const engine = new Engine('cpu');

describe('the random start', () => {
  it('is a unit vector, a new one every time, and the same for the same seed', () => {
    for (const size of [1, 2, 3, 10, 101]) {
      const start = randomDirection(size);
      expect(Math.hypot(...start)).toBeCloseTo(1, 14);
      expect(randomDirection(size, 'one')).toEqual(randomDirection(size, 'one'));
      if (size > 1) {
        expect(randomDirection(size)).not.toEqual(start);
        expect(randomDirection(size, 'one')).not.toEqual(randomDirection(size, 'another'));
      }
    }
  });

  it.each([2, 3, 5, 20])(
    'has components below the least one as rarely as promised, in %i dimensions',
    (n) => {
      const runs = 4000;
      for (const failure of [0.05, 0.2]) {
        const least = leastComponent(n, failure);
        let below = 0;
        for (let run = 0; run < runs; run++) {
          if (Math.abs(randomDirection(n, `${n} ${run}`)[0]) < least) below++;
        }
        const deviation = 4 * Math.sqrt(failure / runs);
        expect(below / runs).toBeLessThanOrEqual(failure + deviation);
        // The constant is that of the density at 0, not one of its orders of magnitude.
        expect(below / runs).toBeGreaterThanOrEqual(0.5 * failure - deviation);
      }
    },
  );
});

describe('hochstenbachBound', () => {
  it('is the root of the polynomial', () => {
    // One step: t - a = b / delta.
    expect(hochstenbachBound([3], [0.5], 1e-3)).toBeCloseTo(503, 9);
    // Two: (t - a)(t - d) - b^2 = b c / delta.
    const [a, b, d, c, delta] = [3, 0.5, 2, 0.25, 1e-2];
    const t = (a + d + Math.sqrt((a - d) ** 2 + 4 * (b * b + (b * c) / delta))) / 2;
    expect(hochstenbachBound([a, d], [b, c], delta)).toBeCloseTo(t, 12);
  });

  it('agrees with the eigenvalues', () => {
    const random = seeded(1);
    for (const k of [1, 2, 3, 6]) {
      const diagonal = Array.from({ length: k }, () => 1 + random());
      const offDiagonal = Array.from({ length: k }, () => 0.1 + random());
      const t = hochstenbachBound(diagonal, offDiagonal, 1e-14);
      // log det(t I - T) by the eigenvalues, as singular values of t I - T.
      const shifted = new Float64Array(k * k);
      diagonal.forEach((value, i) => {
        shifted[i * k + i] = t - value;
        if (i > 0) shifted[i * k + i - 1] = shifted[(i - 1) * k + i] = -offDiagonal[i - 1];
      });
      const values = singularValues({ rows: k, columns: k, values: shifted });
      const determinant = values.reduce((sum, value) => sum + Math.log(value), 0);
      const product = offDiagonal.reduce((sum, value) => sum + Math.log(value), 0);
      expect(determinant - product).toBeCloseTo(-Math.log(1e-14), 6);
      const tridiagonal = shifted.map((value, at) => (at % (k + 1) === 0 ? t - value : -value));
      expect(t).toBeGreaterThan(largestEigenvalue(tridiagonal, k));
    }
  });

  it('is the largest eigenvalue where the iteration has ended', () => {
    expect(hochstenbachBound([3, 2], [0, 0], 1e-14)).toBeCloseTo(3, 12);
  });
});

describe('probableMatrix', () => {
  it('is never below the truth, for random matrices and starts', async () => {
    await fc.assert(
      fc.asyncProperty(
        matrices(24),
        fc.integer({ min: 1, max: 24 }),
        fc.integer(),
        async ({ rows, columns, values }, steps, seed) => {
          const truth = largestSingularValue({ rows, columns, values: Float64Array.from(values) });
          const matrix = { values, rows, columns };
          for (let start = 0; start < 4; start++) {
            const { lower, upper } = await probableMatrix(engine, matrix, {
              steps,
              seed: `${seed} ${start}`,
            });
            expect(lower).toBeLessThanOrEqual(truth * (1 + 1e-13));
            expect(upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('fails no more often than asked for', async () => {
    // Many values close to the largest, and two steps: a start that misses the largest is believed.
    const n = 12;
    const values = new Float64Array(n * n);
    for (let i = 0; i < n; i++) values[i * (n + 1)] = i === 0 ? 2 : 1 + 0.01 * i;
    const runs = 2000;
    for (const failure of [0.9, 0.5, 0.1]) {
      let missed = 0;
      for (let run = 0; run < runs; run++) {
        const { upper } = await probableMatrix(
          engine,
          { values, rows: n, columns: n },
          { steps: 2, seed: `${run}`, failure },
        );
        if (upper < 2) missed++;
      }
      expect(missed / runs).toBeLessThanOrEqual(failure);
      // Not by being vacuous.
      if (failure === 0.9) expect(missed).toBeGreaterThan(0);
    }
  });

  it.each([
    ['gaussian', 300, 200, 1e-5],
    ['gaussian', 256, 256, 1e-5],
    ['gaussian', 200, 900, 1e-5],
    ['power', 256, 256, 1e-6],
    ['spiked', 257, 256, 1e-6],
    ['rankOne', 256, 300, 1e-6],
    ['orthogonal', 256, 256, 1e-5],
    ['clustered', 200, 300, 1e-3],
    ['constant', 300, 300, 1e-5],
  ] as const)('is tight after 80 steps: %s, %i x %i', async (family, rows, columns, width) => {
    const { values } = matrixFamilies[family](seeded(rows), rows, columns);
    const truth = largestSingularValue({ rows, columns, values });
    for (const stored of [values, Float32Array.from(values)]) {
      const { lower, upper } = await probableMatrix(
        engine,
        { values: stored, rows, columns },
        { seed: 'start' },
      );
      expect(lower).toBeLessThanOrEqual(truth * (1 + 1e-7));
      expect(upper).toBeGreaterThanOrEqual(truth * (1 - 1e-7));
      const rounding = stored instanceof Float32Array ? 2e-5 : 0;
      expect(upper).toBeLessThanOrEqual(lower * (1 + width + rounding));
    }
  });

  it.each([1e-45, 1e-38, 1e-20, 1e20, 3e38])('holds for float32 weights near %d', async (scale) => {
    const random = seeded(2);
    const values = Float32Array.from({ length: 30 * 20 }, () => (2 * random() - 1) * scale);
    const truth = largestSingularValue({ rows: 30, columns: 20, values: Float64Array.from(values) });
    const { lower, upper } = await probableMatrix(engine, { values, rows: 30, columns: 20 });
    expect(lower).toBeLessThanOrEqual(truth * (1 + 1e-13));
    expect(upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
    expect(upper).toBeLessThanOrEqual(lower * (1 + 1e-5));
  });

  it.each([1e-300, 1e-20, 1e20, 1e300])('holds for float64 weights near %d', async (scale) => {
    const random = seeded(3);
    // Neither side is a multiple of the rows that are taken together.
    const values = Float64Array.from({ length: 29 * 35 }, () => 2 * random() - 1);
    const truth = largestSingularValue({ rows: 29, columns: 35, values });
    const stored = values.map((value) => value * scale);
    const { lower, upper } = await probableMatrix(engine, { values: stored, rows: 29, columns: 35 });
    expect(lower / scale).toBeLessThanOrEqual(truth * (1 + 1e-13));
    expect(upper / scale).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
    expect(upper).toBeLessThanOrEqual(lower * (1 + 1e-5));
  });

  it('allows for what a long sum of squares gains', async () => {
    // 1 + 1.5 u is rounded to 1 + 2 u, and so on: a column of length 1 + 767 u has a computed one of 1 + 1023 u.
    const values = new Float64Array(1024).fill(Math.sqrt(1.5 * 2 ** -53));
    values[0] = 1;
    const { lower } = await probableMatrix(engine, { values, rows: 1024, columns: 1 });
    expect(lower).toBeLessThanOrEqual(1 + 768 * 2 ** -53);
    expect(lower).toBeGreaterThanOrEqual(1 - 1e-12);
  });

  it('answers exactly 0 for zeros, and takes a matrix out of a larger array', async () => {
    expect(await probableMatrix(engine, { values: new Float32Array(12), rows: 3, columns: 4 })).toEqual({
      lower: 0,
      upper: 0,
    });
    const values = Float32Array.of(NaN, 3, 0, 0, 4, NaN);
    const { lower, upper } = await probableMatrix(engine, { values, rows: 2, columns: 2, offset: 1 });
    expect(lower).toBeLessThanOrEqual(4);
    expect(upper).toBeGreaterThanOrEqual(4);
    expect(upper - lower).toBeLessThanOrEqual(1e-5);
    await expect(probableMatrix(engine, { values, rows: 2, columns: 3 })).rejects.toBeInstanceOf(
      NotFiniteError,
    );
  });
});
