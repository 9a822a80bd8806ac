import { type Engine, UNIT_ROUNDOFF_OF } from '../compute/engine';
import { gamma } from './rounding';
import { scaled, sumOfSquares, type Values } from './values';

/** Values of one panel, the rows whose products are summed in one call. */
const PANEL_ELEMENTS = 2 ** 22;
/** Products of fewer flops are done sooner on the CPU, in float64, than a device is reached. */
const DEVICE_FLOPS = 2 ** 30;
/** Largest order at which a float32 device is given exact slices: nine times the work, and no rounding at all. */
const SLICED_ORDER = 1024;
/** Rows of a panel of slices: 64 products of integers of at most 9 bits each stay within the 24 bits of float32. */
const SLICED_ROWS = 64;
/** Bits after the binary point of the three slices of a value below two. */
const SLICE_BITS = [8, 17, 26] as const;
/** Rows of a float32 panel of a larger matrix: bounds the rounding of its sums. */
const FLOAT32_ROWS = 256;

export interface GramMatrix {
  /** Symmetric up to `error`, row-major. */
  readonly values: Float64Array;
  readonly order: number;
  /** Bound on the spectral norm of `values` (or either of its triangles, mirrored) minus the exact product. */
  readonly error: number;
}

/**
 * `A^T A` or `A A^T`, the smaller of the two, of `A = values / scale` with entries below two, from panels of bounded size.
 *
 * In float64, entries of a product of length m are off by at most `gamma_m |A|^T |A|` (Higham 2002, section 3.5), of Frobenius
 * norm at most `gamma_m ||A||_F^2`. Devices without float64 are given slices of the values, whose products float32 sums
 * exactly (Ozaki et al. 2012), or for large orders float32 panels that are added up in float64.
 */
export async function gramMatrix(
  engine: Engine,
  values: Values,
  rows: number,
  columns: number,
  scale: number,
): Promise<GramMatrix> {
  const order = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const float64 = engine.precision === 'float64' || 2 * length * order ** 2 < DEVICE_FLOPS;
  const precision = float64 ? 'float64' : 'float32';
  const sliced = !float64 && order <= SLICED_ORDER;
  const fitting = Math.max(1, Math.floor(PANEL_ELEMENTS / order));
  const height = Math.min(length, fitting, float64 ? length : sliced ? SLICED_ROWS : FLOAT32_ROWS);

  // Two sums in turn, and one panel: fresh ones would be garbage faster than it is collected.
  let sum: Float64Array | null = null;
  let spare: Float64Array | undefined;
  const buffer = new Float64Array(height * order);
  let squares = 0;
  let leftOver = 0;
  let panels = 0;
  for (let begin = 0; begin < length; begin += height) {
    const end = Math.min(length, begin + height);
    const panel = buffer.subarray(0, (end - begin) * order);
    if (rows >= columns) scaled(values, scale, begin * columns, end * columns, panel);
    else scaledColumns(values, rows, columns, scale, begin, end, panel);
    squares += sumOfSquares(panel);
    if (sliced) {
      const { slices, remainder } = slice(panel, end - begin, order);
      leftOver += remainder;
      sum = addBlocks(sum, await engine.addGram(slices, end - begin, 3 * order, null, precision), order);
    } else {
      const before: Float64Array | null = sum;
      sum = await engine.addGram(panel, end - begin, order, before, precision, spare);
      if (before !== null && before !== sum) spare = before;
    }
    panels++;
  }

  // With R what the slices leave over, `A^T A - (A - R)^T (A - R)` is `R^T A + A^T R - R^T R`.
  const unsliced = Math.sqrt(leftOver) * (2 * Math.sqrt(squares) + Math.sqrt(leftOver));
  const relative = float64
    ? gamma(length + panels + 4)
    : sliced
      ? gamma(9 * panels + 4)
      : gamma(height + 4, UNIT_ROUNDOFF_OF.float32) + gamma(panels + 4);
  return { values: sum ?? new Float64Array(0), order, error: (relative * squares + unsliced) * (1 + 1e-9) };
}

/**
 * Three slices of every value, side by side: (rows, 3 columns). Slice i holds multiples of `2^-SLICE_BITS[i]`; as integers they
 * have at most 9 bits and a sign.
 */
function slice(
  panel: Float64Array,
  rows: number,
  columns: number,
): { slices: Float64Array; remainder: number } {
  const slices = new Float64Array(3 * panel.length);
  let remainder = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let rest = panel[r * columns + c];
      SLICE_BITS.forEach((bits, i) => {
        const part = Math.round(rest * 2 ** bits) / 2 ** bits;
        slices[(r * 3 + i) * columns + c] = part;
        rest -= part;
      });
      remainder += rest * rest;
    }
  }
  return { slices, remainder };
}

/** Adds the nine blocks of the Gram matrix of three slices to the sum. */
function addBlocks(sum: Float64Array | null, gram: Float64Array, order: number): Float64Array {
  const total = sum ?? new Float64Array(order * order);
  for (let i = 0; i < 3 * order; i++) {
    for (let j = 0; j < 3 * order; j++) total[(i % order) * order + (j % order)] += gram[i * 3 * order + j];
  }
  return total;
}

/** Columns [begin, end) of a row-major matrix, as rows, divided by a power of two. */
function scaledColumns(
  values: Values,
  rows: number,
  columns: number,
  scale: number,
  begin: number,
  end: number,
  out: Float64Array,
): void {
  const row = new Float64Array(end - begin);
  for (let r = 0; r < rows; r++) {
    scaled(values, scale, r * columns + begin, r * columns + end, row);
    for (let c = 0; c < row.length; c++) out[c * rows + r] = row[c];
  }
}
