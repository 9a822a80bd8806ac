import type { Engine } from '../../compute/engine';
import { boundMatrix, frobeniusOf, type MatrixEnclosure } from './matrix';
import { gamma, roundDown, roundUp, times, ZERO } from '../rounding';
import { exponentScale, scaled, type Values } from '../values';

export interface LowRankEnclosure extends MatrixEnclosure {
  /** The Frobenius norm may be off by this much more, absolutely: the factors may cancel. */
  readonly frobeniusError: number;
}

/**
 * Enclosure of the norm of `up * down`, up (rows, rank), down (rank, columns), without forming the product: with `up = Q R`,
 * Q orthonormal, it is the norm of the (rank, columns) matrix `R down`.
 *
 * The QR factorisation by Householder reflections is exact for a matrix within `gamma ||up||_F` of `up` (Higham 2002,
 * Theorem 19.4), which moves the norm by at most that times `||down||_F`.
 *
 * @throws NotFiniteError
 */
export async function boundLowRank(
  engine: Engine,
  up: Values,
  down: Values,
  rows: number,
  rank: number,
  columns: number,
  tolerance: number,
): Promise<LowRankEnclosure> {
  const upScale = exponentScale(up);
  const downScale = exponentScale(down);
  const left = scaled(up, upScale);
  const right = scaled(down, downScale);
  const size = frobeniusOf(left, 1) * frobeniusOf(right, 1);
  if (size === 0) return { ...ZERO, frobenius: 0, frobeniusError: 0 };
  const triangle = rows > rank ? householder(left, rows, rank) : left;
  const order = Math.min(rows, rank);
  const product = await engine.multiply(triangle, right, order, rank, columns);
  const error = size * (gamma(32 * rows * rank) + gamma(rank + 2));
  const { lower, upper, frobenius } = await boundMatrix(
    engine,
    { values: product, rows: order, columns },
    tolerance,
  );
  // One scale after the other: their product may be beyond the range of float64 where the norm is not.
  const norm = times({ lower: roundDown(lower - error), upper: roundUp(upper + error) }, upScale);
  return {
    ...times(norm, downScale),
    frobenius: frobenius * upScale * downScale,
    frobeniusError: roundUp(roundUp(error * upScale) * downScale),
  };
}

/** R of the QR factorisation of a (rows, columns), `rows > columns`: (columns, columns), upper triangular. */
export function householder(a: Float64Array, rows: number, columns: number): Float64Array {
  // Column by column in memory: every inner loop runs along one.
  const work = new Float64Array(a.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) work[c * rows + r] = a[r * columns + c];
  const triangle = new Float64Array(columns * columns);
  for (let k = 0; k < columns; k++) {
    const column = work.subarray(k * rows, (k + 1) * rows);
    for (let r = 0; r < k; r++) triangle[r * columns + k] = column[r];
    // A reflection by lost digits is none: the vector is first made about one, which changes nothing else.
    const unit = exponentScale(column.subarray(k));
    let squares = 0;
    for (let r = k; r < rows; r++) {
      column[r] /= unit;
      squares += column[r] * column[r];
    }
    const length = Math.sqrt(squares);
    const diagonal = column[k] > 0 ? -length : length;
    triangle[k * columns + k] = diagonal * unit;
    if (length === 0) continue;
    // The reflection I - beta v v^T maps the column to `diagonal` e_k; v overwrites the column.
    column[k] -= diagonal;
    const beta = 1 / (length * Math.abs(column[k]));
    for (let c = k + 1; c < columns; c++) {
      const other = work.subarray(c * rows, (c + 1) * rows);
      let sum = 0;
      for (let r = k; r < rows; r++) sum += column[r] * other[r];
      sum *= beta;
      for (let r = k; r < rows; r++) other[r] -= sum * column[r];
    }
  }
  return triangle;
}
