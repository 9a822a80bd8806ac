import { extentsOf, type PolyphaseKernel, product, unravel } from '../kernel';
import type { Frequency } from './symbol';

/** A trigonometric polynomial `sum_a c_a exp(-i <a, w>)`. */
export interface Wave {
  readonly positions: PolyphaseKernel['positions'];
  readonly re: Float64Array;
  readonly im: Float64Array;
}

type Coefficients = Pick<Wave, 're' | 'im'>;

/** Its squared absolute values at the frequencies `w_j = 2 pi k_j / counts_j`, row-major: a DFT along one axis after the other. */
export function waveSquares({ positions, re, im }: Wave, counts: readonly number[]): Float64Array {
  const shape = extentsOf(positions).map((extent) => extent + 1);
  let here: Coefficients = { re: new Float64Array(product(shape)), im: new Float64Array(product(shape)) };
  positions.forEach((position, p) => {
    const place = position.reduce((sum, a, axis) => sum * shape[axis] + a, 0);
    here.re[place] += re[p];
    here.im[place] += im[p];
  });
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const after = product(shape.slice(axis + 1));
    here = transformed(here, product(shape.slice(0, axis)), shape[axis], counts[axis], after);
    shape[axis] = counts[axis];
  }
  return here.re.map((x, i) => x * x + here.im[i] * here.im[i]);
}

/** `sum_a x_a exp(-2 pi i k a / count)` along the middle axis of (before, extent, after). */
function transformed(
  { re, im }: Coefficients,
  before: number,
  extent: number,
  count: number,
  after: number,
): Coefficients {
  const out = {
    re: new Float64Array(before * count * after),
    im: new Float64Array(before * count * after),
  };
  const cosines = Float64Array.from({ length: count }, (_, k) => Math.cos((2 * Math.PI * k) / count));
  const sines = Float64Array.from({ length: count }, (_, k) => -Math.sin((2 * Math.PI * k) / count));
  for (let b = 0; b < before; b++) {
    for (let k = 0; k < count; k++) {
      const to = (b * count + k) * after;
      for (let a = 0; a < extent; a++) {
        const [c, s] = [cosines[(k * a) % count], sines[(k * a) % count]];
        const from = (b * extent + a) * after;
        for (let i = 0; i < after; i++) {
          out.re[to + i] += c * re[from + i] - s * im[from + i];
          out.im[to + i] += c * im[from + i] + s * re[from + i];
        }
      }
    }
  }
  return out;
}

/** Shifts of a grid that are tried on every axis, fewer where that takes too many multiplications. */
const SHIFTS = [8, 4, 2] as const;
const MOST_MULTIPLICATIONS = 2 ** 21;
/** What each of them takes, seconds. */
const MULTIPLICATION = 3e-8;

/**
 * The shift of a grid that keeps it farthest from the peak of the symbol, as far as one wave shows it. A zero-padded operator is
 * a compression of every circulant one that is large enough, and of those with a phase: `e^{i<s, x>}` times the input and
 * `e^{-i<s, x>}` times the output are unitary and shift the symbol by s. So every shift gives a bound, and at best that of half a
 * step, which for one tap on either side is the norm itself: `1 + 2 cos(pi / (n + 1))` for the kernel (1, 1, 1) on n positions.
 *
 * @param wave of the symbol where its norm is largest (`waveAt`)
 */
export function bestShift(wave: Wave, counts: readonly number[]): Frequency {
  const shifts = shiftsOf(counts, 1 + Math.max(...extentsOf(wave.positions)));
  const fine = counts.map((count) => shifts * count);
  const highest = new Float64Array(shifts ** counts.length);
  waveSquares(wave, fine).forEach((square, index) => {
    let shift = 0;
    let rest = index;
    let weight = 1;
    for (let axis = fine.length - 1; axis >= 0; axis--) {
      shift += (rest % shifts) * weight;
      rest = Math.floor(rest / fine[axis]);
      weight *= shifts;
    }
    highest[shift] = Math.max(highest[shift], square);
  });
  const best = highest.indexOf(highest.reduce((least, x) => Math.min(least, x), Infinity));
  return unravel(
    best,
    counts.map(() => shifts),
  ).map((k, axis) => (2 * Math.PI * k) / fine[axis]);
}

/** Shifts on every axis, for a wave of so many positions on its longest. */
function shiftsOf(counts: readonly number[], positions: number): number {
  return SHIFTS.find((shifts) => multiplicationsOf(shifts, counts, positions) <= MOST_MULTIPLICATIONS) ?? 2;
}

function multiplicationsOf(shifts: number, counts: readonly number[], positions: number): number {
  return product(counts) * shifts ** counts.length * positions;
}

/** What it takes to find the best shift, about. */
export function secondsOfShift(counts: readonly number[], positions: number): number {
  return MULTIPLICATION * multiplicationsOf(shiftsOf(counts, positions), counts, positions);
}
