import type { Engine } from '../../compute/engine';
import { Allowance } from './allowance';
import { type Cell, cosineOf, coverOfHalfTorus, limitOf, reachOf, split, thresholdOf } from './cells';
import { climb, highestPeak, type SymbolPeak } from './climb';
import { firstReach } from './first-reach';
import { deviationOf, swingOf } from './deviation';
import { boundByLags, largestOfMean, rootAbove } from './lags';
import { spread } from './spread';
import { boundByTaps, halfExtent, type PolyphaseKernel, undilated } from '../kernel';
import { type Enclosure, roundDown, roundUp, UNIT_ROUNDOFF, ZERO } from '../rounding';
import { type Frequency, symbolError } from './symbol';
import { autocorrelationFor, type SymbolNorms, symbolNormsOf } from './symbol-norms';

/** Seconds after which a kernel's enclosure is answered as it is, wide or not. */
const PATIENCE = 20;
/** Share of that which the first cells may take. */
const FIRST_SHARE = 1 / 4;
/** Cells that are bounded at a time. */
const BATCH = 256;
/** Cells of one batch from which the symbol is climbed again. */
const CLIMBS = 4;
/** Cells all over the torus that are bounded before others, at most, where there are so many; and from how many of them the symbol is climbed. */
const SCOUTS = 64;
const LEAST_SCOUTED = 96;
const SCOUT_CLIMBS = 5;
/** What cells are shown to be below where time runs out, times the target. */
const LEVELS = [1.02, 1.1, 1.3] as const;
/** Share of the width that is left for rounding bounds up. */
const ROUNDED = 2 ** -10;
/** The width that is sought first, and how much narrower each next one is: what takes too long leaves the answer of the one before. */
const FIRST_WIDTH = 1e-3;
const NARROWING = 10;

export interface AnySizeEnclosure extends Enclosure {
  /** Where the lower bound is attained. */
  readonly frequency: Frequency;
}

/**
 * Enclosure of `M = sup_w sigma_1(F(w))`, the norm of a stride-1 convolution on the infinite grid, and so the supremum of
 * its norms over all input sizes, with zero or circular padding.
 *
 * Branch and bound over the torus of frequencies. Let w* be where M is attained, v the right singular vector there, and e a bound on how much
 * `f(t) = v^H F(w* + t)^H F(w* + t) v` varies; as `0 <= f <= M^2 = f(0)`, `e = M^2` will do. f is a real trigonometric polynomial of type `2 tau_j` on
 * axis j, so `f(t) >= M^2 - e sin^2(r)`, `r = sum_j tau_j |t_j|`, as long as that is at most pi / 2 (Bernstein and Szego). The same
 * holds of the centre of the cell that holds w*, so that, with `e = M^2`,
 *
 *     M <= max over the cells of sigma_1(F(centre)) / cos(reach).
 *
 * Cells whose quotient is not yet within the tolerance of the best lower bound are split. Half of the torus suffices:
 * `F(-w)` is the conjugate of `F(w)` as the kernel is real.
 *
 * @param tolerance relative width to aim for
 * @param patience seconds, as estimated, after which the enclosure is answered as it is
 */
export async function boundAnySize(
  engine: Engine,
  original: PolyphaseKernel,
  tolerance: number,
  patience = PATIENCE,
): Promise<AnySizeEnclosure> {
  const kernel = undilated(original);
  let upper = boundByTaps(kernel);
  if (upper === 0) return { ...ZERO, frequency: kernel.positions[0].map(() => 0) };
  let peak = await highestPeak(kernel, tolerance);
  const extents = halfExtent(original);
  const answer = () => ({
    lower: Math.min(roundDown(peak.norm), upper),
    upper,
    // Dilation is a rescaling of frequencies.
    frequency: halfExtent(kernel).map((t, axis) =>
      t === 0 ? 0 : (t / extents[axis]) * peak.frequency[axis],
    ),
  });
  const isTight = () => upper <= (1 + tolerance) * peak.norm;
  if (isTight()) return answer();

  const autocorrelation = await autocorrelationFor(engine, kernel);
  const time = new Allowance(patience);
  let swing = Infinity;
  if (autocorrelation !== null) {
    const mean = await largestOfMean(engine, autocorrelation, tolerance);
    upper = Math.min(upper, boundByLags(autocorrelation, mean));
    if (isTight()) return answer();
    const known = { peak: peak.norm, mean, width: tolerance, time };
    const deviation = await deviationOf(engine, kernel, autocorrelation, known);
    swing = swingOf(deviation);
    upper = Math.min(upper, rootAbove(roundUp(mean + deviation.above)));
  }
  const norms = symbolNormsOf(engine, kernel, autocorrelation);
  const search = new Search(kernel, norms, swing, peak, time);
  for (const width of widthsDownTo(tolerance)) {
    if (isTight()) break;
    upper = Math.min(upper, await search.bound(width, upper));
    peak = search.peak;
    if (time.isOver()) break;
  }
  return answer();
}

function widthsDownTo(tolerance: number): number[] {
  const wider = tolerance * NARROWING;
  return wider > 2 * FIRST_WIDTH ? [tolerance] : [...widthsDownTo(wider), tolerance];
}

/** Branch and bound over one kernel's symbol, for as long as there is time. */
class Search {
  private readonly tau: readonly number[];
  /** Bound on the error of the symbol in float64. */
  private readonly error: number;

  /**
   * @param swing bound on how much `v^H F(w)^H F(w) v` varies with w, for any unit vector v
   * @param peak the highest that is known
   */
  constructor(
    private readonly kernel: PolyphaseKernel,
    private readonly norms: SymbolNorms,
    private readonly swing: number,
    public peak: SymbolPeak,
    private readonly time: Allowance,
  ) {
    this.tau = halfExtent(kernel);
    this.error = symbolError(kernel, UNIT_ROUNDOFF);
  }

  /** An upper bound of M, within the relative width where there is time for it; infinite where `known` is better than what there is time for. */
  async bound(width: number, known: number): Promise<number> {
    let stack = await this.firstCells(width);
    let proved = 0;
    // A flat symbol has many peaks, and the higher one of them is known to be the larger cells can be: some cells tell where to climb.
    if (stack.length >= LEAST_SCOUTED) {
      const scouts = new Set(spread(stack, Math.min(SCOUTS, Math.ceil(stack.length / 4))));
      const before = this.peak.norm;
      const bounds = await this.boundCells([...scouts], this.target(width));
      const open = [...scouts].filter((_, i) => bounds[i] === Infinity);
      await this.climbFrom(open, SCOUT_CLIMBS, width);
      const others = stack.filter((cell) => !scouts.has(cell));
      const cells = this.peak.norm > (1 + width / 8) * before ? await this.firstCells(width) : stack;
      if (cells.length < others.length) stack = cells;
      else {
        proved = largestFinite(bounds, proved);
        stack = [...others, ...open.flatMap((cell) => split(cell, this.tau))];
      }
    }
    let climbable: Cell[] = [];
    // Depth first: only a few cells of each size are held at a time.
    while (stack.length > 0 && !this.time.isOver()) {
      const cells = stack.splice(-BATCH);
      // While one batch is bounded, the symbol is climbed from cells of the one before.
      const [bounds] = await Promise.all([
        this.boundCells(cells, this.target(width)),
        this.climbFrom(climbable, CLIMBS, width),
      ]);
      proved = largestFinite(bounds, proved);
      const open = cells.filter((_, i) => bounds[i] === Infinity);
      // The symbol's norm may be above the target there: sooner or later it is the only reason to fail.
      const share = Math.min(1, this.swing / this.peak.norm ** 2);
      const small = 4 * this.goal(width);
      climbable = open.filter((cell) => share * reachOf(cell, this.tau) ** 2 < small);
      stack.push(...open.flatMap((cell) => split(cell, this.tau)));
    }
    let cells = stack;
    for (const level of LEVELS) {
      const sought = level * this.target(width);
      if (cells.length === 0 || sought >= known) break;
      const bounds = await this.boundCells(cells, sought);
      proved = largestFinite(bounds, proved);
      cells = cells.filter((_, i) => bounds[i] === Infinity);
    }
    return cells.length === 0 ? proved : Infinity;
  }

  /** What rounding hides cannot be resolved by smaller cells. */
  private goal(width: number): number {
    return Math.max(width, this.norms.resolution(this.peak.norm));
  }

  /** A little is left for rounding outwards. */
  private target(width: number): number {
    return (1 + (1 - ROUNDED) * this.goal(width)) * this.peak.norm;
  }

  private async firstCells(width: number): Promise<Cell[]> {
    const isDone = async (frequency: Frequency, reach: number) => {
      this.time.spend(this.norms.seconds);
      const threshold = thresholdOf(this.target(width) ** 2, Math.cos(reach), this.swing);
      const [bound] = await this.norms.upperBounds([frequency], [threshold]);
      return bound < Infinity;
    };
    const affordable = FIRST_SHARE * (this.time.seconds / this.norms.seconds);
    return coverOfHalfTorus(this.tau, await firstReach(this.tau, isDone, affordable));
  }

  /** Bounds over the cells: of each the one that is sought where it can be shown, or infinity. */
  private async boundCells(cells: readonly Cell[], sought: number): Promise<number[]> {
    this.time.spend(cells.length * this.norms.seconds);
    const cosines = cells.map((cell) => cosineOf(cell, this.tau));
    const bounds = await this.norms.upperBounds(
      cells.map(({ centre }) => centre),
      cosines.map((cosine) => thresholdOf(sought ** 2, cosine, this.swing)),
    );
    return bounds.map((bound, i) => rootAbove(limitOf(bound, cosines[i], this.swing)));
  }

  private async climbFrom(cells: readonly Cell[], count: number, width: number): Promise<void> {
    for (const { centre } of spread(cells, count)) {
      const found = await climb(this.kernel, centre, 3, this.error, width);
      if (found.norm > this.peak.norm) this.peak = found;
    }
  }
}

function largestFinite(values: readonly number[], floor: number): number {
  return values.reduce((most, value) => (value < Infinity ? Math.max(most, value) : most), floor);
}
