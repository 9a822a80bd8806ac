/** How long the bound of a convolution for any input size takes. */
import { secondsByCholesky } from '../bounds/symbols/norms-by-cholesky';
import { coverSize } from '../bounds/symbols/cells';
import { isLookedAtClosely } from '../bounds/symbols/climb';
import type { ConvolutionLayer } from '../bounds/convolution';
import { expectedSwing } from '../bounds/symbols/deviation';
import { reachWhere } from '../bounds/symbols/first-reach';
import { OWN_SECONDS, WORTH_SENDING } from '../bounds/symbols/norms-by-companions';
import { greatestCommonDivisor, product } from '../bounds/kernel';
import type { Conditions } from './conditions';
import { secondsOfEigenvalue, secondsOfMatrices, SPEED } from './matrix-cost';

/** What a kernel of several positions costs however small it is, and each of its groups, seconds. */
const OVERHEAD = 2e-4;
const GROUP = 3e-5;
/** Values that are put in order and summed up a second, coefficients of an autocorrelation, and pairs of taps that are added to them. */
const ORDERED = 1.5e7;
const COEFFICIENTS = 2e7;
const PAIRS_OF_TAPS = 7e6;
/** Comparisons of symbols by which it is found how large the first cells are. */
const TRIED = 15;
/**
 * Comparisons of symbols in all, for one, two and more axes: so many times a power of the cells that the torus would be covered with if its norm
 * were the same nearly everywhere, and of the tolerance. Fitted to some 600 searches, of which 95 % are within a factor of 3.
 */
const COMPARISONS = { times: [2.2, 3, 4], cells: 0.76, tolerance: -0.23 } as const;
/** Times that the symbol is climbed again for so many comparisons, and those of which there are fewer further on. */
const CLIMBED = { each: 40, further: 400, begin: 12 } as const;
/** Rounds of a climb: a pair of singular vectors, and a walk with these held. */
const ROUNDS = 3;
/** Peaks that are climbed first, and places that are looked at besides the corners; for a flat symbol. */
const FIRST_LOOK = { climbs: 2, places: 3 } as const;
const FIRST_LOOK_AT_FLAT = { climbs: 4, places: 28 } as const;
/** Lanczos steps for a place and for a climb; up to this order, as many as it has real dimensions. */
const STEPS = { place: 6, climb: 9 } as const;
const SMALL_ORDER = 16;
/** What a pair costs however small it is, for each value of the kernel, for each Lanczos step and each entry in it, seconds. */
const PAIR = { each: 5e-6, value: 6e-9, step: 2.5e-6, entry: 6e-9 } as const;
/** What a walk costs besides, and each tap in it, seconds. */
const WALK = { each: 5e-6, tap: 7e-7 } as const;
/** Relative width that convolutions are enclosed to where none is asked for. */
export const TOLERANCE = 1e-3;
/**
 * Comparisons for each frequency of a grid, about, and what it takes besides, seconds; pairs of so many steps, first and for each batch, in which
 * frequencies that stay open are looked at again, more of them for narrower widths.
 */
const ON_GRID = {
  comparisons: 1.3,
  frequency: 1.5e-6,
  pairs: 8,
  batch: 256,
  pairsOfBatch: 12,
  steps: 18,
} as const;
/** What a comparison takes, next to what it takes where nothing else is to be done, where it is shared out. */
const BESIDE = 1.1;
/** What sharing out a kernel's comparisons costs, seconds. */
const SHARING = 0.05;

/** A polyphase kernel, of which nothing is known but sizes, of each of the groups. */
export interface KernelSize {
  readonly groups: number;
  readonly rows: number;
  readonly order: number;
  /** Extent of its positions on every axis. */
  readonly positions: readonly number[];
  /** What a comparison of one symbol takes, seconds. */
  readonly comparison: number;
}

export function kernelSize({
  outChannels,
  inChannelsPerGroup,
  size,
  groups,
  strides,
  dilations,
}: ConvolutionLayer): KernelSize {
  // Taps are a dilation apart: of the phases of the stride they meet those that a common divisor leaves.
  const phasesOn = strides.map((stride, axis) => stride / greatestCommonDivisor(stride, dilations[axis]));
  const phases = product(size.map((length, axis) => Math.min(length, phasesOn[axis])));
  const [rows, order] = [outChannels / groups, inChannelsPerGroup * phases].sort((a, b) => b - a);
  const positions = size.map((length, axis) => Math.ceil(length / phasesOn[axis]));
  return { groups, rows, order, positions, comparison: secondsByCholesky(order, lagsOf(positions)) };
}

/** Lags of the autocorrelation of a kernel, one of each pair of opposite ones. */
export function lagsOf(positions: readonly number[]): number {
  return (product(positions.map((length) => 2 * length - 1)) - 1) / 2;
}

export function secondsForAnySize(kernel: KernelSize, conditions: Conditions): number {
  const { groups, rows, order, positions } = kernel;
  if (product(positions) === 1) return secondsOfMatrices(groups, rows, order);
  // The bound by taps is met: nothing is correlated or searched.
  if (conditions.flatness.taps <= 1 + (conditions.tolerance ?? TOLERANCE))
    return OVERHEAD + groups * (peakSeconds(kernel, conditions) + readingSeconds(kernel));
  const each =
    peakSeconds(kernel, conditions) + searchSeconds(kernel, conditions) + secondsOfEigenvalue(order);
  return secondsOfKernels(kernel) + groups * each;
}

/** What the kernels of all groups take before a symbol is looked at. */
export function secondsOfKernels(kernel: KernelSize): number {
  const { groups, rows, order, positions } = kernel;
  const taps = product(positions);
  const pairs = (taps * (taps + 1)) / 2;
  const correlating =
    (2 * pairs * rows * order ** 2) / SPEED + ((lagsOf(positions) + 1) * order ** 2) / COEFFICIENTS;
  return OVERHEAD + groups * (readingSeconds(kernel) + pairs / PAIRS_OF_TAPS + correlating);
}

/** What it takes to put the values of one group in order, and to sum up the norms of their taps. */
function readingSeconds({ rows, order, positions }: KernelSize): number {
  return GROUP + (product(positions) * rows * order) / ORDERED;
}

/** Of one kernel's norms at so many frequencies of a grid. */
export function gridSeconds(kernel: KernelSize, count: number, conditions: Conditions): number {
  const narrow = Math.max(1, TOLERANCE / (conditions.tolerance ?? TOLERANCE));
  const pairs = ON_GRID.pairs + Math.sqrt(narrow) * ON_GRID.pairsOfBatch * Math.ceil(count / ON_GRID.batch);
  return (
    comparing(ON_GRID.comparisons * count, kernel, conditions) +
    ON_GRID.frequency * count +
    pairs * pairSeconds(kernel, ON_GRID.steps)
  );
}

/** Until the highest peak is known. */
export function peakSeconds(kernel: KernelSize, { flatness }: Conditions): number {
  const { rows, order, positions } = kernel;
  const isClose = isLookedAtClosely(flatness.ratio, order, product(positions) * rows * order);
  const { climbs, places } = isClose ? FIRST_LOOK_AT_FLAT : FIRST_LOOK;
  const corners = 2 ** positions.filter((length) => length > 1).length;
  return (corners + places) * pairSeconds(kernel, STEPS.place) + climbs * climbSeconds(kernel);
}

/** Of the branch and bound. */
function searchSeconds(kernel: KernelSize, conditions: Conditions): number {
  const count = comparisonsOf(kernel, conditions);
  const climbs = Math.min(count.cells / CLIMBED.each, CLIMBED.begin + count.cells / CLIMBED.further);
  return comparing(count.cells + count.others, kernel, conditions) + climbs * climbSeconds(kernel);
}

/** Comparisons of one kernel's symbols, with cells and before there are any. */
function comparisonsOf(
  { order, positions }: KernelSize,
  { flatness, tolerance }: Conditions,
): { cells: number; others: number } {
  const width = tolerance ?? TOLERANCE;
  const { ratio, deviation, mean } = flatness;
  const tau = positions.map((length) => (length - 1) / 2);
  // All lags together, where all are about as large.
  const lags = Math.sqrt(2 * lagsOf(positions) * order) * deviation;
  if (lags / 2 <= width) return { cells: 0, others: 0 };
  const { swing, comparisons } = expectedSwing(tau, { usual: deviation, mean, known: 2 * lags }, width);
  const cells = coverSize(tau, reachWhere(ratio, width, swing));
  const axes = tau.filter((t) => t > 0).length;
  const { times } = COMPARISONS;
  return {
    cells:
      times[Math.min(axes, times.length) - 1] * cells ** COMPARISONS.cells * width ** COMPARISONS.tolerance,
    others: TRIED + comparisons,
  };
}

function climbSeconds(kernel: KernelSize): number {
  const walk = WALK.each + WALK.tap * product(kernel.positions);
  return ROUNDS * (pairSeconds(kernel, STEPS.climb) + walk);
}

/** A pair of singular vectors of a symbol. */
function pairSeconds({ rows, order, positions }: KernelSize, usual: number): number {
  const steps = order === 1 ? 0 : order <= SMALL_ORDER ? 2 * order : usual;
  const values = product(positions) * rows * order;
  return PAIR.each + PAIR.value * values + steps * (PAIR.step + PAIR.entry * rows * order);
}

export function isSent({ comparison }: KernelSize): boolean {
  return comparison >= WORTH_SENDING;
}

/** What so many comparisons of one kernel's symbols take: they are shared out where that is worth it. */
function comparing(count: number, kernel: KernelSize, { processes }: Pick<Conditions, 'processes'>): number {
  const seconds = count * kernel.comparison;
  return isSent(kernel) && seconds > OWN_SECONDS
    ? Math.min(seconds, (BESIDE * seconds) / processes + SHARING)
    : seconds;
}
