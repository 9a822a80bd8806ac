import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundLowRank } from '../../../../src/bounds/matrices/low-rank';
import { NotFiniteError } from '../../../../src/bounds/values';
import { Engine } from '../../../../src/compute/engine';
import { frobenius } from '../../truth/layer';
import { matrices, matrixFamilies, multiply, seeded } from '../../truth/random';
import { largestSingularValue, type Matrix } from '../../truth/singular-values';
import { expectEncloses } from '../layers';
import { UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');

function bound(one: Engine, up: Matrix, down: Matrix) {
  return boundLowRank(one, up.values, down.values, up.rows, up.columns, down.columns, 1e-6);
}

describe('boundLowRank', () => {
  it.each([
    ['', engine],
    [', rounding always upwards', new UnluckyEngine(1)],
    [', rounding always downwards', new UnluckyEngine(-1)],
  ])('encloses the norm of the product%s', async (_, one) => {
    await fc.assert(
      fc.asyncProperty(
        matrices(30),
        fc.constantFrom('gaussian', 'orthogonal', 'power', 'zero'),
        fc.integer({ min: 1, max: 30 }),
        fc.integer(),
        async (drawn, family, columns, seed) => {
          const up = { ...drawn, values: Float64Array.from(drawn.values) };
          const down = matrixFamilies[family](seeded(seed), up.columns, columns);
          const product = multiply(up, down);
          const found = await bound(one, up, down);
          // Terms may cancel: the product's own rounding is relative to the factors.
          const slack = 1e-13 * frobenius(up.values) * frobenius(down.values);
          const truth = largestSingularValue(product);
          expect(found.lower).toBeLessThanOrEqual(truth + slack);
          expect(found.upper).toBeGreaterThanOrEqual(truth - slack);
          expect(found.upper - found.lower).toBeLessThanOrEqual(
            1e-5 * truth + 1e-9 * frobenius(up.values) * frobenius(down.values),
          );
          expect(Math.abs(found.frobenius - frobenius(product.values))).toBeLessThanOrEqual(
            1e-9 * frobenius(product.values) + slack,
          );
        },
      ),
      { numRuns: 80 },
    );
  });

  it('encloses a product that is known exactly', async () => {
    // (1, 2, 2)^T (3, 4): 3 * 5.
    const up: Matrix = { rows: 3, columns: 1, values: Float64Array.of(1, 2, 2) };
    const down: Matrix = { rows: 1, columns: 2, values: Float64Array.of(3, 4) };
    expectEncloses(await bound(engine, up, down), 15, 0);
  });

  it('allows for the rounding of long sums', async () => {
    // Ones: 4096 in every entry of the product, norm 8192.
    const up: Matrix = { rows: 2, columns: 4096, values: new Float64Array(8192).fill(1) };
    const down: Matrix = { rows: 4096, columns: 2, values: up.values };
    for (const direction of [1, -1] as const) {
      expectEncloses(await bound(new UnluckyEngine(direction), up, down), 8192, 0);
      const found = await bound(new UnluckyEngine(direction), up, down);
      expect(found.upper).toBeGreaterThanOrEqual(8192);
    }
  });

  it('never forms the product', async () => {
    // 40,000 x 40,000 would take 12 GB.
    const random = seeded(2);
    const up = matrixFamilies.gaussian(random, 40_000, 4);
    const down = matrixFamilies.gaussian(random, 4, 40_000);
    const found = await bound(engine, up, down);
    expect(found.lower).toBeGreaterThan(30_000);
    expect(found.upper).toBeLessThan(50_000);
    expect(found.upper - found.lower).toBeLessThanOrEqual(1e-5 * found.upper);
  });

  it.each([1e-40, 1e-20, 1e20, 3e37])('holds for float32 factors near %d', async (scale) => {
    const random = seeded(9);
    const up = Float32Array.from({ length: 40 }, () => (random() - 0.5) * scale);
    const down = Float32Array.from({ length: 24 }, () => random() - 0.5);
    const product = multiply(
      { rows: 10, columns: 4, values: Float64Array.from(up) },
      { rows: 4, columns: 6, values: Float64Array.from(down) },
    );
    expectEncloses(
      await boundLowRank(engine, up, down, 10, 4, 6, 1e-6),
      largestSingularValue(product),
      1e-13,
    );
  });

  it('answers 0 where a factor is zero, and refuses what is not finite', async () => {
    const zero = { rows: 5, columns: 2, values: new Float64Array(10) };
    const down = { rows: 2, columns: 3, values: new Float64Array(6).fill(1) };
    expect(await bound(engine, zero, down)).toMatchObject({ lower: 0, upper: 0, frobenius: 0 });
    const up = { ...zero, values: new Float64Array(10).fill(1) };
    expect(await bound(engine, up, { ...down, values: new Float64Array(6) })).toMatchObject({
      lower: 0,
      upper: 0,
      frobenius: 0,
    });
    for (const value of [NaN, Infinity]) {
      const bad = new Float64Array(10).fill(value);
      await expect(bound(engine, { ...zero, values: bad }, down)).rejects.toBeInstanceOf(NotFiniteError);
      await expect(
        bound(engine, up, { ...down, values: new Float64Array(6).fill(value) }),
      ).rejects.toBeInstanceOf(NotFiniteError);
    }
  });
});
