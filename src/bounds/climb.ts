import type { PolyphaseKernel } from './kernel';
import { halfExtent } from './kernel';
import { gaussianVector } from './random';
import { gamma, UNIT_ROUNDOFF } from './rounding';
import { type Frequency, innerProduct, symbolError } from './symbol';
import { sumOfSquares } from './values';

/** A frequency with a lower bound of the norm of the symbol there. */
export interface SymbolPeak {
  readonly frequency: Frequency;
  /** `<= sigma_1(F(frequency))`, rounding included. */
  readonly norm: number;
}

/**
 * Climbs to a local maximum of `sigma_1(F(w))`. With the singular vectors u, v held, `u^H F(w) v` is one trigonometric
 * polynomial with a coefficient per position, cheap to maximise; with w held, u and v are improved by power iteration. Both
 * steps can only raise the value.
 */
export function climb(kernel: PolyphaseKernel, start: Frequency, rounds: number, error: number): SymbolPeak {
  const { rows, columns } = kernel;
  let frequency = [...start];
  let right = complexStart(columns);
  let best: SymbolPeak = { frequency, norm: 0 };
  for (let round = 0; round < rounds; round++) {
    const symbol = evaluate(kernel, frequency);
    let left: ComplexVector = { re: new Float64Array(0), im: new Float64Array(0) };
    let norm = 0;
    for (let power = 0; power < (round === 0 ? 12 : 6); power++) {
      left = times(symbol, right, rows, columns);
      const length = complexLength(left);
      const before = norm;
      norm = length / complexLength(right);
      if (length === 0 || norm - before <= 1e-12 * norm) break;
      right = timesAdjoint(symbol, left, rows, columns);
      rescale(right, complexLength(right));
    }
    const rounding = gamma(2 * rows + 4 * columns + 16) * Math.sqrt(symbol.squares);
    const certain = Math.max(0, norm - rounding - error);
    const gained = certain - best.norm;
    if (certain > best.norm) best = { frequency: [...frequency], norm: certain };
    if (norm === 0 || (round > 0 && gained <= 1e-10 * best.norm)) break;
    frequency = maximizeCoefficients(kernel, coefficients(kernel, left, right), frequency);
  }
  return best;
}

/** The highest maximum found from the places where they often are: a lower bound of the norm for any input size. */
export function highestPeak(kernel: PolyphaseKernel): SymbolPeak {
  const error = symbolError(kernel, UNIT_ROUNDOFF);
  const first = startingFrequencies(halfExtent(kernel)).map((start) => climb(kernel, start, 1, error));
  first.sort((a, b) => b.norm - a.norm);
  const peaks = first.slice(0, 2).map(({ frequency }) => climb(kernel, frequency, 12, error));
  return [...first, ...peaks].reduce((a, b) => (b.norm > a.norm ? b : a));
}

/** Where local maxima often are: the corners of the torus, and a few places between. */
function startingFrequencies(tau: readonly number[]): Frequency[] {
  const d = tau.length;
  const starts: Frequency[] = [];
  for (let corner = 0; corner < 2 ** d; corner++) {
    const w = Array.from({ length: d }, (_, axis) => ((corner >> axis) & 1) * Math.PI);
    if (w.every((x, axis) => x === 0 || tau[axis] > 0)) starts.push(w);
  }
  for (let k = 1; k <= 3; k++)
    starts.push(Array.from({ length: d }, (_, axis) => ((k * 0.618 + axis * 0.414) % 1) * Math.PI));
  return starts;
}

interface ComplexVector {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

interface Symbol extends ComplexVector {
  readonly squares: number;
}

function complexStart(n: number): ComplexVector {
  return { re: gaussianVector(n, 11), im: gaussianVector(n, 13) };
}

function evaluate(kernel: PolyphaseKernel, w: Frequency): Symbol {
  const entries = kernel.rows * kernel.columns;
  const re = new Float64Array(entries);
  const im = new Float64Array(entries);
  kernel.positions.forEach((position, p) => {
    const angle = innerProduct(position, w);
    const c = Math.cos(angle);
    const s = -Math.sin(angle);
    for (let e = 0, k = p * entries; e < entries; e++, k++) {
      re[e] += c * kernel.values[k];
      im[e] += s * kernel.values[k];
    }
  });
  return { re, im, squares: sumOfSquares(re) + sumOfSquares(im) };
}

function times(f: ComplexVector, v: ComplexVector, rows: number, columns: number): ComplexVector {
  const re = new Float64Array(rows);
  const im = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let a = 0;
    let b = 0;
    for (let c = 0, e = r * columns; c < columns; c++, e++) {
      a += f.re[e] * v.re[c] - f.im[e] * v.im[c];
      b += f.re[e] * v.im[c] + f.im[e] * v.re[c];
    }
    re[r] = a;
    im[r] = b;
  }
  return { re, im };
}

function timesAdjoint(f: ComplexVector, u: ComplexVector, rows: number, columns: number): ComplexVector {
  const re = new Float64Array(columns);
  const im = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    const a = u.re[r];
    const b = u.im[r];
    for (let c = 0, e = r * columns; c < columns; c++, e++) {
      re[c] += f.re[e] * a + f.im[e] * b;
      im[c] += f.re[e] * b - f.im[e] * a;
    }
  }
  return { re, im };
}

/** `u^H K_a v` per position, u of length one. */
function coefficients(kernel: PolyphaseKernel, left: ComplexVector, right: ComplexVector): ComplexVector {
  const { rows, columns } = kernel;
  const count = kernel.positions.length;
  const re = new Float64Array(count);
  const im = new Float64Array(count);
  for (let p = 0; p < count; p++) {
    for (let r = 0; r < rows; r++) {
      let a = 0;
      let b = 0;
      for (let c = 0, k = (p * rows + r) * columns; c < columns; c++, k++) {
        a += kernel.values[k] * right.re[c];
        b += kernel.values[k] * right.im[c];
      }
      re[p] += left.re[r] * a + left.im[r] * b;
      im[p] += left.re[r] * b - left.im[r] * a;
    }
  }
  return { re, im };
}

/** Gradient ascent with growing and shrinking steps on `|sum_a c_a exp(-i <a, w>)|^2`; answers angles in [-pi, pi]. */
function maximizeCoefficients(kernel: PolyphaseKernel, c: ComplexVector, start: Frequency): number[] {
  const evaluateAt = (w: Frequency) => {
    let re = 0;
    let im = 0;
    const gradientRe = new Array<number>(w.length).fill(0);
    const gradientIm = new Array<number>(w.length).fill(0);
    kernel.positions.forEach((position, p) => {
      const angle = innerProduct(position, w);
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      const a = c.re[p] * cos + c.im[p] * sin;
      const b = c.im[p] * cos - c.re[p] * sin;
      re += a;
      im += b;
      position.forEach((q, axis) => {
        gradientRe[axis] += q * b;
        gradientIm[axis] -= q * a;
      });
    });
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

function rescale(x: ComplexVector, length: number): void {
  if (length === 0) return;
  for (let i = 0; i < x.re.length; i++) {
    x.re[i] /= length;
    x.im[i] /= length;
  }
}
