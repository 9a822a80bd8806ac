import type { Engine } from '../../compute/engine';
import { largestEigenvalueOf } from './eigenvalue';
import { gramMatrix } from './gram-matrix';
import { type Enclosure, gamma, sqrtOf, times, UNIT_ROUNDOFF, ZERO } from '../rounding';
import { exponentScale, scaled, sumOfSquares, type Values } from '../values';

/** Values that are copied to float64 at a time. */
const BLOCK_ELEMENTS = 2 ** 22;

/** A dense matrix, row-major; `values` may be a larger array that holds it from `offset` on. */
export interface Matrix {
  readonly values: Values;
  readonly rows: number;
  readonly columns: number;
  readonly offset?: number;
}

export interface MatrixEnclosure extends Enclosure {
  /** Frobenius norm, correctly rounded up to about 2^-33. */
  readonly frobenius: number;
}

/**
 * Enclosure of the largest singular value of a matrix.
 *
 * The Gram matrix of the smaller side is formed, its largest eigenvalue enclosed, and the error of the product added.
 *
 * @param tolerance relative width to aim for
 * @throws NotFiniteError
 */
export async function boundMatrix(
  engine: Engine,
  matrix: Matrix,
  tolerance: number,
): Promise<MatrixEnclosure> {
  const { rows, columns, offset = 0 } = matrix;
  const values = matrix.values.subarray(offset, offset + rows * columns);
  const scale = exponentScale(values);
  if (values.length === 1) {
    const norm = Math.abs(values[0]);
    return { lower: norm, upper: norm, frobenius: norm };
  }
  if (Math.min(rows, columns) === 1) {
    // A vector: its norm is its length.
    const length = frobeniusOf(values, scale);
    const relative = gamma(1025 + values.length / 1024) + 4 * UNIT_ROUNDOFF;
    const enclosure = { lower: length * (1 - relative), upper: length * (1 + relative) };
    return { ...times(enclosure, scale), frobenius: length * scale };
  }
  const gram = await gramMatrix(engine, values, rows, columns, scale);
  const frobenius = Math.sqrt(gram.squares);
  if (frobenius === 0) return { ...ZERO, frobenius };
  const eigenvalue = await largestEigenvalueOf(engine, gram.matrix, 2 * tolerance);
  const sigma = sqrtOf({ lower: eigenvalue.lower - gram.error, upper: eigenvalue.upper + gram.error });
  return { ...times(sigma, scale), frobenius: frobenius * scale };
}

/** `||values / scale||_F`. */
export function frobeniusOf(values: Values, scale: number): number {
  let total = 0;
  for (let begin = 0; begin < values.length; begin += BLOCK_ELEMENTS) {
    total += sumOfSquares(scaled(values, scale, begin, Math.min(values.length, begin + BLOCK_ELEMENTS)));
  }
  return Math.sqrt(total);
}
