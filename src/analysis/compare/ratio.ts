/** Quotients of the norms of two layers. */
import { type Enclosure, roundDown, roundUp, ZERO } from '../../bounds/rounding';

/** Enclosure of `x / y`; null where y may be zero and x is not, or where the quotient is beyond float64. */
export function quotient(x: Enclosure, y: Enclosure): Enclosure | null {
  if (x.upper === 0) return ZERO;
  if (y.lower === 0) return null;
  // A quotient that vanishes is not zero.
  const upper = roundUp(Math.max(x.upper / y.lower, Number.MIN_VALUE));
  return Number.isFinite(upper) ? { lower: roundDown(x.lower / y.upper), upper } : null;
}

/**
 * Enclosure of `||B|| / ||A||`; null where A may be zero.
 * @param difference of `||A - B||`, where the three are one norm: then `| ||B|| - ||A|| | <= ||A - B||`, which says more of
 * layers that are nearly alike. Null: unknown.
 */
export function ratioOf(a: Enclosure, b: Enclosure, difference: Enclosure | null): Enclosure | null {
  if (a.lower === 0) return null;
  if (difference?.upper === 0) return { lower: 1, upper: 1 };
  const ratio = quotient(b, a);
  const change = difference && quotient(difference, a);
  if (ratio === null || change === null) return ratio;
  const lower = Math.max(ratio.lower, roundDown(1 - change.upper));
  const upper = Math.min(ratio.upper, roundUp(1 + change.upper));
  // Intervals that are not certified may contradict each other.
  return lower <= upper ? { lower, upper } : ratio;
}
