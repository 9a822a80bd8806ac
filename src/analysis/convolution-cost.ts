/** How long the bound of a convolution takes: by the way that `boundConvolution` will take, as far as shapes tell. */
import { coverSize } from '../bounds/symbols/cells';
import { isLookedAtClosely } from '../bounds/symbols/climb';
import {
  axesOf,
  circulantCounts,
  circularGrid,
  type ConvolutionLayer,
  FEW_GROUPS,
  FIRST_WIDTH,
  GRID,
  isDense,
  PADDED,
  PATCH_ELEMENTS,
} from '../bounds/convolution';
import { OWN_ORDER } from '../bounds/symbols/definite';
import { expectedReach } from '../bounds/symbols/first-reach';
import { expectedSwing } from '../bounds/symbols/deviation';
import { gridCount } from '../bounds/symbols/grid';
import { product } from '../bounds/kernel';
import { secondsByCholesky } from '../bounds/symbols/norms-by-cholesky';
import { OWN_SECONDS, WORTH_SENDING } from '../bounds/symbols/norms-by-companions';
import { FACTORISATIONS, secondsOfPadded } from '../bounds/padded/padded-norm';
import { type Axis, outputSize } from '../bounds/padded/padding';
import type { ConvolutionOperator, Operator } from '../model/model';
import type { Conditions } from './conditions';
import {
  OWN_EIGENVALUE,
  OWN_SPEED,
  secondsOfEigenvalue,
  secondsOfMatrices,
  SPEED,
  VALUES,
} from './matrix-cost';
import { convolutionLayer } from './operator';

/** What a kernel of several positions costs besides, and each of its groups, seconds. */
const KERNEL_OVERHEAD = 9e-3;
const SEARCH_OVERHEAD = 3e-4;
/** What a comparison takes, next to what it takes where nothing else is to be done, and what else a cell takes where symbols are more than numbers, seconds. */
const SYMBOL = 1.3;
const CELL = 6e-6;
/** How many cells there are in the end for each of the first, and where symbols hardly vary, and many places are nearly as high as the peak. */
const SPLIT = 2;
const SPLIT_STEADY = 4;
/** Norm over most of the torus, next to the highest, from which a symbol is flat. */
const FLAT = 0.85;
/** Symbols that are looked at besides, mostly around peaks, for every digit of the tolerance but the first, and for that one as for a part of it. */
const FURTHER_SYMBOLS = 40;
const FIRST_DIGIT = 0.25;
/** Values that are put in order and summed up a second, for a kernel of several positions. */
const KERNEL_VALUES = 7e6;
/** What sharing out a kernel's comparisons costs, seconds. */
const SHARING = 0.05;
/** Products with a symbol while peaks are climbed, and where many places are looked at. */
const CLIMBS = 250;
const MANY_CLIMBS = 800;
/** Relative width that convolutions are enclosed to where none is asked for. */
const TOLERANCE = 1e-3;
/**
 * Share of its groups that are looked at closely where nothing is known of them, for what quicker bounds leave open. Most are told apart
 * by circulants, and a part of them needs a factorisation.
 */
const CLOSE = { share: 4, factorised: 0.24, leastFactorised: 1.5 } as const;
/** What the eigenvalue of a small explicit operator costs besides, next to a matrix of its size: others are close to it. */
const CLUSTERED = 1.5;
/** What the circulants of a group cost however small they are, and each of their frequencies, seconds. */
const CIRCULANTS_OVERHEAD = 3.5e-3;
const CIRCULANTS_FREQUENCY = 2.5e-6;
/** Products with the padded operator that raise a lower bound, most often, what they cost however small it is, seconds, and flops and values of patches a second in them. */
const ATTAINING_STEPS = 40;
const ATTAINING_OVERHEAD = 0.03;
const SKINNY_SPEED = 3e10;
const PATCHES = 5e8;

/** A polyphase kernel, of which nothing is known but sizes, of each of the groups. */
interface KernelSize {
  readonly groups: number;
  readonly rows: number;
  readonly order: number;
  /** Extent of its positions on every axis. */
  readonly positions: readonly number[];
  /** What a comparison of one symbol takes by itself, by which ways are chosen, and with what is done around it, seconds. */
  readonly comparison: number;
  readonly symbol: number;
}

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
  const sized =
    layer.inputSize === null || conditions.method === 'gram'
      ? null
      : secondsForSize(layer, kernel, axesOf(layer, layer.inputSize), conditions);
  return reading + (sized ?? secondsForAnySize(kernel, conditions));
}

/**
 * What a convolution is bounded by: as a matrix, by symbols factorised in plain loops, or by panels of columns in products. With the
 * order of the matrix or the symbols.
 */
export function wayOf(
  operator: ConvolutionOperator,
  conditions: Pick<Conditions, 'padding'>,
): { way: 'matrix' | 'loops' | 'panels'; order: number } {
  const { order, positions } = kernelSize(layerOf(operator.tensor.shape, operator, conditions));
  if (product(positions) === 1) return { way: 'matrix', order };
  return { way: order > OWN_ORDER ? 'panels' : 'loops', order };
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
  const kernel = kernelSize(layerOf(operator.tensor.shape, operator, conditions));
  return product(kernel.positions) > 1 && isSent(kernel);
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

function kernelSize({
  outChannels,
  inChannelsPerGroup,
  size,
  groups,
  strides,
}: ConvolutionLayer): KernelSize {
  const phases = product(size.map((length, axis) => Math.min(length, strides[axis])));
  const [rows, order] = [outChannels / groups, inChannelsPerGroup * phases].sort((a, b) => b - a);
  const positions = size.map((length, axis) => Math.ceil(length / strides[axis]));
  const comparison = secondsByCholesky(order, lagsOf(positions));
  const symbol = SYMBOL * comparison + (rows > 1 ? CELL : 0);
  return { groups, rows, order, positions, comparison, symbol };
}

function lagsOf(positions: readonly number[]): number {
  return (product(positions.map((length) => 2 * length - 1)) - 1) / 2;
}

function secondsForAnySize(kernel: KernelSize, conditions: Conditions): number {
  const { groups, rows, order, positions } = kernel;
  if (product(positions) === 1) return secondsOfMatrices(groups, rows, order, conditions);
  const tau = positions.map((length) => (length - 1) / 2);
  const tolerance = conditions.tolerance ?? TOLERANCE;
  const { ratio, deviation } = conditions.flatness;
  const { swing, comparisons } = expectedSwing(tau, ratio, deviation, tolerance);
  const reach = expectedReach(tau, ratio, tolerance, swing);
  // A symbol has the more peaks the faster it varies, and a flat one more that are nearly as high as the highest.
  const peaks = product(tau.map((t) => Math.max(1, t, ratio < FLAT ? 0 : Math.min(2, 2 * t))));
  const further = FURTHER_SYMBOLS * Math.max(FIRST_DIGIT, -Math.log10(tolerance) - 1) * peaks;
  // What the coefficients of an autocorrelation say without a search, where all lags are about as large.
  const isKnown = (Math.sqrt(2 * lagsOf(positions) * order) * deviation) / 2 <= tolerance;
  const cells = (swing < Infinity ? SPLIT_STEADY : SPLIT) * coverSize(tau, reach);
  const symbols = isKnown ? 0 : comparisons + cells + further;
  const beginning = SEARCH_OVERHEAD + secondsOfEigenvalue(order);
  const isClose = isLookedAtClosely(ratio, order, product(positions) * rows * order);
  const climbing = ((isClose ? MANY_CLIMBS : CLIMBS) * 8 * rows * order) / OWN_SPEED;
  return secondsOfKernels(kernel) + groups * (beginning + climbing + comparing(symbols, kernel, conditions));
}

/** What the kernels of all groups take before a symbol is looked at. */
function secondsOfKernels({ groups, rows, order, positions }: KernelSize): number {
  const taps = product(positions);
  const correlating = (taps * (taps + 1) * rows * order ** 2) / SPEED;
  return KERNEL_OVERHEAD + groups * ((taps * rows * order) / KERNEL_VALUES + correlating);
}

function isSent({ comparison }: KernelSize): boolean {
  return comparison >= WORTH_SENDING;
}

/** What so many comparisons of one kernel's symbols take: they are shared out where that is worth it. */
function comparing(count: number, kernel: KernelSize, { processes }: Conditions): number {
  const seconds = count * kernel.symbol;
  return isSent(kernel) && count * kernel.comparison > OWN_SECONDS
    ? Math.min(seconds, seconds / processes + SHARING)
    : seconds;
}

/** Null where the input size does not matter. */
function secondsForSize(
  layer: ConvolutionLayer,
  kernel: KernelSize,
  axes: readonly Axis[],
  conditions: Conditions,
): number | null {
  const { groups } = layer;
  const outputs = product(axes.map(outputSize));
  // A kernel that does not fit is told at once.
  if (axes.some((axis) => outputSize(axis) < 1)) return 0;
  const rows = (layer.outChannels / groups) * outputs;
  const columns = layer.inChannelsPerGroup * product(axes.map(({ inputSize }) => inputSize));
  if (isDense(rows, columns, groups)) {
    const writing = (rows * layer.inChannelsPerGroup * product(layer.size)) / VALUES;
    const least = Math.min(rows, columns);
    const clustered = least <= OWN_EIGENVALUE ? CLUSTERED * secondsOfEigenvalue(least) : 0;
    return groups * (writing + clustered) + secondsOfMatrices(groups, rows, columns, conditions);
  }
  const isMatrix = product(kernel.positions) === 1;
  if (isMatrix && axes.every(({ mode }) => mode === 'zeros')) return null;
  const onGrid = (symbols: number) =>
    secondsOfKernels(kernel) + groups * comparing(symbols, kernel, conditions);
  const isShort = (counts: readonly number[], times: number) =>
    times * groups * gridCount(counts) * kernel.comparison <= GRID.seconds;
  const circular = circularGrid(axes);
  const onCircular =
    circular !== null && isShort(circular.counts, 1) ? onGrid(gridCount(circular.counts)) : null;
  if (circular?.exact && onCircular !== null) return onCircular;
  const refining = secondsByGram(layer, axes, rows, columns, conditions);
  const patches = groups * layer.inChannelsPerGroup * product(layer.size) * outputs;
  const part = Math.min(patches, PATCH_ELEMENTS);
  const attaining =
    ATTAINING_OVERHEAD +
    ATTAINING_STEPS *
      ((4 * part * layer.outChannels) / groups / SKINNY_SPEED +
        (2 * part) / PATCHES +
        (4 * ATTAINING_STEPS * columns * groups) / OWN_SPEED);
  if (onCircular !== null) return onCircular + attaining + refining;
  const grids = [0, 1]
    .map((more) => circulantCounts(axes, more))
    .filter((counts) => product(counts) <= GRID.frequencies && isShort(counts, 4));
  if (groups > FEW_GROUPS) {
    const first = { ...conditions, tolerance: Math.max(FIRST_WIDTH, conditions.tolerance ?? 0) };
    const frequencies = [0, 1].reduce((sum, more) => sum + product(circulantCounts(axes, more)), 0);
    const closer = CIRCULANTS_OVERHEAD + frequencies * (kernel.symbol + CIRCULANTS_FREQUENCY);
    const circulants = closeGroups(groups, axes, conditions) * closer;
    return secondsForAnySize(kernel, first) + attaining + circulants + refining;
  }
  if (circular === null && !isMatrix && grids.length > 0) {
    return onGrid(grids.reduce((sum, counts) => sum + product(counts), 0)) + attaining + refining;
  }
  return secondsForAnySize(kernel, conditions) + attaining + refining;
}

/** What quicker bounds leave open of the norm on a zero-padded map, for a Gaussian kernel, about; pads that copy leave half and more. */
export function openOn(axes: readonly Axis[]): number {
  return axes.reduce(
    (sum, { inputSize, mode }) => sum + (mode === 'zeros' ? (Math.PI / (inputSize + 2)) ** 2 / 8 : 0.5),
    0,
  );
}

/** Of so many groups those that are looked at closely. */
function closeGroups(groups: number, axes: readonly Axis[], { flatness }: Conditions): number {
  const share = flatness.close ?? Math.min(1, CLOSE.share * openOn(axes));
  return Math.max(1, share * groups);
}

/** Of the banded Gram matrices of the padded operator; 0 where they take too long. */
function secondsByGram(
  { outChannels, inChannelsPerGroup, groups, size }: ConvolutionLayer,
  axes: readonly Axis[],
  rows: number,
  columns: number,
  conditions: Conditions,
): number {
  const { tolerance } = conditions;
  const order = Math.min(rows, columns);
  const outputs = product(axes.map(outputSize));
  const taps = product(size);
  // A kernel reaches as far on either side as it is long; pads that wrap tie both ends of an axis together.
  const shares = axes.map(({ extent, inputSize, mode }) =>
    mode === 'circular' ? 1 : Math.min(1, extent / inputSize),
  );
  const band = Math.min(...shares) * order;
  const flops = order * band ** 2 - (2 / 3) * band ** 3;
  const operator = { outChannels: outChannels / groups, inChannels: inChannelsPerGroup, taps, outputs };
  const close = CLOSE.factorised * closeGroups(groups, axes, conditions);
  const factorised = Math.min(groups, Math.max(CLOSE.leastFactorised, close));
  const seconds = factorised * secondsOfPadded(operator, order, FACTORISATIONS * flops);
  const open = openOn(axes);
  const affordable = (tolerance ?? TOLERANCE) < TOLERANCE ? Infinity : PADDED.secondsForAll * open;
  const isLarge = order > PADDED.order || order * band > PADDED.elements;
  const isOpen = open > (tolerance ?? TOLERANCE);
  return isLarge || !isOpen || seconds > Math.min(PADDED.seconds, affordable) ? 0 : seconds;
}
