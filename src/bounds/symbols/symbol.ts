import type { BulkArray, Engine } from '../../compute/engine';
import type { PolyphaseKernel } from '../kernel';
import { gamma } from '../rounding';
import { sumOfSquares } from '../values';

/** A frequency w, one angle per axis, radians. */
export type Frequency = readonly number[];

/** Real and imaginary parts of symbols, (batch, rows, columns) each. */
export interface Symbols {
  readonly real: BulkArray;
  readonly imaginary: BulkArray;
}

/** All symbols of a list of frequencies: one product with a table of cosines and sines, in the precision of `taps`. */
export async function symbolsAt(
  engine: Engine,
  kernel: PolyphaseKernel,
  taps: BulkArray,
  frequencies: readonly Frequency[],
): Promise<Symbols> {
  const count = kernel.positions.length;
  const entries = kernel.rows * kernel.columns;
  const table = new Float64Array(2 * frequencies.length * count);
  frequencies.forEach((w, f) => {
    kernel.positions.forEach((position, p) => {
      const angle = innerProduct(position, w);
      table[f * count + p] = Math.cos(angle);
      table[(frequencies.length + f) * count + p] = -Math.sin(angle);
    });
  });
  const both = await engine.bulkMultiply(
    taps instanceof Float64Array ? table : Float32Array.from(table),
    taps,
    2 * frequencies.length,
    count,
    entries,
  );
  const half = frequencies.length * entries;
  return { real: both.subarray(0, half), imaginary: both.subarray(half) };
}

/**
 * How many units of roundoff the angle `<a, w>` may be off by, all `|w_j| <= 8`. Frequencies of a grid, `s + 2 pi k / n`, are
 * themselves off by at most four, relatively; the products and the sum add one for each axis.
 */
export function angleRoundings(position: readonly number[]): number {
  return 8 * (4 + position.length) * position.reduce((sum, x) => sum + Math.abs(x), 0);
}

/**
 * Bound on `||F~(w) - F(w)||_F` for symbols computed with unit roundoff u: every entry is a sum of as many products as
 * there are positions, each with an angle that is rounded relative to its size.
 */
export function symbolError(kernel: PolyphaseKernel, u: number): number {
  const { rows, columns, positions, values } = kernel;
  const entries = rows * columns;
  const sums = new Float64Array(entries);
  for (let p = 0, k = 0; p < positions.length; p++) {
    for (let e = 0; e < entries; e++, k++) sums[e] += Math.abs(values[k]);
  }
  const angles = positions.reduce((most, position) => Math.max(most, angleRoundings(position)), 0);
  // Four more: the cosines and sines.
  const relative = gamma(positions.length + 4, u) + gamma(angles + 4);
  // Real and imaginary part each.
  return 2 * relative * Math.sqrt(sumOfSquares(sums)) * (1 + 1e-9);
}

export function innerProduct(position: readonly number[], w: Frequency): number {
  let angle = 0;
  for (let axis = 0; axis < w.length; axis++) angle += position[axis] * w[axis];
  return angle;
}
