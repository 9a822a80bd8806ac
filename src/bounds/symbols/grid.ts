import type { Engine } from '../../compute/engine';
import type { Autocorrelation } from './autocorrelation';
import { normAt } from './climb';
import { boundByTaps, type PolyphaseKernel, product, unravel } from '../kernel';
import { boundByLags, largestOfMean, leastByLags } from './lags';
import { type Enclosure, roundDown, UNIT_ROUNDOFF, ZERO } from '../rounding';
import { spread } from './spread';
import { type Frequency, symbolError } from './symbol';
import { autocorrelationFor, symbolNormsOf } from './symbol-norms';

/** Frequencies whose norms are found first: with the largest of them most of the others are dismissed at once. */
const FIRST = 8;
/** Frequencies of a batch that are looked at again where they could not be dismissed. */
const RAISED = 8;
const BATCH = 256;
/** After so many the bound of all frequencies together has to do: what is left is next to nothing. */
const ATTEMPTS = 8;

/** Number of frequencies that `boundOnGrid` looks at. */
export function gridCount(counts: readonly number[]): number {
  return Math.ceil((product(counts) + 1) / 2);
}

/**
 * Enclosure of the largest `sigma_1(F(w))` over the grid `w_j = shift_j + 2 pi k_j / counts_j`. With no shift it is the norm of
 * the circulant operator on a torus of that size, which block-diagonalises in the DFT (Delattre et al. 2023, section 3); taps
 * beyond the torus wrap. With one, of the operator that is circulant but for a phase.
 *
 * @param known what `autocorrelationFor` answers, where several grids are looked at
 */
export async function boundOnGrid(
  engine: Engine,
  kernel: PolyphaseKernel,
  counts: readonly number[],
  tolerance: number,
  shift: Frequency = counts.map(() => 0),
  known?: Autocorrelation | null,
): Promise<Enclosure> {
  let most = boundByTaps(kernel);
  if (most === 0) return ZERO;
  const autocorrelation = known === undefined ? await autocorrelationFor(engine, kernel) : known;
  const norms = symbolNormsOf(engine, kernel, autocorrelation);
  const error = symbolError(kernel, UNIT_ROUNDOFF);
  let lower = 0;
  let upper = 0;
  const raise = async (frequencies: readonly Frequency[], steps: number) => {
    for (const w of frequencies) lower = Math.max(lower, await normAt(kernel, w, steps, error));
  };
  const frequencies = shift.every((w) => w === 0) ? halfGrid(counts) : shiftedGrid(counts, shift);
  await raise(spread(frequencies, FIRST), 12);
  // Where all symbols are nearly alike none need be looked at.
  if (autocorrelation !== null && leastByLags(autocorrelation) <= (1 + tolerance) * lower) {
    const mean = await largestOfMean(engine, autocorrelation, tolerance);
    most = Math.min(most, boundByLags(autocorrelation, mean));
  }
  if (most <= (1 + tolerance) * lower) return { lower: Math.min(roundDown(lower), most), upper: most };
  for (let begin = 0; begin < frequencies.length; begin += BATCH) {
    let open: readonly Frequency[] = frequencies.slice(begin, begin + BATCH);
    for (let attempt = 0, width = tolerance; open.length > 0; attempt++) {
      // Whatever is not proved is either a larger norm, or too close to the largest one: first look for it, then ask for less.
      if (attempt === ATTEMPTS) {
        upper = Math.max(upper, most);
        break;
      }
      if (attempt > 0) await raise(spread(open, RAISED), 12 * attempt);
      if (attempt > 2) width *= 4;
      const floor = Math.max(lower, norms.floor);
      const bound = floor * (1 + Math.max(width, norms.resolution(floor)));
      const bounds = await norms.upperBounds(
        open,
        open.map(() => bound),
      );
      if (bounds.some((proved) => proved < Infinity)) upper = Math.max(upper, bound);
      open = open.filter((_, i) => bounds[i] === Infinity);
    }
  }
  return { lower: Math.min(roundDown(lower), upper), upper };
}

/** The largest norm, from below, at the frequencies of a grid with no shift that are around a given one. */
export async function attainedNear(
  kernel: PolyphaseKernel,
  counts: readonly number[],
  frequency: Frequency,
): Promise<number> {
  const error = symbolError(kernel, UNIT_ROUNDOFF);
  let lower = 0;
  for (let corner = 0; corner < 2 ** counts.length; corner++) {
    const near = frequency.map((w, axis) => {
      const step = (2 * Math.PI) / counts[axis];
      return step * (Math.floor(w / step) + ((corner >> axis) & 1));
    });
    lower = Math.max(lower, await normAt(kernel, near, 12, error));
  }
  return roundDown(lower);
}

/** All frequencies of a grid that is not symmetric. */
function shiftedGrid(counts: readonly number[], shift: Frequency): Frequency[] {
  return Array.from({ length: product(counts) }, (_, index) =>
    unravel(index, counts).map((k, axis) => shift[axis] + (2 * Math.PI * k) / counts[axis]),
  );
}

/** One of each pair `w`, `-w` of the grid, whose symbols are conjugate. */
export function halfGrid(counts: readonly number[]): Frequency[] {
  const frequencies: Frequency[] = [];
  for (let index = 0; index < product(counts); index++) {
    if (index > mirrorOf(index, counts)) continue;
    frequencies.push(unravel(index, counts).map((k, axis) => (2 * Math.PI * k) / counts[axis]));
  }
  return frequencies;
}

/** Index of the frequency `-w` of a grid. */
export function mirrorOf(index: number, counts: readonly number[]): number {
  return unravel(index, counts).reduce(
    (sum, k, axis) => sum * counts[axis] + ((counts[axis] - k) % counts[axis]),
    0,
  );
}
