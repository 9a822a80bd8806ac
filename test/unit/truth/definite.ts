/** Decisions about symmetric matrices of integers without any rounding. */

/** Whether a symmetric matrix (order n, row-major) has no eigenvalue below 0; `strict`: nor any that is 0. */
export function isDefinite(matrix: readonly bigint[], n: number, strict: boolean): boolean {
  const a = [...matrix];
  // Elimination without fractions (Bareiss 1968): every entry is a minor of the matrix.
  let previous = 1n;
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k];
    if (pivot < 0n || (strict && pivot === 0n)) return false;
    if (pivot === 0n) {
      // Of a semidefinite matrix, a diagonal entry that is 0 has a row of zeros.
      for (let j = k; j < n; j++) if (a[k * n + j] !== 0n) return false;
      continue;
    }
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j < n; j++) {
        a[i * n + j] = (a[i * n + j] * pivot - a[i * n + k] * a[k * n + j]) / previous;
      }
    }
    previous = pivot;
  }
  return true;
}

/** A finite float64 is `significand 2^exponent`. */
export function toInteger(x: number): { significand: bigint; exponent: number } {
  let exponent = 0;
  let value = x;
  while (!Number.isSafeInteger(value)) {
    value *= 2;
    exponent--;
  }
  return { significand: BigInt(value), exponent };
}

/** The sign of `x - sigma_1(A)` where it is decided: `atLeast` for `x >= sigma_1`, `above` for `x > sigma_1`. */
export function compareWithNorm(
  x: number,
  a: readonly number[],
  rows: number,
  columns: number,
): { atLeast: boolean; above: boolean } {
  const { significand, exponent } = toInteger(x);
  const scale = 1n << BigInt(-2 * exponent);
  const integers = a.map(BigInt);
  const shifted: bigint[] = [];
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0n;
      for (let r = 0; r < rows; r++) sum += integers[r * columns + i] * integers[r * columns + j];
      shifted.push((i === j ? significand ** 2n : 0n) - scale * sum);
    }
  }
  return { atLeast: isDefinite(shifted, columns, false), above: isDefinite(shifted, columns, true) };
}
