/** Lower bounds of the singular values of a kernel's symbols, where these are all nearly alike. */
import type { Engine } from '../../compute/engine';
import { type Autocorrelation, complement } from './autocorrelation';
import { cosineOf, coverOfHalfTorus, coverSize, thresholdOf } from './cells';
import { UNIT_ROUNDOFF } from '../rounding';
import { type SymbolNorms, symbolNormsOf } from './symbol-norms';
import { halfExtent, meanEigenvalue, type PolyphaseKernel } from '../kernel';
import type { Allowance } from './allowance';
import { spread } from './spread';

/** Reach of the cells that the range is narrowed with: `sin(reach)^2` is a sixteenth of it. */
const REACH = Math.asin(1 / 4);
/** How far beyond what is expected an end is tried, shares of the range. */
const MARGINS = [1 / 8, 3 / 8] as const;
/** A range that is not expected to become smaller than this share of itself is left as it is, and so is one that did not. */
const NARROWED = 0.8;
/** Cells that are looked at first, and at a time, and the share of the time that there is. */
const SCOUTS = 16;
const BATCH = 256;
const SHARE = 1 / 2;
/** Share of the largest eigenvalue that the range of all is expected to be, at most, and how many times as many cells there would be else. */
const NEAR = 1 / 2;
const WORTHWHILE = 8;

/** Eigenvalues that `F(w)^H F(w)` has at any frequency w are in here. */
export interface EigenvalueRange {
  readonly least: number;
  readonly most: number;
}

/**
 * Whether the range is worth looking for.
 * @param mean of the eigenvalues of all symbols, next to the largest
 */
function isNear(tau: readonly number[], mean: number, width: number): boolean {
  const cells = WORTHWHILE * coverSize(tau, REACH);
  return 2 * (1 - mean) <= NEAR && coverSize(tau, Math.sqrt(2 * width)) >= cells;
}

/** About the range that will be found, next to its largest eigenvalue, and how many comparisons of symbols it takes. */
export function expectedRange(
  tau: readonly number[],
  mean: number,
  width: number,
): { least: number; comparisons: number } {
  if (!isNear(tau, mean, width)) return { least: 0, comparisons: 0 };
  const extent = Math.max(2 * (1 - mean), width);
  const rounds = Math.log(extent) / Math.log(2 * MARGINS[0]);
  return { least: 1 - extent, comparisons: 4 * Math.ceil(rounds) * coverSize(tau, REACH) };
}

interface Sought {
  readonly peak: number;
  readonly most: number;
  readonly width: number;
  readonly time: Allowance;
}

/**
 * A range that holds the eigenvalues of all symbols' Gram matrices `H(w) = F(w)^H F(w)`, narrow where the kernel is nearly a multiple of an
 * isometry; its lower end is 0 elsewhere. Each end of a range is moved inwards by comparisons on few cells, which are the larger the
 * narrower the range is (`thresholdOf`), and the next range is a quarter as wide at best, until it is about as wide as what it holds.
 *
 * @param peak a lower bound of the largest `sigma_1(F(w))`
 * @param most an upper bound of it
 * @param width relative width to which that is sought
 * @param time that it may take a share of
 */
export async function eigenvalueRange(
  engine: Engine,
  kernel: PolyphaseKernel,
  autocorrelation: Autocorrelation,
  norms: SymbolNorms,
  { peak, most, width, time }: Sought,
): Promise<EigenvalueRange> {
  const tau = halfExtent(kernel);
  const mean = meanEigenvalue(kernel);
  const largest = most * most * (1 + 4 * UNIT_ROUNDOFF);
  let range: EigenvalueRange = { least: 0, most: largest };
  const expected = { least: 2 * mean - peak * peak, most: peak * peak };
  const inside = expected.most - expected.least;
  if (!isNear(tau, mean / expected.most, width)) return range;

  const complements = symbolNormsOf(engine, kernel, complement(autocorrelation, largest));
  const cover = coverOfHalfTorus(tau, REACH);
  // Some all over the torus come first: most failures show there.
  const scouts = new Set(spread(cover, SCOUTS));
  const cells = [...scouts, ...cover.filter((cell) => !scouts.has(cell))];
  const isBelow = async (of: SymbolNorms, limit: number, least: number) => {
    for (let begin = 0, end = SCOUTS; begin < cells.length; begin = end, end += BATCH) {
      if (time.isOver(SHARE)) return false;
      const some = cells.slice(begin, end);
      time.spend(some.length * of.seconds);
      const bounds = await of.upperBounds(
        some.map(({ centre }) => centre),
        some.map((cell) => thresholdOf(limit, cosineOf(cell, tau), least)),
      );
      if (bounds.includes(Infinity)) return false;
    }
    return true;
  };
  for (;;) {
    const extent = range.most - range.least;
    if (!(inside + 2 * MARGINS[0] * extent < NARROWED * extent)) return range;
    for (const margin of MARGINS) {
      const limit = expected.most + margin * extent;
      if (limit >= range.most || !(await isBelow(norms, limit, range.least))) continue;
      range = { ...range, most: limit };
      break;
    }
    for (const margin of MARGINS) {
      const limit = expected.least - margin * extent;
      // The complement's eigenvalues are what these are less than the largest.
      const [above, beyond] = [largest - limit, largest - range.most].map((x) => x * (1 - 4 * UNIT_ROUNDOFF));
      if (limit <= range.least || !(await isBelow(complements, above, beyond))) continue;
      range = { ...range, least: limit };
      break;
    }
    if (!(range.most - range.least < NARROWED * extent)) return range;
  }
}
