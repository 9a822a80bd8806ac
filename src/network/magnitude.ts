/**
 * Non-negative numbers without overflow, rounded up: the bound of a network is a product of hundreds of norms. Every
 * operation answers a number that is at least the exact result.
 */

export interface Magnitude {
  /** 0, in [1, 2), or infinite: nothing is known. */
  readonly mantissa: number;
  /** Power of two. */
  readonly exponent: number;
}

export const ZERO: Magnitude = { mantissa: 0, exponent: 0 };
export const ONE: Magnitude = { mantissa: 1, exponent: 0 };
export const UNBOUNDED: Magnitude = { mantissa: Infinity, exponent: 0 };

export function isZero(x: Magnitude): boolean {
  return x.mantissa === 0;
}

export function isFinite(x: Magnitude): boolean {
  return x.mantissa < Infinity;
}

/** Exact; NaN counts as unknown. */
export function magnitude(x: number): Magnitude {
  if (x === 0) return ZERO;
  if (!(x > 0 && x < Infinity)) return UNBOUNDED;
  // Subnormal numbers have no mantissa in [1, 2): they are lifted first.
  const lift = x < 2 ** -1000 ? 100 : 0;
  return normalized(x * 2 ** lift, -lift);
}

/** `mantissa * 2^exponent` for a mantissa > 0 in the normal range. */
function normalized(mantissa: number, exponent: number): Magnitude {
  if (mantissa === Infinity) return UNBOUNDED;
  let power = Math.floor(Math.log2(mantissa));
  // The logarithm may be off by one beside a power of two. Two factors: 2^1023 is the largest power there is.
  let m = scaleBy(mantissa, -power);
  if (m >= 2) [m, power] = [m / 2, power + 1];
  else if (m < 1) [m, power] = [m * 2, power - 1];
  return { mantissa: m, exponent: exponent + power };
}

function scaleBy(x: number, power: number): number {
  const half = Math.trunc(power / 2);
  return x * 2 ** half * 2 ** (power - half);
}

/** At least the next number above. */
function next(x: number): number {
  return x * (1 + 2 ** -52);
}

/** Zero wins: what does not depend on an input does not depend on it by way of anything. */
export function times(a: Magnitude, b: Magnitude): Magnitude {
  if (isZero(a) || isZero(b)) return ZERO;
  if (!isFinite(a) || !isFinite(b)) return UNBOUNDED;
  const product = a.mantissa * b.mantissa;
  // A factor that is a power of two rounds nothing.
  const exact = a.mantissa === 1 || b.mantissa === 1;
  return normalized(exact ? product : next(product), a.exponent + b.exponent);
}

export function plus(a: Magnitude, b: Magnitude): Magnitude {
  if (isZero(a) || isZero(b)) return isZero(a) ? b : a;
  if (!isFinite(a) || !isFinite(b)) return UNBOUNDED;
  const [large, small] = isAbove(a, b) ? [a, b] : [b, a];
  const distance = large.exponent - small.exponent;
  // Below the last digit of the larger one it still rounds up.
  if (distance > 60) return normalized(next(large.mantissa), large.exponent);
  const addend = small.mantissa * 2 ** -distance;
  const sum = large.mantissa + addend;
  // What the sum has lost, exactly (Dekker's Fast2Sum).
  const lost = addend - (sum - large.mantissa);
  return normalized(lost > 0 ? next(sum) : sum, large.exponent);
}

export function largest(a: Magnitude, b: Magnitude): Magnitude {
  return isAbove(a, b) ? a : b;
}

export function isAbove(a: Magnitude, b: Magnitude): boolean {
  if (isZero(a) || !isFinite(b)) return false;
  if (isZero(b) || !isFinite(a)) return true;
  return a.exponent === b.exponent ? a.mantissa > b.mantissa : a.exponent > b.exponent;
}

export function squareRoot(x: Magnitude): Magnitude {
  if (isZero(x) || !isFinite(x)) return x;
  const odd = Math.abs(x.exponent % 2);
  const radicand = x.mantissa * 2 ** odd;
  const root = Math.sqrt(radicand);
  // A root of at most 26 bits is squared without rounding.
  const exact = Number.isInteger(root * 2 ** 25) && root * root === radicand;
  return normalized(exact ? root : next(root), (x.exponent - odd) / 2);
}

/** At least the decimal logarithm; -Infinity for zero, Infinity where nothing is known. */
export function log10(x: Magnitude): number {
  if (isZero(x)) return -Infinity;
  if (!isFinite(x)) return Infinity;
  if (x.mantissa === 1 && x.exponent === 0) return 0;
  const logarithm = Math.log10(x.mantissa) + x.exponent * Math.LOG10E * Math.LN2;
  // Three roundings of numbers that are at most a third of the exponent, and those of the library's functions.
  return logarithm + (Math.abs(x.exponent) + 1) * 2 ** -50;
}

/** The number itself, rounded up; null where float64 has none so large. */
export function toNumber(x: Magnitude): number | null {
  if (isZero(x)) return 0;
  if (!isFinite(x) || x.exponent > 1023) return null;
  if (x.exponent < -1022)
    return x.exponent < -1074 ? Number.MIN_VALUE : scaleBy(x.mantissa, x.exponent) + Number.MIN_VALUE;
  return scaleBy(x.mantissa, x.exponent);
}
