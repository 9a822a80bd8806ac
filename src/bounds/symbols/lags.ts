/** What the autocorrelation of a kernel says of all its symbols at once. */
import type { Engine } from '../../compute/engine';
import { largestEigenvalue } from '../matrices/eigenvalue';
import { roundUp, sqrtOf } from '../rounding';
import { type Autocorrelation, lagsBeyondZero } from './autocorrelation';

/** An upper bound of `lambda_1(A_0)` to well within the tolerance, with what all coefficients together may be off by. */
export async function largestOfMean(
  engine: Engine,
  { order, central, error }: Autocorrelation,
  tolerance: number,
): Promise<number> {
  const { upper } = await largestEigenvalue(engine, central, order, tolerance / 8);
  return roundUp(upper + error);
}

/**
 * `sqrt(lambda_1(A_0) + sum_{b != 0} ||A_b||_F)`, an upper bound of every symbol's norm, which is exact for orthogonal convolutions,
 * where no symbol can be dismissed.
 *
 * @param mean what `largestOfMean` answers
 */
export function boundByLags(autocorrelation: Autocorrelation, mean: number): number {
  return rootAbove(roundUp(mean + lagsBeyondZero(autocorrelation)));
}

/** The root of a bound of eigenvalues, rounded up. */
export function rootAbove(largest: number): number {
  return sqrtOf({ lower: 0, upper: largest }).upper;
}

/** About what `boundByLags` answers at least, for next to nothing: no eigenvalue is below a value of the diagonal. */
export function leastByLags(autocorrelation: Autocorrelation): number {
  const { order, central } = autocorrelation;
  let largest = 0;
  for (let i = 0; i < order; i++) largest = Math.max(largest, central[i * (order + 1)]);
  return Math.sqrt(largest + lagsBeyondZero(autocorrelation));
}
