import { type Engine, UNIT_ROUNDOFF_OF } from '../compute/engine';
import { largestEigenvalue } from './eigenvalue';
import { type Enclosure, gamma, roundUp, sqrtOf, times, UNIT_ROUNDOFF, ZERO } from './rounding';
import { exponentScale, scaled, sumOfSquares, type Values } from './values';

/** Values of one panel of a Gram product in float64: what is copied at a time. */
const PANEL_ELEMENTS = 2 ** 22;
/** Length of the sums taken in float32 before they are added up in float64: bounds their rounding. */
const FLOAT32_PANEL = { least: 32, most: 256, panels: 16 } as const;

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
 * The Gram matrix of the smaller side is formed in float64 (float32 panels added up in float64 on devices without it), its largest
 * eigenvalue is enclosed, and the rounding of the product, at most `gamma_m ||A||_F^2`, is added (Higham 2002, section 3.5).
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
  const frobenius = frobeniusOf(values, scale);
  if (frobenius === 0) return { ...ZERO, frobenius };
  if (Math.min(rows, columns) === 1) {
    // A vector: its norm is its length.
    const relative = gamma(1025 + values.length / 1024) + 4 * UNIT_ROUNDOFF;
    return {
      lower: frobenius * scale * (1 - relative),
      upper: roundUp(frobenius * scale * (1 + relative)),
      frobenius: frobenius * scale,
    };
  }
  const gram = await gramMatrix(engine, values, rows, columns, scale);
  const eigenvalue = await largestEigenvalue(engine, gram.values, gram.order, 2 * tolerance);
  const sigma = sqrtOf({ lower: eigenvalue.lower - gram.error, upper: eigenvalue.upper + gram.error });
  return { ...times(sigma, scale), frobenius: frobenius * scale };
}

/** `||values / scale||_F`. */
export function frobeniusOf(values: Values, scale: number): number {
  let total = 0;
  for (let begin = 0; begin < values.length; begin += PANEL_ELEMENTS) {
    total += sumOfSquares(scaled(values, scale, begin, Math.min(values.length, begin + PANEL_ELEMENTS)));
  }
  return Math.sqrt(total);
}

export interface GramMatrix {
  /** Symmetric, row-major. */
  readonly values: Float64Array;
  readonly order: number;
  /** Bound on the spectral norm of `values` minus the exact product. */
  readonly error: number;
}

/** `A^T A` or `A A^T`, the smaller of the two, of `A = values / scale`, from panels of bounded size. */
export async function gramMatrix(
  engine: Engine,
  values: Values,
  rows: number,
  columns: number,
  scale: number,
): Promise<GramMatrix> {
  const order = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const float32 = engine.precision === 'float32';
  const fitting = Math.max(1, Math.floor(PANEL_ELEMENTS / order));
  const { least, most, panels: wanted } = FLOAT32_PANEL;
  const summed = float32 ? Math.min(most, Math.max(least, Math.ceil(length / wanted))) : length;
  const height = Math.min(length, fitting, summed);
  let sum: Float64Array | null = null;
  let squares = 0;
  let panels = 0;
  for (let begin = 0; begin < length; begin += height) {
    const end = Math.min(length, begin + height);
    const panel =
      rows >= columns
        ? scaled(values, scale, begin * columns, end * columns)
        : scaled(transposedColumns(values, rows, columns, begin, end), scale);
    squares += sumOfSquares(panel);
    sum = await engine.addGram(panel, end - begin, order, sum);
    panels++;
  }
  // A panel's entries are sums of `height` products; the float64 sum of panels adds `panels` roundings of the total. A
  // float32 device also rounds the entries themselves.
  const relative = float32
    ? gamma(height + 4, UNIT_ROUNDOFF_OF.float32) + gamma(panels + 4)
    : gamma(length + panels + 4);
  return { values: sum ?? new Float64Array(0), order, error: relative * squares * (1 + 1e-9) };
}

/** Columns [begin, end) of a row-major matrix, as rows. */
function transposedColumns(
  values: Values,
  rows: number,
  columns: number,
  begin: number,
  end: number,
): Values {
  const out =
    values instanceof Float32Array
      ? new Float32Array((end - begin) * rows)
      : new Float64Array((end - begin) * rows);
  for (let r = 0; r < rows; r++) {
    for (let c = begin; c < end; c++) out[(c - begin) * rows + r] = values[r * columns + c];
  }
  return out;
}
