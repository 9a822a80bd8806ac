import type { Engine } from '../compute/engine';
import { gamma, roundUp } from './rounding';
import { sumOfSquares } from './values';

/** Order of the diagonal blocks that are factorised here; everything else is products of matrices. */
const LEAF = 128;

/** A factorisation of `theta I - g` that ran to the end. */
export interface Factorization {
  /** At least the largest eigenvalue of g. */
  readonly bound: number;
  /** `(theta I - g)^-1 x`, up to rounding. */
  readonly solve: (x: Float64Array) => Promise<Float64Array>;
}

/** A bound on the largest eigenvalue of a symmetric matrix from one factorisation, see `factorize`. */
export async function boundByCholesky(
  engine: Engine,
  g: Float64Array,
  n: number,
  theta: number,
): Promise<number | null> {
  return (await factorize(engine, g, n, theta))?.bound ?? null;
}

/**
 * Cholesky factorisation of `C = theta I - g` for a symmetric matrix g (order n, row-major), and the bound that it proves:
 * with factor L and residual `R = C - L L^T`,
 *
 *     lambda_1(g) <= theta + ||R||_2,
 *
 * because `L L^T` is positive semidefinite whatever the rounding in L was (Rump 2006, Verification of positive
 * definiteness, argues alike). The factorisation is recursive, by halves (Gustavson 1997), so that it consists of products
 * of large blocks. R is bounded entry by entry, i >= j, for any order of the sums, with or without fused operations:
 *
 * - In a diagonal leaf, `l_ij = (c_ij - sum_{k<j} l_ik l_jk) / l_jj`, and the square root of such a sum for i = j. The earlier
 *   part of the sum comes from products of blocks, the rest is summed in the leaf: `|r_ij| <= gamma_{n+1} sum_k |l_ik| |l_jk|`
 *   (Higham 2002, Lemma 8.4 and Theorem 10.3, which leave the order free).
 * - Elsewhere L is what a product with the inverse of a leaf gives, of whose rounding nothing is assumed. `e_ij`, what is
 *   left of c_ij after all products are subtracted, is computed: one sum of c_ij and at most n products, so that
 *   `|r_ij - e_ij| <= gamma_{n+1} (|c_ij| + sum_k |l_ik| |l_jk|)` (Higham 2002, section 3.1).
 * - `theta - g_ii` is rounded once; underflow adds at most 2^-1074 for each of the n products.
 *
 * Hence `||R||_F <= ||E||_F + gamma_{n+2} (||C||_F + ||L||_F^2) + n^3 2^-1074`, as `|| |L| |L|^T ||_F <= ||L||_F^2`; and by the
 * first item for i = j, `||L||_F^2 <= tr C / (1 - gamma_{n+2})`.
 *
 * @returns null where the factorisation breaks down, that is, theta is (nearly) below an eigenvalue
 */
export async function factorize(
  engine: Engine,
  g: Float64Array,
  n: number,
  theta: number,
): Promise<Factorization | null> {
  const { node, squares, trace } = shifted(g, n, theta, 0, n);
  const squaredResidual = await factor(engine, node);
  if (squaredResidual === null) return null;
  const relative = gamma(n + 2);
  const size = Math.sqrt(squares) + trace / (1 - relative);
  // 2^-30: the rounding of the sums of squares and of the trace themselves.
  const residual = Math.sqrt(squaredResidual) + relative * size;
  const bound = theta + residual * (1 + 2 ** -30) + n ** 3 * Number.MIN_VALUE;
  if (!Number.isFinite(bound)) return null;
  return {
    bound: roundUp(bound),
    solve: async (x) => {
      const y = x.slice();
      await solve(engine, node, y, 1);
      await solveTransposed(engine, node, y);
      return y;
    },
  };
}

/** A diagonal block of a symmetric matrix, overwritten by the same block of its factor. */
type Node = Leaf | Halves;

interface Leaf {
  readonly order: number;
  readonly block: Float64Array;
  /** Of the factor. */
  inverse: Float64Array;
}

interface Halves {
  readonly order: number;
  readonly first: Node;
  readonly second: Node;
  /** The block beside the first half, (first, second), until it is solved for; then that of the factor, (second, first). */
  beside: Float64Array;
}

interface Shifted {
  readonly node: Node;
  /** Sum of the squares of all entries. */
  readonly squares: number;
  readonly trace: number;
}

/** The diagonal block of `theta I - g` of some order from row `begin` on. */
function shifted(g: Float64Array, n: number, theta: number, begin: number, order: number): Shifted {
  if (order <= LEAF) {
    const block = negated(g, n, begin, begin, order, order);
    let trace = 0;
    for (let i = 0; i < order; i++) {
      block[i * order + i] += theta;
      trace += Math.abs(block[i * order + i]);
    }
    return { node: { order, block, inverse: block }, squares: sumOfSquares(block), trace };
  }
  const half = LEAF * Math.ceil(order / LEAF / 2);
  const first = shifted(g, n, theta, begin, half);
  const second = shifted(g, n, theta, begin + half, order - half);
  const beside = negated(g, n, begin, begin + half, half, order - half);
  return {
    node: { order, first: first.node, second: second.node, beside },
    squares: first.squares + second.squares + 2 * sumOfSquares(beside),
    trace: first.trace + second.trace,
  };
}

function negated(
  g: Float64Array,
  n: number,
  row: number,
  column: number,
  rows: number,
  columns: number,
): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0, k = 0; i < rows; i++) {
    const from = (row + i) * n + column;
    for (let j = from; j < from + columns; j++, k++) out[k] = -g[j];
  }
  return out;
}

/** Overwrites a block by its factor; answers the squared Frobenius norm of E, null at a pivot that is not positive. */
async function factor(engine: Engine, node: Node): Promise<number | null> {
  if ('block' in node) {
    if (!factorLeaf(node.block, node.order)) return null;
    node.inverse = inverseOf(node.block, node.order);
    return 0;
  }
  const { first, second } = node;
  const inFirst = await factor(engine, first);
  if (inFirst === null) return null;
  const solved = await solve(engine, first, node.beside, second.order);
  node.beside = transposed(node.beside, first.order, second.order);
  await subtractSquare(engine, second, node.beside, first.order);
  const inSecond = await factor(engine, second);
  // Twice: what is beside the diagonal stands for its mirror image too.
  return inSecond === null ? null : inFirst + 2 * solved + inSecond;
}

/** Overwrites Y (order, columns) by the solution X of `L X = Y`; answers `||Y - L X||_F^2`. */
async function solve(engine: Engine, node: Node, y: Float64Array, columns: number): Promise<number> {
  const { order } = node;
  if ('block' in node) {
    const x = await engine.multiply(node.inverse, y, order, order, columns);
    await engine.subtractProduct(y, node.block, x, order, order, columns);
    const squares = sumOfSquares(y);
    y.set(x);
    return squares;
  }
  const { first, second } = node;
  const above = y.subarray(0, first.order * columns);
  const below = y.subarray(first.order * columns);
  const squares = await solve(engine, first, above, columns);
  await engine.subtractProduct(below, node.beside, above, second.order, first.order, columns);
  return squares + (await solve(engine, second, below, columns));
}

/** Overwrites a vector y by the solution x of `L^T x = y`. */
async function solveTransposed(engine: Engine, node: Node, y: Float64Array): Promise<void> {
  const { order } = node;
  if ('block' in node) {
    y.set(await engine.multiply(y, node.inverse, 1, order, order));
    return;
  }
  const { first, second } = node;
  const above = y.subarray(0, first.order);
  const below = y.subarray(first.order);
  await solveTransposed(engine, second, below);
  await engine.subtractProduct(above, below, node.beside, 1, second.order, first.order);
  await solveTransposed(engine, first, above);
}

/** Subtracts `X X^T` from a block, x (order, width). */
async function subtractSquare(engine: Engine, node: Node, x: Float64Array, width: number): Promise<void> {
  const { order } = node;
  if ('block' in node) {
    await engine.subtractTransposedProduct(node.block, x, x, order, width, order);
    return;
  }
  const { first, second, beside } = node;
  const above = x.subarray(0, first.order * width);
  const below = x.subarray(first.order * width);
  await subtractSquare(engine, first, above, width);
  await engine.subtractTransposedProduct(beside, above, below, first.order, width, second.order);
  await subtractSquare(engine, second, below, width);
}

/** Overwrites a symmetric matrix (its lower triangle) with its Cholesky factor; false at a pivot that is not positive. */
function factorLeaf(a: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      if (i === j) {
        if (!(sum > 0)) return false;
        a[j * n + j] = Math.sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
    for (let i = 0; i < j; i++) a[i * n + j] = 0;
  }
  return true;
}

/** Inverse of a lower triangular matrix. */
function inverseOf(l: Float64Array, n: number): Float64Array {
  const x = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    // Row i is that of the identity less multiples of the rows above, over the pivot.
    const row = x.subarray(i * n, i * n + i + 1);
    for (let k = 0; k < i; k++) {
      const factor = l[i * n + k];
      for (let j = 0; j <= k; j++) row[j] -= factor * x[k * n + j];
    }
    row[i] = 1;
    for (let j = 0; j <= i; j++) row[j] /= l[i * n + i];
  }
  return x;
}

/** Side of the squares that are transposed at a time: both their rows and their columns stay in the cache. */
const TILE = 16;

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let c = 0; c < columns; c++) {
      for (let r = top; r < bottom; r++) out[c * rows + r] = a[r * columns + c];
    }
  }
  return out;
}
