/** The product of constant matrices that follow each other, with what it may be off by. */
import { gamma, roundUp } from '../bounds/rounding';
import { exponentScale, scaled, type Values } from '../bounds/values';
import type { MatrixOperator } from '../model/model';
import type { SumNorms } from './layer-norms';
import type { PerNorm } from './norms';

/** A matrix from its inputs (rows) to its outputs (columns). */
export interface Factor {
  readonly values: Values;
  readonly rows: number;
  readonly columns: number;
  /** `scale` times the values is meant. */
  readonly scale: number;
  /** Names what the values are computed from. */
  readonly key: string;
}

export interface Product {
  /** The inputs are on the side of the rows. */
  readonly operator: MatrixOperator;
  /** What its norms may be off by. */
  readonly error: PerNorm<number>;
}

/** Entries of the product, whose norm is to be enclosed, and multiplications that it takes: fractions of a second. */
const MOST_ENTRIES = 2 ** 20;
const MOST_MULTIPLICATIONS = 2 ** 28;
/** Below it factors lose digits. */
const LEAST_SCALE = 2 ** -1000;
/** Roundings of one value of a factor: that of its scaling, and those of the scale itself. */
const ROUNDINGS = 64;

/** Whether the product of matrices of `sizes[i]` rows and `sizes[i + 1]` columns is formed. */
export function isAffordable(sizes: readonly number[]): boolean {
  return sizes[0] * sizes[sizes.length - 1] <= MOST_ENTRIES && multiplications(sizes) <= MOST_MULTIPLICATIONS;
}

export function multiplications(sizes: readonly number[]): number {
  return sizes.slice(2).reduce((sum, columns, i) => sum + sizes[0] * sizes[i + 1] * columns, 0);
}

/**
 * `A_1 A_2 .. A_k` in float64. With n the sum of the inner dimensions and of the roundings of each factor, every entry is off by at
 * most `gamma_n |A_1| |A_2| .. |A_k|`: the product with absolute values is formed, too, and its norms are taken, that in L2 as
 * `sqrt(||A||_1 ||A||_inf)` (Schur's test). Null where it is beyond float64.
 * @throws NotFiniteError
 */
export function productOf(factors: readonly Factor[]): Product | null {
  const product = chainOf(factors);
  const absolute = chainOf(
    factors.map((factor) => ({
      ...factor,
      values: factor.values.map(Math.abs),
      scale: Math.abs(factor.scale),
    })),
  );
  if (product === null || absolute === null) return null;
  const { values, scale } = product;
  const [rows, columns] = [factors[0].rows, factors[factors.length - 1].columns];
  const inner = factors.slice(1).reduce((sum, factor) => sum + factor.rows, 0);
  // Twice: the product with absolute values is rounded, too.
  const error = 2 * gamma(inner + ROUNDINGS * factors.length) * absolute.scale;
  const { L1, Linf } = sumsOf(absolute.values, rows, columns);
  const key = `product(${factors.map((factor) => factor.key).join(', ')})`;
  const shape = [rows, columns];
  const tensor = { name: key, shape, dtype: 'double', key, read: () => Promise.resolve(values.slice()) };
  return {
    operator: { kind: 'matrix', tensor, blocks: 1, rows, columns, scale, embedding: false },
    error: {
      L2: roundUp(error * Math.sqrt(L1) * Math.sqrt(Linf)),
      Linf: roundUp(error * Linf),
      L1: roundUp(error * L1),
    },
  };
}

/** A product of matrices: `scale` times its values, the largest of which is about one. Null where the scale loses digits. */
function chainOf([first, ...others]: readonly Factor[]): Pick<Factor, 'values' | 'scale'> | null {
  let scale = 1;
  let isLost = false;
  const rescale = (factor: number) => {
    scale *= factor;
    isLost ||= factor !== 0 && !(Math.abs(scale) > LEAST_SCALE && Math.abs(scale) < Infinity);
  };
  const unit = (values: Values): Float64Array => {
    const power = exponentScale(values);
    rescale(power);
    return scaled(values, power);
  };
  rescale(first.scale);
  let values = unit(first.values);
  for (const { values: next, rows, columns, scale: factor } of others) {
    values = unit(multiply(values, unit(next), first.rows, rows, columns));
    rescale(factor);
  }
  return isLost ? null : { values, scale };
}

/** Largest sums of a row (L1) and of a column (Linf) of a matrix without negative entries. */
function sumsOf(values: Values, rows: number, columns: number): SumNorms {
  const ofColumns = new Float64Array(columns);
  let L1 = 0;
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) {
      const value = values[r * columns + c];
      sum += value;
      ofColumns[c] += value;
    }
    L1 = Math.max(L1, sum);
  }
  return { L1, Linf: ofColumns.reduce((most, sum) => Math.max(most, sum), 0) };
}

function multiply(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  inner: number,
  columns: number,
): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const row = out.subarray(r * columns, (r + 1) * columns);
    for (let k = 0; k < inner; k++) {
      const factor = a[r * inner + k];
      for (let c = 0, from = k * columns; c < columns; c++) row[c] += factor * b[from + c];
    }
  }
  return out;
}
