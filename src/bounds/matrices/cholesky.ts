import type { Engine } from '../../compute/engine';
import { gamma, roundUp } from '../rounding';
import { fromDense, shifted, subtractSquare, type SymmetricMatrix } from './symmetric';
import { sumOfSquares } from '../values';

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
  return (await factorize(engine, fromDense(g, n), theta))?.bound ?? null;
}

/**
 * Cholesky factorisation of `C = theta I - g` for a symmetric matrix g of order n, and the bound that it proves:
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
 * Hence, with `|| |L| |L|^T ||_F <= ||L||_F^2` and `||C||_F <= ||L||_F^2 + ||R||_F`,
 *
 *     ||R||_F <= (||E||_F + 2 gamma_{n+2} ||L||_F^2 + n^3 2^-1074) / (1 - gamma_{n+2}),
 *
 * and by the first item for i = j, `||L||_F^2 <= tr C / (1 - gamma_{n+2})`.
 *
 * @returns null where the factorisation breaks down, that is, theta is (nearly) below an eigenvalue
 */
export async function factorize(
  engine: Engine,
  g: SymmetricMatrix,
  theta: number,
): Promise<Factorization | null> {
  const n = g.order;
  const c = shifted(g, theta);
  const trace = traceOf(c);
  const scratch = new Float64Array(largestBlock(c));
  const factored = await factor(engine, c, scratch);
  if (factored === null) return null;
  const { factor: l, squaredResidual } = factored;
  const relative = gamma(n + 2);
  const size = trace / (1 - relative);
  const residual = (Math.sqrt(squaredResidual) + 2 * relative * size) / (1 - relative);
  // 2^-30: the rounding of the sums of squares and of the trace themselves.
  const bound = theta + residual * (1 + 2 ** -30) + 2 * n ** 3 * Number.MIN_VALUE;
  if (!Number.isFinite(bound)) return null;
  return {
    bound: roundUp(bound),
    solve: async (x) => {
      const y = x.slice();
      await solve(engine, l, y, 1, scratch);
      await solveTransposed(engine, l, y);
      return y;
    },
  };
}

/** A lower triangular matrix by halves. */
type Factor = FactorLeaf | FactorHalves;

interface FactorLeaf {
  readonly order: number;
  readonly block: Float64Array;
  readonly inverse: Float64Array;
}

interface FactorHalves {
  readonly order: number;
  readonly first: Factor;
  readonly second: Factor;
  /** The rows of the second half in the columns of the first, row-major. */
  readonly below: Float64Array;
}

/** Values of the largest block that is worked on at a time. */
function largestBlock(c: SymmetricMatrix): number {
  return 'block' in c ? c.block.length : Math.max(c.first.order ** 2, c.beside.length);
}

/** Sum of the magnitudes of the diagonal. */
function traceOf(c: SymmetricMatrix): number {
  if (!('block' in c)) return traceOf(c.first) + traceOf(c.second);
  let trace = 0;
  for (let i = 0; i < c.order; i++) trace += Math.abs(c.block[i * (c.order + 1)]);
  return trace;
}

/** The factor, and the squared Frobenius norm of E; null at a pivot that is not positive. Uses the memory of c. */
async function factor(
  engine: Engine,
  c: SymmetricMatrix,
  scratch: Float64Array,
): Promise<{ factor: Factor; squaredResidual: number } | null> {
  const { order } = c;
  if ('block' in c) {
    const { block } = c;
    if (!factorLeaf(block, order)) return null;
    return { factor: { order, block, inverse: inverseOf(block, order) }, squaredResidual: 0 };
  }
  const { second, beside } = c;
  const first = await factor(engine, c.first, scratch);
  if (first === null) return null;
  const solved = await solve(engine, first.factor, beside, second.order, scratch);
  // In place: fresh memory costs more than to fill it.
  const below = beside;
  below.set(transposed(beside, c.first.order, second.order, scratch));
  await subtractSquare(engine, second, below, c.first.order);
  const last = await factor(engine, second, scratch);
  if (last === null) return null;
  return {
    factor: { order, first: first.factor, second: last.factor, below },
    // Twice: what is below the diagonal stands for its mirror image too.
    squaredResidual: first.squaredResidual + 2 * solved + last.squaredResidual,
  };
}

/** Overwrites Y (order, columns) by the solution X of `L X = Y`; answers `||Y - L X||_F^2`. */
async function solve(
  engine: Engine,
  l: Factor,
  y: Float64Array,
  columns: number,
  scratch: Float64Array,
): Promise<number> {
  const { order } = l;
  if ('block' in l) {
    const x = await engine.multiply(l.inverse, y, order, order, columns, scratch.subarray(0, y.length));
    await engine.subtractProduct(y, l.block, x, order, order, columns);
    const squares = sumOfSquares(y);
    y.set(x);
    return squares;
  }
  const { first, second } = l;
  const above = y.subarray(0, first.order * columns);
  const below = y.subarray(first.order * columns);
  const squares = await solve(engine, first, above, columns, scratch);
  await engine.subtractProduct(below, l.below, above, second.order, first.order, columns);
  return squares + (await solve(engine, second, below, columns, scratch));
}

/** Overwrites a vector y by the solution x of `L^T x = y`. */
async function solveTransposed(engine: Engine, l: Factor, y: Float64Array): Promise<void> {
  const { order } = l;
  if ('block' in l) {
    y.set(await engine.multiply(y, l.inverse, 1, order, order));
    return;
  }
  const { first, second } = l;
  const above = y.subarray(0, first.order);
  const below = y.subarray(first.order);
  await solveTransposed(engine, second, below);
  await engine.subtractProduct(above, below, l.below, 1, second.order, first.order);
  await solveTransposed(engine, first, above);
}

/** Overwrites a symmetric matrix (its lower triangle) with its Cholesky factor; false at a pivot that is not positive. */
export function factorLeaf(a: Float64Array, n: number): boolean {
  const column = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const pivot = a[j * (n + 1)];
    if (!(pivot > 0)) return false;
    const root = Math.sqrt(pivot);
    a[j * (n + 1)] = root;
    a.fill(0, j * (n + 1) + 1, (j + 1) * n);
    for (let i = j + 1; i < n; i++) {
      const factor = a[i * n + j] / root;
      a[i * n + j] = column[i] = factor;
      // Row by row: none of these differences waits for another.
      for (let k = j + 1, at = i * n + k; k <= i; k++, at++) a[at] -= factor * column[k];
    }
  }
  return true;
}

/** Inverse of a lower triangular matrix. */
export function inverseOf(l: Float64Array, n: number): Float64Array {
  const x = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    // Row i is that of the identity less multiples of the rows above, over the pivot.
    const row = i * n;
    for (let k = 0; k < i; k++) {
      const factor = l[row + k];
      for (let j = row, above = k * n; j <= row + k; j++, above++) x[j] -= factor * x[above];
    }
    x[row + i] = 1;
    for (let j = row; j <= row + i; j++) x[j] /= l[row + i];
  }
  return x;
}

/** Side of the squares that are transposed at a time: both their rows and their columns stay in the cache. */
const TILE = 16;

/** The transpose of a matrix, in the memory of `scratch`. */
function transposed(a: Float64Array, rows: number, columns: number, scratch: Float64Array): Float64Array {
  const out = scratch.subarray(0, a.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let c = 0; c < columns; c++) {
      for (let r = top; r < bottom; r++) out[c * rows + r] = a[r * columns + c];
    }
  }
  return out;
}
