import type { PolyphaseKernel } from '../kernel';
import { halfExtent, meanEigenvalue } from '../kernel';
import {
  type ComplexVector,
  complexStart,
  concatenated,
  evaluate,
  type EvaluatedSymbol,
  times,
  timesAdjoint,
} from './evaluated-symbol';
import { lanczos } from '../matrices/lanczos';
import { gamma, UNIT_ROUNDOFF } from '../rounding';
import { type Frequency, innerProduct, symbolError } from './symbol';
import { sumOfSquares } from '../values';
import type { Wave } from './wave';

/** Lanczos steps where places are only ranked, at the first frequency of a climb, and at each further one, where the vector is nearly right. */
const RANKING_STEPS = 6;
const FIRST_STEPS = 12;
const MORE_STEPS = 6;
/** Places beside the corners of the torus that are always looked at, and at most. */
const PLACES = 3;
const MOST_PLACES = 40;
/** Peaks that are climbed. */
const CLIMBS = 2;
/** A symbol whose norm is mostly this share of the highest is flat: peaks are many. For kernels of so few values more places are looked at then. */
const FLAT = 0.85;
const SMALL_KERNEL = 2 ** 16;
const PLACES_OF_FLAT = 28;
const CLIMBS_OF_FLAT = 4;
/** Largest order at which the leading vector is found to the end each time, in as many steps as it takes. */
const SMALL_ORDER = 16;
/**
 * A narrower tolerance than this takes as many more steps as its root is smaller: where singular values are close together, what so many
 * steps miss of the largest goes with their square (Saad, Numerical Methods for Large Eigenvalue Problems, section 6.6).
 */
const USUAL_TOLERANCE = 1e-3;
/** A climb ends where a round gains less than this share of the tolerance, and never for gains that rounding may make. */
const NOTICED = 1 / 128;
const LEAST_GAIN = 1e-10;
/** Lanczos iteration ends where four steps gain less than this, relatively. */
const SETTLED = 1e-13;

/** A frequency with a lower bound of the norm of the symbol there. */
export interface SymbolPeak {
  readonly frequency: Frequency;
  /** `<= sigma_1(F(frequency))`, rounding included. */
  readonly norm: number;
}

/** A lower bound of `sigma_1(F(w))` at one frequency, from a vector that Lanczos iteration finds in so many steps. */
export async function normAt(
  kernel: PolyphaseKernel,
  frequency: Frequency,
  steps: number,
  error: number,
): Promise<number> {
  return (await pairAt(kernel, frequency, complexStart(kernel.columns), steps, error)).norm;
}

/** `u^H K_a v` for every position, u and v the leading singular vectors at a frequency: the symbol's norm near it, as one wave. */
export async function waveAt(kernel: PolyphaseKernel, frequency: Frequency): Promise<Wave> {
  const start = complexStart(kernel.columns);
  const { left, right } = await pairAt(kernel, frequency, start, 2 * FIRST_STEPS, 0);
  const wave = coefficients(kernel, left, right);
  return { positions: kernel.positions, ...wave };
}

interface SingularPair {
  /** `<= sigma_1(F(w))`, rounding included. */
  readonly norm: number;
  /** The norm as computed. */
  readonly computed: number;
  readonly left: ComplexVector;
  readonly right: ComplexVector;
}

async function pairAt(
  kernel: PolyphaseKernel,
  frequency: Frequency,
  start: ComplexVector,
  steps: number,
  error: number,
  settled = SETTLED,
): Promise<SingularPair> {
  const { rows, columns } = kernel;
  const symbol = evaluate(kernel, frequency);
  const right = await leadingVector(symbol, start, steps, settled);
  const left = times(symbol, right);
  const length = complexLength(left);
  const computed = length === 0 ? 0 : length / complexLength(right);
  const rounding =
    gamma(2 * rows + 4 * columns + 16) * Math.sqrt(sumOfSquares(symbol.re) + sumOfSquares(symbol.im));
  return { norm: Math.max(0, computed - rounding - error), computed, left, right };
}

/**
 * Climbs to a local maximum of `sigma_1(F(w))`. With the singular vectors u, v held, `u^H F(w) v` is one trigonometric
 * polynomial with a coefficient per position, cheap to maximise; with w held, u and v are improved by Lanczos iteration. Both
 * steps can only raise the value.
 *
 * @param tolerance relative distance from the maximum that is of no concern
 */
export async function climb(
  kernel: PolyphaseKernel,
  start: Frequency,
  rounds: number,
  error: number,
  tolerance = 0,
): Promise<SymbolPeak> {
  const least = Math.max(LEAST_GAIN, NOTICED * tolerance);
  const more = tolerance > 0 ? Math.max(1, Math.sqrt(USUAL_TOLERANCE / tolerance)) : 1;
  let frequency = [...start];
  let from = complexStart(kernel.columns);
  let best: SymbolPeak = { frequency, norm: 0 };
  for (let round = 0; round < rounds; round++) {
    const steps = Math.ceil(more * (round === 0 ? FIRST_STEPS : MORE_STEPS));
    const { norm, computed, left, right } = await pairAt(kernel, frequency, from, steps, error, least);
    const gained = norm - best.norm;
    if (norm > best.norm) best = { frequency: [...frequency], norm };
    if (computed === 0 || round === rounds - 1 || (round > 0 && gained <= least * best.norm)) break;
    from = right;
    frequency = maximizeCoefficients(kernel, coefficients(kernel, left, right), frequency);
  }
  return best;
}

/** The highest maximum found from the places where they often are: a lower bound of the norm for any input size. */
export async function highestPeak(kernel: PolyphaseKernel, tolerance = 0): Promise<SymbolPeak> {
  const error = symbolError(kernel, UNIT_ROUNDOFF);
  const tau = halfExtent(kernel);
  const first: SymbolPeak[] = [];
  const placeAt = async (frequency: Frequency): Promise<SymbolPeak> => ({
    frequency,
    norm: await normAt(kernel, frequency, RANKING_STEPS, error),
  });
  for (const start of startingFrequencies(tau)) {
    first.push(await placeAt(start));
  }
  // Where all these norms are far below, zeros of the symbol lie there.
  const usual = Math.sqrt(meanEigenvalue(kernel));
  for (let k = PLACES + 1; k <= MOST_PLACES && first.every(({ norm }) => norm < usual / 2); k++) {
    first.push(await placeAt(placeBetween(k, tau.length)));
  }
  first.sort((a, b) => b.norm - a.norm);
  const ratio = first[Math.floor(first.length / 2)].norm / first[0].norm;
  const many = isLookedAtClosely(ratio, kernel.columns, kernel.values.length);
  if (many) {
    for (let k = PLACES + 1; k <= PLACES_OF_FLAT; k++) first.push(await placeAt(placeBetween(k, tau.length)));
    first.sort((a, b) => b.norm - a.norm);
  }
  const peaks: SymbolPeak[] = [];
  for (const { frequency } of first.slice(0, many ? CLIMBS_OF_FLAT : CLIMBS))
    peaks.push(await climb(kernel, frequency, 12, error, tolerance));
  return [...first, ...peaks].reduce((a, b) => (b.norm > a.norm ? b : a));
}

/** Whether many places are looked at, by how high the symbol's norm mostly is, next to the highest, and the kernel's order and values. */
export function isLookedAtClosely(ratio: number, order: number, values: number): boolean {
  return ratio >= FLAT && order > SMALL_ORDER && values <= SMALL_KERNEL;
}

/** Where local maxima often are: the corners of the torus, and a few places between. */
export function startingFrequencies(tau: readonly number[]): Frequency[] {
  const d = tau.length;
  const starts: Frequency[] = [];
  for (let corner = 0; corner < 2 ** d; corner++) {
    const w = Array.from({ length: d }, (_, axis) => ((corner >> axis) & 1) * Math.PI);
    if (w.every((x, axis) => x === 0 || tau[axis] > 0)) starts.push(w);
  }
  for (let k = 1; k <= PLACES; k++) starts.push(placeBetween(k, d));
  return starts;
}

/** The k-th of places all over the torus. */
export function placeBetween(k: number, d: number): Frequency {
  return Array.from({ length: d }, (_, axis) => ((k * (0.618 + 0.137 * axis) + axis * 0.414) % 1) * Math.PI);
}

/** Close to the leading right singular vector of a symbol: a Ritz vector of `F^H F`, as a real matrix of twice the order. */
async function leadingVector(
  symbol: EvaluatedSymbol,
  start: ComplexVector,
  steps: number,
  settled: number,
): Promise<ComplexVector> {
  const { columns } = symbol;
  if (columns === 1) return start;
  const apply = (x: Float64Array) => {
    const image = times(symbol, complexFrom(x));
    return concatenated(timesAdjoint(symbol, image));
  };
  const maxSteps = columns <= SMALL_ORDER ? 2 * columns : steps;
  const [{ value, vector }] = await lanczos(apply, 1, 2 * columns, {
    maxSteps,
    tolerance: columns <= SMALL_ORDER ? SETTLED : settled,
    seed: 11,
    start: concatenated(start),
  });
  return value > 0 ? complexFrom(vector) : start;
}

function complexFrom(x: Float64Array): ComplexVector {
  return { re: x.subarray(0, x.length / 2), im: x.subarray(x.length / 2) };
}

/** `u^H K_a v` per position, u of length one. */
function coefficients(kernel: PolyphaseKernel, left: ComplexVector, right: ComplexVector): ComplexVector {
  const { rows, columns } = kernel;
  const count = kernel.positions.length;
  const re = new Float64Array(count);
  const im = new Float64Array(count);
  const { re: vRe, im: vIm } = right;
  const { values } = kernel;
  for (let p = 0; p < count; p++) {
    for (let r = 0; r < rows; r += 2) {
      // Of an odd number of rows the last one is taken with a second one times zero.
      const next = Math.min(r + 1, rows - 1);
      const isPair = next > r;
      const [first, second] = [(p * rows + r) * columns, (p * rows + next) * columns];
      let [a, b, a2, b2] = [0, 0, 0, 0];
      for (let k = 0; k < columns; k++) {
        a += values[first + k] * vRe[k];
        b += values[first + k] * vIm[k];
        a2 += values[second + k] * vRe[k];
        b2 += values[second + k] * vIm[k];
      }
      const c = isPair ? left.re[next] : 0;
      const d = isPair ? left.im[next] : 0;
      re[p] += left.re[r] * a + left.im[r] * b + (c * a2 + d * b2);
      im[p] += left.re[r] * b - left.im[r] * a + (c * b2 - d * a2);
    }
  }
  return { re, im };
}

/** Gradient ascent with growing and shrinking steps on `|sum_a c_a exp(-i <a, w>)|^2`; answers angles in [-pi, pi]. */
function maximizeCoefficients(kernel: PolyphaseKernel, c: ComplexVector, start: Frequency): number[] {
  const { positions } = kernel;
  const axes = start.length;
  const gradientRe = new Float64Array(axes);
  const gradientIm = new Float64Array(axes);
  // Asked a thousand times for each kernel: plain loops.
  const evaluateAt = (w: Frequency) => {
    let re = 0;
    let im = 0;
    gradientRe.fill(0);
    gradientIm.fill(0);
    for (let p = 0; p < positions.length; p++) {
      const position = positions[p];
      const angle = innerProduct(position, w);
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      const a = c.re[p] * cos + c.im[p] * sin;
      const b = c.im[p] * cos - c.re[p] * sin;
      re += a;
      im += b;
      for (let axis = 0; axis < axes; axis++) {
        gradientRe[axis] += position[axis] * b;
        gradientIm[axis] -= position[axis] * a;
      }
    }
    return {
      value: re * re + im * im,
      gradient: w.map((_, axis) => 2 * (re * gradientRe[axis] + im * gradientIm[axis])),
    };
  };
  let w = [...start];
  let here = evaluateAt(w);
  // Steps are measured in radians along the gradient, at most half a turn: a flat start says nothing about how far to go.
  let step = 0.5;
  for (let iteration = 0; iteration < 40 && step > 1e-9; iteration++) {
    const steepness = Math.hypot(...here.gradient);
    if (!(steepness > 0)) break;
    const next = w.map((x, axis) => x + (step * here.gradient[axis]) / steepness);
    const there = evaluateAt(next);
    if (there.value > here.value) {
      const gain = there.value - here.value;
      w = next;
      here = there;
      step = Math.min(Math.PI, 2 * step);
      if (gain <= 1e-14 * here.value) break;
    } else {
      step /= 4;
    }
  }
  return w.map((x) => x - 2 * Math.PI * Math.round(x / (2 * Math.PI)));
}

function complexLength(x: ComplexVector): number {
  return Math.sqrt(sumOfSquares(x.re) + sumOfSquares(x.im));
}
