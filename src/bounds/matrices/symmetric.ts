import type { BulkArray, Engine } from '../../compute/engine';
import { sumOfSquares } from '../values';

/** Order up to which a diagonal block is not halved any more. */
const LEAF = 64;

/**
 * A symmetric matrix by recursive halves (Gustavson 1997), nothing stored twice: products of large blocks are all that updating or
 * factorising it takes, and no entry is computed for the sake of its mirror image but in the leaves.
 */
export type SymmetricMatrix = Leaf | Halves;

export interface Leaf {
  readonly order: number;
  /** All of it, row-major. */
  readonly block: Float64Array;
}

export interface Halves {
  readonly order: number;
  readonly first: SymmetricMatrix;
  readonly second: SymmetricMatrix;
  /** The rows of the first half in the columns of the second, row-major. */
  readonly beside: Float64Array;
}

/** Builds a matrix; `block` answers that of some rows and columns. */
function build(
  block: (row: number, column: number, rows: number, columns: number) => Float64Array,
  begin: number,
  order: number,
): SymmetricMatrix {
  if (order <= LEAF) return { order, block: block(begin, begin, order, order) };
  const half = LEAF * Math.ceil(order / LEAF / 2);
  return {
    order,
    first: build(block, begin, half),
    second: build(block, begin + half, order - half),
    beside: block(begin, begin + half, half, order - half),
  };
}

export function zeros(order: number): SymmetricMatrix {
  return build((_row, _column, rows, columns) => new Float64Array(rows * columns), 0, order);
}

/** Of a symmetric matrix, row-major. */
export function fromDense(values: Float64Array, order: number): SymmetricMatrix {
  const block = (row: number, column: number, rows: number, columns: number) => {
    const out = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      const from = (row + r) * order + column;
      out.set(values.subarray(from, from + columns), r * columns);
    }
    return out;
  };
  return build(block, 0, order);
}

/** Side of the squares that are mirrored at a time: both their rows and their columns stay in the cache. */
const TILE = 16;

/** Writes the matrix to `out`, row-major. */
export function toDense<T extends BulkArray>(matrix: SymmetricMatrix, out: T): T {
  const { order: n } = matrix;
  const write = (part: SymmetricMatrix, begin: number) => {
    if ('block' in part) {
      const { order, block } = part;
      for (let r = 0; r < order; r++) {
        out.set(block.subarray(r * order, (r + 1) * order), (begin + r) * n + begin);
      }
      return;
    }
    const { first, second, beside } = part;
    write(first, begin);
    write(second, begin + first.order);
    const { order: columns } = second;
    const right = begin * n + begin + first.order;
    const below = (begin + first.order) * n + begin;
    for (let top = 0; top < first.order; top += TILE) {
      const bottom = Math.min(first.order, top + TILE);
      for (let r = top; r < bottom; r++) {
        out.set(beside.subarray(r * columns, (r + 1) * columns), right + r * n);
      }
      for (let c = 0; c < columns; c++) {
        const to = below + c * n;
        for (let r = top; r < bottom; r++) out[to + r] = beside[r * columns + c];
      }
    }
  };
  write(matrix, 0);
  return out;
}

/** `theta I - matrix`. */
export function shifted(matrix: SymmetricMatrix, theta: number): SymmetricMatrix {
  const { order } = matrix;
  if ('block' in matrix) {
    const block = negated(matrix.block);
    for (let i = 0; i < order; i++) block[i * (order + 1)] += theta;
    return { order, block };
  }
  const { first, second, beside } = matrix;
  return { order, first: shifted(first, theta), second: shifted(second, theta), beside: negated(beside) };
}

function negated(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = -values[i];
  return out;
}

/** Sum of the squares of all entries: relative error below `gamma(1100 + order^2 / 1024)`. */
export function squaresOf(matrix: SymmetricMatrix): number {
  if ('block' in matrix) return sumOfSquares(matrix.block);
  const { first, second, beside } = matrix;
  return squaresOf(first) + squaresOf(second) + 2 * sumOfSquares(beside);
}

/** `matrix x`; every entry is a sum of as many products, in some order. */
export async function timesVector(
  engine: Engine,
  matrix: SymmetricMatrix,
  x: Float64Array,
): Promise<Float64Array> {
  const { order } = matrix;
  if ('block' in matrix) return engine.multiply(matrix.block, x, order, order, 1);
  const { first, second, beside } = matrix;
  const above = x.subarray(0, first.order);
  const below = x.subarray(first.order);
  const y = new Float64Array(order);
  y.set(await timesVector(engine, first, above));
  y.set(await timesVector(engine, second, below), first.order);
  add(y, await engine.multiply(beside, below, first.order, second.order, 1), 0);
  add(y, await engine.multiply(above, beside, 1, first.order, second.order), first.order);
  return y;
}

/** Order up to which a device computes a diagonal block in one call, mirror images and all. */
const DEVICE_ORDER = 512;

/** Adds `A B^T`, which is symmetric but for its rounding, or the upper triangle of it; a and b (order, width). */
export async function addProduct(
  engine: Engine,
  matrix: SymmetricMatrix,
  a: BulkArray,
  b: BulkArray,
  width: number,
): Promise<void> {
  const { order } = matrix;
  if (a instanceof Float32Array && order <= DEVICE_ORDER) {
    addDense(matrix, await engine.multiplyTransposed(a, b, order, width, order), order, 0);
    return;
  }
  if ('block' in matrix) {
    await addTo(engine, matrix.block, a, b, order, width, order);
    return;
  }
  const { first, second, beside } = matrix;
  const split = first.order * width;
  await addProduct(engine, first, a.subarray(0, split), b.subarray(0, split), width);
  await addTo(engine, beside, a.subarray(0, split), b.subarray(split), first.order, width, second.order);
  await addProduct(engine, second, a.subarray(split), b.subarray(split), width);
}

async function addTo(
  engine: Engine,
  sum: Float64Array,
  a: BulkArray,
  b: BulkArray,
  m: number,
  k: number,
  n: number,
): Promise<void> {
  if (a instanceof Float64Array && b instanceof Float64Array) {
    await engine.addTransposedProduct(sum, a, b, m, k, n);
  } else {
    add(sum, await engine.multiplyTransposed(a, b, m, k, n), 0);
  }
}

/** Adds the diagonal block from `begin` on of a matrix of order n. */
function addDense(matrix: SymmetricMatrix, values: BulkArray, n: number, begin: number): void {
  const addRows = (sum: Float64Array, columns: number, column: number) => {
    for (let at = 0, row = begin; at < sum.length; at += columns, row++) {
      for (let c = 0; c < columns; c++) sum[at + c] += values[row * n + column + c];
    }
  };
  if ('block' in matrix) {
    addRows(matrix.block, matrix.order, begin);
    return;
  }
  const { first, second, beside } = matrix;
  const middle = begin + first.order;
  addDense(first, values, n, begin);
  addRows(beside, second.order, middle);
  addDense(second, values, n, middle);
}

function add(sum: Float64Array, values: BulkArray, at: number): void {
  for (let i = 0; i < values.length; i++) sum[at + i] += values[i];
}

/** Overwrites it with `matrix - X X^T`, x (order, width). */
export async function subtractSquare(
  engine: Engine,
  matrix: SymmetricMatrix,
  x: Float64Array,
  width: number,
): Promise<void> {
  const { order } = matrix;
  if ('block' in matrix) {
    await engine.subtractTransposedProduct(matrix.block, x, x, order, width, order);
    return;
  }
  const { first, second, beside } = matrix;
  const above = x.subarray(0, first.order * width);
  const below = x.subarray(first.order * width);
  await subtractSquare(engine, first, above, width);
  await engine.subtractTransposedProduct(beside, above, below, first.order, width, second.order);
  await subtractSquare(engine, second, below, width);
}
