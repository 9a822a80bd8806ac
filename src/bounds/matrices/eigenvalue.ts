import type { Engine } from '../../compute/engine';
import { blockLanczos } from './block-lanczos';
import { factorize } from './cholesky';
import { lanczos } from './lanczos';
import { type Enclosure, gamma, roundDown, roundUp, UNIT_ROUNDOFF, ZERO } from '../rounding';
import { fromDense, squaresOf, type SymmetricMatrix, timesVector, toDense } from './symmetric';

/** Order up to which products with a vector are faster here than by way of the runtime. */
const OWN_PRODUCTS = 192;
/** Tolerance from which on float32 is good enough to find a vector; what it attains is computed in float64. */
const FLOAT32_TOLERANCE = 1e-9;
/** Upper limits of steps: of a block for the first look, and with the inverse, which takes few. */
const STEPS = 64;
const INVERSE_STEPS = 40;
const ATTEMPTS = 10;

export interface EigenvalueEnclosure extends Enclosure {
  /** Where the lower bound is attained: a vector of unit length up to rounding. */
  readonly vector: Float64Array;
}

/**
 * Enclosure of the largest eigenvalue of a symmetric positive semidefinite matrix in float64, for the matrix as stored, rounding included. Lower bound: Rayleigh quotient of a Lanczos vector. Upper bound: Cholesky
 * factorisation of `theta I - g`, theta a little above the lower one. Where that theta is below the eigenvalue, a larger one
 * is tried; from its factor, inverse iteration finds an eigenvector in a few steps however dense the spectrum is, and the
 * next theta is as close as asked for.
 */
export async function largestEigenvalueOf(
  engine: Engine,
  g: SymmetricMatrix,
  tolerance: number,
): Promise<EigenvalueEnclosure> {
  const n = g.order;
  const frobenius = Math.sqrt(squaresOf(g)) * (1 + gamma(1100 + n ** 2 / 1024));
  if (frobenius === 0) return { ...ZERO, vector: new Float64Array(n) };
  const small = n <= OWN_PRODUCTS ? toDense(g, new Float64Array(n ** 2)) : null;
  if (small && n === 1) {
    const value = Math.max(0, small[0]);
    return { lower: value, upper: value, vector: Float64Array.of(1) };
  }
  let upper = small ? Math.min(frobenius, rowSumBound(small, n)) : frobenius;

  const product = (x: Float64Array) => (small ? multiplyByVector(small, n, x) : timesVector(engine, g, x));

  let lower = 0;
  let vector: Float64Array = new Float64Array(n);
  const attain = async (x: Float64Array) => {
    const quotient = await rayleighQuotient(product, x, frobenius);
    if (quotient > lower) {
      lower = quotient;
      vector = x;
    }
  };
  const closed = () => upper <= lower * (1 + tolerance);

  const options = { maxSteps: STEPS, tolerance: tolerance / 8 };
  if (small) {
    const [ritz] = await lanczos(product, 1, n, { ...options, seed: 1 });
    await attain(ritz.vector);
  } else {
    const dense = tolerance >= FLOAT32_TOLERANCE ? new Float32Array(n ** 2) : new Float64Array(n ** 2);
    await attain(await blockLanczos(engine, toDense(g, dense), n, { ...options, seed: 1 }));
  }
  // What theta exceeds the lower bound by, relatively; never below what rounding lets a factorisation succeed at.
  const least = Math.max(0.75 * tolerance, 16 * n * UNIT_ROUNDOFF);
  let excess = least;
  for (let attempt = 0; attempt < ATTEMPTS && !closed(); attempt++) {
    const factorization = await factorize(engine, g, Math.min(upper, lower * (1 + excess)));
    if (factorization === null) {
      excess *= 16;
      continue;
    }
    upper = Math.min(upper, factorization.bound);
    if (closed() || (excess === least && attempt > 0)) break;
    const [ritz] = await lanczos(factorization.solve, 1, n, {
      maxSteps: INVERSE_STEPS,
      tolerance: tolerance / 8,
      seed: 2 + attempt,
    });
    await attain(ritz.vector);
    excess = least;
  }
  return { lower: roundDown(Math.min(lower, upper)), upper: roundUp(upper), vector };
}

/** The same of a matrix that is stored row by row, order n. */
export function largestEigenvalue(
  engine: Engine,
  g: Float64Array,
  n: number,
  tolerance: number,
): Promise<EigenvalueEnclosure> {
  return largestEigenvalueOf(engine, fromDense(g, n), tolerance);
}

/** Largest sum of the magnitudes of a row: no less than any eigenvalue, and equal to it for diagonal matrices. */
function rowSumBound(g: Float64Array, n: number): number {
  let largest = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = i * n; j < (i + 1) * n; j++) sum += Math.abs(g[j]);
    largest = Math.max(largest, sum);
  }
  return largest * (1 + gamma(n));
}

/** `x^T g x / x^T x` less its rounding: of the numerator at most `gamma_{2n} |x|^T |g| |x|`, else `gamma_{n+1}`, relatively. */
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
  const rounding = gamma(2 * x.length + 2) * frobenius;
  return Math.max(0, (numerator / denominator) * (1 - gamma(x.length + 2)) - rounding);
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
