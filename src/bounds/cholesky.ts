import type { Engine } from '../compute/engine';
import { gamma, roundUp, UNIT_ROUNDOFF } from './rounding';

/** Order up to which the plain loop beats products of blocks. */
const UNBLOCKED = 160;
const BLOCK = 128;

/**
 * A bound on the largest eigenvalue of a symmetric matrix `g` (order n, row-major) from one Cholesky factorisation of
 * `theta I - g`: where it runs to the end with factor L and residual R,
 *
 *     theta I - g = L L^T + R   implies   lambda_1(g) <= theta + ||R||_2,
 *
 * because `L L^T` is positive semidefinite whatever the rounding in L was. R is bounded by what was computed, plus the
 * rounding of the sums that lead to it (Higham 2002, Theorem 10.3; Rump 2006 uses the same argument).
 *
 * @returns null where the factorisation breaks down, that is, theta is (nearly) below an eigenvalue
 */
export async function boundByCholesky(
  engine: Engine,
  g: Float64Array,
  n: number,
  theta: number,
): Promise<number | null> {
  if (n <= UNBLOCKED) return boundUnblocked(g, n, theta);
  let squaredResidual = 0;
  let squaredFactor = 0;
  let squaredMatrix = 0;
  const panels: Float64Array[] = [];
  for (let begin = 0; begin < n; begin += BLOCK) {
    const width = Math.min(BLOCK, n - begin);
    const height = n - begin;
    let panel = shiftedPanel(g, n, begin, width, theta);
    squaredMatrix += 2 * sumSquares(panel, 0, panel.length);
    for (let j = 0; j < panels.length; j++) {
      // Panel j starts at row j BLOCK and is BLOCK wide: the rows from `begin` on are one contiguous piece.
      const rows = panels[j].subarray((begin - j * BLOCK) * BLOCK);
      panel = await engine.subtractProduct(
        panel,
        rows,
        rows.subarray(0, width * BLOCK),
        height,
        BLOCK,
        width,
      );
    }
    const diagonal = panel.slice(0, width * width);
    const factor = choleskyFactor(diagonal, width);
    if (factor === null) return null;
    const below = panel.subarray(width * width);
    const solved = await engine.multiply(
      below,
      inverseTransposed(factor, width),
      height - width,
      width,
      width,
    );
    const columns = new Float64Array(height * width);
    columns.set(factor);
    columns.set(solved, width * width);
    const residual = await engine.subtractProduct(panel, columns, factor, height, width, width);
    // Twice: the panel stands for its mirror image too.
    squaredResidual += 2 * sumSquares(residual, 0, residual.length);
    squaredFactor += sumSquares(columns, 0, columns.length);
    panels.push(columns);
  }
  // Every entry of the residual is the end of a chain of at most n + BLOCK products and sums.
  const rounding = gamma(n + 2 * BLOCK + 8) * (Math.sqrt(squaredMatrix) + 2 * squaredFactor);
  return finish(theta + Math.sqrt(squaredResidual) * (1 + gamma(n)) + rounding);
}

/** `theta I - g`, columns [begin, begin + width), rows from `begin` on. */
function shiftedPanel(g: Float64Array, n: number, begin: number, width: number, theta: number): Float64Array {
  const panel = new Float64Array((n - begin) * width);
  for (let i = begin; i < n; i++) {
    for (let j = 0; j < width; j++) panel[(i - begin) * width + j] = -g[i * n + begin + j];
  }
  for (let j = 0; j < width; j++) panel[j * width + j] += theta;
  return panel;
}

function boundUnblocked(g: Float64Array, n: number, theta: number): number | null {
  const matrix = shiftedPanel(g, n, 0, n, theta);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += Math.abs(matrix[i * n + i]);
  if (choleskyFactor(matrix, n) === null) return null;
  // Higham 2002, Theorem 10.3: L L^T = A + E with |E| <= gamma_{n+1} |L||L^T|, and ||L||_F^2 <= tr A / (1 - gamma_{n+1}).
  const growth = gamma(n + 1) / (1 - gamma(n + 1));
  return finish(theta + growth * trace + UNIT_ROUNDOFF * trace);
}

function finish(bound: number): number | null {
  return Number.isFinite(bound) ? roundUp(bound) : null;
}

/** Overwrites a symmetric matrix (its lower triangle) with its Cholesky factor; null at a pivot that is not positive. */
function choleskyFactor(a: Float64Array, n: number): Float64Array | null {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      if (i === j) {
        if (!(sum > 0)) return null;
        a[j * n + j] = Math.sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
    for (let i = 0; i < j; i++) a[i * n + j] = 0;
  }
  return a;
}

/** `L^-T` of a lower triangular matrix: a panel times it solves `X L^T = panel`. */
function inverseTransposed(l: Float64Array, n: number): Float64Array {
  const x = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    x[j * n + j] = 1 / l[j * n + j];
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum += l[i * n + k] * x[j * n + k];
      // Row j of x holds column j of L^-1.
      x[j * n + i] = -sum / l[i * n + i];
    }
  }
  return x;
}

function sumSquares(x: Float64Array, begin: number, end: number): number {
  let sum = 0;
  for (let i = begin; i < end; i++) sum += x[i] * x[i];
  return sum;
}
