/** Floating-point error analysis in the notation of Higham, Accuracy and Stability of Numerical Algorithms (2002). */

/** Unit roundoff of float64. */
export const UNIT_ROUNDOFF = 2 ** -53;

/** `gamma_n = n u / (1 - n u)`, Higham (3.1); infinite where `n u >= 1` and nothing can be said. */
export function gamma(n: number, u: number = UNIT_ROUNDOFF): number {
  const nu = n * u;
  return nu < 1 ? nu / (1 - nu) : Infinity;
}

/** A number at least as large as the exact value of a positive expression of at most 32 float64 roundings. */
export function roundUp(x: number): number {
  return x > 0 ? x * (1 + 64 * UNIT_ROUNDOFF) + Number.MIN_VALUE : 0;
}

/** A number at most as large as the exact value of a positive expression of at most 32 float64 roundings. */
export function roundDown(x: number): number {
  return Math.max(0, x * (1 - 64 * UNIT_ROUNDOFF) - Number.MIN_VALUE);
}

/** An enclosure of a non-negative number. */
export interface Enclosure {
  readonly lower: number;
  readonly upper: number;
}

export const ZERO: Enclosure = { lower: 0, upper: 0 };

/** Enclosure of `sqrt(x)` for x in `square`. */
export function sqrtOf(square: Enclosure): Enclosure {
  return { lower: roundDown(Math.sqrt(Math.max(0, square.lower))), upper: roundUp(Math.sqrt(square.upper)) };
}

/** Enclosure of `factor * x`, `factor >= 0` exact. */
export function times(x: Enclosure, factor: number): Enclosure {
  // A product that vanishes is not zero unless a factor is.
  const upper = x.upper > 0 && factor > 0 ? Math.max(x.upper * factor, Number.MIN_VALUE) : 0;
  return { lower: roundDown(x.lower * factor), upper: roundUp(upper) };
}
