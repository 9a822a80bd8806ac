import type { Engine } from '../../compute/engine';
import { type KernelShape, product, unravel } from '../kernel';
import type { PaddedOperator } from './padded-operator';
import { type Axis, outputSize, paddedSources } from './padding';
import { gamma } from '../rounding';

/** Terms of all blocks that are written down at most: a few hundred MB for a moment, and what each takes, seconds. */
export const LARGEST_LAYOUT = 2 ** 21;
const TERM = 1.3e-7;
/** Values of the products of taps that are held at a time, as far as one tap's allow. */
const PRODUCT_ELEMENTS = 2 ** 22;

/** The side of the operator T whose Gram matrix is taken: `T^T T` of the inputs, `T T^T` of the outputs. */
export type Side = 'inputs' | 'outputs';

/**
 * Which products of taps make up each block of the Gram matrix of a convolution on a known input, whatever its weights are.
 *
 * Output o reads input `s(o, a)` through tap a. The block of `T^T T` for two inputs p, q, and that of `T T^T` for two outputs, are
 *
 *     sum over o, a, b with s(o, a) = p and s(o, b) = q of K_a^T K_b,    sum over a, b with s(p, a) = s(q, b) of K_a K_b^T.
 *
 * Most blocks of a map are alike, those away from its border: a sum stands for all places that have the same terms.
 */
export interface GramLayout {
  readonly side: Side;
  readonly taps: number;
  /** The number that each position of this side has here. */
  readonly ranks: Int32Array;
  /** For each distinct block the pairs a, b of its terms, `a * taps + b`, ascending. */
  readonly sums: readonly Int32Array[];
  /** For each position the positions up to it whose blocks beside it have terms, ascending, and the sums that stand there. */
  readonly rows: readonly { readonly columns: Int32Array; readonly sums: Int32Array }[];
}

/**
 * Terms of the layout of a convolution with kernels of some size: as many as the products of those on every axis. `axes` are short enough to be
 * counted position by position.
 */
export function layoutTerms(
  axes: readonly Axis[],
  { size, dilations }: Pick<KernelShape, 'size' | 'dilations'>,
  side: Side,
): number {
  const onAxis = (axis: Axis, j: number): number => {
    const sources = paddedSources(axis);
    const outputs = outputSize(axis);
    const met = new Float64Array(side === 'inputs' ? outputs : axis.inputSize);
    for (let output = 0; output < outputs; output++) {
      for (let tap = 0; tap < size[j]; tap++) {
        const input = sources[output * axis.stride + tap * dilations[j]];
        if (input >= 0) met[side === 'inputs' ? output : input]++;
      }
    }
    return met.reduce((sum, count) => sum + count ** 2, 0);
  };
  return product(axes.map(onAxis));
}

/** What it takes to write down a layout of so many terms, seconds. */
export function secondsOfLayout(terms: number): number {
  return TERM * terms;
}

/** For each position the first one whose block beside it has terms; the position itself where none has (no output reads it). */
export function envelopeOf({ rows }: GramLayout): number[] {
  return rows.map(({ columns }, position) => (columns.length > 0 ? columns[0] : position));
}

/**
 * The positions are numbered with the axis `outermost` first, the others in their order.
 * @returns null where there are too many terms
 */
export function gramLayout(
  { inputs, outputs, taps, sources }: Pick<PaddedOperator, 'inputs' | 'outputs' | 'taps' | 'sources'>,
  side: Side,
  sizes: readonly number[],
  outermost: number,
): GramLayout | null {
  if (termCount(sources, side, taps, outputs, inputs) > LARGEST_LAYOUT) return null;
  const ranks = ranksOf(sizes, outermost);
  /** For every position of the other side, the positions and taps that meet there. */
  const meetings: { place: number; tap: number }[][] = Array.from(
    { length: side === 'inputs' ? outputs : inputs },
    () => [],
  );
  for (let tap = 0; tap < taps; tap++) {
    for (let output = 0; output < outputs; output++) {
      const input = sources[tap * outputs + output];
      if (input < 0) continue;
      if (side === 'inputs') meetings[output].push({ place: ranks[input], tap });
      else meetings[input].push({ place: ranks[output], tap });
    }
  }
  const terms = Array.from(ranks, () => new Map<number, number[]>());
  for (const met of meetings) {
    for (const { place: row, tap: a } of met) {
      for (const { place: column, tap: b } of met) {
        if (column > row) continue;
        const list = terms[row].get(column);
        if (list) list.push(a * taps + b);
        else terms[row].set(column, [a * taps + b]);
      }
    }
  }
  const sums: Int32Array[] = [];
  const known = new Map<string, number>();
  const rows = terms.map((row) => {
    const columns = Int32Array.from(row.keys()).sort();
    return {
      columns,
      sums: columns.map((column) => {
        const list = Int32Array.from(row.get(column) ?? []).sort();
        const key = list.join();
        const found = known.get(key) ?? sums.push(list) - 1;
        known.set(key, found);
        return found;
      }),
    };
  });
  return { side, taps, ranks, sums, rows };
}

/** Pairs of positions and taps that meet. */
function termCount(sources: Int32Array, side: Side, taps: number, outputs: number, inputs: number): number {
  const met = new Int32Array(side === 'inputs' ? outputs : inputs);
  for (let tap = 0, k = 0; tap < taps; tap++) {
    for (let output = 0; output < outputs; output++, k++) {
      if (sources[k] >= 0) met[side === 'inputs' ? output : sources[k]]++;
    }
  }
  return met.reduce((sum, count) => sum + count ** 2, 0);
}

/** The number of every position, row-major, where one axis is taken before the others. */
function ranksOf(sizes: readonly number[], outermost: number): Int32Array {
  const order = [outermost, ...Array.from(sizes.keys()).filter((axis) => axis !== outermost)];
  return Int32Array.from({ length: product(sizes) }, (_, index) => {
    const position = unravel(index, sizes);
    return order.reduce((rank, axis) => rank * sizes[axis] + position[axis], 0);
  });
}

/** The Gram matrix of one group: position by position, and within each channel by channel. */
export interface PaddedGram {
  readonly layout: GramLayout;
  readonly channels: number;
  /** `layout.sums`: (channels, channels) each, symmetric where one stands on the diagonal. */
  readonly blocks: readonly Float64Array[];
  /** Bound on the spectral norm of this matrix less the exact one. */
  readonly error: number;
  /** Bound on the spectral norm of the exact one. */
  readonly size: number;
}

/**
 * Every entry is a sum of n products of length m: it is off by at most `gamma_{m+n}` times the same sum of absolute values
 * (Higham 2002, section 3.1), an entry of `|T|^T |T|`, |T| the operator with the taps |K_a|. That is copying, of norm at most the
 * root of the largest number of copies, then the unpadded convolution with |K_a|, whose rows and columns sum to no more than
 * those of `sum_a |K_a|` over the taps that read an input at all, so that `|| |T| ||^2 <= copies ||sum_a |K_a| ||_1 ||sum_a |K_a| ||_inf` (Schur's test).
 * What underflows is covered by two more roundings, as the largest weight is about one.
 *
 * @param kernel (co, ci, taps) of one group, scaled
 * @param copies largest number of padded positions that hold the same input
 */
export async function paddedGram(
  engine: Engine,
  layout: GramLayout,
  kernel: Float64Array,
  outChannels: number,
  inChannels: number,
  copies: number,
): Promise<PaddedGram> {
  const { side, taps, sums, rows } = layout;
  const [channels, length] = side === 'inputs' ? [inChannels, outChannels] : [outChannels, inChannels];
  const stacked = tapByTap(kernel, outChannels, inChannels, taps, side);
  const blocks = sums.map(() => new Float64Array(channels ** 2));
  const next = new Int32Array(sums.length);
  const width = taps * channels;
  const height = Math.min(taps, Math.max(1, Math.floor(PRODUCT_ELEMENTS / (channels * width))));
  for (let begin = 0; begin < taps; begin += height) {
    const end = Math.min(taps, begin + height);
    const left = stacked.subarray(begin * channels * length, end * channels * length);
    const products = (await engine.multiplyTransposed(
      left,
      stacked,
      (end - begin) * channels,
      length,
      width,
    )) as Float64Array;
    sums.forEach((terms, s) => {
      for (; next[s] < terms.length && terms[next[s]] < end * taps; next[s]++) {
        const a = Math.floor(terms[next[s]] / taps);
        const b = terms[next[s]] % taps;
        addBlock(blocks[s], channels, products, (a - begin) * channels * width + b * channels, width);
      }
    });
  }
  rows.forEach((row, position) => {
    const last = row.columns.length - 1;
    if (row.columns[last] === position) mirror(blocks[row.sums[last]], channels);
  });
  const terms = sums.reduce((most, { length: count }) => Math.max(most, count), 0);
  const size = copies * squaredNormBound(kernel, outChannels, inChannels, tapsOf(layout)) * (1 + 1e-9);
  return { layout, channels, blocks, error: gamma(length + terms + 4) * size * (1 + 1e-9), size };
}

/** The matrices whose products make up the blocks, (taps, channels, length): K_a^T of the inputs, K_a of the outputs. */
function tapByTap(
  kernel: Float64Array,
  outChannels: number,
  inChannels: number,
  taps: number,
  side: Side,
): Float64Array {
  const out = new Float64Array(kernel.length);
  const size = outChannels * inChannels;
  const [byOutput, byInput] = side === 'inputs' ? [1, outChannels] : [inChannels, 1];
  for (let o = 0, k = 0; o < outChannels; o++) {
    for (let c = 0; c < inChannels; c++) {
      for (let tap = 0; tap < taps; tap++, k++) out[tap * size + o * byOutput + c * byInput] = kernel[k];
    }
  }
  return out;
}

function addBlock(sum: Float64Array, order: number, values: Float64Array, from: number, width: number): void {
  for (let r = 0, k = 0; r < order; r++) {
    for (let at = from + r * width, end = at + order; at < end; at++, k++) sum[k] += values[at];
  }
}

/** A product of taps and the transposed product of the same taps may be rounded differently. */
function mirror(block: Float64Array, order: number): void {
  for (let r = 0; r < order; r++) {
    for (let c = 0; c < r; c++) block[c * order + r] = block[r * order + c];
  }
}

/** Which taps read an input anywhere: 1, else 0. */
function tapsOf({ taps, sums }: GramLayout): Uint8Array {
  const used = new Uint8Array(taps);
  for (const terms of sums) for (const term of terms) used[Math.floor(term / taps)] = used[term % taps] = 1;
  return used;
}

/** `||A||_1 ||A||_inf` of `A = sum_a |K_a|`, over the taps that are used. */
function squaredNormBound(
  kernel: Float64Array,
  outChannels: number,
  inChannels: number,
  used: Uint8Array,
): number {
  const columns = new Float64Array(inChannels);
  let largestRow = 0;
  for (let o = 0, k = 0; o < outChannels; o++) {
    let row = 0;
    for (let c = 0; c < inChannels; c++) {
      for (let tap = 0; tap < used.length; tap++, k++) {
        const value = used[tap] * Math.abs(kernel[k]);
        row += value;
        columns[c] += value;
      }
    }
    largestRow = Math.max(largestRow, row);
  }
  return columns.reduce((largest, column) => Math.max(largest, column), 0) * largestRow;
}
