/** All singular values of a dense matrix in float64. */
import { bidiagonalSpectrum } from './bidiagonal';
import { householder } from '../matrices/low-rank';

/** Rows over columns from which a QR factorisation in front saves time (Chan 1982). */
const TALL = 5 / 3;
/** A sum of squares of a vector beside entries of about one that has lost digits: what it stands for is nothing. */
const LOST = 2 ** -900;

/**
 * The `columns` singular values, descending, each off by a modest multiple of the unit roundoff times the largest: reduction
 * to bidiagonal form by Householder reflections (Golub and Kahan 1965), then QL.
 *
 * @param values (rows, columns), row-major, `rows >= columns`, the largest of them about one
 */
export function singularValues(values: Float64Array, rows: number, columns: number): Float64Array {
  if (columns === 0) return new Float64Array(0);
  const isTall = rows > TALL * columns;
  const height = isTall ? columns : rows;
  const { diagonal, superdiagonal } = bidiagonalize(
    isTall ? householder(values, rows, columns) : values,
    height,
    columns,
  );
  return bidiagonalSpectrum(diagonal, superdiagonal).values;
}

/** About how many operations that takes. */
export function singularValueFlops(rows: number, columns: number): number {
  const reduction =
    rows > TALL * columns
      ? 2 * rows * columns ** 2 + (8 / 3) * columns ** 3
      : 4 * rows * columns ** 2 - (4 / 3) * columns ** 3;
  return reduction + 100 * columns ** 2;
}

function bidiagonalize(
  a: Float64Array,
  rows: number,
  columns: number,
): { readonly diagonal: Float64Array; readonly superdiagonal: Float64Array } {
  // Column by column in memory: every inner loop runs along one.
  const work: Float64Array[] = [];
  for (let c = 0; c < columns; c++) {
    work.push(Float64Array.from({ length: rows }, (_, r) => a[r * columns + c]));
  }
  const diagonal = new Float64Array(columns);
  const superdiagonal = new Float64Array(Math.max(0, columns - 1));
  const row = new Float64Array(columns);
  const image = new Float64Array(rows);
  for (let k = 0; k < columns; k++) {
    const column = work[k];
    const left = reflect(column, k);
    diagonal[k] = left.length;
    if (left.beta > 0) {
      for (let c = k + 1; c < columns; c++) {
        const other = work[c];
        let sum = 0;
        for (let r = k; r < rows; r++) sum += column[r] * other[r];
        sum *= left.beta;
        for (let r = k; r < rows; r++) other[r] -= sum * column[r];
      }
    }
    if (k + 1 >= columns) break;
    for (let c = k + 1; c < columns; c++) row[c] = work[c][k];
    const right = reflect(row, k + 1);
    superdiagonal[k] = right.length;
    if (right.beta === 0) continue;
    image.fill(0, k + 1);
    for (let c = k + 1; c < columns; c++) {
      const [other, factor] = [work[c], row[c]];
      for (let r = k + 1; r < rows; r++) image[r] += factor * other[r];
    }
    for (let c = k + 1; c < columns; c++) {
      const [other, factor] = [work[c], right.beta * row[c]];
      for (let r = k + 1; r < rows; r++) other[r] -= factor * image[r];
    }
  }
  return { diagonal, superdiagonal };
}

/**
 * The reflection `I - beta v v^T` that maps the end of x, from `begin` on, to a multiple of its first unit vector; v overwrites x.
 * Signs do not change singular values: the multiple is given by its length.
 */
function reflect(x: Float64Array, begin: number): { readonly length: number; readonly beta: number } {
  let squares = 0;
  for (let i = begin; i < x.length; i++) squares += x[i] * x[i];
  if (squares < LOST) return { length: 0, beta: 0 };
  const length = Math.sqrt(squares);
  x[begin] += x[begin] > 0 ? length : -length;
  return { length, beta: 1 / (length * Math.abs(x[begin])) };
}
