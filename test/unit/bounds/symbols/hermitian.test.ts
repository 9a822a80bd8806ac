import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symbolNorms } from '../../../../src/bounds/symbols/hermitian';
import { Engine } from '../../../../src/compute/engine';
import { matrixFamilies, seeded } from '../../truth/random';
import { largestSingularValue } from '../../truth/singular-values';
import { expectEncloses } from '../layers';
import { Float32Engine, UnluckyEngine } from '../rounding-engine';

const families = [
  'gaussian',
  'rankOne',
  'orthogonal',
  'clustered',
  'power',
  'spiked',
  'graded',
  'zero',
  'constant',
] as const;

interface Batch {
  readonly rows: number;
  readonly columns: number;
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
  readonly norms: readonly number[];
}

/** Complex matrices, rows >= columns, float32 values so that no engine rounds them. */
const batches: fc.Arbitrary<Batch> = fc
  .record({
    columns: fc.integer({ min: 1, max: 8 }),
    more: fc.integer({ min: 0, max: 8 }),
    count: fc.integer({ min: 1, max: 5 }),
    families: fc.array(fc.constantFrom(...families), { minLength: 10, maxLength: 10 }),
    seed: fc.integer(),
  })
  .map(({ columns, more, count, families: drawn, seed }) => {
    const rows = columns + more;
    const size = rows * columns;
    const random = seeded(seed);
    const real = new Float64Array(count * size);
    const imaginary = new Float64Array(count * size);
    const norms: number[] = [];
    for (let index = 0; index < count; index++) {
      real.set(matrixFamilies[drawn[2 * index]](random, rows, columns).values.map(Math.fround), index * size);
      imaginary.set(
        matrixFamilies[drawn[2 * index + 1]](random, rows, columns).values.map(Math.fround),
        index * size,
      );
      const span = [index * size, (index + 1) * size] as const;
      norms.push(complexNorm(rows, columns, real.slice(...span), imaginary.slice(...span)));
    }
    return { rows, columns, real, imaginary, norms };
  });

describe('symbolNorms', () => {
  it.each([
    ['float64', new Engine('cpu'), 1e-4],
    ['float32', new Float32Engine(), 1e-3],
    ['unlucky float64, upwards', new UnluckyEngine(1), 1e-4],
    ['unlucky float64, downwards', new UnluckyEngine(-1), 1e-4],
    ['unlucky float32, upwards', new UnluckyEngine(1, 'float32'), 1e-3],
    ['unlucky float32, downwards', new UnluckyEngine(-1, 'float32'), 1e-3],
  ])('encloses the norm of every matrix of a batch: %s', async (_, engine, tolerance) => {
    await fc.assert(
      fc.asyncProperty(batches, async ({ rows, columns, real, imaginary, norms }) => {
        const symbols = { real: engine.toBulk(real), imaginary: engine.toBulk(imaginary) };
        const found = await symbolNorms(engine, symbols, rows, columns, 0, { thresholds: null, tolerance });
        norms.forEach((norm, index) => {
          expectEncloses(found[index], norm, 1e-13);
          expect(found[index].upper - found[index].lower).toBeLessThanOrEqual(2 * tolerance * norm);
        });
      }),
      { numRuns: 150 },
    );
  });

  it('says on which side of a threshold every norm is', async () => {
    const engine = new Engine('cpu');
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        async ({ rows, columns, real, imaginary, norms }, ratio) => {
          const thresholds = norms.map((norm) => norm * ratio);
          const found = await symbolNorms(engine, { real, imaginary }, rows, columns, 0, {
            thresholds,
            tolerance: 1e-9,
          });
          norms.forEach((norm, index) => {
            expectEncloses(found[index], norm, 1e-13);
            if (norm === 0 || Math.abs(ratio - 1) < 1e-6) return;
            if (ratio > 1) expect(found[index].upper).toBeLessThanOrEqual(thresholds[index]);
            else expect(found[index].lower).toBeGreaterThan(thresholds[index]);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('widens by the error of the given matrices', async () => {
    const engine = new Engine('cpu');
    const symbols = { real: Float64Array.of(3, 0, 0, 1), imaginary: new Float64Array(4) };
    const [found] = await symbolNorms(engine, symbols, 2, 2, 0.25, { thresholds: null, tolerance: 1e-6 });
    expect(found.lower).toBeLessThanOrEqual(2.75);
    expect(found.upper).toBeGreaterThanOrEqual(3.25);
    expect(found.upper - found.lower).toBeLessThan(0.5001);
  });

  it('compares matrices of a large order with their thresholds', async () => {
    const engine = new Engine('cpu');
    const order = 165;
    for (const family of ['gaussian', 'orthogonal', 'clustered'] as const) {
      const real = matrixFamilies[family](seeded(7), order, order).values;
      const imaginary = matrixFamilies.gaussian(seeded(8), order, order).values.map((value) => value / 10);
      const norm = complexNorm(order, order, real, imaginary);
      for (const ratio of [0.9, 1.001, 1.1]) {
        const question = { thresholds: [norm * ratio], tolerance: 1e-6 };
        const [found] = await symbolNorms(engine, { real, imaginary }, order, order, 0, question);
        expectEncloses(found, norm, 1e-13);
        if (ratio > 1) expect(found.upper).toBeLessThanOrEqual(norm * ratio * (1 + 1e-9));
      }
    }
  });
});

/** From `[[Re, -Im], [Im, Re]]`, which has every singular value twice. */
function complexNorm(rows: number, columns: number, real: Float64Array, imaginary: Float64Array): number {
  const embedded = new Float64Array(4 * rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      embedded[r * 2 * columns + c] = embedded[(r + rows) * 2 * columns + columns + c] = real[at];
      embedded[(r + rows) * 2 * columns + c] = imaginary[at];
      embedded[r * 2 * columns + columns + c] = -imaginary[at];
    }
  }
  return largestSingularValue({ rows: 2 * rows, columns: 2 * columns, values: embedded });
}
