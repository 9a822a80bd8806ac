import type { Engine } from '../../compute/engine';
import { type Autocorrelation, lagsBeyondZero } from './autocorrelation';
import { type Cell, cosineOf, coverOfHalfTorus, reachOf, split } from './cells';
import { climb, highestPeak } from './climb';
import { largestEigenvalue } from '../matrices/eigenvalue';
import { firstReach } from './first-reach';
import { spread } from './grid';
import { boundByTaps, halfExtent, type PolyphaseKernel, undilated } from '../kernel';
import { type Enclosure, roundDown, roundUp, sqrtOf, UNIT_ROUNDOFF, ZERO } from '../rounding';
import { type Frequency, symbolError } from './symbol';
import { autocorrelationFor, symbolNormsOf } from './symbol-norms';

/** Seconds after which a kernel's enclosure is answered as it is, wide or not: as estimated, which a busy machine does not change, and by the clock. */
const WORK_LIMIT = 20;
const TIME_LIMIT = 60;
/** Share of that which the first cells may take. */
const FIRST_SHARE = 1 / 4;
/** Cells that are bounded at a time. */
const BATCH = 256;
/** Cells of one batch from which the symbol is climbed again. */
const CLIMBS = 4;
/** Cells all over the torus that are bounded before others where there are many, and from how many of them the symbol is climbed. */
const SCOUTS = 64;
const SCOUT_CLIMBS = 5;

export interface AnySizeEnclosure extends Enclosure {
  /** Where the lower bound is attained. */
  readonly frequency: Frequency;
}

/**
 * Enclosure of `M = sup_w sigma_1(F(w))`, the norm of a stride-1 convolution on the infinite grid, and so the supremum of
 * its norms over all input sizes, with zero or circular padding.
 *
 * Branch and bound over the torus of frequencies. Let w* be where M is attained, u, v the singular vectors there. After
 * centring the kernel, `f(t) = Re u^H F(w* + t) v` is a trigonometric polynomial of type `tau_j` on axis j with `|f| <= M = f(0)`,
 * so `f(t) >= M cos(sum_j tau_j |t_j|)` as long as the sum is at most pi (Bernstein and Szego). The centre of the cell that holds
 * w* therefore has `sigma_1(F(centre)) >= M cos(reach)`, and
 *
 *     M <= max over the cells of sigma_1(F(centre)) / cos(reach).
 *
 * Cells whose quotient is not yet within the tolerance of the best lower bound are split. Half of the torus suffices:
 * `F(-w)` is the conjugate of `F(w)` as the kernel is real.
 */
export async function boundAnySize(
  engine: Engine,
  original: PolyphaseKernel,
  tolerance: number,
): Promise<AnySizeEnclosure> {
  const kernel = undilated(original);
  const tau = halfExtent(kernel);
  const exactError = symbolError(kernel, UNIT_ROUNDOFF);
  let peak = await highestPeak(kernel, tolerance);
  const improve = async (start: Frequency) => {
    const found = await climb(kernel, start, 3, exactError);
    if (found.norm > peak.norm) peak = found;
  };

  let upper = boundByTaps(kernel);
  if (upper === 0) return { ...ZERO, frequency: kernel.positions[0].map(() => 0) };
  const answer = () => ({
    lower: Math.min(roundDown(peak.norm), upper),
    upper,
    frequency: peak.frequency,
  });
  const isTight = () => upper <= (1 + tolerance) * peak.norm;
  if (isTight()) return answer();

  const autocorrelation = await autocorrelationFor(engine, kernel);
  if (autocorrelation !== null) {
    upper = Math.min(upper, await boundByLags(engine, autocorrelation, tolerance));
    if (isTight()) return answer();
  }
  const norms = symbolNormsOf(engine, kernel, autocorrelation);
  // What rounding hides cannot be resolved by smaller cells.
  const goal = () => Math.max(tolerance, norms.resolution(peak.norm));
  const target = () => (1 + goal()) * peak.norm;
  const begun = performance.now();
  let seconds = 0;
  /** Bounds over the cells: of each `level` times the target where that can be shown, or infinity. */
  const boundCells = async (cells: readonly Cell[], level: number): Promise<number[]> => {
    seconds += cells.length * norms.seconds;
    const cosines = cells.map((cell) => cosineOf(cell, tau));
    const sought = level * target();
    const bounds = await norms.upperBounds(
      cells.map(({ centre }) => centre),
      cosines.map((cosine) => sought * cosine),
    );
    return bounds.map((bound, i) => roundUp(bound / cosines[i]));
  };

  const isDone = async (frequency: Frequency, reach: number) => {
    seconds += norms.seconds;
    const [bound] = await norms.upperBounds([frequency], [target() * Math.cos(reach)]);
    return bound < Infinity;
  };
  // While one batch is bounded, the symbol is climbed from cells of the one before.
  const climbFrom = async (cells: readonly Cell[], count: number) => {
    for (const { centre } of spread(cells, count)) await improve(centre);
  };
  const firstCells = async () =>
    coverOfHalfTorus(tau, await firstReach(tau, isDone, FIRST_SHARE * (WORK_LIMIT / norms.seconds)));
  // Depth first: only a few cells of each size are held at a time.
  let stack = await firstCells();
  // A flat symbol has many peaks, and the higher one of them is known to be the larger cells can be: some cells tell where to climb.
  if (stack.length > 4 * SCOUTS) {
    const scouts = spread(stack, SCOUTS);
    const before = peak.norm;
    const bounds = await boundCells(scouts, 1);
    await climbFrom(
      scouts.filter((_, i) => bounds[i] === Infinity),
      SCOUT_CLIMBS,
    );
    if (peak.norm > before) stack = await firstCells();
  }
  let proved = 0;
  let climbable: Cell[] = [];
  const isOver = () => seconds >= WORK_LIMIT || performance.now() - begun >= TIME_LIMIT * 1000;
  while (stack.length > 0 && !isOver()) {
    const cells = stack.splice(-BATCH);
    const [bounds] = await Promise.all([boundCells(cells, 1), climbFrom(climbable, CLIMBS)]);
    proved = largestFinite(bounds, proved);
    const open = cells.filter((_, i) => bounds[i] === Infinity);
    // The symbol's norm may be above the target there: sooner or later it is the only reason to fail.
    const small = 4 * goal();
    climbable = open.filter((cell) => reachOf(cell, tau) ** 2 < small);
    stack.push(...open.flatMap((cell) => split(cell, tau)));
  }
  let cells = stack;
  for (const level of [1.02, 1.1, 1.3]) {
    if (cells.length === 0) break;
    const bounds = await boundCells(cells, level);
    proved = largestFinite(bounds, proved);
    cells = cells.filter((_, i) => bounds[i] === Infinity);
  }
  if (cells.length === 0) upper = Math.min(upper, proved);
  return answer();
}

function largestFinite(values: readonly number[], floor: number): number {
  return values.reduce((most, value) => (value < Infinity ? Math.max(most, value) : most), floor);
}

/**
 * `sqrt(lambda_1(A_0) + sum_{b != 0} ||A_b||_F)`, an upper bound of M, which is exact for orthogonal convolutions, where
 * nothing can be pruned.
 */
async function boundByLags(
  engine: Engine,
  autocorrelation: Autocorrelation,
  tolerance: number,
): Promise<number> {
  const { order, central, error } = autocorrelation;
  const { upper } = await largestEigenvalue(engine, central, order, tolerance / 8);
  const beyond = lagsBeyondZero(autocorrelation);
  return sqrtOf({ lower: 0, upper: (upper + beyond) * (1 + 4 * UNIT_ROUNDOFF) + error }).upper;
}
