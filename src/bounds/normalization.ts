import { t } from '@vscode/l10n';
import { frobeniusOf } from './matrices/matrix';
import { type Enclosure, gamma, roundDown, roundUp, UNIT_ROUNDOFF } from './rounding';
import { exponentScale, type Values } from './values';

/** The variance and epsilon of a normalisation leave nothing to divide by. */
export class UnboundedError extends Error {
  constructor() {
    super(t('the layer is not Lipschitz: variance plus epsilon is not positive'));
    this.name = 'UnboundedError';
  }
}

export interface DiagonalEnclosure extends Enclosure {
  readonly frobenius: number;
}

/**
 * Norm of `diag(gain / sqrt(variance + epsilon))`, a normalisation with frozen statistics: its largest entry.
 * @param gain one factor per channel; null: all ones
 * @throws NotFiniteError, UnboundedError
 */
export function boundDiagonal(gain: Values | null, variance: Values, epsilon: number): DiagonalEnclosure {
  const entries = diagonalOf({ gain, variance, epsilon });
  const largest = entries.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  const scale = exponentScale(entries);
  const frobenius = frobeniusOf(entries, scale) * scale;
  return { ...outward(largest, largest, gain), frobenius };
}

/** What a normalisation with frozen statistics is made of. */
export interface Statistics {
  /** One factor per channel; null: all ones. */
  readonly gain: Values | null;
  readonly variance: Values;
  readonly epsilon: number;
}

/**
 * Norm of the difference of two normalisations of as many channels with frozen statistics: the largest difference of
 * their entries. An entry is off by less than 3 u, relatively (a sum, a root, a quotient), and their difference by u;
 * where gain, variance and epsilon agree it is zero.
 * @throws NotFiniteError, UnboundedError
 */
export function boundDiagonalDifference(
  a: Statistics,
  b: Statistics,
): DiagonalEnclosure & { readonly frobeniusError: number } {
  const x = diagonalOf(a);
  const y = diagonalOf(b);
  const differences = new Float64Array(x.length);
  let [lower, upper, error] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const gains = [a, b].map(({ gain }) => (gain ? gain[i] : 1));
    if (gains[0] === gains[1] && a.variance[i] === b.variance[i] && a.epsilon === b.epsilon) continue;
    differences[i] = x[i] - y[i];
    const size = Math.abs(differences[i]);
    const off = roundUp(4 * UNIT_ROUNDOFF * (Math.abs(x[i]) + Math.abs(y[i]))) + 4 * Number.MIN_VALUE;
    lower = Math.max(lower, roundDown(size) - off);
    upper = Math.max(upper, roundUp(size) + off);
    error += off;
  }
  const scale = exponentScale(differences);
  const frobenius = frobeniusOf(differences, scale) * scale;
  return {
    lower: roundDown(lower),
    upper: roundUp(upper),
    frobenius,
    frobeniusError: error * (1 + gamma(x.length)),
  };
}

/** `gain / sqrt(variance + epsilon)`, entry by entry. @throws NotFiniteError, UnboundedError */
export function diagonalOf({ gain, variance, epsilon }: Statistics): Float64Array {
  if (gain) exponentScale(gain);
  exponentScale(variance);
  return Float64Array.from(variance, (value, i) => {
    const divisor = value + epsilon;
    if (!(divisor > 0)) throw new UnboundedError();
    return (gain ? gain[i] : 1) / Math.sqrt(divisor);
  });
}

/**
 * Lipschitz constant of `x -> gain (x - mean) / sqrt(var + epsilon)` over vectors of `size` elements.
 *
 * Its derivative is `diag(gain) / s (P - z z^T / size)` with `s >= sqrt(epsilon)`, z the normalised input and P the projection
 * that takes the mean away (or the identity): at most `max |gain| / sqrt(epsilon)`, and `||diag(gain) P|| / sqrt(epsilon)` is attained at
 * a constant input (or at zero). `||diag(gain) P||` is at least its value on `P e_i`, `|gain_i| sqrt(1 - 1 / size)`.
 *
 * @param size elements that share one mean and variance; null: any number, so the supremum over them
 * @throws NotFiniteError, UnboundedError
 */
export function boundNormalization(
  gain: Values,
  epsilon: number,
  centered: boolean,
  size: number | null,
): Enclosure {
  exponentScale(gain);
  if (!(epsilon > 0)) throw new UnboundedError();
  let largest = 0;
  for (const g of gain) largest = Math.max(largest, Math.abs(g));
  const upper = largest / Math.sqrt(epsilon);
  const lower = centered && size !== null ? upper * Math.sqrt(Math.max(0, 1 - 1 / size)) : upper;
  return outward(lower, upper, gain);
}

/** Both ends rounded outwards; a quotient that vanishes is not zero unless every gain is. */
function outward(lower: number, upper: number, gain: Values | null): Enclosure {
  const vanishes = upper === 0 && gain?.some((g: number) => g !== 0);
  return { lower: roundDown(lower), upper: vanishes ? Number.MIN_VALUE : roundUp(upper) };
}
