import { type Engine, UNIT_ROUNDOFF_OF } from '../compute/engine';
import type { Precision } from '../compute/program';
import { largestEigenvalue } from './eigenvalue';
import { FACTORED, symbolNorms } from './hermitian';
import { halfExtent, type PolyphaseKernel, product, undilated, unravel } from './kernel';
import { type Enclosure, gamma, roundDown, roundUp, sqrtOf, UNIT_ROUNDOFF, ZERO } from './rounding';
import { climb, highestPeak } from './climb';
import { type Frequency, symbolError, symbolsAt } from './symbol';
import { sumOfSquares } from './values';

/** Values of the symbols that are worked on at a time. */
const CHUNK_ELEMENTS = 2 ** 21;
/** Flops after which a kernel's enclosure is answered as it is, wide or not. */
const WORK_LIMIT = 4e12;
/** At this price the limit also bounds the number of cells, at 800,000: what nearly flat symbols on three axes take. */
const CELL_WORK = 5e6;
/**
 * Largest sum of `tau_j h_j` over a cell of the first grid, where `1 / cos` is 1.12; smaller where an evaluation that proves
 * nothing is dear.
 */
const FIRST_CELL = { small: 0.47, large: 0.35 } as const;
/** Cells of one pass from which a large kernel's symbol is climbed again. */
const CLIMBS = 4;

export interface AnySizeEnclosure extends Enclosure {
  /** Where the lower bound is attained. */
  readonly frequency: Frequency;
}

/** A box of frequencies. */
interface Cell {
  readonly centre: Frequency;
  readonly halfWidth: readonly number[];
  /** `cos(sum_j tau_j h_j)`, rounded down; positive. */
  readonly cosine: number;
}

function cellOf(centre: Frequency, halfWidth: readonly number[], tau: readonly number[]): Cell {
  const reach = halfWidth.reduce((sum, h, axis) => sum + tau[axis] * h, 0);
  return { centre, halfWidth, cosine: Math.cos(reach * (1 + 1e-12)) - 4 * UNIT_ROUNDOFF };
}

/**
 * Enclosure of `M = sup_w sigma_1(F(w))`, the norm of a stride-1 convolution on the infinite grid, and so the supremum of
 * its norms over all input sizes, with zero or circular padding.
 *
 * Branch and bound over the torus of frequencies. Let w* be where M is attained, u, v the singular vectors there. After
 * centring the kernel, `f(t) = Re u^H F(w* + t) v` is a trigonometric polynomial of type `tau_j` on axis j with `|f| <= M = f(0)`,
 * so `f(t) >= M cos(sum_j tau_j |t_j|)` as long as the sum is at most pi (Bernstein and Szego). The centre of the cell that holds
 * w* therefore has `sigma_1(F(centre)) >= M cos(sum_j tau_j h_j)`, and
 *
 *     M <= max over the cells of sigma_1(F(centre)) / cos(sum_j tau_j h_j).
 *
 * Cells whose quotient is not yet within the tolerance of the best lower bound are halved. Half of the torus suffices:
 * `F(-w)` is the conjugate of `F(w)` as the kernel is real.
 */
export async function boundAnySize(
  engine: Engine,
  original: PolyphaseKernel,
  tolerance: number,
): Promise<AnySizeEnclosure> {
  const kernel = undilated(original);
  const { rows, columns } = kernel;
  const origin: Frequency = kernel.positions[0].map(() => 0);
  const tau = halfExtent(kernel);

  const exactError = symbolError(kernel, UNIT_ROUNDOFF_OF.float64);
  let peak = highestPeak(kernel);
  const improve = (start: Frequency, rounds: number) => {
    const found = climb(kernel, start, rounds, exactError);
    if (found.norm > peak.norm) peak = found;
  };

  let upper = await boundByTaps(engine, kernel, tolerance);
  if (upper === 0) return { ...ZERO, frequency: origin };

  const rounding = relativeRounding(kernel, peak.norm);
  const precision = precisionFor(engine, kernel, rounding, tolerance);
  const error = symbolError(kernel, UNIT_ROUNDOFF_OF[precision]);
  // What rounding hides cannot be resolved by smaller cells.
  const goal = Math.max(tolerance, 8 * rounding(UNIT_ROUNDOFF_OF[precision]));
  const taps = engine.toBulk(kernel.values, precision);
  const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / (rows * columns)));
  const target = () => (1 + goal) * peak.norm;
  /** Bounds over the cells, each at most `level` times the target where that can be shown. */
  const boundCells = async (cells: readonly Cell[], level: number): Promise<number[]> => {
    const bounds: number[] = [];
    for (let begin = 0; begin < cells.length; begin += chunk) {
      const some = cells.slice(begin, begin + chunk);
      const symbols = await symbolsAt(
        engine,
        kernel,
        taps,
        some.map((cell) => cell.centre),
      );
      const norms = await symbolNorms(engine, symbols, rows, columns, error, {
        thresholds: some.map((cell) => level * target() * cell.cosine),
        tolerance: goal / 16,
      });
      work += some.length * workPerSymbol(kernel);
      norms.forEach((norm, i) => {
        const bound = roundUp(norm.upper / some[i].cosine);
        bounds.push(bound);
        if (norm.lower > peak.norm) {
          peak = { frequency: some[i].centre, norm: norm.lower };
          improve(some[i].centre, 12);
        }
      });
    }
    return bounds;
  };

  let cells = firstGrid(tau, columns < FACTORED ? FIRST_CELL.small : FIRST_CELL.large);
  let proved = 0;
  let work = 0;
  while (cells.length > 0 && upper > target() && work < WORK_LIMIT) {
    const bounds = await boundCells(cells, 1);
    upper = Math.min(upper, largest(bounds, proved));
    const split: Cell[] = [];
    bounds.forEach((bound, i) => {
      if (bound <= target()) proved = Math.max(proved, bound);
      else split.push(cells[i]);
    });
    // Large symbols have only been compared with the target: a higher maximum may be near to where that failed.
    if (columns >= FACTORED) {
      const every = Math.ceil(split.length / CLIMBS);
      split.filter((_, i) => i % every === 0).forEach(({ centre }) => improve(centre, 3));
    }
    cells = split.flatMap((cell) => halves(cell, tau));
  }
  for (const level of [1.05, 1.2]) {
    if (cells.length > 0 && upper > level * target()) {
      upper = Math.min(upper, largest(await boundCells(cells, level), proved));
    }
  }
  return { lower: Math.min(roundDown(peak.norm), upper), upper, frequency: peak.frequency };
}

function largest(values: readonly number[], floor: number): number {
  return values.reduce((a, b) => Math.max(a, b), floor);
}

/**
 * Rounding of the symbols and their Gram matrices with unit roundoff u, relative to the norm, with the mean of `||F||_F^2` over
 * the torus in place of each symbol's own.
 */
function relativeRounding(kernel: PolyphaseKernel, norm: number): (u: number) => number {
  const squares = sumOfSquares(kernel.values) / (norm * norm);
  return (u) => gamma(2 * kernel.rows + 4, u) * squares + symbolError(kernel, u) / norm;
}

/** Float32 where its rounding hardly shows in the result. */
function precisionFor(
  engine: Engine,
  kernel: PolyphaseKernel,
  rounding: (u: number) => number,
  tolerance: number,
): Precision {
  if (engine.precision === 'float32') return 'float32';
  const few = kernel.columns < FACTORED;
  return few && rounding(UNIT_ROUNDOFF_OF.float32) < tolerance / 16 ? 'float32' : 'float64';
}

/** Flops of one symbol, its Gram matrix and what decides about it, and what a cell costs besides. */
function workPerSymbol({ rows, columns, positions }: PolyphaseKernel): number {
  return 2 * positions.length * rows * columns + 6 * columns * columns * rows + 12 * columns ** 3 + CELL_WORK;
}

/** A grid over half of the torus: the whole circle on every axis but the first that varies, half of it there. */
function firstGrid(tau: readonly number[], reach: number): Cell[] {
  const varying = tau.filter((t) => t > 0).length;
  let halved = false;
  const counts: number[] = [];
  const begins: number[] = [];
  const halfWidths: number[] = [];
  for (const t of tau) {
    const whole = t === 0 ? 1 : Math.ceil((Math.PI * t * varying) / reach);
    const half = t > 0 && !halved;
    if (half) halved = true;
    const count = half ? Math.ceil(whole / 2) : whole;
    counts.push(count);
    halfWidths.push((half ? Math.PI / 2 : Math.PI) / count);
    begins.push(half ? 0 : -Math.PI);
  }
  // Slightly larger cells: the centres are rounded.
  const enlarged = halfWidths.map((h) => h * (1 + 1e-12));
  return Array.from({ length: product(counts) }, (_, index) =>
    cellOf(
      unravel(index, counts).map((i, axis) => begins[axis] + (2 * i + 1) * halfWidths[axis]),
      enlarged,
      tau,
    ),
  );
}

/** Two halves of a cell, cut across the axis on which the symbol can change most. */
function halves(cell: Cell, tau: readonly number[]): Cell[] {
  let axis = 0;
  cell.halfWidth.forEach((h, j) => {
    if (tau[j] * h > tau[axis] * cell.halfWidth[axis]) axis = j;
  });
  const h = cell.halfWidth[axis] / 2;
  const halfWidth = cell.halfWidth.map((x, j) => (j === axis ? h * (1 + 1e-12) : x));
  return [-h, h].map((shift) =>
    cellOf(
      cell.centre.map((w, j) => (j === axis ? w + shift : w)),
      halfWidth,
      tau,
    ),
  );
}

/**
 * An upper bound of M from the kernel alone: the least of `sum_a ||K_a||_F` and, where the autocorrelation
 * `A_b = sum_a K_{a+b}^T K_a` is affordable, `sqrt(lambda_1(A_0) + sum_{b != 0} ||A_b||_F)`, which is exact for orthogonal
 * convolutions, where nothing can be pruned.
 */
async function boundByTaps(engine: Engine, kernel: PolyphaseKernel, tolerance: number): Promise<number> {
  const { rows, columns, positions, values } = kernel;
  const entries = rows * columns;
  let sum = 0;
  for (let p = 0; p < positions.length; p++) {
    sum += Math.sqrt(sumOfSquares(values, p * entries, (p + 1) * entries));
  }
  const byTaps = roundUp(sum * (1 + gamma(entries + positions.length)));
  const width = positions.length * columns;
  if (sum === 0 || width > 1024) return byTaps;

  // [K_1 .. K_P]^T [K_1 .. K_P] holds every product K_a^T K_b.
  const unfolded = new Float64Array(rows * width);
  for (let p = 0; p < positions.length; p++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        unfolded[r * width + p * columns + c] = values[(p * rows + r) * columns + c];
      }
    }
  }
  const products = await engine.multiply(transpose(unfolded, rows, width), unfolded, width, rows, width);
  const lags = new Map<string, Float64Array>();
  positions.forEach((a, i) => {
    positions.forEach((b, j) => {
      const lag = a.map((x, axis) => x - b[axis]).join();
      let total = lags.get(lag);
      if (!total) lags.set(lag, (total = new Float64Array(columns * columns)));
      for (let r = 0; r < columns; r++) {
        for (let c = 0; c < columns; c++) {
          total[r * columns + c] += products[(i * columns + r) * width + j * columns + c];
        }
      }
    });
  });
  const squares = sumOfSquares(values);
  const rounding = gamma(rows + positions.length + 4) * squares * positions.length;
  let offZero = 0;
  let zero: Float64Array = new Float64Array(0);
  const zeroLag = positions[0].map(() => 0).join();
  for (const [lag, total] of lags) {
    if (lag === zeroLag) zero = total;
    else offZero += Math.sqrt(sumOfSquares(total));
  }
  const central = await largestEigenvalue(engine, zero, columns, tolerance / 8);
  return Math.min(
    byTaps,
    sqrtOf({ lower: 0, upper: (central.upper + offZero) * (1 + 1e-12) + rounding }).upper,
  );
}

function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = a[r * columns + c];
  return out;
}
