import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundByCholesky, factorize } from '../../../../src/bounds/matrices/cholesky';
import { largestEigenvalue } from '../../../../src/bounds/matrices/eigenvalue';
import { fromDense } from '../../../../src/bounds/matrices/symmetric';
import { gaussianVector } from '../../../../src/bounds/random';
import { Engine } from '../../../../src/compute/engine';
import { matrixFamilies, multiply, seeded } from '../../truth/random';
import { largestEigenvalue as exactEigenvalue, type Matrix, transpose } from '../../truth/singular-values';
import { gamma } from '../../../../src/bounds/rounding';
import { UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');
const engines: [string, Engine][] = [
  ['ordinary rounding', engine],
  ['rounding always upwards', new UnluckyEngine(1)],
  ['rounding always downwards', new UnluckyEngine(-1)],
];
const families = [
  'gaussian',
  'positive',
  'rankOne',
  'orthogonal',
  'clustered',
  'pair',
  'power',
  'spiked',
  'graded',
] as const;
interface Case {
  readonly name: string;
  readonly order: number;
  readonly g: Float64Array;
  readonly truth: number;
}

function caseOf(family: (typeof families)[number], order: number): Case {
  const a: Matrix = matrixFamilies[family](seeded(order), order + 3, order);
  const g = multiply(transpose(a), a).values;
  return { name: `${family} ${order}`, order, g, truth: exactEigenvalue(g.slice(), order) };
}

/** Below and above the order at which the factorisation goes over to blocks, and across several of them. */
const cases: readonly Case[] = [
  ...[2, 3, 17, 40].flatMap((order) => families.map((family) => caseOf(family, order))),
  ...[160, 161, 257].flatMap((order) =>
    (['gaussian', 'clustered', 'power', 'pair'] as const).map((family) => caseOf(family, order)),
  ),
];

describe('boundByCholesky', () => {
  it.each(engines)(
    'is never below the largest eigenvalue, and close where it answers: %s',
    async (_, one) => {
      for (const { name, order, g, truth } of cases) {
        for (const excess of [1e-12, 1e-9, 1e-6, 1e-3, 0.5]) {
          const bound = await boundByCholesky(one, g, order, truth * (1 + excess));
          if (excess >= 1e-6) expect(bound, `${name} ${excess}`).not.toBeNull();
          if (bound === null) continue;
          expect(bound, name).toBeGreaterThanOrEqual(truth * (1 - 1e-14));
          expect(bound, name).toBeLessThanOrEqual(truth * (1 + excess) * (1 + 1e-9));
        }
      }
    },
  );

  it('does not count on products with inverses', async () => {
    // Where the factor is not what it should be, the residual has to tell.
    class WrongInverseEngine extends Engine {
      override async multiply(...operands: Parameters<Engine['multiply']>) {
        return (await super.multiply(...operands)).map((value) => value * (1 - 1e-3));
      }
    }
    const wrong = new WrongInverseEngine('cpu');
    let answers = 0;
    for (const order of [129, 257, 300]) {
      // -1 beside the diagonal: 1 - n and 1; so the largest eigenvalue of ones is hidden from a factor that is too small.
      const g = new Float64Array(order * order).fill(1);
      for (const theta of [order * (1 - 1e-4), order * (1 - 1e-3), order]) {
        const bound = await boundByCholesky(wrong, g, order, theta);
        if (bound !== null) answers++;
        expect(bound === null || bound >= order, `${order} ${theta}`).toBe(true);
      }
    }
    expect(answers).toBeGreaterThan(0);
  });

  it('allows for rounding that hides what is missing on the diagonal', async () => {
    // As much as the analysis allows, and out of sight of the residual.
    class UnluckyDiagonalEngine extends Engine {
      override async subtractTransposedProduct(
        ...operands: Parameters<Engine['subtractTransposedProduct']>
      ): Promise<void> {
        await super.subtractTransposedProduct(...operands);
        const [c, a, b, m, k] = operands;
        if (a !== b) return;
        for (let i = 0; i < m; i++) {
          const squares = a.subarray(i * k, (i + 1) * k).reduce((sum, value) => sum + value * value, 0);
          c[i * (m + 1)] += gamma(k) * squares;
        }
      }
    }
    // An arrow: its largest eigenvalue is the length of its head, 32.
    const n = 1025;
    const g = new Float64Array(n * n);
    for (let i = 0; i < n - 1; i++) g[i * n + n - 1] = g[(n - 1) * n + i] = 1;
    const one = new UnluckyDiagonalEngine('cpu');
    let answers = 0;
    for (const deficit of [0, 1e-15, 5e-15, 1e-14, 1.5e-14, 2e-14, 1e-13]) {
      const bound = await boundByCholesky(one, g, n, 32 * (1 - deficit));
      if (bound !== null && deficit >= 1e-14) answers++;
      expect(bound === null || bound >= 32, `${deficit}`).toBe(true);
    }
    expect(answers).toBeGreaterThan(0);
  });

  it.each([1, 40, 128, 129, 300, 513])('solves with the factor, order %i', async (order) => {
    const { g, truth } = caseOf('gaussian', order);
    const theta = 1.5 * truth;
    const factorization = await factorize(engine, fromDense(g, order), theta);
    const x = gaussianVector(order, 3);
    const y = await factorization!.solve(x);
    for (let i = 0; i < order; i++) {
      let sum = theta * y[i];
      for (let j = 0; j < order; j++) sum -= g[i * order + j] * y[j];
      expect(Math.abs(sum - x[i])).toBeLessThanOrEqual(1e-11);
    }
  });

  it('never answers less than the largest eigenvalue when asked for it', async () => {
    for (const { name, order, g, truth } of cases) {
      for (const theta of [truth * (1 - 1e-3), truth / 2, 0, -truth]) {
        const bound = await boundByCholesky(engine, g, order, theta);
        expect(bound === null || bound >= truth * (1 - 1e-13), `${name} ${theta}`).toBe(true);
      }
    }
  });
});

/** All ones: the largest eigenvalue is the order, exactly. */
const exactOrders = [7, 150, 161, 257, 300];

describe('with a largest eigenvalue that is known exactly', () => {
  it.each(engines)('a factorisation that succeeds just below it does not deceive: %s', async (_, one) => {
    for (const order of exactOrders) {
      const g = new Float64Array(order * order).fill(1);
      for (const deficit of [0, 1e-16, 1e-15, 5e-15, 1e-14, 3e-14, 1e-13, 1e-12]) {
        const bound = await boundByCholesky(one, g, order, order * (1 - deficit));
        expect(bound === null || bound >= order, `${order} ${deficit}`).toBe(true);
      }
    }
  });

  it.each(engines)('the enclosure holds to the last digit: %s', async (_, one) => {
    for (const order of exactOrders) {
      const { lower, upper } = await largestEigenvalue(
        one,
        new Float64Array(order * order).fill(1),
        order,
        1e-9,
      );
      expect(lower).toBeLessThanOrEqual(order);
      expect(upper).toBeGreaterThanOrEqual(order);
    }
  });
});

describe('largestEigenvalue', () => {
  it.each(engines)('encloses the largest eigenvalue within the tolerance: %s', async (_, one) => {
    for (const { name, order, g, truth } of cases) {
      const found = await largestEigenvalue(one, g, order, 1e-6);
      expect(found.lower, name).toBeLessThanOrEqual(truth * (1 + 1e-13));
      expect(found.upper, name).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
      expect(found.upper - found.lower, name).toBeLessThanOrEqual(1e-6 * truth);
    }
  });

  it.each([1e-4, 1e-8, 1e-10])('is as tight as asked for: %d', async (tolerance) => {
    for (const { name, order, g } of cases) {
      const { lower, upper } = await largestEigenvalue(engine, g, order, tolerance);
      expect(upper, name).toBeLessThanOrEqual(lower * (1 + tolerance));
    }
  });

  it('is not misled by a start without the right direction', async () => {
    // Eigenvectors along the axes: a deflated or lucky start would miss one of them.
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 40 }),
        async (diagonal) => {
          const n = diagonal.length;
          const g = new Float64Array(n * n);
          diagonal.forEach((value, index) => (g[index * (n + 1)] = value));
          const found = await largestEigenvalue(engine, g, n, 1e-9);
          const truth = Math.max(...diagonal);
          expect(found.lower).toBeLessThanOrEqual(truth);
          expect(found.upper).toBeGreaterThanOrEqual(truth);
          expect(found.upper - found.lower).toBeLessThanOrEqual(1e-8 * truth);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('allows for rounding of products with a vector that is always in its direction', async () => {
    class FlatteringEngine extends Engine {
      override async multiply(...operands: Parameters<Engine['multiply']>) {
        const product = await super.multiply(...operands);
        const [a, b, m, k, columns] = operands;
        if (m !== 1 && columns !== 1) return product;
        // The matrix is multiplied block by block; only those on its diagonal begin with a large value.
        const [block, part] = columns === 1 ? [a, b] : [b, a];
        const x = new Float64Array(part.buffer);
        const from = part.byteOffset / 8;
        const row = columns > 1 ? from + k : block[0] > 2 ? from : from - m;
        return product.map((value, i) => {
          let size = 0;
          for (let j = 0; j < k; j++)
            size += Math.abs(block[columns === 1 ? i * k + j : j * columns + i] * part[j]);
          return value + gamma(k) * size * Math.sign(x[row + i] ?? 0);
        });
      }
    }
    // 16 I + H of order 256, H a symmetric Hadamard matrix: eigenvalues 32 and 0.
    const n = 256;
    const parity = (bits: number): number => (bits === 0 ? 0 : (bits & 1) ^ parity(bits >> 1));
    const g = Float64Array.from({ length: n * n }, (_, at) => {
      const [row, column] = [Math.floor(at / n), at % n];
      return (row === column ? 16 : 0) + (parity(row & column) ? -1 : 1);
    });
    const { lower, upper } = await largestEigenvalue(new FlatteringEngine('cpu'), g, n, 1e-10);
    expect(lower).toBeLessThanOrEqual(32);
    expect(upper).toBeGreaterThanOrEqual(32);
  });

  it.each([
    [96, 1],
    [250, 8],
  ])('finds an eigenvector that the start has nothing of, order %i', async (n, block) => {
    // P D P + 1.001 w w^T, P the projection on what is orthogonal to w, and w orthogonal to all vectors of the start.
    const starts = gaussianVector(block * n, 1);
    const rows = Array.from({ length: block }, (_, i) => starts.slice(i * n, (i + 1) * n));
    const w = gaussianVector(n, 99);
    const along = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const orthonormal: Float64Array[] = [];
    for (const vector of [...rows, w]) {
      for (let pass = 0; pass < 2; pass++) {
        for (const q of orthonormal) {
          const factor = along(vector, q);
          for (let i = 0; i < n; i++) vector[i] -= factor * q[i];
        }
      }
      const length = Math.sqrt(along(vector, vector));
      orthonormal.push(vector.map((value) => value / length));
    }
    const unit = orthonormal[block];
    const d = Float64Array.from({ length: n }, (_, i) => (i + 1) / n);
    const dw = d.map((value, i) => value * unit[i]);
    const inner = along(unit, dw);
    const g = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        const rest = (i === j ? d[i] : 0) - dw[i] * unit[j] - unit[i] * dw[j];
        g[i * n + j] = g[j * n + i] = rest + (inner + 1.001) * unit[i] * unit[j];
      }
    }
    for (const tolerance of [1e-6, 1e-9]) {
      const { lower, upper } = await largestEigenvalue(engine, g, n, tolerance);
      expect(lower).toBeLessThanOrEqual(1.001 + 1e-13);
      expect(upper).toBeGreaterThanOrEqual(1.001 - 1e-13);
      expect(upper).toBeLessThanOrEqual(lower * (1 + tolerance));
    }
  });

  it('answers 0 for a zero matrix', async () => {
    const { lower, upper } = await largestEigenvalue(engine, new Float64Array(25), 5, 1e-6);
    expect([lower, upper]).toEqual([0, 0]);
  });
});
