import { type Enclosure, roundDown, roundUp } from './rounding';

/** An operator (or one group of it) with the figures that its stable rank is made of. */
export interface RankedEnclosure extends Enclosure {
  readonly frobenius: number;
  /** What the Frobenius norm may be off by, absolutely, beyond what is allowed for anyway; absent: nothing. */
  readonly frobeniusError?: number;
  readonly fullRank: number;
}

export interface StableRankEnclosure {
  /** From the upper bound of the norm: at most the stable rank. */
  readonly value: number;
  /** `value` over the full rank. */
  readonly normalized: number;
  readonly lower: number;
  readonly upper: number;
}

/** Relative error allowed for a Frobenius norm. */
const FROBENIUS_ERROR = 1e-9;

/**
 * Stable rank `||K||_F^2 / ||A||_2^2` of an operator A with matrix or kernel K; 0 for a zero operator. It is at most the full
 * rank where the norm is that of the matrix, or of the kernel for any input size. Of several groups the mean, as in the
 * reference, normalised by their common full rank.
 */
export function stableRank(groups: readonly RankedEnclosure[]): StableRankEnclosure {
  const each = groups.map(({ lower, upper, frobenius, frobeniusError = 0, fullRank }) => {
    if (upper === 0) return { lower: 0, upper: 0, normalized: 0 };
    const error = frobeniusError + Number.MIN_VALUE;
    const fromUpper = (Math.max(0, frobenius - error) / upper) ** 2;
    const fromLower = lower === 0 ? fullRank : ((frobenius + error) / lower) ** 2;
    return {
      lower: roundDown(fromUpper * (1 - FROBENIUS_ERROR)),
      upper: roundUp(fromLower * (1 + FROBENIUS_ERROR)),
      normalized: fromUpper / fullRank,
    };
  });
  const mean = (pick: (group: (typeof each)[number]) => number) =>
    each.reduce((sum, group) => sum + pick(group), 0) / each.length;
  const lower = mean((group) => group.lower);
  return {
    value: lower,
    normalized: mean((group) => group.normalized),
    lower,
    upper: Math.max(
      lower,
      mean((group) => group.upper),
    ),
  };
}
