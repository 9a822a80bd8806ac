/** Whether a Hermitian matrix lies below a multiple of the identity, proved by a Cholesky factorisation. */
import type { Engine } from '../compute/engine';
import { gamma, UNIT_ROUNDOFF } from './rounding';

/** Largest order that is factorised by plain loops alone. */
export const OWN_ORDER = 160;
/** Columns that are eliminated by plain loops before the rest is updated by products of the runtime. */
const BLOCK = 48;
/** Rows of one such product, of which only the part on and left of the diagonal is wanted. */
const UPDATED_ROWS = 192;

/**
 * The shift theta for `isBelow`: where the factorisation of `theta I - H~` runs to the end and `||H~ - H||_2 <= error`,
 * then `lambda_1(H) <= bound`.
 *
 * Cholesky in floating point, in whatever order its sums are taken, makes factors with `theta I - H~ + E = L L^H`, `|E| <= sqrt(2) gamma_{2n+4} |L| |L^H|`, as every
 * entry is a sum of at most 2n real products in either part and one division or root (Higham 2002, Lemma 8.4 and Theorem 10.3), and
 * `||L||_F^2 <= tr(theta I - H~) / (1 - sqrt(2) gamma_{2n+4})`, at most n theta over that for a semidefinite H; its trace may fall
 * short of zero by `n error`. Then `lambda_1(H~) <= theta + ||E||_F`. Null where the bound is beneath all rounding.
 */
export function shiftBelow(bound: number, order: number, error: number): number | null {
  const growth = (Math.SQRT2 * gamma(2 * order + 4)) / (1 - 2 * gamma(2 * order + 4));
  const room = bound * (1 - 8 * UNIT_ROUNDOFF) - error * (1 + 2 * order * growth);
  const theta = (room / (1 + order * growth)) * (1 - 8 * UNIT_ROUNDOFF);
  return theta > 0 && Number.isFinite(theta) ? theta : null;
}

/** Two triangular arrays of the order that `isBelow` works in. */
export interface Workspace {
  readonly order: number;
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

export function workspace(order: number): Workspace {
  return { order, real: new Float64Array(order * order), imaginary: new Float64Array(order * order) };
}

/**
 * Whether the Cholesky factorisation of `theta I - H` runs to the end: by rows up to order 160, from there by blocks of
 * columns. H is Hermitian of the workspace's order at `from` in `real` and `imaginary`, of which the lower triangle is read.
 */
export function isBelow(
  engine: Engine,
  theta: number,
  real: Float64Array,
  imaginary: Float64Array,
  from: number,
  factor: Workspace,
): boolean | Promise<boolean> {
  const n = factor.order;
  for (let i = 0; i < n; i++) {
    for (let k = i * n; k <= i * n + i; k++) {
      factor.real[k] = -real[from + k];
      factor.imaginary[k] = -imaginary[from + k];
    }
    factor.real[i * n + i] += theta;
  }
  return n <= OWN_ORDER ? eliminate(factor, 0, n) : eliminateByBlocks(engine, factor);
}

async function eliminateByBlocks(engine: Engine, factor: Workspace): Promise<boolean> {
  const n = factor.order;
  for (let begin = 0; begin < n; begin += BLOCK) {
    const end = Math.min(n, begin + BLOCK);
    if (!eliminate(factor, begin, end)) return false;
    for (let first = end; first < n; first += UPDATED_ROWS) {
      await update(engine, factor, begin, end, first, Math.min(n, first + UPDATED_ROWS));
    }
  }
  return true;
}

/** Columns [begin, end) of the factor, in all rows from `begin` on; false at a pivot that is not positive. */
function eliminate({ order: n, real, imaginary }: Workspace, begin: number, end: number): boolean {
  for (let i = begin; i < n; i++) {
    const row = i * n;
    const last = Math.min(i, end);
    for (let j = begin; j < last; j++) {
      const other = j * n;
      let re = real[row + j];
      let im = imaginary[row + j];
      for (let k = begin; k < j; k++) {
        const a = real[row + k];
        const b = imaginary[row + k];
        const c = real[other + k];
        const d = imaginary[other + k];
        re -= a * c + b * d;
        im -= b * c - a * d;
      }
      const pivot = real[other + j];
      real[row + j] = re / pivot;
      imaginary[row + j] = im / pivot;
    }
    if (i >= end) continue;
    let pivot = real[row + i];
    for (let k = begin; k < i; k++) {
      pivot -= real[row + k] * real[row + k] + imaginary[row + k] * imaginary[row + k];
    }
    if (!(pivot > 0)) return false;
    real[row + i] = Math.sqrt(pivot);
    imaginary[row + i] = 0;
  }
  return true;
}

/** Takes what columns [begin, end) of the factor contribute from rows [first, last) of the rest. */
async function update(
  engine: Engine,
  { order: n, real, imaginary }: Workspace,
  begin: number,
  end: number,
  first: number,
  last: number,
): Promise<void> {
  const width = end - begin;
  const height = last - end;
  const count = last - first;
  // X X^H = [Re X, Im X] [Re X, Im X]^T + i [Im X, -Re X] [Re X, Im X]^T
  const right = new Float64Array(2 * height * width);
  for (let r = 0; r < height; r++) {
    const from = (end + r) * n + begin;
    right.set(real.subarray(from, from + width), 2 * r * width);
    right.set(imaginary.subarray(from, from + width), (2 * r + 1) * width);
  }
  const left = new Float64Array(4 * count * width);
  const below = 2 * count * width;
  for (let r = 0; r < count; r++) {
    const from = (first + r) * n + begin;
    const to = 2 * r * width;
    for (let k = 0; k < width; k++) {
      left[to + k] = left[below + to + width + k] = real[from + k];
      left[to + width + k] = left[below + to + k] = imaginary[from + k];
      left[below + to + width + k] = -real[from + k];
    }
  }
  const product = await engine.multiplyTransposed(left, right, 2 * count, 2 * width, height);
  for (let r = 0; r < count; r++) {
    const row = (first + r) * n + end;
    const re = r * height;
    const im = (count + r) * height;
    for (let c = 0; c <= first + r - end; c++) {
      real[row + c] -= product[re + c];
      imaginary[row + c] -= product[im + c];
    }
  }
}
