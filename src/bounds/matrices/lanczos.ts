import { gaussianVector } from '../random';

/** A vector with the Rayleigh quotient of an operator there. */
export interface RitzPair {
  readonly value: number;
  /** Unit length up to rounding. */
  readonly vector: Float64Array;
}

export interface LanczosOptions {
  /** Upper limit of products with the operator. */
  readonly maxSteps: number;
  /** Stop once the largest Ritz value of no block has grown by more than this, relatively, over four steps. */
  readonly tolerance: number;
  readonly seed: number;
  /** Directions to start from, concatenated; random where absent. */
  readonly start?: Float64Array;
}

/**
 * Lanczos iteration with full reorthogonalisation for a positive semidefinite block diagonal operator.
 * All blocks advance together, one product a step. Each block's largest Ritz value is at most its largest eigenvalue
 * (up to rounding; callers certify with a Rayleigh quotient of the vector). Blocks equal to zero answer value 0.
 *
 * @param apply the operator on a concatenation of `blocks` vectors of length `size`
 */
export async function lanczos(
  apply: (x: Float64Array) => Promise<Float64Array> | Float64Array,
  blocks: number,
  size: number,
  { maxSteps, tolerance, seed, start }: LanczosOptions,
): Promise<RitzPair[]> {
  const basis: Float64Array[] = [];
  const diagonals: number[][] = Array.from({ length: blocks }, () => []);
  const offDiagonals: number[][] = Array.from({ length: blocks }, () => []);
  const finished = new Array<boolean>(blocks).fill(false);
  const history: number[][] = Array.from({ length: blocks }, () => []);

  let current = start ? start.slice() : gaussianVector(blocks * size, seed);
  for (let b = 0; b < blocks; b++) finished[b] = normalize(current, b * size, size) === 0;

  const steps = Math.min(maxSteps, size);
  for (let step = 0; step < steps && finished.includes(false); step++) {
    basis.push(current);
    const next = (await apply(current)).slice();
    for (let b = 0; b < blocks; b++) {
      const from = b * size;
      if (finished[b]) {
        next.fill(0, from, from + size);
        continue;
      }
      const alpha = dot(current, next, from, size);
      diagonals[b].push(alpha);
      // Twice is enough (Parlett, The Symmetric Eigenvalue Problem, section 6.9).
      for (let pass = 0; pass < 2; pass++) {
        for (const q of basis) subtractProjection(next, q, from, size);
      }
      const beta = normalize(next, from, size);
      const theta = largestTridiagonal(diagonals[b], offDiagonals[b]);
      history[b].push(theta);
      const before = history[b][history[b].length - 5];
      const settled = before !== undefined && theta - before <= tolerance * theta;
      if (settled || !(beta > 1e-14 * Math.max(theta, alpha))) {
        finished[b] = true;
        next.fill(0, from, from + size);
      } else {
        offDiagonals[b].push(beta);
      }
    }
    current = next;
  }

  return diagonals.map((diagonal, b) => {
    const vector = new Float64Array(size);
    if (diagonal.length === 0) return { value: 0, vector };
    const offDiagonal = offDiagonals[b].slice(0, diagonal.length - 1);
    const value = largestTridiagonal(diagonal, offDiagonal);
    if (!(value > 0)) return { value: 0, vector };
    const weights = tridiagonalVector(diagonal, offDiagonal, value);
    weights.forEach((w, j) => {
      const q = basis[j];
      for (let i = 0; i < size; i++) vector[i] += w * q[b * size + i];
    });
    normalize(vector, 0, size);
    return { value, vector };
  });
}

/** Largest eigenvalue of a symmetric tridiagonal matrix, by bisection on Sturm counts. */
export function largestTridiagonal(diagonal: readonly number[], offDiagonal: readonly number[]): number {
  const k = diagonal.length;
  let low = -Infinity;
  let high = -Infinity;
  for (let i = 0; i < k; i++) {
    const radius = (i > 0 ? offDiagonal[i - 1] : 0) + (i < k - 1 ? offDiagonal[i] : 0);
    low = Math.max(low, diagonal[i]);
    high = Math.max(high, diagonal[i] + radius);
  }
  const exceeds = (x: number) => {
    // x exceeds every eigenvalue exactly if the LDL^T pivots of T - x I are all negative.
    let pivot = diagonal[0] - x;
    for (let i = 1; i < k; i++) {
      if (!(pivot < 0)) return false;
      pivot = diagonal[i] - x - (offDiagonal[i - 1] * offDiagonal[i - 1]) / pivot;
    }
    return pivot < 0;
  };
  for (let i = 0; i < 80 && high - low > 1e-16 * Math.abs(high); i++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (exceeds(middle)) high = middle;
    else low = middle;
  }
  return low;
}

/** Eigenvector for the largest eigenvalue, by inverse iteration just above it (T - x I is definite: no pivoting). */
export function tridiagonalVector(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
  value: number,
): number[] {
  const k = diagonal.length;
  const spread = Math.max(Math.abs(value), Number.MIN_VALUE);
  const shift = value + 1e-14 * spread;
  const pivots: number[] = [];
  for (let i = 0; i < k; i++) {
    const pivot =
      diagonal[i] - shift - (i > 0 ? (offDiagonal[i - 1] * offDiagonal[i - 1]) / pivots[i - 1] : 0);
    pivots.push(pivot < -1e-300 ? pivot : -1e-16 * spread);
  }
  let x = new Array<number>(k).fill(1);
  for (let iteration = 0; iteration < 3; iteration++) {
    for (let i = 1; i < k; i++) x[i] -= (offDiagonal[i - 1] / pivots[i - 1]) * x[i - 1];
    for (let i = 0; i < k; i++) x[i] /= pivots[i];
    for (let i = k - 2; i >= 0; i--) x[i] -= (offDiagonal[i] / pivots[i]) * x[i + 1];
    const length = Math.hypot(...x);
    x = x.map((v) => v / length);
  }
  return x;
}

function dot(a: Float64Array, b: Float64Array, from: number, size: number): number {
  let sum = 0;
  for (let i = from; i < from + size; i++) sum += a[i] * b[i];
  return sum;
}

function subtractProjection(target: Float64Array, q: Float64Array, from: number, size: number): void {
  const c = dot(q, target, from, size);
  for (let i = from; i < from + size; i++) target[i] -= c * q[i];
}

/** Divides a block by its length and returns the length. */
function normalize(x: Float64Array, from: number, size: number): number {
  const length = Math.sqrt(dot(x, x, from, size));
  if (length > 0) for (let i = from; i < from + size; i++) x[i] /= length;
  return length;
}
