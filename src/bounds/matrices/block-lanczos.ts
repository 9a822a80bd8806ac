import type { BulkArray, Engine } from '../../compute/engine';
import { gaussianVector } from '../random';

/** Vectors that are multiplied together: as many as one pass over the matrix takes for the time of one. */
const WIDTH = 8;
/** Steps between two looks at the largest Ritz value. */
const CHECK = 4;

export interface BlockLanczosOptions {
  /** Upper limit of products with the matrix. */
  readonly maxSteps: number;
  /** Stop once the largest Ritz value is expected to grow by no more than this, relatively. */
  readonly tolerance: number;
  readonly seed: number;
}

/**
 * A unit vector whose Rayleigh quotient is close to the largest eigenvalue of a symmetric positive semidefinite matrix
 * (order n, row-major), by block Lanczos iteration with full reorthogonalisation (Golub and Underwood 1977), in the precision
 * of the matrix. A block of vectors takes fewer steps than one where the largest eigenvalues are close to one another:
 * it converges like the gap to the eigenvalue after those of the block (Saad 1980).
 */
export async function blockLanczos(
  engine: Engine,
  g: BulkArray,
  n: number,
  { maxSteps, tolerance, seed }: BlockLanczosOptions,
): Promise<Float64Array> {
  const type = g.constructor as new (length: number) => BulkArray;
  const negligible = g instanceof Float64Array ? 1e-13 : 1e-5;
  const steps = Math.min(maxSteps, Math.ceil(n / WIDTH));
  /** The vectors of all blocks, row by row. */
  const basis = new type(steps * WIDTH * n);
  const band = new BandMatrix(steps * WIDTH, WIDTH);

  let next: Float64Array = gaussianVector(WIDTH * n, seed);
  orthonormalize(next, n, 1e-10);
  let size = 0;
  let largest = 0;
  let growth = 0;
  let order = 0;
  for (let step = 1; order < steps * WIDTH; step++) {
    basis.set(next, order * n);
    const block = basis.subarray(order * n, (order + WIDTH) * n);
    order += WIDTH;
    const product = await engine.hostMultiply(g, transpose(block, WIDTH, n, type), n, n, WIDTH);
    next = transpose(product, n, WIDTH, Float64Array);
    const all = basis.subarray(0, order * n);
    for (let pass = 0; pass < 2; pass++) {
      const column = pass === 0 ? product : transpose(next, WIDTH, n, type);
      const coefficients = await engine.hostMultiply(all, column, order, n, WIDTH);
      if (pass === 0) band.setDiagonalBlock(order - WIDTH, coefficients);
      const along = await engine.hostMultiply(
        transpose(coefficients, order, WIDTH, type),
        all,
        WIDTH,
        order,
        n,
      );
      for (let i = 0; i < next.length; i++) next[i] -= along[i];
    }
    for (let i = order - WIDTH; i < order; i++) size = Math.max(size, band.entry(i, i));
    const triangle = orthonormalize(next, n, negligible * size);
    const exhausted = triangle.every((value) => value === 0);
    if (step % CHECK === 0 || exhausted || order === steps * WIDTH) {
      const before = { largest, growth };
      largest = band.largestEigenvalue(order);
      growth = largest - before.largest;
      // Growth that falls by a factor a look ends where the geometric series does.
      const ratio = Math.min(1, growth / before.growth);
      const expected = ratio < 0.5 ? (growth * ratio) / (1 - ratio) : growth;
      if (exhausted || expected <= tolerance * largest) break;
    }
    if (order < steps * WIDTH) band.setBlockBelow(order, triangle);
  }

  const weights = band.eigenvector(order, largest);
  const vector = new Float64Array(n);
  for (let j = 0; j < order; j++) {
    for (let i = 0, k = j * n; i < n; i++, k++) vector[i] += weights[j] * basis[k];
  }
  orthonormalize(vector, n, 0);
  return vector;
}

/**
 * Makes the rows of x, of length n, orthonormal (modified Gram-Schmidt), or 0 where nothing but `negligible` is left of them.
 * Answers the lower triangular coefficients, row-major: the old rows are those times the new ones.
 */
function orthonormalize(x: Float64Array, n: number, negligible: number): Float64Array {
  const count = x.length / n;
  const triangle = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const row = x.subarray(i * n, (i + 1) * n);
    for (let j = 0; j < i; j++) {
      const other = x.subarray(j * n, (j + 1) * n);
      const along = dot(row, other);
      triangle[i * count + j] = along;
      for (let k = 0; k < n; k++) row[k] -= along * other[k];
    }
    const length = Math.sqrt(dot(row, row));
    if (length > negligible) {
      triangle[i * count + i] = length;
      for (let k = 0; k < n; k++) row[k] /= length;
    } else {
      row.fill(0);
    }
  }
  return triangle;
}

/** A symmetric matrix without entries farther than `width` from the diagonal. */
class BandMatrix {
  /** Row by row, the entries from `width` before the diagonal up to it. */
  private readonly entries: Float64Array;

  constructor(
    size: number,
    private readonly width: number,
  ) {
    this.entries = new Float64Array(size * (width + 1));
  }

  entry(row: number, column: number): number {
    return this.entries[row * (this.width + 1) + this.width + column - row];
  }

  private set(row: number, column: number, value: number): void {
    this.entries[row * (this.width + 1) + this.width + column - row] = value;
  }

  /** The block of rows and columns from `begin` on; it is the last of `coefficients` (rows, width). */
  setDiagonalBlock(begin: number, coefficients: BulkArray): void {
    for (let r = 0; r < this.width; r++) {
      for (let c = 0; c <= r; c++) {
        const mirrored = coefficients[(begin + c) * this.width + r];
        this.set(begin + r, begin + c, (coefficients[(begin + r) * this.width + c] + mirrored) / 2);
      }
    }
  }

  /** The block of rows from `begin` on left of the diagonal block: the transpose of a lower triangle. */
  setBlockBelow(begin: number, triangle: Float64Array): void {
    for (let r = 0; r < this.width; r++) {
      for (let c = r; c < this.width; c++) {
        this.set(begin + r, begin - this.width + c, triangle[c * this.width + r]);
      }
    }
  }

  /** Of the leading rows and columns; bisection by the definiteness of `x I - T`. */
  largestEigenvalue(order: number): number {
    let low = 0;
    let high = 0;
    for (let r = 0; r < order; r++) {
      let sum = this.entry(r, r);
      low = Math.max(low, sum);
      for (let c = Math.max(0, r - this.width); c < r; c++) sum += Math.abs(this.entry(r, c));
      for (let c = r + 1; c <= Math.min(order - 1, r + this.width); c++) sum += Math.abs(this.entry(c, r));
      high = Math.max(high, sum);
    }
    for (let i = 0; i < 60 && high - low > 1e-15 * high; i++) {
      const middle = (low + high) / 2;
      if (this.factor(order, middle) === null) low = middle;
      else high = middle;
    }
    return high;
  }

  /** A unit eigenvector of the leading rows and columns by inverse iteration just above the largest eigenvalue. */
  eigenvector(order: number, largest: number): Float64Array {
    const x = new Float64Array(order).fill(1);
    const factor = this.factor(order, largest * (1 + 1e-14)) ?? this.factor(order, largest * (1 + 1e-9));
    if (factor === null) return x;
    const { width } = this;
    const stride = width + 1;
    for (let iteration = 0; iteration < 3; iteration++) {
      for (let r = 0; r < order; r++) {
        for (let c = Math.max(0, r - width); c < r; c++) x[r] -= factor[r * stride + width + c - r] * x[c];
        x[r] /= factor[r * stride + width];
      }
      for (let r = order - 1; r >= 0; r--) {
        x[r] /= factor[r * stride + width];
        for (let c = Math.max(0, r - width); c < r; c++) x[c] -= factor[r * stride + width + c - r] * x[r];
      }
      const length = Math.sqrt(dot(x, x));
      for (let r = 0; r < order; r++) x[r] /= length;
    }
    return x;
  }

  /** Cholesky factor of `shift I - T`, stored as T is; null where that is not positive definite. */
  private factor(order: number, shift: number): Float64Array | null {
    const { width, entries } = this;
    const stride = width + 1;
    const l = new Float64Array(order * stride);
    for (let r = 0; r < order; r++) {
      const row = r * stride + width - r;
      const first = Math.max(0, r - width);
      for (let c = first; c <= r; c++) {
        const other = c * stride + width - c;
        let sum = (c === r ? shift : 0) - entries[row + c];
        for (let k = Math.max(first, c - width); k < c; k++) sum -= l[row + k] * l[other + k];
        if (c < r) l[row + c] = sum / l[other + c];
        else if (sum > 0) l[row + c] = Math.sqrt(sum);
        else return null;
      }
    }
    return l;
  }
}

function transpose<T extends BulkArray>(
  a: BulkArray,
  rows: number,
  columns: number,
  type: new (length: number) => T,
): T {
  const out = new type(a.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = a[r * columns + c];
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
