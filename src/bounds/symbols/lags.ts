/** What the autocorrelation of a kernel says of all its symbols at once. */
import type { Engine } from '../../compute/engine';
import { largestEigenvalue } from '../matrices/eigenvalue';
import { sqrtOf, UNIT_ROUNDOFF } from '../rounding';
import { type Autocorrelation, lagsBeyondZero } from './autocorrelation';

/**
 * `sqrt(lambda_1(A_0) + sum_{b != 0} ||A_b||_F)`, an upper bound of every symbol's norm, which is exact for orthogonal convolutions,
 * where no symbol can be dismissed.
 *
 * @param tolerance relative width to which the norms are sought
 */
export async function boundByLags(
  engine: Engine,
  autocorrelation: Autocorrelation,
  tolerance: number,
): Promise<number> {
  const { order, central, error } = autocorrelation;
  const { upper } = await largestEigenvalue(engine, central, order, tolerance / 8);
  const beyond = lagsBeyondZero(autocorrelation);
  return sqrtOf({ lower: 0, upper: (upper + beyond) * (1 + 4 * UNIT_ROUNDOFF) + error }).upper;
}

/** About what `boundByLags` answers at least, for next to nothing: no eigenvalue is below a value of the diagonal. */
export function leastByLags(autocorrelation: Autocorrelation): number {
  const { order, central } = autocorrelation;
  let largest = 0;
  for (let i = 0; i < order; i++) largest = Math.max(largest, central[i * (order + 1)]);
  return Math.sqrt(largest + lagsBeyondZero(autocorrelation));
}
