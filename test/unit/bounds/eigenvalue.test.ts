import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundByCholesky } from '../../../src/bounds/cholesky';
import { largestEigenvalue } from '../../../src/bounds/eigenvalue';
import { Engine } from '../../../src/compute/engine';
import { matrixFamilies, multiply, seeded } from '../truth/random';
import { largestEigenvalue as exactEigenvalue, type Matrix, transpose } from '../truth/singular-values';
import { UnluckyEngine } from './rounding-engine';

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
      expect(found.upper - found.lower, name).toBeLessThanOrEqual(1e-5 * truth);
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

  it('answers 0 for a zero matrix', async () => {
    const { lower, upper } = await largestEigenvalue(engine, new Float64Array(25), 5, 1e-6);
    expect([lower, upper]).toEqual([0, 0]);
  });
});
