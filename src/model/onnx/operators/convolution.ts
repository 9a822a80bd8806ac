/** Conv, ConvTranspose and their variants. */
import { t } from '@vscode/l10n';
import { flagAttribute, intAttribute, stringAttribute } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation } from '../program';
import { isKnown, written } from '../shape';
import { transpositionOfAxis, transposedWindowOf, windowOf } from '../window';
import { paddingOf, spatialSize } from './padding';
import { inputOf, row, unfit, weightAt, withWeight, type LayerDraft, type LayerRule } from './rule';

/**
 * @param kernel (co, ci / groups, k_1 .. k_d)
 * @param channelsLast the layout of the input and output; that of the kernel is always the same.
 * @throws Unfit
 */
export function convolutionRow(
  operation: Operation,
  facts: Facts,
  kernel: Constant,
  channelsLast: boolean,
  notes: readonly string[] = [],
): Promise<LayerDraft> {
  return withWeight(kernel, () => describe(operation, facts, kernel, channelsLast, notes));
}

async function describe(
  operation: Operation,
  facts: Facts,
  kernel: Constant,
  channelsLast: boolean,
  notes: readonly string[],
): Promise<LayerDraft> {
  const groups = groupsOf(operation, kernel);
  const shape = kernel.tensor.shape;
  const window = windowOf(operation, shape.slice(2));
  const spatialAxes = window.kernel.map((_, axis) => axis + (channelsLast ? 1 : 2));
  const input = facts.shape(inputOf(operation, 0));
  const channels = input?.at(channelsLast ? -1 : 1) ?? null;
  // A shape that contradicts the kernel says nothing about the size either.
  const trusted = channels === null || channels === shape[1] * groups ? input : null;
  const padding = await paddingOf(operation, trusted, window, spatialAxes, facts);
  return row(
    kernel,
    {
      kind: 'convolution',
      tensor: kernel.tensor,
      transposed: false,
      strides: window.strides,
      dilations: window.dilations,
      groups,
      padding: { mode: padding.mode, amounts: padding.amounts },
      inputSize: padding.inputSize,
      outputSize: null,
      scale: 1,
    },
    { notes: [...padding.notes, ...notes], source: padding.source },
  );
}

/** @throws Unfit where the tensor is no kernel or its channels are not those of the groups */
function groupsOf(operation: Operation, kernel: Constant): number {
  const { shape } = kernel.tensor;
  if (shape.length < 3) {
    throw unfit(kernel, (it) => t`${it} has the shape ${written(shape)}, not that of a kernel`);
  }
  const groups = intAttribute(operation, 'group', 1);
  if (groups < 1 || shape[0] % groups !== 0) {
    throw unfit(kernel, (it) => t`${it} of shape ${written(shape)} does not divide into ${groups} groups`);
  }
  return groups;
}

function convolution(channelsLast: boolean): LayerRule {
  return async (operation, facts) => {
    const kernel = weightAt(operation, facts, 1);
    const notes = fusedActivation(operation);
    return { layers: [await convolutionRow(operation, facts, kernel, channelsLast, notes)] };
  };
}

const transposedConvolution: LayerRule = async (operation, facts) => {
  const kernel = weightAt(operation, facts, 1);
  return { layers: [await withWeight(kernel, () => transposedRow(operation, facts, kernel))] };
};

function transposedRow(operation: Operation, facts: Facts, kernel: Constant): LayerDraft {
  const groups = groupsOf(operation, kernel);
  const { shape } = kernel.tensor;
  const window = transposedWindowOf(operation, shape.slice(2));
  const input = facts.shape(inputOf(operation, 0));
  const channels = input?.[1] ?? null;
  const trusted = channels === null || channels === shape[0] ? input : null;
  const spatialAxes = window.kernel.map((_, axis) => axis + 2);
  const size = spatialSize(trusted, spatialAxes, facts);
  const axes = size.map((length, axis) => transpositionOfAxis(window, axis, length));
  const pads = axes.map((axis) => axis?.pads ?? null);
  const output = axes.map((axis) => axis?.output || null);
  const isSized = isKnown(size) && isKnown(output);
  const amounts = pads.every((pair) => pair !== null)
    ? [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)]
    : null;
  return row(kernel, {
    kind: 'convolution',
    tensor: kernel.tensor,
    transposed: true,
    strides: window.strides,
    dilations: window.dilations,
    groups,
    padding: { mode: 'zeros', amounts },
    inputSize: isSized ? size : null,
    outputSize: isSized ? output : null,
    scale: 1,
  });
}

/** Says what else the node does. */
export function fusedActivation(operation: Operation): readonly string[] {
  const activation = stringAttribute(operation, 'activation', '');
  return activation === ''
    ? []
    : [t`The activation that is fused into it (${activation}) is not part of the row.`];
}

/** Deformable convolutions look their taps up at places that the network computes. */
const deformable: LayerRule = (operation, facts) => {
  throw unfit(weightAt(operation, facts, 1), (it) => t`${it} is moved by offsets that the network computes`);
};

export const convolutionRules: Readonly<Record<string, LayerRule>> = {
  Conv: convolution(false),
  'com.microsoft:FusedConv': convolution(false),
  'com.microsoft:NhwcConv': convolution(true),
  'com.microsoft:NhwcFusedConv': convolution(true),
  ConvTranspose: transposedConvolution,
  DeformConv: deformable,
};

/** Whether com.microsoft's QLinearConv has its channels last. */
export function hasChannelsLast(operation: Operation): boolean {
  return flagAttribute(operation, 'channels_last');
}
