import type { Engine } from '../compute/engine';
import { boundByCholesky } from './cholesky';
import { lanczos } from './lanczos';
import { type Enclosure, gamma, roundDown, roundUp, UNIT_ROUNDOFF, ZERO } from './rounding';

/** Order up to which products with a vector are faster here than by way of the runtime. */
const OWN_PRODUCTS = 192;

export interface EigenvalueEnclosure extends Enclosure {
  /** Where the lower bound is attained: a vector of unit length up to rounding. */
  readonly vector: Float64Array;
}

/**
 * Enclosure of the largest eigenvalue of a symmetric positive semidefinite matrix in float64 (row-major, order n), for
 * the matrix as stored, rounding included. Lower bound: Rayleigh quotient of a Lanczos vector. Upper bound: Cholesky
 * factorisation of `theta I - g` for the smallest theta that succeeds, beginning at `(1 + tolerance)` times the lower one.
 */
export async function largestEigenvalue(
  engine: Engine,
  g: Float64Array,
  n: number,
  tolerance: number,
): Promise<EigenvalueEnclosure> {
  let squared = 0;
  let rowSum = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = i * n; j < (i + 1) * n; j++) {
      squared += g[j] * g[j];
      sum += Math.abs(g[j]);
    }
    rowSum = Math.max(rowSum, sum);
  }
  if (rowSum === 0) return { ...ZERO, vector: new Float64Array(n) };
  const frobenius = Math.sqrt(squared);
  let upper = Math.min(frobenius * (1 + gamma(n * n)), rowSum * (1 + gamma(n)));
  if (n === 1) return { lower: Math.max(0, g[0]), upper: Math.max(0, g[0]), vector: Float64Array.of(1) };

  const product = (x: Float64Array) =>
    n <= OWN_PRODUCTS ? multiplyByVector(g, n, x) : engine.multiply(g, x, n, n, 1);

  let lower = 0;
  let vector: Float64Array = new Float64Array(n);
  let width = Math.max(tolerance, 64 * n * UNIT_ROUNDOFF);
  for (let attempt = 0; attempt < 8 && upper > lower * (1 + tolerance); attempt++) {
    const [ritz] = await lanczos(product, 1, n, {
      maxSteps: 40 + 40 * attempt,
      tolerance: width / 8,
      seed: 1 + attempt,
    });
    const quotient = await rayleighQuotient(product, ritz.vector, frobenius);
    if (quotient > lower) {
      lower = quotient;
      vector = ritz.vector;
    }
    if (upper <= lower * (1 + tolerance)) break;
    const bound = await boundByCholesky(engine, g, n, lower * (1 + 0.9 * width));
    if (bound !== null) {
      upper = Math.min(upper, bound);
      break;
    }
    // The start missed a direction, or the spectrum is clustered: look again, and ask for less.
    width *= attempt < 2 ? 3 : 30;
  }
  return { lower: roundDown(Math.min(lower, upper)), upper: roundUp(upper), vector };
}

/** `x^T g x / x^T x` less its rounding, at most `gamma_{2n} |x|^T |g| |x|`. */
async function rayleighQuotient(
  product: (x: Float64Array) => Promise<Float64Array> | Float64Array,
  x: Float64Array,
  frobenius: number,
): Promise<number> {
  const y = await product(x);
  let numerator = 0;
  let denominator = 0;
  for (let i = 0; i < x.length; i++) {
    numerator += x[i] * y[i];
    denominator += x[i] * x[i];
  }
  if (denominator === 0) return 0;
  const rounding = gamma(3 * x.length + 8) * frobenius;
  return Math.max(0, (numerator / denominator) * (1 - gamma(2 * x.length)) - rounding);
}

function multiplyByVector(g: Float64Array, n: number, x: Float64Array): Float64Array {
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += g[i * n + j] * x[j];
    y[i] = sum;
  }
  return y;
}
