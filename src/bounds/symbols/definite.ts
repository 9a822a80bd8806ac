/** Whether a Hermitian matrix lies below a multiple of the identity, proved by a Cholesky factorisation. */
import type { Engine } from '../../compute/engine';
import { gamma, UNIT_ROUNDOFF } from '../rounding';
import { sumOfSquares } from '../values';

/** Largest order that is factorised by plain loops alone. */
export const OWN_ORDER = 96;
/** Columns of a panel: its diagonal block is factorised and inverted by plain loops, all else is products of the runtime. */
const PANEL = 48;
/** What solving by the inverses of diagonal blocks may be off by, of the shift. */
const RESERVE = 2 ** -22;

/** Values of a lower triangle that holds its rows one after the other; row i begins at `triangle(i)`. */
export function triangle(order: number): number {
  return (order * (order + 1)) / 2;
}

/**
 * The shift theta for `isBelow`: where the factorisation of `theta I - H~` runs to the end and `||H~ - H||_2 <= error`,
 * then `lambda_1(H) <= bound`.
 *
 * Let L be what the factorisation leaves, in floating point and with its sums in whatever order, and
 * `C = theta I - H~ = L L^H - E`. Then `lambda_1(H~) <= theta + ||E||_F`.
 *
 * - An entry of L that is the end of a sum of c_ij and at most 2n real products in either part, and a division or a root, has
 *   `|e_ij| <= g sum_k |l_ik| |l_jk|` with `g = sqrt(2) gamma_{2n+4}` (Higham 2002, Lemma 8.4 and Theorem 10.3).
 * - An entry below a panel's diagonal block D is of `S X^H`, S what such sums have left and X the inverse of D from
 *   forward substitution. The sums give `|s_ij - exact| <= g (|c_ij| + sum_k |l_ik| |l_jk|)` (section 3.1), the product and
 *   `|D X - I| <= g_B |D| |X|` (Theorem 8.5, `g_B = sqrt(2) gamma_{2B+4}`, B columns) together
 *   `||S - (S X^H)~ D^H||_F <= 2 g_B ||S||_F ||X||_F ||D||_F`. These are computed and added up: at most RESERVE theta for all
 *   panels, or nothing is proved.
 * - As `|c_ij| <= sum_k |l_ik| |l_jk| + |e_ij|`, in sum `||E||_F <= (2 g ||L||_F^2 + RESERVE theta) / (1 - g)`, and
 *   `||L||_F^2 <= tr C / (1 - g)`, at most n theta over that for a semidefinite H; its trace may fall short of zero by `n error`.
 *
 * Null where the bound is beneath all rounding.
 */
export function shiftBelow(bound: number, order: number, error: number): number | null {
  const g = Math.SQRT2 * gamma(2 * order + 4);
  const growth = (order <= OWN_ORDER ? g : 2 * g) / (1 - 2 * g);
  const reserve = order <= OWN_ORDER ? 0 : RESERVE / (1 - g);
  const room = bound * (1 - 8 * UNIT_ROUNDOFF) - error * (1 + 2 * order * growth);
  const theta = (room / (1 + order * growth + reserve)) * (1 - 8 * UNIT_ROUNDOFF);
  return theta > 0 && Number.isFinite(theta) ? theta : null;
}

/** What a proved bound may be above the largest eigenvalue, relatively, for rounding in the factorisation alone. */
export function resolutionBelow(order: number): number {
  return 4 * order * gamma(2 * order + 16) + (order <= OWN_ORDER ? 0 : 2 * RESERVE);
}

/** Products of the runtime that one factorisation takes. */
export function productsBelow(order: number): number {
  const panels = order <= OWN_ORDER ? 1 : Math.ceil(order / PANEL);
  return triangle(panels) - 1;
}

/** Flops of the plain loops in it besides, about: diagonal blocks are factorised and inverted. */
export function ownFlopsBelow(order: number): number {
  return order <= OWN_ORDER ? 0 : 4 * order * PANEL ** 2;
}

/** What `isBelow` works in for matrices of one order. */
export type Workspace = Triangles | Panels;

/** Lower triangles of the real and of the imaginary part. */
interface Triangles {
  readonly order: number;
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** The lower triangle in panels of columns. */
interface Panels {
  readonly order: number;
  readonly panels: readonly Panel[];
  /** `[[Re X, Im X], [-Im X, Re X]]` for the inverse X of a diagonal block. */
  readonly inverse: Float64Array;
  /** Two panels of the factor side by side. */
  readonly joined: Float64Array;
  /** What `mirror` makes of such rows. */
  readonly mirrored: Float64Array;
}

interface Panel {
  /** First of its columns, and of its rows. */
  readonly begin: number;
  readonly width: number;
  /** `[Re, Im]` of every row from `begin` on: (order - begin, 2 width). */
  readonly values: Float64Array;
  /** The same of the factor below the diagonal block. */
  readonly factor: Float64Array;
}

export function workspace(order: number): Workspace {
  if (order <= OWN_ORDER) {
    const size = triangle(order);
    return { order, real: new Float64Array(size), imaginary: new Float64Array(size) };
  }
  const panels: Panel[] = [];
  for (let begin = 0; begin < order; begin += PANEL) {
    const width = Math.min(PANEL, order - begin);
    const below = order - begin - width;
    panels.push({
      begin,
      width,
      values: new Float64Array((order - begin) * 2 * width),
      factor: new Float64Array(below * 2 * width),
    });
  }
  return {
    order,
    panels,
    inverse: new Float64Array(4 * PANEL ** 2),
    joined: new Float64Array(4 * PANEL * order),
    mirrored: new Float64Array(8 * PANEL ** 2),
  };
}

/**
 * Whether the Cholesky factorisation of `theta I - H` runs to the end: by rows up to order 96, from there by panels of
 * columns. H is Hermitian of the workspace's order; its lower triangle begins at `from` in `real` and `imaginary`.
 */
export function isBelow(
  engine: Engine,
  theta: number,
  real: Float64Array,
  imaginary: Float64Array,
  from: number,
  space: Workspace,
): boolean | Promise<boolean> {
  if ('panels' in space) {
    for (const panel of space.panels) fill(panel, space.order, theta, real, imaginary, from);
    return eliminateByPanels(engine, theta, space);
  }
  const { order, real: re, imaginary: im } = space;
  for (let k = 0; k < re.length; k++) {
    re[k] = -real[from + k];
    im[k] = -imaginary[from + k];
  }
  for (let i = 0; i < order; i++) re[triangle(i) + i] += theta;
  return eliminate(space);
}

/** Overwrites the lower triangle by its factor, row by row; false at a pivot that is not positive. */
function eliminate({ order, real, imaginary }: Triangles): boolean {
  for (let i = 0, row = 0; i < order; row += ++i) {
    for (let j = 0, other = 0; j < i; other += ++j) {
      let re = real[row + j];
      let im = imaginary[row + j];
      for (let k = 0; k < j; k++) {
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
    let pivot = real[row + i];
    for (let k = 0; k < i; k++) {
      pivot -= real[row + k] * real[row + k] + imaginary[row + k] * imaginary[row + k];
    }
    if (!(pivot > 0)) return false;
    real[row + i] = Math.sqrt(pivot);
    imaginary[row + i] = 0;
  }
  return true;
}

/** The panel's part of `theta I - H`, zero above the diagonal. */
function fill(
  { begin, width, values }: Panel,
  order: number,
  theta: number,
  real: Float64Array,
  imaginary: Float64Array,
  from: number,
): void {
  for (let i = begin; i < order; i++) {
    const to = (i - begin) * 2 * width;
    const row = from + triangle(i) + begin;
    const count = Math.min(width, i - begin + 1);
    for (let k = 0; k < count; k++) {
      values[to + k] = -real[row + k];
      values[to + width + k] = -imaginary[row + k];
    }
    values.fill(0, to + count, to + width);
    values.fill(0, to + width + count, to + 2 * width);
  }
  for (let k = 0; k < width; k++) values[k * 2 * width + k] += theta;
}

async function eliminateByPanels(engine: Engine, theta: number, space: Panels): Promise<boolean> {
  const { order, panels, inverse, joined } = space;
  let error = 0;
  for (const [place, { begin, width, values, factor }] of panels.entries()) {
    if (!eliminateBlock(values, width)) return false;
    const end = begin + width;
    const below = order - end;
    if (below === 0) break;
    const row = 2 * width;
    const left = values.subarray(width * row);
    const square = inverse.subarray(0, row * row);
    error += Math.sqrt(sumOfSquares(left)) * invertBlock(values, width, square);
    const solved = (await engine.multiplyTransposed(left, square, below, row, row, factor)) as Float64Array;
    if (place % 2 === 0) {
      await subtract(engine, panels[place + 1], solved, end, row, space);
      continue;
    }
    // Two panels at a time are subtracted from all that follow: fewer products, of longer sums.
    const both = joined.subarray(0, 2 * below * row);
    join(panels[place - 1].factor.subarray(width * row), solved, row, both);
    for (const later of panels.slice(place + 1)) {
      await subtract(engine, later, both, end, 2 * row, space);
    }
  }
  // sqrt(2) for what is mirrored above the diagonal.
  const relative = Math.SQRT2 * 2 * Math.SQRT2 * gamma(2 * PANEL + 4);
  return relative * error * (1 + 1e-6) <= RESERVE * theta;
}

/** Subtracts from a panel the products of earlier columns of the factor, their rows `[Re, Im, ..]` from row `top` on. */
async function subtract(
  engine: Engine,
  { begin, width, values }: Panel,
  columns: Float64Array,
  top: number,
  row: number,
  { order, mirrored }: Panels,
): Promise<void> {
  const left = columns.subarray((begin - top) * row);
  const right = mirrored.subarray(0, 2 * width * row);
  mirror(left.subarray(0, width * row), PANEL, right);
  await engine.subtractTransposedProduct(values, left, right, order - begin, row, 2 * width);
}

/** Rows of a, each with the row of b beside it. */
function join(a: Float64Array, b: Float64Array, row: number, out: Float64Array): void {
  for (let from = 0, to = 0; from < b.length; from += row, to += 2 * row) {
    for (let k = 0; k < row; k++) {
      out[to + k] = a[from + k];
      out[to + row + k] = b[from + k];
    }
  }
}

/** Rows `[Re, Im]`, then `[-Im, Re]`: with A in rows `[Re, Im]`, the transpose of this makes `A B^H` in such rows. */
function mirror(b: Float64Array, width: number, out: Float64Array): void {
  out.set(b);
  for (let from = 0, to = b.length; from < b.length; from += width, to += width) {
    for (let k = 0; k < width; k++, from++, to++) {
      out[to] = -b[from + width];
      out[to + width] = b[from];
    }
  }
}

/** Overwrites a Hermitian block `[Re, Im]` (order, 2 order), its lower triangle, by its factor; false at a pivot that is not positive. */
function eliminateBlock(block: Float64Array, order: number): boolean {
  const width = 2 * order;
  for (let i = 0; i < order; i++) {
    const row = i * width;
    for (let j = 0; j < i; j++) {
      const other = j * width;
      let re = block[row + j];
      let im = block[row + order + j];
      for (let k = 0; k < j; k++) {
        const a = block[row + k];
        const b = block[row + order + k];
        const c = block[other + k];
        const d = block[other + order + k];
        re -= a * c + b * d;
        im -= b * c - a * d;
      }
      const pivot = block[other + j];
      block[row + j] = re / pivot;
      block[row + order + j] = im / pivot;
    }
    let pivot = block[row + i];
    for (let k = 0; k < i; k++) {
      pivot -= block[row + k] * block[row + k] + block[row + order + k] * block[row + order + k];
    }
    if (!(pivot > 0)) return false;
    block[row + i] = Math.sqrt(pivot);
    block[row + order + i] = 0;
  }
  return true;
}

/**
 * Writes `[[Re X, Im X], [-Im X, Re X]]` for the inverse X of a lower triangular block D, by forward substitution for all columns at
 * once. Answers `||D||_F ||X||_F`.
 */
function invertBlock(block: Float64Array, order: number, out: Float64Array): number {
  const width = 2 * order;
  out.fill(0);
  let squares = 0;
  let inverseSquares = 0;
  for (let i = 0; i < order; i++) {
    const row = i * width;
    for (let k = 0; k < i; k++) {
      const a = block[row + k];
      const b = block[row + order + k];
      squares += a * a + b * b;
      const other = k * width;
      for (let j = 0; j <= k; j++) {
        const c = out[other + j];
        const d = out[other + order + j];
        out[row + j] -= a * c - b * d;
        out[row + order + j] -= a * d + b * c;
      }
    }
    const pivot = block[row + i];
    squares += pivot * pivot;
    out[row + i] = 1;
    const mirrored = (order + i) * width;
    for (let j = 0; j <= i; j++) {
      const re = (out[row + j] /= pivot);
      const im = (out[row + order + j] /= pivot);
      inverseSquares += re * re + im * im;
      out[mirrored + j] = -im;
      out[mirrored + order + j] = re;
    }
  }
  return Math.sqrt(squares * inverseSquares);
}
