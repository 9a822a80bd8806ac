/** Singular values in float64, by two methods that share nothing. */

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

export function transpose({ rows, columns, values }: Matrix): Matrix {
  const result = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  return { rows: columns, columns: rows, values: result };
}

/** A power of two near the largest magnitude, 0 for a zero matrix: dividing by it is exact. */
function binaryScale(values: Float64Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest === 0 ? 0 : 2 ** Math.floor(Math.log2(largest));
}

const maxSweeps = 60;

/**
 * All `min(rows, columns)` singular values, descending, each accurate to about 1e-15 of the largest: one-sided Jacobi
 * rotations (Hestenes) of the rows or columns, whichever are fewer.
 */
export function singularValues(matrix: Matrix): Float64Array {
  const { rows: count, columns: length, values } = matrix.rows <= matrix.columns ? matrix : transpose(matrix);
  const scale = binaryScale(values);
  if (scale === 0) return new Float64Array(count);
  const vectors = Array.from({ length: count }, (_, i) =>
    values.slice(i * length, (i + 1) * length).map((value) => value / scale),
  );
  let rotated = true;
  for (let sweep = 0; rotated; sweep++) {
    if (sweep === maxSweeps) throw new Error('the Jacobi rotations did not converge');
    rotated = false;
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) if (orthogonalize(vectors[i], vectors[j])) rotated = true;
    }
  }
  return Float64Array.from(vectors, (vector) => scale * norm(vector)).sort((a, b) => b - a);
}

/** Rotates two vectors in their plane until they are orthogonal; false where they already are. */
function orthogonalize(x: Float64Array, y: Float64Array): boolean {
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let k = 0; k < x.length; k++) {
    xx += x[k] * x[k];
    yy += y[k] * y[k];
    xy += x[k] * y[k];
  }
  // The second term: directions of no weight at all beside the largest entry, which is about 1.
  if (Math.abs(xy) <= 4e-16 * Math.sqrt(xx * yy) || Math.abs(xy) < 1e-36) return false;
  const zeta = (yy - xx) / (2 * xy);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = cosine * tangent;
  for (let k = 0; k < x.length; k++) {
    const old = x[k];
    x[k] = cosine * old - sine * y[k];
    y[k] = sine * old + cosine * y[k];
  }
  return true;
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}

/**
 * The largest singular value: Gram matrix of the smaller side, tridiagonal form, bisection. Accurate to about 1e-14
 * relative (squaring costs the small singular values their digits, never the largest one), and much faster than all
 * singular values, above all for a sparse matrix.
 */
export function largestSingularValue(matrix: Matrix): number {
  const scale = binaryScale(matrix.values);
  if (scale === 0) return 0;
  const { rows, columns, values } = matrix.columns <= matrix.rows ? matrix : transpose(matrix);
  const gram = new Float64Array(columns * columns);
  const nonzero = new Int32Array(columns);
  for (let row = 0; row < rows; row++) {
    const offset = row * columns;
    let found = 0;
    for (let j = 0; j < columns; j++) if (values[offset + j] !== 0) nonzero[found++] = j;
    for (let a = 0; a < found; a++) {
      const value = values[offset + nonzero[a]] / scale;
      for (let b = 0; b < found; b++) {
        gram[nonzero[a] * columns + nonzero[b]] += value * (values[offset + nonzero[b]] / scale);
      }
    }
  }
  return scale * Math.sqrt(Math.max(0, largestEigenvalue(gram, columns)));
}

/** The largest eigenvalue of a symmetric matrix of order n, which is overwritten. */
export function largestEigenvalue(symmetric: Float64Array, n: number): number {
  const { diagonal, offDiagonal } = tridiagonalize(symmetric, n);
  let low = -Infinity;
  let high = -Infinity;
  for (let i = 0; i < n; i++) {
    low = Math.max(low, diagonal[i]);
    const radius = (i > 0 ? Math.abs(offDiagonal[i - 1]) : 0) + (i < n - 1 ? Math.abs(offDiagonal[i]) : 0);
    high = Math.max(high, diagonal[i] + radius);
  }
  for (;;) {
    const middle = low + (high - low) / 2;
    if (!(middle > low && middle < high)) return high;
    if (allBelow(diagonal, offDiagonal, middle)) high = middle;
    else low = middle;
    if (high - low <= 2e-16 * Math.abs(high)) return high;
  }
}

/** Sylvester's law of inertia: every eigenvalue is below `x` where every pivot of `T - x I` is negative. */
function allBelow(diagonal: Float64Array, offDiagonal: Float64Array, x: number): boolean {
  let pivot = diagonal[0] - x;
  for (let i = 1; pivot < 0; i++) {
    if (i === diagonal.length) return true;
    pivot = diagonal[i] - x - (offDiagonal[i - 1] * offDiagonal[i - 1]) / pivot;
  }
  return false;
}

/** Householder reflections from both sides. */
function tridiagonalize(a: Float64Array, n: number): { diagonal: Float64Array; offDiagonal: Float64Array } {
  const offDiagonal = new Float64Array(Math.max(0, n - 1));
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    let squared = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k];
      squared += v[i] * v[i];
    }
    const alpha = v[k + 1] > 0 ? -Math.sqrt(squared) : Math.sqrt(squared);
    offDiagonal[k] = alpha;
    if (squared === 0) continue;
    v[k + 1] -= alpha;
    const beta = 1 / (squared - alpha * (v[k + 1] + alpha));
    if (!Number.isFinite(beta)) continue;
    let projection = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j] * v[j];
      w[i] = beta * sum;
      projection += w[i] * v[i];
    }
    for (let i = k + 1; i < n; i++) w[i] -= 0.5 * beta * projection * v[i];
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j < n; j++) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
    }
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), offDiagonal };
}
