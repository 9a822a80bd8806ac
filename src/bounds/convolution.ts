import { t } from '@vscode/l10n';
import type { Engine } from '../compute/engine';
import { boundAnySize } from './symbols/any-size';
import type { Autocorrelation } from './symbols/autocorrelation';
import { highestPeak, waveAt } from './symbols/climb';
import { attainedNear, boundOnGrid, gridCount } from './symbols/grid';
import { boundByLags, largestOfMean } from './symbols/lags';
import {
  type KernelShape,
  meanEigenvalue,
  polyphase,
  type PolyphaseKernel,
  product,
  withoutZeros,
} from './kernel';
import { boundMatrix, frobeniusOf } from './matrices/matrix';
import type { Frequency } from './symbols/symbol';
import {
  type GramLayout,
  gramLayout,
  LARGEST_LAYOUT,
  layoutTerms,
  secondsOfLayout,
  type Side,
} from './padded/padded-gram';
import { boundPadded, costOfPadded } from './padded/padded-norm';
import { denseMatrix, lowerBounds, type PaddedOperator, paddedOperator } from './padded/padded-operator';
import { waveStart } from './padded/wave-start';
import {
  type Axis,
  circulantSize,
  largestCopies,
  largestCopiesAnySize,
  outputSize,
  type PaddingMode,
} from './padded/padding';
import { type Enclosure, roundDown, roundUp, times } from './rounding';
import { steadierSide } from './symbols/steadier-side';
import { autocorrelationFor, secondsPerSymbol } from './symbols/symbol-norms';
import { bestShift, type Wave } from './symbols/wave';
import { exponentScale, losesDigits, scaled, type Values } from './values';

/** A convolution layer; a transposed one is given as the convolution that it is the adjoint of. */
export interface ConvolutionLayer extends KernelShape {
  /** (co, ci / groups, k_1 .. k_d), row-major. */
  readonly values: Values;
  readonly padding: {
    readonly mode: PaddingMode;
    /** All begins, then all ends; null: unknown, taken as "same" where it matters. */
    readonly amounts: readonly number[] | null;
  };
  /** Spatial size of the input; null: any. */
  readonly inputSize: readonly number[] | null;
}

export interface GroupEnclosure extends Enclosure {
  readonly frobenius: number;
  /** `min(co, ci * prod(strides))` of the group. */
  readonly fullRank: number;
}

export interface ConvolutionEnclosure extends Enclosure {
  /** The norm is the largest of these: the operator is block diagonal. */
  readonly groups: readonly GroupEnclosure[];
  /** Whether the enclosure is of the norm on `inputSize`, or of the supremum over all input sizes. */
  readonly sized: boolean;
  readonly method: string;
}

/** The layer cannot be applied to the input size that is claimed for it. */
export class InputTooSmallError extends Error {
  constructor(inputSize: readonly number[]) {
    super(t`the kernel does not fit into an input of size ${inputSize.join('x')}`);
    this.name = 'InputTooSmallError';
  }
}

/** Default relative widths to aim for: by symbols, and by matrices. */
const TOLERANCE = 1e-3;
const MATRIX_TOLERANCE = 1e-6;
/** Of more groups than these only the largest are looked at closely, after a look at all to a certain width. */
export const FEW_GROUPS = 4;
export const FIRST_WIDTH = 1e-2;
/** Largest explicit matrix of one group: order of its Gram matrix, and entries; flops of all groups, and of many. */
const DENSE = { order: 768, entries: 2 ** 22, flops: 2e10, flopsOfMany: 1e9 } as const;
/**
 * Largest Gram matrix of a padded operator: order, values of the vectors on the other side, length of an axis with its pads, taps of
 * all outputs, and values held. How long the factorisations of a layer may take, estimated seconds: at most, and for what other bounds leave
 * open of the norm, where no tolerance below the usual one is asked for.
 */
export const PADDED = {
  order: 2 ** 15,
  vector: 2 ** 22,
  axis: 2 ** 20,
  taps: 2 ** 20,
  elements: 2 ** 26,
  seconds: 7,
  secondsForAll: 400,
} as const;
/** How long the enumeration of a layer's grid may take, estimated seconds, and the largest one that is tried for zero padding. */
export const GRID = { seconds: 10, frequencies: 4096 } as const;
/** Values of the patches that one product with the padded operator gathers. */
const PATCH_ELEMENTS = 2 ** 21;
const LANCZOS_STEPS = 48;
/** Relative width that norms on circularly padded maps are enclosed to where none is asked for. */
export const CIRCULAR_TOLERANCE = 1e-4;
/** Share of the tolerance that is left to a symbol whose peak may fall between the frequencies of a ring. */
const RING_SHARE = 0.9;

export const METHODS = {
  matrix: t('Gram matrix with Lanczos and Cholesky bounds'),
  dense: t('explicit operator: Gram matrix with Lanczos and Cholesky bounds'),
  anySize: t('branch and bound over the symbol (Bernstein-Szego)'),
  circulant: t('DFT grid of a circulant operator (Delattre et al. 2023)'),
} as const;

/**
 * Enclosure of the norm of a convolution: for the input size where it is known, else of the supremum over all input sizes.
 *
 * @param tolerance relative width to aim for; null: the default of the kernel's size
 * @param patience seconds, as estimated, that may be spent on the norm on a known input size where quicker bounds are wide
 * @throws NotFiniteError, InputTooSmallError
 */
export async function boundConvolution(
  engine: Engine,
  layer: ConvolutionLayer,
  tolerance: number | null,
  patience: number = PADDED.seconds,
): Promise<ConvolutionEnclosure> {
  const axes = layer.inputSize === null ? null : axesOf(layer, layer.inputSize).map(cropped);
  if (axes?.some((axis) => outputSize(axis) < 1)) throw new InputTooSmallError(layer.inputSize ?? []);
  // Other kernels of the same norms, for which less work may do.
  const groups = splitGroups(layer).map(({ kernel, ...group }) => ({
    ...group,
    kernel: steadierSide(withoutZeros(kernel)),
  }));
  const found =
    axes === null
      ? await boundForAnySize(engine, layer, groups, tolerance)
      : ((await boundDense(engine, layer, groups, axes, tolerance)) ??
        (await refined(
          engine,
          layer,
          groups,
          axes,
          tolerance,
          patience,
          await boundForSize(engine, layer, groups, axes, tolerance),
        )));
  return joined(groups, found, axes !== null);
}

/** The enclosure of a layer from those of its groups, with their scales put back. */
export function joined(
  groups: readonly ScaledGroup[],
  { norms, method }: Found,
  sized: boolean,
): ConvolutionEnclosure {
  const enclosed = groups.map((group, g) => ({
    ...times(norms[g], group.scale),
    frobenius: frobeniusOf(group.values, 1) * group.scale,
    fullRank: group.kernel.fullRank,
  }));
  return {
    lower: enclosed.reduce((largest, { lower }) => Math.max(largest, lower), 0),
    upper: enclosed.reduce((largest, { upper }) => Math.max(largest, upper), 0),
    groups: enclosed,
    sized,
    method,
  };
}

/** A group divided by a power of two, so that its largest weight is about one. */
export interface ScaledGroup {
  readonly values: Float64Array;
  readonly scale: number;
  /** Nothing was lost by the division. */
  readonly exact: boolean;
  readonly kernel: PolyphaseKernel;
}

export function splitGroups(layer: ConvolutionLayer): ScaledGroup[] {
  const size = layer.values.length / layer.groups;
  const single = { ...layer, outChannels: layer.outChannels / layer.groups, groups: 1 };
  return Array.from({ length: layer.groups }, (_, g) => {
    const part = layer.values.subarray(g * size, (g + 1) * size);
    const scale = exponentScale(part);
    const values = scaled(part, scale);
    return { values, scale, exact: !losesDigits(part, scale), kernel: polyphase(values, single, 0) };
  });
}

/** The axes on an input of the given size. Unknown amounts are "same": the extent less one, the larger half at the end. */
export function axesOf(layer: ConvolutionLayer, inputSize: readonly number[]): Axis[] {
  return inputSize.map((n, axis) => ({ inputSize: n, ...axisShape(layer, axis) }));
}

/** Negative amounts of zeros cut positions off, which the operator then does not depend on. */
export function cropped(axis: Axis): Axis {
  const { begin, end, mode } = axis;
  const inputSize = axis.inputSize + Math.min(0, begin) + Math.min(0, end);
  if (mode !== 'zeros' || inputSize < 1) return axis;
  return { ...axis, inputSize, begin: Math.max(0, begin), end: Math.max(0, end) };
}

function axisShape(layer: ConvolutionLayer, axis: number): Omit<Axis, 'inputSize'> {
  const { size, strides, dilations, padding } = layer;
  const extent = dilations[axis] * (size[axis] - 1) + 1;
  const [begin, end] = padding.amounts
    ? [padding.amounts[axis], padding.amounts[axis + size.length]]
    : [Math.floor((extent - 1) / 2), Math.ceil((extent - 1) / 2)];
  return { begin, end, extent, stride: strides[axis], mode: padding.mode };
}

/** Enclosures of the norms of the scaled groups. */
export interface Found {
  readonly norms: readonly Enclosure[];
  readonly method: string;
}

/** Norm on the infinite grid, without what padding adds, and the frequency of the symbol that attains the lower bound. */
async function boundUnpadded(
  engine: Engine,
  kernel: PolyphaseKernel,
  tolerance: number | null,
): Promise<Enclosure & { readonly frequency?: Frequency }> {
  const { rows, columns, values, positions } = kernel;
  if (positions.length === 1)
    return boundMatrix(engine, { values, rows, columns }, tolerance ?? MATRIX_TOLERANCE);
  return boundAnySize(engine, kernel, tolerance ?? TOLERANCE);
}

function methodOf(group: ScaledGroup): string {
  return group.kernel.positions.length === 1 ? METHODS.matrix : METHODS.anySize;
}

async function boundForAnySize(
  engine: Engine,
  layer: ConvolutionLayer,
  groups: readonly ScaledGroup[],
  tolerance: number | null,
): Promise<Found> {
  const factor = Math.sqrt(anySizeCopies(layer));
  const norms: Enclosure[] = [];
  for (const { kernel } of groups) {
    const { lower, upper } = await boundUnpadded(engine, kernel, tolerance);
    norms.push({ lower, upper: factor === 1 ? upper : roundUp(upper * factor) });
  }
  return { norms, method: methodOf(groups[0]) };
}

/**
 * The squared norm of the padding, over all input sizes. Zeros add nothing; neither does circular padding at stride 1 that
 * makes no more outputs than inputs, as each size then is a (compressed) circulant operator with symbols among the F(w).
 */
export function anySizeCopies(layer: ConvolutionLayer): number {
  const shapes = layer.size.map((_, axis) => axisShape(layer, axis));
  const circulant = shapes.every(
    (s) => s.mode === 'circular' && s.stride === 1 && s.begin + s.end <= s.extent - 1,
  );
  return circulant ? 1 : product(shapes.map(largestCopiesAnySize));
}

/** Small maps: the norm of the explicit matrix. Null where that is too large. */
async function boundDense(
  engine: Engine,
  layer: ConvolutionLayer,
  groups: readonly ScaledGroup[],
  axes: readonly Axis[],
  tolerance: number | null,
): Promise<Found | null> {
  const { rows, columns } = operatorSize(layer, axes);
  if (!isDense(rows, columns, groups.length)) return null;
  const width = tolerance ?? MATRIX_TOLERANCE;
  const factor = copiesFactor(axes);
  const norms: Enclosure[] = [];
  for (const { values, exact, kernel } of groups) {
    const single = { ...layer, outChannels: layer.outChannels / layer.groups, groups: 1 };
    const matrix = denseMatrix(paddedOperator(values, single, axes), 0);
    const found = await boundMatrix(engine, matrix, width);
    const upper = await boundIfOrthogonal(engine, kernel, factor, width, found.upper);
    const lower = Math.min(found.lower, upper);
    // Taps may cancel, and leave a norm that is small beside what was rounded.
    const error = matrix.error + (exact ? 0 : rows * columns * product(layer.size) * Number.MIN_VALUE);
    norms.push(widened({ lower, upper }, error));
  }
  return { norms, method: METHODS.dense };
}

/**
 * The least of an upper bound and, for a kernel that may be orthogonal, as its norm is about the root mean square of its singular
 * values, of `factor` times the norm for any input size: then that is known to more digits than any tolerance asks for.
 */
async function boundIfOrthogonal(
  engine: Engine,
  kernel: PolyphaseKernel,
  factor: number,
  width: number,
  upper: number,
): Promise<number> {
  const usual = factor * Math.sqrt(meanEigenvalue(kernel));
  if (!(upper > usual && upper <= (1 + 2 * width) * usual)) return upper;
  const autocorrelation = await autocorrelationFor(engine, kernel);
  if (autocorrelation === null) return upper;
  const anySize = boundByLags(autocorrelation, await largestOfMean(engine, autocorrelation, width));
  return Math.min(upper, factor === 1 ? anySize : roundUp(anySize * factor));
}

/** Bound on the norm of the padding: of rows of a circulant operator that are taken, or else of what is copied. */
export function copiesFactor(axes: readonly Axis[]): number {
  const copies = product(axes.map(largestCopies));
  return circularGrid(axes)?.factor ?? (copies > 1 ? Math.sqrt(copies) : 1);
}

/** Rows and columns of a group's operator on an input of known size. */
export interface OperatorSize {
  readonly rows: number;
  readonly columns: number;
}

export function operatorSize(
  {
    outChannels,
    inChannelsPerGroup,
    groups,
  }: Pick<KernelShape, 'outChannels' | 'inChannelsPerGroup' | 'groups'>,
  axes: readonly Axis[],
): OperatorSize {
  return {
    rows: (outChannels / groups) * product(axes.map(outputSize)),
    columns: inChannelsPerGroup * product(axes.map(({ inputSize }) => inputSize)),
  };
}

/** Whether the matrices of so many groups, (rows, columns) each, are written out. */
export function isDense(rows: number, columns: number, groups: number): boolean {
  const order = Math.min(rows, columns);
  const flops = groups * (2 * rows * columns * order + order ** 3);
  const affordable = groups > FEW_GROUPS ? DENSE.flopsOfMany : DENSE.flops;
  return order <= DENSE.order && rows * columns <= DENSE.entries && flops <= affordable;
}

function widened({ lower, upper }: Enclosure, error: number): Enclosure {
  return error === 0 ? { lower, upper } : { lower: roundDown(lower - error), upper: roundUp(upper + error) };
}

/**
 * Sharper bounds of as many groups as it takes for the largest norm to be known, if there is time for it: of circulants where there
 * are many groups, and then from the banded Gram matrix of the padded operator.
 */
async function refined(
  engine: Engine,
  layer: ConvolutionLayer,
  groups: readonly ScaledGroup[],
  axes: readonly Axis[],
  tolerance: number | null,
  patience: number,
  found: Found,
): Promise<Found> {
  const norms = [...found.norms];
  const narrow = (g: number, { lower, upper }: Enclosure) => {
    const least = Math.min(upper, norms[g].upper);
    norms[g] = { lower: Math.min(Math.max(lower, norms[g].lower), least), upper: least };
  };
  const factor = copiesFactor(axes);
  const byCirculants = new Set(groups.length > FEW_GROUPS ? groups.keys() : []);
  const byGram = new Set(groups.keys());
  let { method } = found;
  let gram: GroupGram | null = null;
  for (let spent = 0; ;) {
    const uppers = norms.map(({ upper }, g) => upper * groups[g].scale);
    const upper = uppers.reduce((most, value) => Math.max(most, value), 0);
    const lower = norms.reduce((most, norm, g) => Math.max(most, norm.lower * groups[g].scale), 0);
    const largest = uppers.indexOf(upper);
    const open = upper / lower - 1;
    if (!(open > (tolerance ?? TOLERANCE))) break;
    const affordable = (tolerance ?? TOLERANCE) < TOLERANCE ? Infinity : PADDED.secondsForAll * open;
    const isOver = () => spent > Math.min(patience, affordable);
    const { kernel } = groups[largest];
    if (byCirculants.delete(largest) && hasCirculants(layer, kernel)) {
      spent += gridSeconds(engine, kernel, circulantCounts(axes, 1));
      if (isOver()) break;
      const onGrid = await boundByCirculants(engine, kernel, axes, 1, tolerance);
      if (onGrid === null) continue;
      narrow(largest, { lower: 0, upper: factor === 1 ? onGrid.upper : roundUp(onGrid.upper * factor) });
      method = METHODS.circulant;
    } else {
      if (!byGram.delete(largest)) break;
      if (gram === null) {
        const terms = termsOfGram(layer, axes);
        if (terms === null) break;
        spent += secondsOfLayout(terms);
        if (isOver()) break;
        gram = groupGram(layer, groups[0], axes);
        if (gram === null) break;
      }
      spent += gram.seconds;
      if (isOver()) break;
      narrow(largest, await boundByGram(engine, gram, groups[largest], tolerance));
      method = METHODS.dense;
    }
  }
  return { norms, method };
}

/** What the banded Gram matrices of all groups have in common. */
interface GroupGram {
  readonly operator: PaddedOperator;
  readonly layout: GramLayout;
  readonly copies: number;
  /** What a group takes, estimated. */
  readonly seconds: number;
}

/** The smaller side of a group's operator. */
function sideOf({ rows, columns }: OperatorSize): Side {
  return rows < columns ? 'outputs' : 'inputs';
}

/** The terms of the layout of a group's banded Gram matrix; null where they, or the matrix, are too many. */
export function termsOfGram(layer: Omit<KernelShape, 'strides'>, axes: readonly Axis[]): number | null {
  const { rows, columns } = operatorSize(layer, axes);
  const isLong = axes.some(({ inputSize, begin, end }) => inputSize + begin + end > PADDED.axis);
  const isWide = Math.min(rows, columns) > PADDED.order || Math.max(rows, columns) > PADDED.vector;
  if (isLong || isWide || product(layer.size) * product(axes.map(outputSize)) > PADDED.taps) return null;
  const terms = layoutTerms(axes, layer, sideOf({ rows, columns }));
  return terms > LARGEST_LAYOUT ? null : terms;
}

/** Null where the matrix is too large. */
function groupGram(
  layer: ConvolutionLayer,
  { values }: ScaledGroup,
  axes: readonly Axis[],
): GroupGram | null {
  const single = { ...layer, outChannels: layer.outChannels / layer.groups, groups: 1 };
  const side = sideOf(operatorSize(layer, axes));
  // The axis along which the fewest positions have a block beside them.
  const reaches = axes.map(({ extent, inputSize }) => (extent - 1) / inputSize);
  const outermost = reaches.indexOf(Math.min(...reaches));
  const operator = paddedOperator(values, single, axes);
  const sizes = axes.map((axis) => (side === 'inputs' ? axis.inputSize : outputSize(axis)));
  const layout = gramLayout(operator, side, sizes, outermost);
  if (layout === null) return null;
  const { seconds, elements } = costOfPadded(operator, layout);
  return elements > PADDED.elements
    ? null
    : { operator, layout, copies: product(axes.map(largestCopies)), seconds };
}

async function boundByGram(
  engine: Engine,
  { operator, layout, copies }: GroupGram,
  { values, exact }: ScaledGroup,
  tolerance: number | null,
): Promise<Enclosure> {
  const { outChannels, inChannels, inputs, outputs, taps } = operator;
  const norm = await boundPadded(engine, { ...operator, kernel: values }, layout, copies, {
    tolerance: tolerance ?? MATRIX_TOLERANCE,
    enough: tolerance ?? TOLERANCE,
  });
  const lost = exact ? 0 : outChannels * outputs * inChannels * inputs * taps * Number.MIN_VALUE;
  return widened(norm, lost);
}

async function boundForSize(
  engine: Engine,
  layer: ConvolutionLayer,
  groups: readonly ScaledGroup[],
  axes: readonly Axis[],
  tolerance: number | null,
): Promise<Found> {
  const circular = circularGrid(axes);
  if (circular !== null && isShort(engine, groups, circular)) {
    const norms: Enclosure[] = [];
    for (const { kernel } of groups) {
      const { lower, upper } = await boundOnGrid(
        engine,
        kernel,
        circular.counts,
        tolerance ?? CIRCULAR_TOLERANCE,
      );
      norms.push({
        lower: circular.whole ? lower : 0,
        upper: circular.factor === 1 ? upper : roundUp(upper * circular.factor),
      });
    }
    return circular.exact
      ? { norms, method: METHODS.circulant }
      : raised(engine, layer, groups, axes, { norms, method: METHODS.circulant }, [], tolerance);
  }

  const factor = copiesFactor(axes);
  let method = methodOf(groups[0]);
  const norms: Enclosure[] = [];
  const frequencies: (Frequency | undefined)[] = [];
  const many = groups.length > FEW_GROUPS;
  for (const { kernel } of groups) {
    const onGrid =
      hasCirculants(layer, kernel) && !many
        ? await boundByCirculants(engine, kernel, axes, groups.length, tolerance)
        : null;
    let width = many && hasCirculants(layer, kernel) ? Math.max(FIRST_WIDTH, tolerance ?? 0) : tolerance;
    // The frequencies of a ring are only near the peak.
    if (circular?.whole && kernel.positions.length > 1) width = RING_SHARE * (tolerance ?? TOLERANCE);
    if (onGrid !== null) method = METHODS.circulant;
    const unpadded = onGrid === null ? await boundUnpadded(engine, kernel, width) : { lower: 0, ...onGrid };
    frequencies.push(unpadded.frequency);
    norms.push({
      lower: await lowerForSize(kernel, axes, circular, unpadded),
      upper: factor === 1 ? unpadded.upper : roundUp(unpadded.upper * factor),
    });
  }
  return raised(engine, layer, groups, axes, { norms, method }, frequencies, tolerance);
}

/** What the norm on an input of known size is at least, by what its symbol attains. */
async function lowerForSize(
  kernel: PolyphaseKernel,
  axes: readonly Axis[],
  circular: CircularGrid | null,
  unpadded: Awaited<ReturnType<typeof boundUnpadded>>,
): Promise<number> {
  // One output that reads nothing but inputs makes a one-position kernel's matrix a part of the operator.
  if (kernel.positions.length === 1) return axes.every(hasInnerOutput) ? unpadded.lower : 0;
  // With all of its rows a circular operator's symbol is attained at the frequencies of its grid.
  const { frequency } = unpadded;
  return circular?.whole && frequency ? attainedNear(kernel, circular.counts, frequency) : 0;
}

/** Whether there are circulant operators that a group with its padding is a compression of, and they say more than a matrix. */
function hasCirculants({ padding }: ConvolutionLayer, kernel: PolyphaseKernel): boolean {
  return kernel.positions.length > 1 && padding.mode !== 'circular';
}

/** The circulant operator that a circularly padded one takes its rows from. */
export interface CircularGrid {
  readonly counts: readonly number[];
  /** Bound on the norm of taking the rows. */
  readonly factor: number;
  /** Every row is taken once, or: at least once. */
  readonly exact: boolean;
  readonly whole: boolean;
}

/**
 * Circular padding whose stride divides the input: rows of a circulant operator on the input's own grid, each of them up
 * to `ceil(outputs / rows)` times. Null where it is none.
 */
export function circularGrid(axes: readonly Axis[]): CircularGrid | null {
  if (!axes.every((axis) => axis.mode === 'circular' && axis.inputSize % axis.stride === 0)) return null;
  const counts = axes.map((axis) => axis.inputSize / axis.stride);
  const repeats = axes.map((axis, j) => Math.ceil(outputSize(axis) / counts[j]));
  return {
    counts,
    factor: Math.sqrt(product(repeats)),
    exact: axes.every((axis, j) => outputSize(axis) === counts[j]),
    whole: axes.every((axis, j) => outputSize(axis) >= counts[j]),
  };
}

/** Whether all frequencies of a grid can be looked at. */
function isShort(engine: Engine, groups: readonly ScaledGroup[], { counts }: CircularGrid): boolean {
  const seconds = groups.reduce((sum, { kernel }) => sum + gridSeconds(engine, kernel, counts), 0);
  return seconds <= GRID.seconds;
}

function gridSeconds(engine: Engine, kernel: PolyphaseKernel, counts: readonly number[]): number {
  return gridCount(counts) * secondsPerSymbol(engine, kernel);
}

/**
 * The least bound by circulant operators that the zero-padded one is a compression of, each with the phase that suits it; at
 * most the bound for any input size, as it looks at some frequencies only. Null where too dear.
 */
async function boundByCirculants(
  engine: Engine,
  kernel: PolyphaseKernel,
  axes: readonly Axis[],
  groups: number,
  tolerance: number | null,
): Promise<{ readonly upper: number; readonly frequency: Frequency } | null> {
  let upper = Infinity;
  let peak: { frequency: Frequency; wave: Wave; autocorrelation: Autocorrelation | null } | null = null;
  for (const more of [0, 1]) {
    const counts = circulantCounts(axes, more);
    // All of the grid: with a phase it is not symmetric.
    const dear = 4 * groups * gridSeconds(engine, kernel, counts) > GRID.seconds;
    if (product(counts) > GRID.frequencies || dear) break;
    if (peak === null) {
      const { frequency } = await highestPeak(kernel);
      const wave = await waveAt(kernel, frequency);
      peak = { frequency, wave, autocorrelation: await autocorrelationFor(engine, kernel) };
    }
    const shift = bestShift(peak.wave, counts);
    const width = tolerance ?? TOLERANCE;
    const onGrid = await boundOnGrid(engine, kernel, counts, width, shift, peak.autocorrelation);
    upper = Math.min(upper, onGrid.upper);
  }
  return peak && { upper, frequency: peak.frequency };
}

/** The grid of the smallest circulant operator that the convolution is a compression of, or of one so much larger on every axis. */
export function circulantCounts(axes: readonly Axis[], more: number): number[] {
  return axes.map((axis) => {
    // Copying pads are a factor of their own: the convolution itself then is unpadded on the padded input.
    const bare: Axis =
      axis.mode === 'zeros'
        ? axis
        : { ...axis, mode: 'zeros', inputSize: axis.inputSize + axis.begin + axis.end, begin: 0, end: 0 };
    return circulantSize(bare) / axis.stride + more;
  });
}

/** Whether some output of the axis reads nothing but inputs. */
function hasInnerOutput(axis: Axis): boolean {
  const first = Math.max(0, Math.ceil(axis.begin / axis.stride)) * axis.stride - axis.begin;
  return (
    first >= 0 &&
    first + axis.extent <= axis.inputSize &&
    (first + axis.begin) / axis.stride < outputSize(axis)
  );
}

/**
 * The same norms with lower bounds raised by Rayleigh quotients of the operator, or of a part of it where it is large.
 *
 * @param frequencies where the symbols of the groups are highest, as far as that is known
 */
async function raised(
  engine: Engine,
  layer: ConvolutionLayer,
  groups: readonly ScaledGroup[],
  axes: readonly Axis[],
  { norms, method }: Found,
  frequencies: readonly (Frequency | undefined)[],
  tolerance: number | null,
): Promise<Found> {
  if (norms.every(({ lower, upper }) => upper <= lower * (1 + (tolerance ?? MATRIX_TOLERANCE)))) {
    return { norms, method };
  }
  const part = affordablePart(layer, axes);
  if (part === null) return { norms, method };
  const kernel = new Float64Array(layer.values.length);
  groups.forEach(({ values }, g) => {
    kernel.set(values, g * values.length);
  });
  const operator = paddedOperator(kernel, layer, part);
  const copies = product(part.map(largestCopies));
  const start = waveStart(layer, part, frequencies);
  const bounds = await lowerBounds(engine, operator, copies, LANCZOS_STEPS, start);
  return {
    norms: norms.map(({ lower, upper }, g) => ({
      lower: Math.min(Math.max(lower, bounds[g]), upper),
      upper,
    })),
    method,
  };
}

/** Values that one output position reads, in all groups. */
function patchChannels({ inChannelsPerGroup, groups, size }: ConvolutionLayer): number {
  return inChannelsPerGroup * groups * product(size);
}

/**
 * Axes small enough for products with the operator, null where there are none: pads alone can be too long. An operator with zero padding
 * on a smaller input is a compression of the one on the larger; with other padding the unpadded operator on an inner window is.
 */
export function affordablePart(layer: ConvolutionLayer, axes: readonly Axis[]): readonly Axis[] | null {
  const part = smallPart(layer, axes);
  return product(part.map(outputSize)) * patchChannels(layer) > 4 * PATCH_ELEMENTS ? null : part;
}

function smallPart(layer: ConvolutionLayer, axes: readonly Axis[]): readonly Axis[] {
  const affordable = Math.floor((PATCH_ELEMENTS / patchChannels(layer)) ** (1 / axes.length));
  const fits = axes.every((axis) => outputSize(axis) <= Math.max(1, affordable));
  if (fits) return axes;
  return axes.map((axis) => {
    const side = Math.max(1, affordable) * axis.stride + axis.extent;
    if (axis.mode === 'zeros') {
      const inputSize = Math.min(axis.inputSize, Math.max(1, side - axis.begin - axis.end));
      return { ...axis, inputSize };
    }
    // Negative pads cut off what no output reads.
    const read = axis.inputSize + Math.min(0, axis.begin) + Math.min(0, axis.end);
    const inner = read - (axis.stride - 1);
    return inner >= axis.extent
      ? { ...axis, mode: 'zeros', begin: 0, end: 0, inputSize: Math.min(side, inner) }
      : axis;
  });
}
