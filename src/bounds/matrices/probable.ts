import { createHash, randomBytes } from 'node:crypto';
import { type Engine, precisionOf, UNIT_ROUNDOFF_OF } from '../../compute/engine';
import type { Precision } from '../../compute/program';
import { largestTridiagonal, tridiagonalVector } from './lanczos';
import type { Matrix } from './matrix';
import { type Enclosure, gamma, roundDown, roundUp, times, ZERO } from '../rounding';
import { exponentScale, scaled, type Values } from '../values';
import { dot, normalize, subtract } from '../vectors';

/** Scales of weights whose products neither overflow nor, in float32, lose more than entries 2^-64 times the largest. */
const SAFE_SCALE = 2 ** 60;

/** What a column of rounding errors is at most, over what they are along one direction. */
const ROUNDING = 4;

export interface ProbableOptions {
  /** Products with the matrix and its transpose; more are tighter. */
  readonly steps?: number;
  /** For reproducible starts; true randomness where absent. Says nothing about a matrix that was made to fit it. */
  readonly seed?: string;
  /** How often, over the random start, the upper bound may be below the norm: 1e-12 where absent. */
  readonly failure?: number;
}

/**
 * An interval for the largest singular value that holds with probability `1 - failure` over the random start, from a few products
 * with vectors (Hochstenbach 2013, Probabilistic upper bounds for the matrix two-norm, J. Sci. Comput. 57).
 *
 * Golub-Kahan bidiagonalisation of A (m, n) with a start v_1 uniform on the sphere gives after k steps `v_{k+1} = p(A^T A) v_1`
 * with `p(t) = det(t I - B^T B) / prod alpha_i beta_i`. In the basis of the right singular vectors, the component of v_{k+1}
 * along the first one is `p(sigma_1^2)` times that of v_1, and at most 1. That of v_1 exceeds `delta` in modulus almost surely
 * (`leastComponent`). So `p(sigma_1^2) <= 1 / delta`, and p grows beyond its largest zero.
 *
 * How rounding enters: with F what the recurrence is off by, `A^T A V = V T + v_{k+1} (...) + F`, the steps are those, in exact
 * arithmetic, of `A^T A + E`, `E = -F V^+`, so that `||E||_F <= ||F||_F` is added to the bound, V being orthonormal. F is measured
 * in float64 along the first eigenvector s of `B^T B`; no column is assumed to be more than `ROUNDING` times that (or than the
 * two roundings of every product). The probability is about the start alone. The lower bound is a Rayleigh quotient in
 * float64, rounding included, and always true.
 *
 * @throws NotFiniteError
 */
export async function probableMatrix(
  engine: Engine,
  matrix: Matrix,
  { steps = 80, seed, failure = 1e-12 }: ProbableOptions = {},
): Promise<Enclosure> {
  const { rows, columns, offset = 0 } = matrix;
  const values = matrix.values.subarray(offset, offset + rows * columns);
  const scale = exponentScale(values);
  if (!values.some((value) => value !== 0)) return ZERO;
  const size = Math.min(rows, columns);
  // A is taken so that it maps the smaller side to the larger one.
  const tall = rows >= columns;
  const safe = scale <= SAFE_SCALE && scale >= 1 / SAFE_SCALE;
  // A is `factor` times this.
  const stored = safe ? values : scaled(values, scale);
  const factor = safe ? 1 / scale : 1;
  const apply = products(engine, stored, precisionOf(values), rows, columns, factor);

  const most = Math.min(steps, size);
  // By rows, zeros where there is none yet; a multiple of four.
  const basis = new Float64Array(4 * Math.ceil(most / 4) * size);
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let v = randomDirection(size, seed);
  let u: Float64Array = new Float64Array(Math.max(rows, columns));
  let beta = 0;
  for (let step = 1; step <= most; step++) {
    basis.set(v, (step - 1) * size);
    const image = await apply(v, !tall);
    subtract(image, u, beta);
    const alpha = normalize(image);
    u = image;
    const next = await apply(u, tall);
    subtract(next, v, alpha);
    // One of the two bases orthonormal is enough (Simon and Zha 2000).
    orthogonalize(next, basis, step);
    diagonal.push(alpha ** 2 + beta ** 2);
    beta = normalize(next);
    v = next;
    // Nothing is orthogonal to as many vectors as there are dimensions.
    offDiagonal.push(step === size ? 0 : alpha * beta);
    if (alpha * beta === 0) break;
  }

  const theta = largestTridiagonal(diagonal, offDiagonal);
  const weights = tridiagonalVector(diagonal, offDiagonal, theta);
  const ritz = new Float64Array(size);
  weights.forEach((weight, j) => subtract(ritz, basis.subarray(j * size, (j + 1) * size), -weight));
  normalize(ritz);
  const image = exactProduct(stored, rows, columns, factor, ritz, !tall);
  // Products: Higham 2002, (3.13), with the Frobenius norm for that of |A|, whose entries are below 2.
  const lower =
    Math.sqrt(dot(image, image)) * (1 - gamma(rows + columns + 8)) -
    gamma(size + 4) * 2 * Math.sqrt(rows * columns);

  // F s = A^T A V s - theta V s - alpha_k beta_k s_k v_{k+1}.
  const off = exactProduct(stored, rows, columns, factor, image, tall);
  subtract(off, ritz, theta);
  subtract(off, v, offDiagonal[offDiagonal.length - 1] * weights[weights.length - 1]);
  const column = Math.max(Math.sqrt(dot(off, off)), UNIT_ROUNDOFF_OF[precisionOf(values)] * theta);
  const error = ROUNDING * Math.sqrt(diagonal.length) * column;
  const square = hochstenbachBound(diagonal, offDiagonal, leastComponent(size, failure)) + error;
  return times({ lower: roundDown(lower), upper: roundUp(Math.sqrt(Math.max(square, lower ** 2))) }, scale);
}

/**
 * What a component of a direction that is uniform on the sphere exceeds in modulus but for a probability of at most `failure`.
 * The density is that of a beta distribution, at most `Gamma(n/2) / (sqrt(pi) Gamma((n-1)/2)) <= sqrt((n-1) / (2 pi))` for n >= 3
 * (Gautschi); for n = 2 the probability is `2 / pi asin(delta) <= delta`.
 */
export function leastComponent(n: number, failure: number): number {
  return failure * Math.sqrt(Math.PI / (2 * n));
}

/**
 * The `t` beyond the zeros of `p(t) = det(t I - T) / prod offDiagonal_i` where it is `1 / delta`, T tridiagonal of order k, with
 * k - 1 of its k `offDiagonal`.
 */
export function hochstenbachBound(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
  delta: number,
): number {
  const limit = offDiagonal.reduce((sum, entry) => sum + Math.log(entry), -Math.log(delta));
  let low = largestTridiagonal(diagonal, offDiagonal);
  if (limit === -Infinity) return low;
  const exceeds = (t: number) => {
    let sum = 0;
    let pivot = 1;
    for (let i = 0; i < diagonal.length; i++) {
      pivot = diagonal[i] - t - (i > 0 ? offDiagonal[i - 1] ** 2 / pivot : 0);
      if (!(pivot < 0)) return false;
      sum += Math.log(-pivot);
    }
    return sum > limit;
  };
  let excess = low * 2 ** -50;
  while (!exceeds(low + excess)) excess *= 4;
  let high = low + excess;
  for (let i = 0; i < 80 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (exceeds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Overwrites x by what is orthogonal to the first `count` rows of an orthonormal basis: Gram-Schmidt, four rows at a time; rows of
 * zeros change nothing. Once more where much of x was along them (Daniel et al. 1976): what rounding leaves along them is not small
 * beside what is left of x then.
 */
function orthogonalize(x: Float64Array, basis: Float64Array, count: number): void {
  const size = x.length;
  for (let before = Infinity, left = dot(x, x); left < before / 2;) {
    before = left;
    for (let a = 0; a < count * size; a += 4 * size) {
      const [b, c, d] = [a + size, a + 2 * size, a + 3 * size];
      let [alongA, alongB, alongC, alongD] = [0, 0, 0, 0];
      for (let i = 0; i < size; i++) {
        alongA += basis[a + i] * x[i];
        alongB += basis[b + i] * x[i];
        alongC += basis[c + i] * x[i];
        alongD += basis[d + i] * x[i];
      }
      for (let i = 0; i < size; i++) {
        x[i] -=
          alongA * basis[a + i] + alongB * basis[b + i] + (alongC * basis[c + i] + alongD * basis[d + i]);
      }
    }
    left = dot(x, x);
  }
}

/** Products with `A = factor values`, or with its transpose, in some precision. */
function products(
  engine: Engine,
  values: Values,
  precision: Precision,
  rows: number,
  columns: number,
  factor: number,
): (x: Float64Array, transposed: boolean) => Promise<Float64Array> {
  const bulk = precision === precisionOf(values) ? values : Float32Array.from(values);
  return async (x, transposed) => {
    const vector = engine.toBulk(x, precision);
    const product = transposed
      ? await engine.hostMultiply(vector, bulk, 1, rows, columns)
      : await engine.hostMultiply(bulk, vector, rows, columns, 1);
    const out = new Float64Array(product);
    for (let i = 0; i < out.length; i++) out[i] *= factor;
    return out;
  };
}

/** The same in float64, of whatever the values are; `factor` is a power of two. */
function exactProduct(
  values: Values,
  rows: number,
  columns: number,
  factor: number,
  x: Float64Array,
  transposed: boolean,
): Float64Array {
  const out = new Float64Array(transposed ? columns : rows);
  // Four rows at a time: they share the loads of x or out, and their sums do not wait for one another.
  for (let r = 0; r < rows; r += 4) {
    const count = Math.min(4, rows - r);
    // A row that is not there is the last one again, and does not count.
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => Math.min(r + k, rows - 1) * columns);
    if (transposed) {
      const [xa, xb, xc, xd] = [0, 1, 2, 3].map((k) => (k < count ? x[r + k] : 0));
      for (let i = 0; i < columns; i++) {
        out[i] += xa * values[a + i] + xb * values[b + i] + (xc * values[c + i] + xd * values[d + i]);
      }
    } else {
      let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
      for (let i = 0; i < columns; i++) {
        sumA += values[a + i] * x[i];
        sumB += values[b + i] * x[i];
        sumC += values[c + i] * x[i];
        sumD += values[d + i] * x[i];
      }
      out.set([sumA, sumB, sumC, sumD].slice(0, count), r);
    }
  }
  for (let i = 0; i < out.length; i++) out[i] *= factor;
  return out;
}

/** A direction that is uniform on the sphere: normal numbers (Box and Muller) from SHA-256 in counter mode. */
export function randomDirection(size: number, seed: string = randomBytes(32).toString('hex')): Float64Array {
  const out = new Float64Array(size);
  for (let i = 0; i < size; i += 2) {
    const bits = createHash('sha256').update(`${seed} ${i}`).digest();
    const radius = Math.sqrt(-2 * Math.log(uniform(bits.readBigUInt64LE(0))));
    const angle = 2 * Math.PI * uniform(bits.readBigUInt64LE(8));
    out[i] = radius * Math.cos(angle);
    if (i + 1 < size) out[i + 1] = radius * Math.sin(angle);
  }
  normalize(out);
  return out;
}

/** In (0, 1), from 64 random bits. */
function uniform(bits: bigint): number {
  return (Number(bits >> 12n) + 0.5) / 2 ** 52;
}
