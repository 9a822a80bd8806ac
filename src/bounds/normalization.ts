import { t } from '@vscode/l10n';
import { frobeniusOf } from './matrix';
import { type Enclosure, roundDown, roundUp } from './rounding';
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
  if (gain) exponentScale(gain);
  exponentScale(variance);
  let largest = 0;
  const entries = new Float64Array(variance.length);
  for (let i = 0; i < variance.length; i++) {
    const divisor = variance[i] + epsilon;
    if (!(divisor > 0)) throw new UnboundedError();
    entries[i] = Math.abs(gain ? gain[i] : 1) / Math.sqrt(divisor);
    largest = Math.max(largest, entries[i]);
  }
  const scale = exponentScale(entries);
  const frobenius = frobeniusOf(entries, scale) * scale;
  return { ...outward(largest, largest, gain), frobenius };
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
