/** Lower bounds of the singular values of a kernel's symbols, where these are all nearly alike. */
import type { Engine } from '../../compute/engine';
import { type Autocorrelation, complement } from './autocorrelation';
import { cosineOf, coverOfHalfTorus, coverSize, thresholdOf } from './cells';
import { UNIT_ROUNDOFF } from '../rounding';
import { type SymbolNorms, symbolNormsOf } from './symbol-norms';
import type { PolyphaseKernel } from '../kernel';

/** Reach of the cells that the range is narrowed with: `sin(reach)^2` is a sixteenth of it. */
const REACH = Math.asin(1 / 4);
/** How far beyond what is expected an end is tried, shares of the range. */
const MARGINS = [1 / 8, 3 / 8] as const;
/** A range that is not expected to become smaller than this share of itself is left as it is. */
const NARROWED = 0.6;
/** Share of the largest eigenvalue that the range of all is expected to be, at most, and how many times as many cells there would be else. */
const NEAR = 1 / 2;
const WORTHWHILE = 8;

/** Eigenvalues that `F(w)^H F(w)` has at any frequency w are in here. */
export interface EigenvalueRange {
  readonly least: number;
  readonly most: number;
}

interface Sought {
  readonly tau: readonly number[];
  readonly peak: number;
  readonly most: number;
  readonly width: number;
  readonly seconds: number;
}

/**
 * A range that holds the eigenvalues of all symbols' Gram matrices `H(w) = F(w)^H F(w)`, narrow where the kernel is nearly a multiple of an
 * isometry; its lower end is 0 elsewhere. Each end of a range is moved inwards by comparisons on few cells, which are the larger the
 * narrower the range is (`thresholdOf`), and the next range is about a quarter as wide, until it is about as wide as what it holds.
 *
 * @param tau half the extent of the kernel on every axis
 * @param peak a lower bound of the largest `sigma_1(F(w))`
 * @param most an upper bound of it
 * @param width relative width to which that is sought
 * @param seconds that it may take, as estimated
 */
export async function eigenvalueRange(
  engine: Engine,
  kernel: PolyphaseKernel,
  autocorrelation: Autocorrelation,
  norms: SymbolNorms,
  { tau, peak, most, width, seconds }: Sought,
): Promise<EigenvalueRange> {
  const { order, central } = autocorrelation;
  const largest = most * most * (1 + 4 * UNIT_ROUNDOFF);
  let range: EigenvalueRange = { least: 0, most: largest };
  // The mean of the eigenvalues of all symbols.
  let mean = 0;
  for (let i = 0; i < order; i++) mean += central[i * (order + 1)] / order;
  const expected = { least: 2 * mean - peak * peak, most: peak * peak };
  const spread = expected.most - expected.least;
  const isNear = spread <= NEAR * expected.most;
  if (!isNear || coverSize(tau, Math.sqrt(2 * width)) < WORTHWHILE * coverSize(tau, REACH)) return range;

  const complements = symbolNormsOf(engine, kernel, complement(autocorrelation, largest));
  const cells = coverOfHalfTorus(tau, REACH);
  const frequencies = cells.map(({ centre }) => centre);
  const cosines = cells.map((cell) => cosineOf(cell, tau));
  let left = seconds / norms.seconds;
  const isBelow = async (of: SymbolNorms, limit: number, least: number) => {
    left -= cells.length;
    if (left < 0) return false;
    const thresholds = cosines.map((cosine) => thresholdOf(limit, cosine, least));
    return (await of.upperBounds(frequencies, thresholds)).every((bound) => bound < Infinity);
  };
  for (;;) {
    const extent = range.most - range.least;
    if (!(spread + 2 * MARGINS[0] * extent < NARROWED * extent)) return range;
    const before = range;
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
    if (range === before) return range;
  }
}
