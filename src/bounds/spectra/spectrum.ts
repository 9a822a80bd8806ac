/** The singular values of a layer's operator: of a matrix, and of the symbol of a convolution over its frequencies. */
import type { Engine } from '../../compute/engine';
import { type ConvolutionLayer, splitGroups, type ScaledGroup } from '../convolution';
import { halfGrid } from '../symbols/grid';
import { type PolyphaseKernel, product, undilated } from '../kernel';
import type { Matrix } from '../matrices/matrix';
import { singularValueFlops, singularValues } from './singular-values';
import { estimateSpectrum } from './stochastic-lanczos';
import { type Frequency, symbolsAt } from '../symbols/symbol';
import { exponentScale, scaled, sumOfSquares, type Values } from '../values';

/** Singular values, or nodes that stand for them. */
export interface Spectrum {
  /** Descending. */
  readonly values: Float64Array;
  /** How many singular values each stands for; null: one. */
  readonly weights: Float64Array | null;
  /** Every singular value is there, up to rounding; else the values are an estimate of their distribution. */
  readonly isExact: boolean;
}

/** The spectra of a convolution's symbols on a grid of frequencies. */
export interface SymbolSpectra {
  /** Points of the grid per axis: the frequencies `2 pi k / counts`, those of `halfGrid`. */
  readonly counts: readonly number[];
  /** At each frequency, of all groups together. */
  readonly symbols: readonly Spectrum[];
}

/** Told how much is done, from 0 to 1; the work goes on when it has resolved. */
export type Told = (share: number) => void | Promise<void>;

/** Operations that the exact singular values of a layer may take: about two seconds of plain loops. */
const MOST_FLOPS = 3e9;
/** Operations a second of plain loops, and entries of a matrix for which an estimate takes a second. */
const SPEED = { loops: 1.5e9, estimate: 4e6 } as const;
/** Values of symbols that are held at a time. */
const SYMBOL_ELEMENTS = 2 ** 22;
/** Points per axis of the grids that are tried, by the number of axes, where the input's own is not known or has more points. */
const GRIDS: readonly (readonly number[])[] = [[], [1024, 256, 64], [32, 16, 8], [10, 6, 4]];
const MOST_POINTS = 1024;

/**
 * All singular values where that takes about two seconds for `blocks` such matrices, else an estimate.
 * @throws NotFiniteError
 */
export async function matrixSpectrum(
  engine: Engine,
  { values: all, rows, columns, offset = 0 }: Matrix,
  blocks = 1,
): Promise<Spectrum> {
  const values = all.subarray(offset, offset + rows * columns);
  const scale = exponentScale(values);
  const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
  if (blocks * singularValueFlops(long, short) <= MOST_FLOPS) {
    const unit = scaled(values, scale);
    const tall = rows >= columns ? unit : transposed(unit, rows, columns);
    return multiplied(exact(singularValues(tall, long, short)), scale);
  }
  return multiplied(await estimateSpectrum(engine, unitValues(values, scale), rows, columns), scale);
}

/** About how many seconds `matrixSpectrum` takes. */
export function secondsOfMatrixSpectrum(rows: number, columns: number, blocks = 1): number {
  const flops = singularValueFlops(Math.max(rows, columns), Math.min(rows, columns));
  return blocks * flops <= MOST_FLOPS ? flops / SPEED.loops : (rows * columns) / SPEED.estimate;
}

/**
 * Of the symbols of a convolution (docs/mathematics.md, Spectra), exact where that takes a few seconds, else estimates on the
 * smallest grid. The spectrum alone where the kernel has one position: it is the same at every frequency.
 *
 * @throws NotFiniteError
 */
export async function convolutionSpectrum(
  engine: Engine,
  layer: ConvolutionLayer,
  told: Told,
): Promise<Spectrum | SymbolSpectra> {
  const groups = splitGroups(layer);
  const [{ kernel }] = groups;
  const { rows, columns } = kernel;
  if (kernel.positions.length === 1) {
    const found: Spectrum[] = [];
    for (const { kernel, scale } of groups) {
      const matrix = { values: kernel.values, rows, columns };
      found.push(multiplied(await matrixSpectrum(engine, matrix, groups.length), scale));
      await told(found.length / groups.length);
    }
    return merged(found);
  }
  const own = layer.inputSize?.map((size, axis) => Math.ceil(size / layer.strides[axis])) ?? null;
  const isOwn = own !== null && product(own) <= MOST_POINTS;
  const grids = [...(isOwn ? [own] : []), ...GRIDS[layer.size.length].map((n) => layer.size.map(() => n))];
  const flops = groups.length * flopsOfSymbol(rows, columns);
  const affordable = grids.find((counts) => (flops * product(counts)) / 2 <= MOST_FLOPS);
  const counts = affordable ?? grids[grids.length - 1];
  const frequencies = halfGrid(counts);
  const found: Spectrum[][] = frequencies.map(() => []);
  let done = 0;
  for (const group of groups) {
    // Frequencies of the input's own grid are true ones; on another, those of a dilated kernel would repeat.
    const kernel = counts === own ? group.kernel : undilated(group.kernel);
    for await (const [index, spectrum] of symbolSpectra(
      engine,
      { ...group, kernel },
      frequencies,
      affordable !== undefined,
    )) {
      found[index].push(spectrum);
      await told(++done / (groups.length * frequencies.length));
    }
  }
  return { counts, symbols: found.map(merged) };
}

/** About how many seconds `convolutionSpectrum` takes for a polyphase kernel of several positions. */
export function secondsOfSymbolSpectra(rows: number, columns: number, groups: number, axes: number): number {
  const flops = groups * flopsOfSymbol(rows, columns);
  const grids = GRIDS[axes].map((n) => n ** axes / 2);
  const affordable = grids.find((count) => flops * count <= MOST_FLOPS);
  return affordable === undefined
    ? grids[grids.length - 1] * groups * secondsOfMatrixSpectrum(2 * rows, 2 * columns)
    : (flops * affordable) / SPEED.loops;
}

/** As a real matrix of twice the order; of one column it is a length. */
function flopsOfSymbol(rows: number, columns: number): number {
  return columns === 1 ? 4 * rows : singularValueFlops(2 * rows, 2 * columns);
}

async function* symbolSpectra(
  engine: Engine,
  { kernel, scale }: Pick<ScaledGroup, 'kernel' | 'scale'>,
  frequencies: readonly Frequency[],
  isExact: boolean,
): AsyncGenerator<readonly [index: number, spectrum: Spectrum]> {
  const { rows, columns } = kernel;
  const entries = rows * columns;
  const chunk = Math.max(1, Math.floor(SYMBOL_ELEMENTS / (2 * entries)));
  for (let begin = 0; begin < frequencies.length; begin += chunk) {
    const some = frequencies.slice(begin, begin + chunk);
    const { real, imaginary } = await symbolsAt(engine, kernel, kernel.values, some);
    for (let i = 0; i < some.length; i++) {
      const [from, to] = [i * entries, (i + 1) * entries];
      const [re, im] = [real.subarray(from, to), imaginary.subarray(from, to)];
      const spectrum =
        columns === 1
          ? exact(Float64Array.of(Math.sqrt(sumOfSquares(re) + sumOfSquares(im))))
          : await symbolSpectrum(engine, realForm(re, im, rows, columns), kernel, isExact);
      yield [begin + i, multiplied(spectrum, scale)];
    }
  }
}

/** The real form of a complex matrix has each of its singular values twice. */
async function symbolSpectrum(
  engine: Engine,
  form: Float64Array,
  { rows, columns }: Pick<PolyphaseKernel, 'rows' | 'columns'>,
  isExact: boolean,
): Promise<Spectrum> {
  if (isExact) {
    const doubled = singularValues(form, 2 * rows, 2 * columns);
    return exact(Float64Array.from({ length: columns }, (_, i) => doubled[2 * i]));
  }
  const { values, weights } = await estimateSpectrum(engine, form, 2 * rows, 2 * columns);
  return { values, weights: weights?.map((weight) => weight / 2) ?? null, isExact };
}

/** `[[X, -Y], [Y, X]]`. */
function realForm(re: Values, im: Values, rows: number, columns: number): Float64Array {
  const form = new Float64Array(4 * rows * columns);
  for (let r = 0; r < rows; r++) {
    const [upper, lower] = [2 * r * columns, 2 * (rows + r) * columns];
    for (let c = 0, e = r * columns; c < columns; c++, e++) {
      form[upper + c] = form[lower + columns + c] = re[e];
      form[upper + columns + c] = -im[e];
      form[lower + c] = im[e];
    }
  }
  return form;
}

export function exact(values: Float64Array): Spectrum {
  return { values, weights: null, isExact: true };
}

/** Of `factor` times the operator, `factor >= 0`. */
export function multiplied(spectrum: Spectrum, factor: number): Spectrum {
  return factor === 1 ? spectrum : { ...spectrum, values: spectrum.values.map((value) => value * factor) };
}

/** Of the block diagonal of several operators. */
export function merged(spectra: readonly Spectrum[]): Spectrum {
  if (spectra.length === 1) return spectra[0];
  return sorted(
    spectra.flatMap(({ values }) => [...values]),
    spectra.every(({ weights }) => weights === null) ? null : spectra.flatMap((some) => [...weightsOf(some)]),
    spectra.every(({ isExact }) => isExact),
  );
}

/** Of the Kronecker product of two operators. */
export function kroneckerSpectrum(a: Spectrum, b: Spectrum): Spectrum {
  const pairs = <T extends ArrayLike<number>>(x: T, y: T) =>
    Array.from({ length: x.length * y.length }, (_, i) => x[Math.floor(i / y.length)] * y[i % y.length]);
  return sorted(
    pairs(a.values, b.values),
    a.weights === null && b.weights === null ? null : pairs(weightsOf(a), weightsOf(b)),
    a.isExact && b.isExact,
  );
}

/** The weights of the values, also where all are one. */
export function weightsOf({ values, weights }: Spectrum): Float64Array {
  return weights ?? new Float64Array(values.length).fill(1);
}

function sorted(values: readonly number[], weights: readonly number[] | null, isExact: boolean): Spectrum {
  if (weights === null) {
    return { values: Float64Array.from(values).sort().reverse(), weights, isExact };
  }
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[b] - values[a]);
  return {
    values: Float64Array.from(order, (i) => values[i]),
    weights: Float64Array.from(order, (i) => weights[i]),
    isExact,
  };
}

/** `values / scale`, as precise as they are. */
function unitValues(values: Values, scale: number): Values {
  if (values instanceof Float64Array) return scaled(values, scale);
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = values[i] / scale;
  return out;
}

function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  return out;
}
