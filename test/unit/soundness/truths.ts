/** What is known of an operator's norm by other means, and whether an interval agrees with it. */
import type { StableRankEnclosure } from '../../../src/bounds/stable-rank';
import { compareWithEigenvalue, exactly, type Fraction, over, times } from '../truth/exact';

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** The norm of one group. */
export interface Truth {
  /** Whether the truth is decided without rounding. */
  readonly exact: boolean;
  /** Whether the interval holds the norm. */
  readonly holds: (interval: Interval) => boolean;
  /** Whether the interval holds `frobenius^2 / norm^2`, where that is known. */
  readonly holdsRank?: (rank: StableRankEnclosure) => boolean;
  /** For messages. */
  readonly description: string;
}

/** `factor` times the root of the largest eigenvalue of a symmetric matrix of integers (order n). */
export function exactTruth(
  gram: readonly bigint[],
  n: number,
  factor: Fraction,
  trace: bigint | null,
): Truth {
  const unit = times(factor, factor);
  const vanishes = factor.numerator === 0n || gram.every((value) => value === 0n);
  /** Of `x^2`, beside the squared norm. */
  const compare = (square: Fraction) =>
    vanishes
      ? { atLeast: true, above: square.numerator > 0n }
      : compareWithEigenvalue(over(square, unit), gram, n);
  const square = (x: number) => times(exactly(x), exactly(x));
  return {
    exact: true,
    holds: ({ lower, upper }) =>
      lower >= 0 && lower <= upper && compare(square(upper)).atLeast && !compare(square(lower)).above,
    ...(trace !== null && {
      // r <= trace / norm^2 where norm^2 <= trace / r.
      holdsRank: ({ lower, upper }: StableRankEnclosure) => {
        if (vanishes) return lower === 0;
        const whole: Fraction = { numerator: trace, denominator: 1n };
        const below = lower === 0 || compare(times(unit, over(whole, exactly(lower)))).atLeast;
        return below && !compare(times(unit, over(whole, exactly(upper)))).above;
      },
    }),
    description: `gram ${gram.join(' ')} times ${factor.numerator}/${factor.denominator} squared`,
  };
}

/** A norm in float64 that is off by at most so much, relatively, to either side. */
export function roundedTruth(norm: number, below: number, above: number): Truth {
  return {
    exact: false,
    holds: ({ lower, upper }) =>
      lower >= 0 && lower <= upper && lower <= norm * (1 + above) && upper >= norm * (1 - below),
    description: `about ${norm}`,
  };
}

/** The larger of some `value^2 / divisor` of float64 numbers, under a root. */
export function quotientTruth(quotients: readonly { value: number; divisor: Fraction }[]): Truth {
  /** Sign of `x^2 - value^2 / divisor`. */
  const beyond = (x: number, value: number, divisor: Fraction): bigint => {
    const left = times(times(exactly(x), exactly(x)), divisor);
    const right = times(exactly(value), exactly(value));
    return left.numerator * right.denominator - right.numerator * left.denominator;
  };
  return {
    exact: true,
    holds: ({ lower, upper }) =>
      lower >= 0 &&
      lower <= upper &&
      quotients.every(({ value, divisor }) => beyond(upper, value, divisor) >= 0n) &&
      (lower === 0 || quotients.some(({ value, divisor }) => beyond(lower, value, divisor) <= 0n)),
    description: quotients.map(({ value }) => value).join(' '),
  };
}
