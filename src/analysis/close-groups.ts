/** How many groups of a convolution will be looked at closely on its input size: a short look at their norms. */
import { axesOf, type ConvolutionLayer, copiesFactor, FEW_GROUPS, FIRST_WIDTH } from '../bounds/convolution';
import { type KernelShape, polyphase, product } from '../bounds/kernel';
import { lowerBounds, paddedOperator } from '../bounds/padded/padded-operator';
import { type Axis, largestCopies, outputSize } from '../bounds/padded/padding';
import { gaussianVector } from '../bounds/random';
import { placeBetween } from '../bounds/symbols/climb';
import { spread } from '../bounds/symbols/spread';
import type { Frequency } from '../bounds/symbols/symbol';
import type { Engine } from '../compute/engine';
import { explicitSize, openOn } from './convolution-cost';
import { someNorms } from './some-norms';

/** Groups whose norms are looked at, at most, and how many places besides the usual ones. */
const GROUPS = 256;
const PLACES = 6;
/** Share of the norm that quicker bounds leave open on a map, below which few groups are close. */
const OPEN = 0.01;
/** The largest groups, of which one attains the norm on the input size: at most so many, and values and products of one application. */
const LEADING = 16;
const ELEMENTS = 2 ** 16;
const LEADING_STEPS = 12;
const SEED = 7;
/** Norms of groups are somewhat larger than they are at a few places: so many times as many are close. */
const MISSED = 1.3;

/**
 * The share of a layer's groups whose norms for any input size could exceed what one of them attains on the layer's own: those are
 * looked at closely. Null where that is not known after a short look.
 */
export async function shareOfCloseGroups(engine: Engine, layer: ConvolutionLayer): Promise<number | null> {
  if (layer.inputSize === null || layer.groups <= FEW_GROUPS) return null;
  const axes = axesOf(layer, layer.inputSize);
  const isLong = axes.some(
    ({ inputSize, begin, end }) => Math.max(inputSize, inputSize + begin + end) > ELEMENTS,
  );
  if (isLong || axes.some((axis) => outputSize(axis) < 1) || openOn(axes, layer.dilations) < OPEN)
    return null;
  const { rows, columns, isWritten } = explicitSize(layer, axes);
  if (isWritten) return null;
  // Strides may leave out most of the input.
  const work = Math.max(columns, rows * layer.inChannelsPerGroup * product(layer.size));
  const affordable = Math.min(LEADING, Math.floor(ELEMENTS / work));
  if (affordable < 1) return null;
  const groups = spread([...new Array(layer.groups).keys()], GROUPS);
  const found = groups.map((group) => someNorms(polyphase(layer.values, layer, group), placesOfHalfTorus));
  const norms = (await Promise.all(found)).map((some) => some[some.length - 1]);
  const leading = [...norms.keys()].sort((a, b) => norms[b] - norms[a]).slice(0, affordable);
  const kernels = leading.map((index) => groups[index]);
  const attained = await attainedBy(engine, ofGroups(layer, kernels), axes);
  if (attained === 0) return null;
  const factor = copiesFactor(axes) * (1 + FIRST_WIDTH);
  const close = norms.filter((norm) => norm * factor >= attained).length / norms.length;
  return Math.min(1, MISSED * close);
}

/** All over the half torus, beyond which all norms are repeated. */
function placesOfHalfTorus(dimensions: number): Frequency[] {
  return Array.from({ length: PLACES }, (_, k) =>
    placeBetween(k, dimensions).map((w, axis) => (axis === 0 ? w : 2 * w - Math.PI)),
  );
}

/** A lower bound of the norm on an input size. */
async function attainedBy(
  engine: Engine,
  layer: KernelShape & { readonly values: Float64Array },
  axes: readonly Axis[],
): Promise<number> {
  const operator = paddedOperator(layer.values, layer, axes);
  const start = gaussianVector(layer.groups * operator.inChannels * operator.inputs, SEED);
  const copies = product(axes.map(largestCopies));
  return Math.max(...(await lowerBounds(engine, operator, copies, LEADING_STEPS, start)));
}

/** Some groups of a layer alone. */
function ofGroups(layer: ConvolutionLayer, groups: readonly number[]) {
  const size = layer.values.length / layer.groups;
  const values = new Float64Array(groups.length * size);
  groups.forEach((group, g) => {
    values.set(layer.values.subarray(group * size, (group + 1) * size), g * size);
  });
  const outChannels = (layer.outChannels / layer.groups) * groups.length;
  return { ...layer, values, outChannels, groups: groups.length };
}
