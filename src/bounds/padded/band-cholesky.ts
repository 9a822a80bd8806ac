import type { Engine } from '../../compute/engine';
import { factorLeaf, inverseOf } from '../matrices/cholesky';
import { envelopeOf, type PaddedGram } from './padded-gram';
import { gamma, roundUp } from '../rounding';
import { sumOfSquares } from '../values';

/** Columns whose diagonal block is factorised here; everything else is products of matrices. */
const LEAF = 128;
/** Columns of a panel, which is subtracted from later columns in one product: fewer take twice as long for their flops. */
const PANEL = 2 * LEAF;

/** The columns [begin, end) of a lower triangular factor, down to row `reach`, below which it has zeros only. */
interface Columns {
  readonly begin: number;
  readonly end: number;
  readonly reach: number;
}

/** Columns of a panel with their diagonal block, of which the inverse is kept. */
interface Leaf {
  readonly begin: number;
  readonly end: number;
  readonly inverse: Float64Array;
  /** Rows from `end` to the end of the panel; before the panel is done, to its reach. */
  readonly below: Float64Array;
}

interface Panel extends Columns {
  readonly leaves: readonly Leaf[];
  /** Rows [end, reach). */
  readonly below: Float64Array;
}

/** A factorisation of `theta I - G` that ran to the end. */
export interface BandFactorization {
  /** At least the largest eigenvalue of G as stored. */
  readonly bound: number;
  /** `(theta I - G)^-1 x`, up to rounding. */
  readonly solve: (x: Float64Array) => Promise<Float64Array>;
}

/** The panels of a factor: a row of it begins where that row of the matrix does (its envelope: George and Liu 1981). */
export function panelsOf(envelope: readonly number[], channels: number): Columns[] {
  const positions = envelope.length;
  const order = positions * channels;
  const panels: Columns[] = [];
  let last = 0;
  for (let begin = 0; begin < order; begin += PANEL) {
    const end = Math.min(order, begin + PANEL);
    for (let row = last; row < positions; row++) {
      if (envelope[row] * channels < end) last = row;
    }
    // Whole leaves: what a panel is subtracted from is all columns of one.
    const reach = Math.min(order, LEAF * Math.ceil(((last + 1) * channels) / LEAF));
    panels.push({ begin, end, reach });
  }
  return panels;
}

/** Flops of a factorisation, and values of the factor. */
export function sizeOf(panels: readonly Columns[]): { flops: number; elements: number } {
  let flops = 0;
  let elements = 0;
  panels.forEach(({ begin, end, reach }, c) => {
    const [width, height] = [end - begin, reach - begin];
    elements += height * width;
    flops += 5 * height * LEAF * width;
    for (let j = c - 1; j >= 0 && panels[j].reach > begin; j--) {
      flops += 2 * (panels[j].reach - begin) * PANEL * width;
    }
  });
  return { flops, elements };
}

/**
 * Cholesky factorisation of `theta I - G` for a Gram matrix of a padded operator, and the bound that it proves, as in
 * `cholesky.ts` and for the same reasons: `lambda_1(G) <= theta + ||R||`, R what the factor leaves over, `||R||_F` at most
 * `||E||_F + gamma_{n+2} (||C||_F + tr C / (1 - gamma_{n+2})) + n^3 2^-1074`. Leaf by leaf, each one less the products of the columns
 * before it that reach it; E is what is left below the diagonal blocks. No entry is the end of a sum of more than n products
 * and one entry of `C = theta I - G`; outside of the envelope C and the factor are zero, and so is R.
 *
 * @returns null where the factorisation breaks down, that is, theta is (nearly) below an eigenvalue
 */
export async function factorizeBand(
  engine: Engine,
  gram: PaddedGram,
  theta: number,
): Promise<BandFactorization | null> {
  const order = gram.layout.rows.length * gram.channels;
  const columns = panelsOf(envelopeOf(gram.layout), gram.channels);
  const buffer = new Float64Array(
    columns.reduce((most, { begin, reach }) => Math.max(most, (reach - begin) * LEAF), 0),
  );
  const panels: Panel[] = [];
  let squares = 0;
  let squaredResidual = 0;
  let trace = 0;
  for (const panel of columns) {
    const { reach } = panel;
    const leaves: Leaf[] = [];
    for (let begin = panel.begin; begin < panel.end; begin += LEAF) {
      const end = Math.min(panel.end, begin + LEAF);
      const width = end - begin;
      const values = buffer.subarray(0, (reach - begin) * width);
      trace += shiftedColumns(gram, theta, { begin, end, reach }, values);
      squares += 2 * sumOfSquares(values);
      for (let j = panels.length - 1; j >= 0 && panels[j].reach > begin; j--) {
        await subtract(engine, panels[j], panels[j].reach, values, begin, end);
      }
      for (const leaf of leaves) await subtract(engine, leaf, reach, values, begin, end);
      const diagonal = values.slice(0, width * width);
      if (!factorLeaf(diagonal, width)) return null;
      const inverse = inverseOf(diagonal, width);
      const rest = values.subarray(width * width);
      let below: Float64Array = new Float64Array(rest.length);
      if (rest.length > 0) {
        const product = await engine.multiplyTransposed(rest, inverse, reach - end, width, width, below);
        below = product as Float64Array;
        await engine.subtractTransposedProduct(rest, below, diagonal, reach - end, width, width);
        // Twice: what is below the diagonal stands for its mirror image too.
        squaredResidual += 2 * sumOfSquares(rest);
      }
      leaves.push({ begin, end, inverse, below });
    }
    panels.push(joined(panel, leaves));
  }
  const relative = gamma(order + 2);
  const size = Math.sqrt(squares) + trace / (1 - relative);
  // 2^-30: the rounding of the sums of squares and of the trace themselves.
  const residual = Math.sqrt(squaredResidual) + relative * size;
  const bound = theta + residual * (1 + 2 ** -30) + order ** 3 * Number.MIN_VALUE;
  if (!Number.isFinite(bound)) return null;
  return { bound: roundUp(bound), solve: (x) => solve(engine, panels, x) };
}

/** Subtracts from the columns [begin, end), from the diagonal down, the products of earlier ones that end at row `reach`. */
async function subtract(
  engine: Engine,
  earlier: Pick<Leaf, 'begin' | 'end' | 'below'>,
  reach: number,
  values: Float64Array,
  begin: number,
  end: number,
): Promise<void> {
  const inner = earlier.end - earlier.begin;
  const [height, width] = [reach - begin, end - begin];
  const left = earlier.below.subarray((begin - earlier.end) * inner);
  const right = left.subarray(0, width * inner);
  await engine.subtractTransposedProduct(
    values.subarray(0, height * width),
    left,
    right,
    height,
    inner,
    width,
  );
}

/** The leaves of a panel side by side below it. */
function joined(columns: Columns, leaves: readonly Leaf[]): Panel {
  const { begin, end, reach } = columns;
  if (leaves.length === 1) return { ...columns, leaves, below: leaves[0].below };
  const width = end - begin;
  const below = new Float64Array((reach - end) * width);
  for (const leaf of leaves) {
    const own = leaf.end - leaf.begin;
    for (let row = end; row < reach; row++) {
      const from = (row - leaf.end) * own;
      below.set(leaf.below.subarray(from, from + own), (row - end) * width + leaf.begin - begin);
    }
  }
  const within = leaves.map((leaf) => ({
    ...leaf,
    below: leaf.below.slice(0, (end - leaf.end) * (leaf.end - leaf.begin)),
  }));
  return { ...columns, leaves: within, below };
}

/**
 * Writes columns of `theta I - G`, from the diagonal down (what is written above it counts for nothing); answers the sum
 * of the magnitudes on the diagonal.
 */
function shiftedColumns(
  { layout, channels, blocks }: PaddedGram,
  theta: number,
  { begin, end, reach }: Columns,
  values: Float64Array,
): number {
  const width = end - begin;
  values.fill(0);
  for (let p = Math.floor(begin / channels); p < layout.rows.length && p * channels < reach; p++) {
    const { columns, sums } = layout.rows[p];
    const firstRow = Math.max(begin, p * channels);
    const endRow = Math.min(reach, (p + 1) * channels);
    columns.forEach((q, i) => {
      const from = Math.max(begin, q * channels);
      const to = Math.min(end, (q + 1) * channels);
      if (from >= to) return;
      const block = blocks[sums[i]];
      for (let row = firstRow; row < endRow; row++) {
        const at = (row - p * channels) * channels - q * channels;
        const target = (row - begin) * width - begin;
        for (let column = from; column < to; column++) values[target + column] = -block[at + column];
      }
    });
  }
  let trace = 0;
  for (let i = 0; i < width; i++) {
    values[i * width + i] += theta;
    trace += Math.abs(values[i * width + i]);
  }
  return trace;
}

/** Forward and back substitution. */
async function solve(engine: Engine, panels: readonly Panel[], x: Float64Array): Promise<Float64Array> {
  const y = x.slice();
  const subtractBelow = async ({ begin, end, below }: Omit<Leaf, 'inverse'>, reach: number) => {
    if (reach === end) return;
    const rest = y.subarray(end, reach);
    await engine.subtractProduct(rest, below, y.subarray(begin, end), reach - end, end - begin, 1);
  };
  const subtractFrom = async ({ begin, end, below }: Omit<Leaf, 'inverse'>, reach: number) => {
    if (reach === end) return;
    const rest = y.subarray(end, reach);
    await engine.subtractProduct(y.subarray(begin, end), rest, below, 1, reach - end, end - begin);
  };
  for (const panel of panels) {
    for (const leaf of panel.leaves) {
      const [part, width] = [y.subarray(leaf.begin, leaf.end), leaf.end - leaf.begin];
      part.set(await engine.multiply(leaf.inverse, part, width, width, 1));
      await subtractBelow(leaf, panel.end);
    }
    await subtractBelow(panel, panel.reach);
  }
  for (const panel of panels.toReversed()) {
    await subtractFrom(panel, panel.reach);
    for (const leaf of panel.leaves.toReversed()) {
      await subtractFrom(leaf, panel.end);
      const [part, width] = [y.subarray(leaf.begin, leaf.end), leaf.end - leaf.begin];
      part.set(await engine.multiply(part, leaf.inverse, 1, width, width));
    }
  }
  return y;
}
