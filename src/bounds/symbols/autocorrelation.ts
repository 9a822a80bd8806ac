import type { Engine } from '../../compute/engine';
import { triangle } from './definite';
import { extentsOf, type PolyphaseKernel, product, transposed } from '../kernel';
import { gamma } from '../rounding';
import { angleRoundings, type Frequency } from './symbol';
import { sumOfSquares } from '../values';

/** Multiplications up to which plain loops beat products of the runtime. */
const OWN_PRODUCTS = 2 ** 16;

/**
 * The Fourier coefficients of `H(w) = F(w)^H F(w)`, a trigonometric polynomial in its own right:
 *
 *     H(w) = A_0 + sum_b cos(<b, w>) (A_b + A_b^T) - i sum_b sin(<b, w>) (A_b - A_b^T),    A_b = sum_{j - i = b} K_i^T K_j,
 *
 * the sums over one of each pair b, -b of differences of positions. With these a symbol's Gram matrix costs no product of matrices.
 */
export interface Autocorrelation {
  /** Order of H, the kernel's columns. */
  readonly order: number;
  /** The lags b, integers on every axis; zero is not among them. */
  readonly lags: readonly (readonly number[])[];
  readonly phases: Phases;
  /** `A_0`: (order, order). */
  readonly central: Float64Array;
  /** Lower triangles of `A_0`, then of `A_b + A_b^T` for every lag: (1 + lags, triangle). */
  readonly even: Float64Array;
  /** Lower triangles of `A_b - A_b^T` for every lag: (lags, triangle). */
  readonly odd: Float64Array;
  /** Bound on `||H~(w) - H(w)||_F` at any frequency, H~ evaluated from these coefficients in float64. */
  readonly error: number;
}

/** Number of the lags of a kernel's autocorrelation; at most so many where positions are missing. */
export function lagCount({ positions }: PolyphaseKernel): number {
  return (product(extentsOf(positions).map((extent) => 2 * extent + 1)) - 1) / 2;
}

export async function autocorrelate(engine: Engine, kernel: PolyphaseKernel): Promise<Autocorrelation> {
  const { rows, columns: order, positions, values } = kernel;
  const size = triangle(order);
  const { lags, lagOf } = lagsOf(positions);
  const even = new Float64Array((1 + lags.length) * size);
  const odd = new Float64Array(lags.length * size);

  const add = (i: number, j: number, product: Float64Array, from: number, stride: number) => {
    const { lag, sign } = lagOf(i, j);
    if (lag === 0 && i !== j) return;
    const inEven = lag * size;
    const inOdd = (lag - 1) * size;
    for (let r = 0, k = 0; r < order; r++) {
      for (let c = 0; c <= r; c++, k++) {
        const value = product[from + r * stride + c];
        if (lag === 0) {
          even[k] += value;
          continue;
        }
        const mirrored = product[from + c * stride + r];
        even[inEven + k] += value + mirrored;
        odd[inOdd + k] += sign * (value - mirrored);
      }
    }
  };

  if (positions.length ** 2 * rows * order ** 2 <= OWN_PRODUCTS) {
    const product = new Float64Array(order ** 2);
    for (let i = 0; i < positions.length; i++) {
      for (let j = i; j < positions.length; j++) {
        ownProduct(values, i * rows * order, j * rows * order, rows, order, product);
        add(i, j, product, 0, order);
      }
    }
  } else {
    // K_i^T with every K_j, j >= i, in one product.
    const { values: turned } = transposed(kernel);
    for (let i = 0; i < positions.length; i++) {
      const count = positions.length - i;
      const product = (await engine.multiplyTransposed(
        turned.subarray(i * order * rows, (i + 1) * order * rows),
        turned.subarray(i * order * rows),
        order,
        rows,
        count * order,
      )) as Float64Array;
      for (let j = i; j < positions.length; j++) add(i, j, product, (j - i) * order, count * order);
    }
  }

  // Products and sums of A_b are off by at most `gamma |K_i|^T |K_j|` in sum, and so are those of H, its angles included; all
  // products together have Frobenius norm at most `(sum_a ||K_a||_F)^2`. Real and imaginary part each.
  let sum = 0;
  for (let p = 0; p < positions.length; p++) {
    sum += Math.sqrt(sumOfSquares(values, p * rows * order, (p + 1) * rows * order));
  }
  const axes = positions[0].length;
  const angles = lags.reduce((most, lag) => Math.max(most, angleRoundings(lag)), 0);
  const relative = gamma(rows + 2 * positions.length + 4) + gamma(lags.length + 4) + gamma(angles + 8 * axes);
  const error = 2 * relative * sum * sum * (1 + 1e-9);
  return withPhases({ order, lags, central: mirrored(even, order), even, odd, error });
}

/**
 * `shift I + sign (H(w) - A_0)`, which is as good a Gram matrix: positive semidefinite at every w.
 * @param sign 1 or -1
 * @param shift at least the largest eigenvalue of all `sign (A_0 - H(w))`
 */
export function deviation(
  { order, lags, even, odd, error }: Autocorrelation,
  sign: 1 | -1,
  shift: number,
): Autocorrelation {
  const ours = even.map((value) => sign * value);
  ours.fill(0, 0, triangle(order));
  for (let r = 0; r < order; r++) ours[triangle(r) + r] = shift;
  // The shift takes part in the sums over lags.
  const rounding = gamma(lags.length + 4) * Math.sqrt(order) * shift * (1 + 1e-9);
  return withPhases({
    ...{ order, lags, even: ours, odd: odd.map((value) => sign * value) },
    ...{ central: mirrored(ours, order), error: error + rounding },
  });
}

/** An autocorrelation from all that can be sent to another process. */
export function withPhases(plain: Omit<Autocorrelation, 'phases'>): Autocorrelation {
  return { ...plain, phases: new Phases(plain.lags) };
}

/** The symmetric matrix of a lower triangle. */
function mirrored(lower: Float64Array, order: number): Float64Array {
  const out = new Float64Array(order * order);
  for (let r = 0, k = 0; r < order; r++) {
    for (let c = 0; c <= r; c++, k++) out[r * order + c] = out[c * order + r] = lower[k];
  }
  return out;
}

/** Lower triangles of the real and imaginary parts of symbols, (symbols, triangle) each. */
export interface SymbolTriangles {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/**
 * H at a list of frequencies.
 * @param out where they may be written: room for as many symbols or more
 */
export async function gramSymbols(
  engine: Engine,
  { order, lags, phases, even, odd }: Autocorrelation,
  frequencies: readonly Frequency[],
  out?: SymbolTriangles,
): Promise<SymbolTriangles> {
  const count = frequencies.length;
  const cosines = new Float64Array(count * (lags.length + 1));
  const sines = new Float64Array(count * lags.length);
  frequencies.forEach((w, f) => {
    const from = f * (lags.length + 1);
    cosines[from] = 1;
    phases.at(
      w,
      cosines.subarray(from + 1, from + 1 + lags.length),
      sines.subarray(f * lags.length, (f + 1) * lags.length),
    );
  });
  const size = triangle(order);
  const space = (values?: Float64Array) => values?.subarray(0, count * size);
  return {
    real: await engine.multiply(cosines, even, count, lags.length + 1, size, space(out?.real)),
    imaginary:
      lags.length === 0
        ? new Float64Array(count * size)
        : await engine.multiply(sines, odd, count, lags.length, size, space(out?.imaginary)),
  };
}

/** Lower triangle of H at one frequency, written to `real` and `imaginary` without the runtime: for small orders. */
export function gramSymbolInto(
  { order, lags, phases, even, odd }: Autocorrelation,
  w: Frequency,
  real: Float64Array,
  imaginary: Float64Array,
): void {
  const size = triangle(order);
  const { cosines, sines } = phases;
  phases.at(w, cosines, sines);
  for (let e = 0; e < size; e++) {
    real[e] = even[e];
    imaginary[e] = 0;
  }
  for (let b = 0; b < lags.length; b++) {
    const cosine = cosines[b];
    const sine = sines[b];
    const from = b * size;
    for (let e = 0; e < size; e++) {
      real[e] += cosine * even[from + size + e];
      imaginary[e] += sine * odd[from + e];
    }
  }
}

/** `cos(<b, w>)` and `-sin(<b, w>)` of all lags b, from the powers of `exp(-i w_j)` on every axis j. */
class Phases {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  private readonly powers: { re: Float64Array; im: Float64Array }[];
  /** The lags one after the other. */
  private readonly components: Int32Array;

  constructor(lags: readonly (readonly number[])[]) {
    const axes = lags.length === 0 ? 0 : lags[0].length;
    this.cosines = new Float64Array(lags.length);
    this.sines = new Float64Array(lags.length);
    this.components = Int32Array.from(lags.flat());
    this.powers = Array.from({ length: axes }, (_, axis) => {
      const most = lags.reduce((largest, lag) => Math.max(largest, Math.abs(lag[axis])), 0);
      return { re: new Float64Array(most + 1), im: new Float64Array(most + 1) };
    });
  }

  /** Each is off by at most one rounding of the angle and of its cosine or sine per axis, and two products for each further axis. */
  at(w: Frequency, cosines: Float64Array, sines: Float64Array): void {
    const { powers, components } = this;
    powers.forEach(({ re, im }, axis) => {
      for (let m = 0; m < re.length; m++) {
        const angle = m * w[axis];
        re[m] = Math.cos(angle);
        im[m] = -Math.sin(angle);
      }
    });
    const axes = powers.length;
    for (let b = 0; b < cosines.length; b++) {
      let re = 1;
      let im = 0;
      for (let axis = 0; axis < axes; axis++) {
        const m = components[b * axes + axis];
        const table = powers[axis];
        const c = table.re[m < 0 ? -m : m];
        const s = m < 0 ? -table.im[-m] : table.im[m];
        const next = re * c - im * s;
        im = re * s + im * c;
        re = next;
      }
      cosines[b] = re;
      sines[b] = im;
    }
  }
}

/** An upper bound of `sup_w ||H(w) - A_0||` from the coefficients alone: `sum_{b != 0} ||A_b||_F`. */
export function lagsBeyondZero(autocorrelation: Autocorrelation): number {
  const { order, lags } = autocorrelation;
  // Those of b and -b are alike.
  const sum = lags.reduce((all, _, b) => all + Math.sqrt(2 * squaresOfLags(autocorrelation, b)), 0);
  return sum * (1 + gamma(2 * order ** 2 + 2 * lags.length + 8));
}

/** The root mean square of the eigenvalues of `H(w) - A_0` over all w (Parseval), about. */
export function usualDeviation(autocorrelation: Autocorrelation): number {
  const { order, lags } = autocorrelation;
  const squares = lags.reduce((all, _, b) => all + squaresOfLags(autocorrelation, b), 0);
  return Math.sqrt(squares / order);
}

/** `||A_b||_F^2 + ||A_{-b}||_F^2`, of the b-th lag. */
function squaresOfLags({ order, even, odd }: Autocorrelation, b: number): number {
  const size = triangle(order);
  const [inEven, inOdd] = [(b + 1) * size, b * size];
  // ||A||_F^2 = (||A + A^T||_F^2 + ||A - A^T||_F^2) / 4; every entry beside the diagonal counts twice.
  let diagonal = 0;
  for (let r = 0; r < order; r++) diagonal += even[inEven + triangle(r) + r] ** 2;
  return sumOfSquares(even, inEven, inEven + size) + sumOfSquares(odd, inOdd, inOdd + size) - diagonal / 2;
}

interface Lags {
  readonly lags: readonly (readonly number[])[];
  /** Place of `positions[j] - positions[i]` among zero and the lags, and its sign there. */
  readonly lagOf: (i: number, j: number) => { lag: number; sign: number };
}

function lagsOf(positions: readonly (readonly number[])[]): Lags {
  // Differences of positions are those of these numbers, digits in a system with room for either sign.
  const extents = extentsOf(positions);
  const codes = positions.map((position) =>
    extents.reduce((code, extent, axis) => code * (2 * extent + 1) + position[axis], 0),
  );
  const places = new Int32Array(codes.reduce((most, code) => Math.max(most, code), 0) + 1);
  const lags: number[][] = [];
  for (let i = 0; i < positions.length; i++) {
    for (let j = i + 1; j < positions.length; j++) {
      const difference = codes[j] - codes[i];
      const key = Math.abs(difference);
      if (places[key] !== 0) continue;
      const sign = Math.sign(difference);
      places[key] = lags.push(positions[j].map((x, axis) => sign * (x - positions[i][axis])));
    }
  }
  return {
    lags,
    lagOf: (i, j) => {
      const difference = codes[j] - codes[i];
      return { lag: places[Math.abs(difference)], sign: Math.sign(difference) };
    },
  };
}

/** `K_i^T K_j` from taps that begin at the given places. */
function ownProduct(
  values: Float64Array,
  i: number,
  j: number,
  rows: number,
  order: number,
  out: Float64Array,
): void {
  for (let c = 0; c < order; c++) {
    for (let d = 0; d < order; d++) {
      let sum = 0;
      for (let r = 0; r < rows; r++) sum += values[i + r * order + c] * values[j + r * order + d];
      out[c * order + d] = sum;
    }
  }
}
