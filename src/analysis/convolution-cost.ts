/** How long the bound of a convolution takes: by the way that `boundConvolution` will take, as far as shapes tell. */
import {
  affordablePart,
  axesOf,
  CIRCULAR_TOLERANCE,
  circulantCounts,
  circularGrid,
  cropped,
  type ConvolutionLayer,
  FEW_GROUPS,
  FIRST_WIDTH,
  GRID,
  isDense,
  type OperatorSize,
  operatorSize,
  PADDED,
  termsOfGram,
} from '../bounds/convolution';
import { OWN_ORDER } from '../bounds/symbols/definite';
import { gridCount } from '../bounds/symbols/grid';
import { product } from '../bounds/kernel';
import { isPutTogetherInLoops } from '../bounds/symbols/norms-by-cholesky';
import { secondsOfShift } from '../bounds/symbols/wave';
import { secondsOfLayout } from '../bounds/padded/padded-gram';
import { FACTORISATIONS, secondsOfPadded, secondsOfProducts } from '../bounds/padded/padded-norm';
import { type Axis, outputSize } from '../bounds/padded/padding';
import type { ConvolutionOperator, Operator } from '../model/model';
import {
  gridSeconds,
  isSent,
  type KernelSize,
  kernelSize,
  lagsOf,
  peakSeconds,
  secondsForAnySize,
  secondsOfKernels,
  TOLERANCE,
} from './any-size-cost';
import type { Conditions } from './conditions';
import { OWN_EIGENVALUE, secondsOfEigenvalue, secondsOfMatrices, VALUES } from './matrix-cost';
import { convolutionLayer, QUICK_PATIENCE } from './operator';

/**
 * Share of its groups that are looked at closely where nothing is known of them, for what quicker bounds leave open. Most are told apart
 * by circulants, and a part of them needs a factorisation.
 */
const CLOSE = { share: 4, factorised: 0.24, leastFactorised: 1.5 } as const;
/** What the circulants of a group cost however small they are, and each of their frequencies, seconds. */
const CIRCULANTS = { overhead: 3.5e-3, frequency: 8e-6 } as const;
/** Where an explicit operator has fewer different singular values than `usual`, it takes fewer Lanczos steps: as if there were a few more of them. */
const DIFFERENT = { usual: 50, more: 10 } as const;
/**
 * Products with the operator and its adjoint that raise a lower bound, and seconds to orthogonalise each of its columns: of a few groups, where one peak
 * of the symbol is far above the rest, and where not, and of many.
 */
const ATTAINING = {
  peaked: { products: 30, column: 7e-7 },
  flat: { products: 66, column: 2.8e-6 },
  many: { products: 54, column: 2.3e-6 },
} as const;
/** Norm over most of the torus, next to the highest, below which there is such a peak. */
const PEAKED = 0.5;
/** Where one peak is far above the rest, the circulant that suits it loses nearly as much as padding does: this share of it is open, besides the tolerance. */
const LEFT_OF_PEAKED = 0.1;
/** By up to such a factor what is open, and the seconds of a Gram matrix, may turn out otherwise. */
const UNSURE = 3;

/**
 * By the way that `boundConvolution` takes, as far as sizes tell.
 *
 * @param shape of the kernel that is computed with: (co, ci / groups, k_1 .. k_d)
 */
export function secondsOfConvolution(
  shape: readonly number[],
  operator: ConvolutionOperator,
  conditions: Conditions,
): number {
  const layer = layerOf(shape, operator, conditions);
  const kernel = kernelSize(layer);
  const reading = product(shape) / VALUES;
  const sized = isSized(layer, conditions)
    ? secondsForSize(layer, kernel, croppedAxes(layer), conditions)
    : null;
  return reading + (sized ?? secondsForAnySize(kernel, conditions));
}

/**
 * What a convolution is bounded by: as a matrix; as the explicit matrix of its operator; by symbols, all in plain loops; by symbols that are
 * put together in products; or that are factorised by panels of columns in products, too. With the order of the matrix or the symbols.
 */
export function wayOf(
  operator: ConvolutionOperator,
  conditions: Pick<Conditions, 'padding' | 'method'>,
): { way: 'matrix' | 'explicit' | 'loops' | 'products' | 'panels'; order: number } {
  const layer = layerOf(operator.tensor.shape, operator, conditions);
  const explicit = isSized(layer, conditions) ? explicitSize(layer, croppedAxes(layer)) : null;
  if (explicit?.isWritten) return { way: 'explicit', order: Math.min(explicit.rows, explicit.columns) };
  const kernel = kernelSize(layer);
  const { order } = kernel;
  if (product(kernel.positions) === 1) return { way: 'matrix', order };
  if (order > OWN_ORDER) return { way: 'panels', order };
  return { way: isPutTogetherInLoops(order, lagsOf(kernel.positions)) ? 'loops' : 'products', order };
}

/** Whether a convolution is bounded by symbols. */
export function isBySymbols(
  operator: ConvolutionOperator,
  conditions: Pick<Conditions, 'padding' | 'method'>,
): boolean {
  const { way } = wayOf(operator, conditions);
  return way !== 'matrix' && way !== 'explicit';
}

function isSized(
  layer: ConvolutionLayer,
  { method }: Pick<Conditions, 'method'>,
): layer is ConvolutionLayer & { inputSize: readonly number[] } {
  return layer.inputSize !== null && method !== 'gram';
}

function croppedAxes(layer: ConvolutionLayer & { inputSize: readonly number[] }): Axis[] {
  return axesOf(layer, layer.inputSize).map(cropped);
}

/** The matrix of a group's operator, and whether it is written out. */
export function explicitSize(
  layer: ConvolutionLayer,
  axes: readonly Axis[],
): OperatorSize & { readonly isWritten: boolean } {
  const isApplicable = axes.every((axis) => outputSize(axis) >= 1);
  const { rows, columns } = operatorSize(layer, axes);
  return { rows, columns, isWritten: isApplicable && isDense(rows, columns, layer.groups) };
}

/** Seconds, as estimated, from which a group of a convolution is shared out among companions, by and large. */
const SHARED = 0.1;

/** Whether companions will be asked, by what the bound is estimated to take among others, seconds. */
export function isShared(
  operator: Operator,
  cost: number,
  conditions: Pick<Conditions, 'padding' | 'method' | 'processes'>,
): boolean {
  // Gram iteration asks none.
  if (conditions.processes < 2 || conditions.method === 'gram') return false;
  if (operator.kind !== 'convolution' || cost / operator.groups < SHARED) return false;
  if (!isBySymbols(operator, conditions)) return false;
  return isSent(kernelSize(layerOf(operator.tensor.shape, operator, conditions)));
}

/** Without its values. */
function layerOf(
  [outChannels, inChannelsPerGroup]: readonly number[],
  operator: ConvolutionOperator,
  conditions: Pick<Conditions, 'padding'>,
): ConvolutionLayer {
  const whole = convolutionLayer(operator, new Float64Array(0), conditions);
  return { ...whole, outChannels, inChannelsPerGroup };
}

/** Null where the input size does not matter. */
function secondsForSize(
  layer: ConvolutionLayer,
  kernel: KernelSize,
  axes: readonly Axis[],
  conditions: Conditions,
): number | null {
  const { groups } = layer;
  // A kernel that does not fit is told at once.
  if (axes.some((axis) => outputSize(axis) < 1)) return 0;
  const { rows, columns, isWritten } = explicitSize(layer, axes);
  if (isWritten) return secondsOfExplicit(layer, axes, { rows, columns });
  const isMatrix = product(kernel.positions) === 1;
  if (isMatrix && axes.every(({ mode }) => mode === 'zeros')) return null;
  const onGrids = (counts: readonly number[], width: number | null) =>
    secondsOfKernels(kernel) +
    groups *
      counts.reduce((sum, count) => sum + gridSeconds(kernel, count, { ...conditions, tolerance: width }), 0);
  const isShort = (counts: readonly number[], times: number) =>
    times * groups * gridCount(counts) * kernel.comparison <= GRID.seconds;
  const circular = circularGrid(axes);
  const onCircular =
    circular !== null && isShort(circular.counts, 1)
      ? onGrids([gridCount(circular.counts)], conditions.tolerance ?? CIRCULAR_TOLERANCE)
      : null;
  if (circular?.exact && onCircular !== null) return onCircular;
  const refining = secondsByGram(layer, axes, rows, columns, conditions);
  const part = affordablePart(layer, axes);
  const attaining = part === null ? 0 : secondsToAttain(layer, part, conditions);
  if (onCircular !== null) return onCircular + attaining + refining;
  // Of all groups, or of one after the other where there are many.
  const times = groups > FEW_GROUPS ? 4 / groups : 4;
  const grids = [0, 1]
    .map((more) => circulantCounts(axes, more))
    .filter((counts) => product(counts) <= GRID.frequencies && isShort(counts, times));
  const hasCirculants = circular === null && !isMatrix && grids.length > 0;
  if (groups > FEW_GROUPS) {
    const first = { ...conditions, tolerance: Math.max(FIRST_WIDTH, conditions.tolerance ?? 0) };
    const frequencies = hasCirculants ? grids.reduce((sum, counts) => sum + product(counts), 0) : 0;
    const overhead = hasCirculants ? CIRCULANTS.overhead : 0;
    const closer = overhead + frequencies * (kernel.comparison + CIRCULANTS.frequency);
    const circulants = closeGroups(layer, axes, conditions) * closer;
    return secondsForAnySize(kernel, first) + attaining + circulants + refining;
  }
  if (hasCirculants) {
    const positions = Math.max(...axes.map(({ extent, stride }) => Math.ceil(extent / stride)));
    const shifting = grids.reduce((sum, counts) => sum + secondsOfShift(counts, positions), 0);
    const each = peakSeconds(kernel, conditions) + shifting;
    return onGrids(grids.map(product), conditions.tolerance) + groups * each + attaining + refining;
  }
  return secondsForAnySize(kernel, conditions) + attaining + refining;
}

/** Of the matrices of all groups' operators, written out. */
function secondsOfExplicit(
  { groups, inChannelsPerGroup, size }: ConvolutionLayer,
  axes: readonly Axis[],
  { rows, columns }: OperatorSize,
): number {
  const writing = (rows * inChannelsPerGroup * product(size)) / VALUES;
  const least = Math.min(rows, columns);
  // Other eigenvalues are close to the largest one: it takes twice as long to find as that of any matrix. But along an axis where the kernel has one
  // position, the operator repeats itself.
  const repeats = product(axes.map((axis) => (axis.extent === 1 ? outputSize(axis) : 1)));
  const share = repeats === 1 ? 1 : Math.min(1, (DIFFERENT.more + least / repeats) / DIFFERENT.usual);
  const eigenvalue = least <= OWN_EIGENVALUE ? (2 * share - 1) * secondsOfEigenvalue(least) : 0;
  return groups * (writing + eigenvalue) + secondsOfMatrices(groups, rows, columns);
}

/** To raise the lower bounds of all groups by products with their operator. */
function secondsToAttain(layer: ConvolutionLayer, axes: readonly Axis[], conditions: Conditions): number {
  const { groups, outChannels, inChannelsPerGroup, size } = layer;
  const patches = groups * inChannelsPerGroup * product(size) * product(axes.map(outputSize));
  const few = isPeaked(layer, conditions) ? ATTAINING.peaked : ATTAINING.flat;
  const { products, column } = groups > FEW_GROUPS ? ATTAINING.many : few;
  return (
    products * secondsOfProducts(patches, outChannels / groups) +
    column * groups * operatorSize(layer, axes).columns
  );
}

/** Whether one peak of the symbol is far above the rest, as far as is known. */
function isPeaked({ groups }: ConvolutionLayer, { flatness }: Conditions): boolean {
  return groups <= FEW_GROUPS && flatness.ratio < PEAKED;
}

/**
 * What quicker bounds leave open of the norm on a zero-padded map, for a Gaussian kernel, about; pads that copy leave half and more. Taps that are
 * apart see a map that is so much smaller.
 */
export function openOn(axes: readonly Axis[], dilations: readonly number[]): number {
  const onAxis = ({ inputSize, mode }: Axis, axis: number) =>
    mode === 'zeros' ? (Math.PI / (inputSize / dilations[axis] + 2)) ** 2 / 8 : 0.5;
  return axes.reduce((sum, axis, index) => sum + onAxis(axis, index), 0);
}

/** The same of a kernel of which it is known how flat its symbol is. */
function openOf(layer: ConvolutionLayer, axes: readonly Axis[], conditions: Conditions): number {
  const open = openOn(axes, layer.dilations);
  const isPadded = axes.every(({ mode }) => mode === 'zeros');
  return isPadded && isPeaked(layer, conditions)
    ? (conditions.tolerance ?? TOLERANCE) + LEFT_OF_PEAKED * open
    : open;
}

/** How likely it is that a number is below a limit: 0 to 1 as their ratio goes through what is unsure. */
function likely(value: number, limit: number): number {
  const above = Math.log(limit / value) / Math.log(UNSURE);
  return Math.min(1, Math.max(0, (1 + above) / 2));
}

/** Of so many groups those that are looked at closely. */
function closeGroups(
  { groups, dilations }: ConvolutionLayer,
  axes: readonly Axis[],
  { flatness }: Conditions,
): number {
  const share = flatness.close ?? Math.min(1, CLOSE.share * openOn(axes, dilations));
  return Math.max(1, share * groups);
}

/** Of the banded Gram matrices of the padded operator; 0 where they take too long. */
function secondsByGram(
  layer: ConvolutionLayer,
  axes: readonly Axis[],
  rows: number,
  columns: number,
  conditions: Conditions,
): number {
  const { outChannels, inChannelsPerGroup, groups, size } = layer;
  const tolerance = conditions.tolerance ?? TOLERANCE;
  const open = openOf(layer, axes, conditions);
  const order = Math.min(rows, columns);
  // A kernel reaches as far on either side as it is long; pads that wrap tie both ends of an axis together.
  const shares = axes.map(({ extent, inputSize, mode }) =>
    mode === 'circular' ? 1 : Math.min(1, extent / inputSize),
  );
  const band = Math.min(...shares) * order;
  if (order * band > PADDED.elements) return 0;
  const terms = termsOfGram(layer, axes);
  if (terms === null) return 0;
  const flops = order * band ** 2 - (2 / 3) * band ** 3;
  const operator = {
    outChannels: outChannels / groups,
    inChannels: inChannelsPerGroup,
    taps: product(size),
    outputs: product(axes.map(outputSize)),
  };
  const close = CLOSE.factorised * closeGroups(layer, axes, conditions);
  const factorised = Math.min(groups, Math.max(CLOSE.leastFactorised, close));
  const seconds =
    secondsOfLayout(terms) + factorised * secondsOfPadded(operator, order, FACTORISATIONS * flops);
  const affordable = tolerance < TOLERANCE ? Infinity : PADDED.secondsForAll * open;
  const limit = Math.min(conditions.method === 'quick' ? QUICK_PATIENCE : PADDED.seconds, affordable);
  return seconds * likely(tolerance, open) * likely(seconds, limit);
}
