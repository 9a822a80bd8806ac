/** Exact decisions about integer matrices, by BigInt arithmetic: no rounding, no tolerance. */
import { isDefinite } from './definite';

/** A float64 number as an exact fraction `numerator / 2^shift`. */
export function fractionOf(x: number): { numerator: bigint; shift: number } {
  if (!Number.isFinite(x)) throw new Error(`${x} is no number`);
  let shift = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    shift++;
  }
  return { numerator: BigInt(x), shift };
}

/**
 * Whether a symmetric integer matrix (order n, row-major) is positive definite: whether all leading principal minors
 * are positive (Sylvester), by fraction-free elimination (Bareiss 1968), whose pivots they are.
 */
export function isPositiveDefinite(matrix: readonly bigint[], n: number): boolean {
  const a = [...matrix];
  let previous = 1n;
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k];
    if (pivot <= 0n) return false;
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j < n; j++) {
        a[i * n + j] = (a[i * n + j] * pivot - a[i * n + k] * a[k * n + j]) / previous;
      }
    }
    previous = pivot;
  }
  return true;
}

/**
 * Whether `lambda_1(G) < bound^2`, exactly, for the Hermitian matrix `G = real + i imaginary` of integers (order n) and a float64
 * bound.
 */
export function isNormBelow(
  real: readonly bigint[],
  imaginary: readonly bigint[],
  n: number,
  bound: number,
): boolean {
  const { numerator, shift } = fractionOf(bound);
  const unit = 1n << BigInt(2 * shift);
  const square = numerator * numerator;
  const width = 2 * n;
  // [[P, -Q], [Q, P]] has the eigenvalues of P + iQ, each twice.
  const shifted = Array.from({ length: width * width }, (_, index) => {
    const [row, column] = [Math.floor(index / width), index % width];
    const at = (row % n) * n + (column % n);
    const part = row < n === column < n ? real[at] : row < n ? -imaginary[at] : imaginary[at];
    return (row === column ? square : 0n) - unit * part;
  });
  return isPositiveDefinite(shifted, width);
}

/** `A^T A` of an integer matrix. */
export function exactGram(values: ArrayLike<number>, rows: number, columns: number): bigint[] {
  const gram: bigint[] = [];
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0n;
      for (let r = 0; r < rows; r++) sum += BigInt(values[r * columns + i]) * BigInt(values[r * columns + j]);
      gram.push(sum);
    }
  }
  return gram;
}

/** A rational number, `denominator > 0`. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A float64 number, exactly. */
export function exactly(x: number): Fraction {
  const { numerator, shift } = fractionOf(x);
  return { numerator, denominator: 1n << BigInt(shift) };
}

export function times(a: Fraction, b: Fraction): Fraction {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

export function over(a: Fraction, b: Fraction): Fraction {
  return { numerator: a.numerator * b.denominator, denominator: a.denominator * b.numerator };
}

/**
 * Whether x is at least, or above, the largest eigenvalue of a symmetric matrix of integers (order n, row-major): whether
 * `x I - G` is semidefinite, or definite.
 */
export function compareWithEigenvalue(
  { numerator, denominator }: Fraction,
  gram: readonly bigint[],
  n: number,
): { atLeast: boolean; above: boolean } {
  const shifted = gram.map((value, at) => (at % (n + 1) === 0 ? numerator : 0n) - denominator * value);
  return { atLeast: isDefinite(shifted, n, false), above: isDefinite(shifted, n, true) };
}
