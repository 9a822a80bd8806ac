import { type Engine, UNIT_ROUNDOFF_OF } from '../../compute/engine';
import { gamma } from '../rounding';
import { addProduct, type SymmetricMatrix, zeros } from './symmetric';
import { scaled, sumOfSquares, type Values } from '../values';

/** Values of one panel, the rows whose products are summed in one call: at most 64 MiB. */
const PANEL_ELEMENTS = 2 ** 23;
/** Products of fewer flops are done sooner on the CPU, in float64, than a device is reached. */
const DEVICE_FLOPS = 2 ** 30;
/** Largest order at which a float32 device is given exact slices: nine times the work, and no rounding at all. */
const SLICED_ORDER = 1024;
/** Rows of a panel of slices: 64 products of integers of at most 9 bits each stay within the 24 bits of float32. */
const SLICED_ROWS = 64;
/** Bits after the binary point of the three slices of a value below two. */
const SLICE_BITS = [8, 17, 26] as const;
/**
 * The slices of a value are together at most so often as large as the value, squared: a slice that is not zero is left with
 * no more than the value itself, so that they are at most `|v| + 2 |v| + 2^-8 |v|`.
 */
const SLICED_SQUARES = 9.1;
/** Rows of a float32 panel of a larger matrix: bounds the rounding of its sums. */
const FLOAT32_ROWS = 256;

export interface GramMatrix {
  readonly matrix: SymmetricMatrix;
  /** Bound on the spectral norm of `matrix` minus the exact product. */
  readonly error: number;
  /** `||A||_F^2`, up to 2^-33. */
  readonly squares: number;
}

/**
 * `A^T A` or `A A^T`, the smaller of the two, of `A = values / scale` with entries below two, from panels of bounded size.
 *
 * In float64, entries of a product of length m are off by at most `gamma_m |A|^T |A|` (Higham 2002, section 3.5), of Frobenius
 * norm at most `gamma_m ||A||_F^2`. Devices without float64 are given slices of the values, whose products float32 sums
 * exactly (Ozaki et al. 2012), or for large orders float32 panels that are added up in float64.
 * Entries that underflow when they are divided or multiplied are below 2^-126 even in float32: with an entry of at least 1 in
 * A, all of them together are far below what the error is rounded up by.
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

  const matrix = zeros(order);
  const buffer = new Float64Array(height * order);
  let squares = 0;
  let leftOver = 0;
  let panels = 0;
  for (let begin = 0; begin < length; begin += height) {
    const width = Math.min(length, begin + height) - begin;
    const panel = buffer.subarray(0, width * order);
    if (rows > columns) scaledRows(values, columns, scale, begin, width, panel);
    else scaledColumns(values, rows, columns, scale, begin, width, panel);
    squares += sumOfSquares(panel);
    if (sliced) {
      const { slices, remainder } = slice(panel);
      leftOver += remainder;
      for (const a of slices) {
        for (const b of slices) await addProduct(engine, matrix, a, b, width);
      }
    } else {
      const bulk = engine.toBulk(panel, precision);
      await addProduct(engine, matrix, bulk, bulk, width);
    }
    panels++;
  }

  // With R what the slices leave over, `A^T A - (A - R)^T (A - R)` is `R^T A + A^T R - R^T R`.
  const unsliced = Math.sqrt(leftOver) * (2 * Math.sqrt(squares) + Math.sqrt(leftOver));
  const relative = float64
    ? gamma(length + panels + 4)
    : sliced
      ? SLICED_SQUARES * gamma(9 * panels + 4)
      : gamma(height + 4, UNIT_ROUNDOFF_OF.float32) + gamma(panels + 4);
  return { matrix, error: (relative * squares + unsliced) * (1 + 1e-9), squares };
}

/** Three float32 slices of every value; slice i holds multiples of `2^-SLICE_BITS[i]`, integers of at most 9 bits. */
function slice(panel: Float64Array): { slices: Float32Array[]; remainder: number } {
  const slices = SLICE_BITS.map(() => new Float32Array(panel.length));
  let remainder = 0;
  for (let i = 0; i < panel.length; i++) {
    let rest = panel[i];
    SLICE_BITS.forEach((bits, s) => {
      const part = Math.round(rest * 2 ** bits) / 2 ** bits;
      slices[s][i] = part;
      rest -= part;
    });
    remainder += rest * rest;
  }
  return { slices, remainder };
}

/** Rows that are transposed at a time: what they are written to stays in the cache. */
const TILE = 16;

/** Rows [begin, begin + width) of a row-major matrix as columns of `out` (columns, width), divided by a power of two. */
function scaledRows(
  values: Values,
  columns: number,
  scale: number,
  begin: number,
  width: number,
  out: Float64Array,
): void {
  const rows = new Float64Array(TILE * columns);
  for (let top = 0; top < width; top += TILE) {
    const height = Math.min(TILE, width - top);
    const from = (begin + top) * columns;
    scaled(values, scale, from, from + height * columns, rows);
    for (let c = 0; c < columns; c++) {
      for (let r = 0; r < height; r++) out[c * width + top + r] = rows[r * columns + c];
    }
  }
}

/** Columns [begin, begin + width) of a row-major matrix, (rows, width), divided by a power of two. */
function scaledColumns(
  values: Values,
  rows: number,
  columns: number,
  scale: number,
  begin: number,
  width: number,
  out: Float64Array,
): void {
  for (let r = 0; r < rows; r++) {
    const from = r * columns + begin;
    scaled(values, scale, from, from + width, out.subarray(r * width, (r + 1) * width));
  }
}
