/** Shapes of convolutions, pooling and other operators on images (batch, channels, spatial axes). */
import { flagAttribute, floatsAttribute, intAttribute, stringAttribute } from '../attributes';
import type { Operation } from '../program';
import { axesOf, dimension, isKnown, type Dimension, type Shape } from '../shape';
import { outputOfAxis, transpositionOfAxis, transposedWindowOf, windowOf } from '../window';
import { fromShape, named, nothing, type Known, type ShapeRule } from './rule';

/** @param weight index of the input that is the kernel. */
function convolution(
  weight: number,
  channelsLast: (operation: Operation) => boolean = () => false,
): ShapeRule {
  return fromShape((shape, operation, known) => {
    const kernel = known.shape(operation.inputs[weight] ?? null);
    if (kernel?.length !== shape.length || shape.length < 3) return null;
    const size = kernel.slice(2);
    if (!isKnown(size)) return null;
    const window = windowOf(operation, size);
    const last = channelsLast(operation);
    const spatial = last ? shape.slice(1, -1) : shape.slice(2);
    const output = spatial.map((length, axis) => outputOfAxis(window, axis, length));
    return last ? [shape[0], ...output, kernel[0]] : [shape[0], kernel[0], ...output];
  });
}

const transposedConvolution = fromShape((shape, operation, known) => {
  const kernel = known.shape(operation.inputs[1] ?? null);
  if (kernel?.length !== shape.length || shape.length < 3) return null;
  const size = kernel.slice(2);
  if (!isKnown(size)) return null;
  const window = transposedWindowOf(operation, size);
  const channels = kernel[1] === null ? null : dimension(kernel[1] * intAttribute(operation, 'group', 1));
  const output = shape
    .slice(2)
    .map((length, axis) => transpositionOfAxis(window, axis, length)?.output ?? null);
  return [shape[0], channels, ...output];
});

const pool: ShapeRule = async (operation, known) => {
  const [shape] = await fromShape((own) => {
    if (own.length < 3) return null;
    const window = windowOf(operation, null);
    if (window.kernel.length !== own.length - 2) return null;
    const ceil = flagAttribute(operation, 'ceil_mode');
    const output = own.slice(2).map((length, axis) => outputOfAxis(window, axis, length, ceil));
    return [own[0], own[1], ...output];
  })(operation, known);
  // MaxPool also answers where the largest elements are.
  return shape === undefined ? nothing : [shape, shape];
};

function globalPool(channelsLast: (operation: Operation) => boolean): ShapeRule {
  return fromShape((shape, operation) => {
    if (shape.length < 3) return null;
    const ones = shape.slice(2).map(() => 1);
    return channelsLast(operation)
      ? [shape[0], ...ones, shape[shape.length - 1]]
      : [shape[0], shape[1], ...ones];
  });
}

/** Blocks of pixels become channels or the other way around. */
function blocks(toDepth: boolean): ShapeRule {
  return fromShape((shape, operation) => {
    if (shape.length !== 4) return null;
    const size = intAttribute(operation, 'blocksize', 0);
    if (size < 1) return null;
    const [batch, channels, height, width] = shape;
    return toDepth
      ? [batch, times(channels, size * size), over(height, size), over(width, size)]
      : [batch, over(channels, size * size), times(height, size), times(width, size)];
  });
}

function times(length: Dimension, factor: number): Dimension {
  return length === null ? null : dimension(length * factor);
}

function over(length: Dimension, divisor: number): Dimension {
  return length === null ? null : dimension(length / divisor);
}

const resize: ShapeRule = async (operation, known) => {
  const shape = known.shape(operation.inputs[0] ?? null);
  if (shape === null) return nothing;
  // Upsample and the first Resize have the scales as second input, or as an attribute.
  const isOld = operation.opType === 'Upsample' || operation.inputs.length === 2;
  const scales = isOld ? await scalesOf(operation, 1, known) : await scalesOf(operation, 2, known);
  const sizes = isOld ? null : await known.dimensions(operation.inputs[3] ?? null);
  const given = operation.attributes.get('axes');
  const axes = given?.kind === 'ints' ? axesOf(given.value, shape.length) : shape.map((_, axis) => axis);
  const unknown = [shape.map(() => null)];
  if (axes === null) return nothing;
  if (scales?.length === axes.length) {
    // The region of interest counts too.
    if (stringAttribute(operation, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize')
      return unknown;
    return [
      shape.map((length, axis) => {
        const scale = scales[axes.indexOf(axis)];
        if (scale === undefined || length === null) return scale === undefined ? length : null;
        return dimension(Math.floor(Math.fround(length * scale)));
      }),
    ];
  }
  if (sizes?.length === axes.length) {
    if (stringAttribute(operation, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') return unknown;
    return [shape.map((length, axis) => (axes.includes(axis) ? sizes[axes.indexOf(axis)] : length))];
  }
  return unknown;
};

async function scalesOf(
  operation: Operation,
  input: number,
  known: Known,
): Promise<readonly number[] | null> {
  const value = operation.inputs[input] ?? null;
  return value === null ? floatsAttribute(operation, 'scales') : known.numbers(value);
}

/** Pads of all axes; null where they are not known. */
export async function padsOfPad(
  operation: Operation,
  rank: number,
  known: Pick<Known, 'dimensions' | 'numbers'>,
): Promise<Shape | null> {
  const attribute = operation.attributes.get('pads') ?? operation.attributes.get('paddings');
  const value = operation.inputs[1] ?? null;
  const pads =
    value === null ? (attribute?.kind === 'ints' ? attribute.value : null) : await known.dimensions(value);
  const selection = operation.inputs[3] ?? null;
  const list =
    selection === null ? Array.from({ length: rank }, (_, axis) => axis) : await known.numbers(selection);
  const axes = list === null ? null : axesOf(list, rank);
  if (pads === null || axes === null || pads.length !== 2 * axes.length) return null;
  const all: Dimension[] = Array<Dimension>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    all[axis] = pads[i];
    all[axis + rank] = pads[i + axes.length];
  });
  return all;
}

const pad = fromShape(async (shape, operation, known) => {
  const rank = shape.length;
  const pads = await padsOfPad(operation, rank, known);
  return shape.map((length, axis) => {
    const [begin, end] = [pads?.[axis] ?? null, pads?.[axis + rank] ?? null];
    return length === null || begin === null || end === null ? null : dimension(length + begin + end);
  });
});

const lastByFlag = (operation: Operation): boolean => flagAttribute(operation, 'channels_last');

export const windowShapes: Readonly<Record<string, ShapeRule>> = {
  ...named('Conv ConvInteger com.microsoft:FusedConv', convolution(1)),
  ...named(
    'com.microsoft:NhwcConv com.microsoft:NhwcFusedConv',
    convolution(1, () => true),
  ),
  QLinearConv: convolution(3),
  'com.microsoft:QLinearConv': convolution(3, lastByFlag),
  ConvTranspose: transposedConvolution,
  ...named('MaxPool AveragePool LpPool', pool),
  ...named(
    'GlobalAveragePool GlobalMaxPool GlobalLpPool',
    globalPool(() => false),
  ),
  'com.microsoft:QLinearGlobalAveragePool': globalPool(lastByFlag),
  SpaceToDepth: blocks(true),
  DepthToSpace: blocks(false),
  ...named('Resize Upsample', resize),
  Pad: pad,
};
