/** Kernels as convolutions, with what a side file says of them. */
import { t } from '@vscode/l10n';
import type { ConvolutionOperator, OpenOptions, Tensor } from '../model';
import { quote } from '../quote';
import type { PerAxis } from './settings';
import type { SettingsView } from './side-file';

/** The number of spatial dimensions of a kernel, or null where its shape is not that of a kernel. */
export function spatialRank(shape: readonly number[]): number | null {
  return shape.length >= 3 && shape.length <= 5 ? shape.length - 2 : null;
}

/**
 * The convolution with a kernel (co, ci / groups, k_1 .. k_d). What no side file says is taken to be stride 1,
 * dilation 1, one group, zero padding; the notes tell how far the bounds depend on that.
 *
 * Why the upper end holds for other strides and groups: a stride keeps some of the outputs; the kernel of a grouped
 * convolution, read with one group, is the stack of the groups' kernels, of norm at least that of each of them. A
 * transposed convolution has the norm of the convolution with its kernel as stored, and so for its groups. None of it
 * depends on the size of the input, except that a transposed stride spreads the input over a larger map.
 * @param tensor of 3 to 5 dimensions, none of them 0.
 */
export function convolutionOf(
  tensor: Tensor,
  settings: SettingsView,
  options: OpenOptions,
): { operator: ConvolutionOperator; notes: string[] } {
  const kernel = tensor.shape.slice(2);
  const axes = kernel.length;
  const perAxis = (key: 'strides' | 'dilations' | 'outputPadding' | 'inputSize'): number[] | null =>
    spread(settings.get(key), axes, (count) => {
      settings.fail(
        key,
        (it) => t`${it} has ${count} numbers, but the kernel has ${axes} spatial dimensions`,
      );
    });

  const transposed = settings.get('transposed');
  const strides = perAxis('strides');
  const dilations = perAxis('dilations');
  const groups = settings.get('groups');
  const padding = settings.get('padding');
  const outputPadding = perAxis('outputPadding');
  const sizeOfSideFile = perAxis('inputSize');
  if (groups !== undefined && tensor.shape[0] % groups !== 0) {
    settings.fail(
      'groups',
      (it) => t`${it} does not divide the ${tensor.shape[0]} channels of the first axis`,
    );
  }
  if (outputPadding !== null && transposed !== true) {
    settings.fail('outputPadding', (it) => t`${it} is for transposed convolutions ("transposed": true)`);
  }
  const amounts = paddingAmounts(padding?.amounts, axes, settings);
  const mode = padding?.mode;
  if (amounts === null && (mode === 'reflect' || mode === 'replicate')) {
    settings.fail('padding', (it) => t`${it} needs "amounts" for the mode ${quote(mode)}`);
  }
  const geometry: Geometry = {
    kernel,
    transposed: transposed ?? false,
    strides: strides ?? kernel.map(() => 1),
    dilations: dilations ?? kernel.map(() => 1),
    amounts,
    outputPadding: outputPadding ?? kernel.map(() => 0),
  };
  const wantedSize = chosenSize(options.inputSize, sizeOfSideFile, axes);
  const outputSize = wantedSize === null ? null : outputSizeOf(wantedSize, geometry);
  const obstacle =
    wantedSize === null ? null : sizeObstacle(transposed === true && strides === null, outputSize, geometry);
  const inputSize = obstacle === null ? wantedSize : null;

  const notes = kernelNotes(tensor.shape, strides !== null, groups !== undefined, padding !== undefined);
  if (obstacle !== null) notes.push(obstacle);
  if (inputSize !== null && transposed === undefined) {
    notes.push(t('At this input size the interval is for a convolution that is not transposed.'));
  }
  if (inputSize !== null && dilations === null) {
    notes.push(t('The dilation is not in the file: at this input size the interval is for dilation 1.'));
  }
  return {
    operator: {
      kind: 'convolution',
      tensor,
      transposed: geometry.transposed,
      strides: geometry.strides,
      dilations: geometry.dilations,
      groups: groups ?? 1,
      padding: { mode: padding?.mode ?? 'zeros', amounts },
      inputSize,
      outputSize: geometry.transposed && inputSize !== null ? outputSize : null,
      scale: 1,
    },
    notes,
  };
}

interface Geometry {
  /** Spatial size of the kernel. */
  readonly kernel: readonly number[];
  readonly transposed: boolean;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly amounts: readonly number[] | null;
  readonly outputPadding: readonly number[];
}

/** What the bounds rest on that is not known. A kernel of one tap has the same norm at every stride. */
function kernelNotes(
  shape: readonly number[],
  strideKnown: boolean,
  groupsKnown: boolean,
  paddingKnown: boolean,
): string[] {
  const notes: string[] = [];
  const strideOpen = !strideKnown && shape.slice(2).some((taps) => taps !== 1);
  const groupsOpen = !groupsKnown && shape[0] !== 1;
  if (strideOpen && groupsOpen) {
    notes.push(
      t`The stride and number of groups cannot be told from the file: the interval is for stride 1 and one group; its upper end also holds for every other stride and number of groups, its lower end does not.`,
    );
  } else if (strideOpen) {
    notes.push(
      t`The stride cannot be told from the file: the interval is for stride 1; its upper end also holds for every other stride, its lower end does not.`,
    );
  } else if (groupsOpen) {
    notes.push(
      t`The number of groups cannot be told from the file: the interval is for one group; its upper end also holds for every other number of groups, its lower end does not.`,
    );
  }
  if (!groupsKnown && shape[1] === 1 && shape[0] > 1) {
    notes.push(
      t`The shape may be that of a depthwise convolution: the upper end is then too high, by up to the square root of the number of channels.`,
    );
  }
  if (!paddingKnown) {
    notes.push(
      t`The padding is not in the file: the interval is for zero padding, or circular padding that keeps the size; reflection and replication can exceed it.`,
    );
  }
  return notes;
}

/** @param mismatch ends with an error: a list of that many numbers does not fit. */
function spread(
  setting: PerAxis | undefined,
  axes: number,
  mismatch: (count: number) => void,
): number[] | null {
  if (setting === undefined) return null;
  if (typeof setting === 'number') return Array<number>(axes).fill(setting);
  if (setting.length !== axes) mismatch(setting.length);
  return [...setting];
}

function paddingAmounts(setting: PerAxis | undefined, axes: number, settings: SettingsView): number[] | null {
  if (typeof setting === 'object' && setting.length === 2 * axes) return [...setting];
  const begins = spread(setting, axes, (count) => {
    settings.fail(
      'padding',
      (it) => t`${it} has ${count} amounts, but the kernel has ${axes} spatial dimensions`,
    );
  });
  return begins === null ? null : [...begins, ...begins];
}

function chosenSize(
  option: OpenOptions['inputSize'],
  setting: readonly number[] | null,
  axes: number,
): readonly number[] | null {
  if (option === 'any') return null;
  return option?.length === axes ? option : setting;
}

/** Why the size of the input cannot be used, as a note; null where it can. */
function sizeObstacle(
  unknownSpread: boolean,
  outputSize: readonly number[] | null,
  { transposed }: Geometry,
): string | null {
  if (unknownSpread || (transposed && outputSize === null)) {
    return t(
      'The input size is not used: the size of the output depends on the stride and padding, which are not known.',
    );
  }
  if (outputSize?.some((size) => size < 1)) {
    return t('The input size is not used: it is too small for the kernel.');
  }
  return null;
}

/** Null where the padding is not known. */
function outputSizeOf(inputSize: readonly number[], geometry: Geometry): number[] | null {
  const { kernel, transposed, strides, dilations, amounts, outputPadding } = geometry;
  if (amounts === null) return null;
  return kernel.map((k, axis) => {
    const padded = amounts[axis] + amounts[axis + kernel.length];
    const reach = dilations[axis] * (k - 1) + 1;
    return transposed
      ? (inputSize[axis] - 1) * strides[axis] + reach + outputPadding[axis] - padded
      : Math.floor((inputSize[axis] + padded - reach) / strides[axis]) + 1;
  });
}
