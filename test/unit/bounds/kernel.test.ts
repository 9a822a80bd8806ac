import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PolyphaseKernel, transposed, withoutZeros } from '../../../src/bounds/kernel';
import { singularValues } from '../truth/singular-values';

/** Rows, columns and positions, and values among which many are zero. */
const kernels: fc.Arbitrary<PolyphaseKernel> = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }))
  .chain(([a, b, taps]) =>
    fc
      .tuple(
        fc.array(fc.constantFrom(0, 0, 0, 1, -2, 3), { minLength: a * b * taps, maxLength: a * b * taps }),
        fc.array(fc.boolean(), { minLength: a, maxLength: a }),
        fc.array(fc.boolean(), { minLength: taps, maxLength: taps }),
      )
      .map(([values, zeroRows, zeroTaps]) => {
        const [rows, columns] = [Math.max(a, b), Math.min(a, b)];
        return {
          ...{ rows, columns, fullRank: columns },
          positions: Array.from({ length: taps }, (_, p) => [p]),
          values: Float64Array.from(values, (x, k) =>
            zeroRows[Math.floor(k / columns) % rows] || zeroTaps[Math.floor(k / columns / rows)] ? 0 : x,
          ),
        };
      }),
  );

/** Singular values of the symbol at 0 and at pi, where it is real, and of the taps side by side. */
function spectra({ rows, columns, positions, values }: PolyphaseKernel): number[][] {
  const at = (sign: number) =>
    Float64Array.from({ length: rows * columns }, (_, k) =>
      positions.reduce((sum, [p], tap) => sum + sign ** p * values[tap * rows * columns + k], 0),
    );
  return [at(1), at(-1)].map((symbol) =>
    [...singularValues({ rows, columns, values: symbol })].filter((sigma) => sigma > 1e-9),
  );
}

function expectSame(ours: PolyphaseKernel, others: PolyphaseKernel): void {
  const [a, b] = [spectra(ours), spectra(others)];
  a.forEach((some, i) => {
    expect(some).toHaveLength(b[i].length);
    some.forEach((sigma, k) => {
      expect(sigma).toBeCloseTo(b[i][k], 9);
    });
  });
}

describe('transposed', () => {
  it('has the same singular values, and is undone by another one', () => {
    fc.assert(
      fc.property(kernels, (kernel) => {
        const found = transposed(kernel);
        expect([found.rows, found.columns]).toEqual([kernel.columns, kernel.rows]);
        expectSame(found, kernel);
        expect(transposed(found)).toEqual(kernel);
      }),
    );
  });
});

describe('withoutZeros', () => {
  it('has the same singular values but zeros, no channel nor tap of zeros, and as many rows as columns or more', () => {
    fc.assert(
      fc.property(kernels, (kernel) => {
        const found = withoutZeros(kernel);
        expectSame(found, kernel);
        const { rows, columns, positions, values } = found;
        expect(values).toHaveLength(rows * columns * positions.length);
        expect(rows).toBeGreaterThanOrEqual(columns);
        expect(found.fullRank).toBe(kernel.fullRank);
        if (kernel.values.every((x) => x === 0)) {
          expect(found).toBe(kernel);
          return;
        }
        const isUsed = (is: (row: number, column: number) => boolean) =>
          values.some((x, k) => x !== 0 && is(Math.floor(k / columns) % rows, k % columns));
        for (let r = 0; r < rows; r++) expect(isUsed((row) => row === r)).toBe(true);
        expect(Math.min(...positions.map(([p]) => p))).toBe(0);
        positions.forEach((_, p) => {
          const tap = values.subarray(p * rows * columns, (p + 1) * rows * columns);
          expect(tap.some((x) => x !== 0)).toBe(true);
        });
        for (let c = 0; c < columns; c++) expect(isUsed((_, column) => column === c)).toBe(true);
      }),
    );
  });
});
