/** How far the Gram matrices of a kernel's symbols are from their mean. */
import type { Engine } from '../../compute/engine';
import type { Allowance } from './allowance';
import { type Autocorrelation, deviation, lagsBeyondZero, usualDeviation } from './autocorrelation';
import { cosineOf, coverOfHalfTorus, coverSize, thresholdOf } from './cells';
import { roundUp, UNIT_ROUNDOFF } from '../rounding';
import { spread } from './spread';
import { type SymbolNorms, symbolNormsOf } from './symbol-norms';
import { halfExtent, type PolyphaseKernel } from '../kernel';

/** Reach of the cells that a deviation is narrowed with: `sin(reach)^2` is a sixteenth of it. */
const REACH = Math.asin(1 / 4);
/** How far beyond what is expected a deviation is tried, share of the swing. */
const MARGIN = 1 / 8;
/** The extreme eigenvalues of a Hermitian matrix of random entries, next to their root mean square. */
const EXTREME = 2;
/** Share of what is known that is tried at least, however little is expected: it is doubled where that is too little. */
const LEAST = 2 ** -10;
/** A swing that does not become smaller than this share of itself is left as it is. */
const NARROWED = 0.8;
/** Cells that are looked at first, and at a time, and the share of the time that there is. */
const SCOUTS = 16;
const BATCH = 256;
const SHARE = 1 / 2;
/** Share of the largest eigenvalue that the swing is expected to be, at most, and how many times as many cells there would be else. */
const NEAR = 1 / 2;
const WORTHWHILE = 8;
/** The swing that is found, next to what was expected, and comparisons that it takes for each cell, about. */
const FOUND = 1.6;
const COVERS = 3.2;
/** How far below `NEAR` an expected swing is that is looked for without doubt. */
const CLEARLY = 0.15;

/** The eigenvalues of `H(w) - A_0` are in `[-below, above]` at every frequency w, where A_0 is the mean of `H(w) = F(w)^H F(w)`. */
export interface Deviation {
  readonly below: number;
  readonly above: number;
}

/** How much `v^H H(w) v` varies with w at most, for any unit vector v. */
export function swingOf({ below, above }: Deviation): number {
  return (below + above) * (1 + 4 * UNIT_ROUNDOFF);
}

/**
 * Whether a deviation is worth looking for.
 * @param swing that is expected, next to the largest eigenvalue
 */
function isWorthwhile(tau: readonly number[], swing: number, width: number): boolean {
  const cells = WORTHWHILE * coverSize(tau, REACH);
  return swing <= NEAR && coverSize(tau, Math.sqrt(2 * width)) >= cells;
}

/**
 * About the swing that will be found, and how many comparisons of symbols it takes.
 *
 * @param symbol next to the largest eigenvalue of all `H(w)`: the root mean square of the eigenvalues of `H(w) - A_0`, the largest one of
 *   A_0, and the swing by the coefficients alone
 */
export function expectedSwing(
  tau: readonly number[],
  { usual, mean, known }: { readonly usual: number; readonly mean: number; readonly known: number },
  width: number,
): { swing: number; comparisons: number } {
  const expected = EXTREME * usual + Math.max(EXTREME * usual, 1 - mean);
  if (known <= width || !isWorthwhile(tau, expected, width)) return { swing: known, comparisons: 0 };
  const likely = Math.min(1, (NEAR - expected) / CLEARLY);
  return { swing: Math.min(known, FOUND * expected), comparisons: likely * COVERS * coverSize(tau, REACH) };
}

interface Known {
  /** A lower bound of the largest `sigma_1(F(w))`. */
  readonly peak: number;
  /** An upper bound of `lambda_1(A_0)`. */
  readonly mean: number;
  /** Relative width to which the largest `sigma_1(F(w))` is sought. */
  readonly width: number;
  /** A share of it may be taken. */
  readonly time: Allowance;
}

/**
 * How far the eigenvalues of all symbols' Gram matrices are from those of their mean: closely where a kernel is nearly a multiple of an
 * isometry, or one with scaled channels, and what its coefficients alone say elsewhere. Each end is moved inwards by comparisons on few
 * cells, which are the larger the less the symbols are known to vary (`thresholdOf`), and the next swing is a quarter as wide at
 * best, until it is about as wide as what it holds.
 */
export async function deviationOf(
  engine: Engine,
  kernel: PolyphaseKernel,
  autocorrelation: Autocorrelation,
  { peak, mean, width, time }: Known,
): Promise<Deviation> {
  const tau = halfExtent(kernel);
  const usual = usualDeviation(autocorrelation);
  const most = roundUp(lagsBeyondZero(autocorrelation) + autocorrelation.error);
  // No eigenvalue of H(w) is negative.
  const found = { below: Math.min(most, mean), above: most };
  // The largest eigenvalue of all is at most that of the mean and what is above.
  const expected = { below: EXTREME * usual, above: Math.max(EXTREME * usual, peak ** 2 - mean) };
  const isKnown = swingOf(found) <= width * peak ** 2;
  if (isKnown || !isWorthwhile(tau, swingOf(expected) / peak ** 2, width)) return found;

  const cover = coverOfHalfTorus(tau, REACH);
  // Some all over the torus come first: most failures show there.
  const scouts = new Set(spread(cover, SCOUTS));
  const cells = [...scouts, ...cover.filter((cell) => !scouts.has(cell))];
  const isBelow = async (norms: SymbolNorms, limit: number, swing: number) => {
    for (let begin = 0, end = SCOUTS; begin < cells.length; begin = end, end += BATCH) {
      if (time.isOver(SHARE)) return false;
      const some = cells.slice(begin, end);
      time.spend(some.length * norms.seconds);
      const bounds = await norms.upperBounds(
        some.map(({ centre }) => centre),
        some.map((cell) => thresholdOf(limit, cosineOf(cell, tau), swing)),
      );
      if (bounds.includes(Infinity)) return false;
    }
    return true;
  };
  const sideOf = (key: keyof Deviation, sign: 1 | -1, shift: number) => ({
    key,
    shift,
    norms: symbolNormsOf(engine, kernel, deviation(autocorrelation, sign, shift)),
    expected: Math.max(expected[key], LEAST * found[key]),
  });
  const sides = [sideOf('above', 1, found.below), sideOf('below', -1, found.above)];
  for (;;) {
    const before = swingOf(found);
    for (const side of sides) {
      for (; ; side.expected *= 2) {
        const swing = swingOf(found);
        const limit = side.expected + MARGIN * swing;
        if (!(limit < NARROWED * found[side.key])) break;
        if (!(await isBelow(side.norms, (side.shift + limit) * (1 - 4 * UNIT_ROUNDOFF), swing))) continue;
        found[side.key] = limit;
        break;
      }
    }
    if (!(swingOf(found) < NARROWED * before)) return found;
  }
}
