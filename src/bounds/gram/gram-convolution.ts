import { t } from '@vscode/l10n';
import type { Engine } from '../../compute/engine';
import {
  anySizeCopies,
  axesOf,
  circularGrid,
  type ConvolutionEnclosure,
  type ConvolutionLayer,
  InputTooSmallError,
  joined,
  METHODS,
  splitGroups,
} from '../convolution';
import { highestPeak } from '../symbols/climb';
import { gramCircularBound, gramKernelBound } from './gram';
import { boundMatrix } from '../matrices/matrix';
import { outputSize } from '../padded/padding';
import { type Enclosure, roundUp } from '../rounding';

/** Iterations where none are asked for: the reference's default for kernels, whose side doubles with each; more where they are cheap. */
const DEFAULT_ITERATIONS = { kernel: 4, circular: 10 } as const;

export const GRAM_METHODS = {
  matrix: METHODS.matrix,
  circular: t('Gram iteration per frequency (Delattre et al. 2023)'),
  kernel: t('Gram iteration of the kernel (Delattre et al. 2024)'),
} as const;

/**
 * Method `gram` for a convolution, as the reference chooses: the matrix norm of the reshaped kernel where no two positions of
 * the (polyphase) kernel differ, in particular where kernel and stride are equal; per frequency for circular padding on a
 * known input; on the kernel, for any input size, otherwise. Unlike the reference it takes strides by polyphase, groups by their
 * maximum, and wraps taps beyond the input.
 *
 * @param iterations the reference's n_iter; null: the default
 * @throws NotFiniteError, InputTooSmallError, TooManyIterationsError
 */
export async function boundConvolutionByGram(
  engine: Engine,
  layer: ConvolutionLayer,
  iterations: number | null,
): Promise<ConvolutionEnclosure> {
  const axes = layer.inputSize === null ? null : axesOf(layer, layer.inputSize);
  if (axes?.some((axis) => outputSize(axis) < 1)) throw new InputTooSmallError(layer.inputSize ?? []);
  const groups = splitGroups(layer);
  const grid = axes && circularGrid(axes);
  const norms: Enclosure[] = [];
  if (grid?.exact) {
    for (const { kernel } of groups) {
      norms.push(
        await gramCircularBound(engine, kernel, grid.counts, iterations ?? DEFAULT_ITERATIONS.circular),
      );
    }
    return joined(groups, { norms, method: GRAM_METHODS.circular }, true);
  }

  const factor = Math.sqrt(anySizeCopies(layer));
  const matrix = groups[0].kernel.positions.length === 1;
  for (const { kernel } of groups) {
    const { rows, columns, values } = kernel;
    const { lower, upper } = matrix
      ? await boundMatrix(engine, { values, rows, columns }, 1e-6)
      : {
          lower: (await highestPeak(kernel)).norm,
          upper: await gramKernelBound(engine, kernel, iterations ?? DEFAULT_ITERATIONS.kernel),
        };
    norms.push({ lower: Math.min(lower, upper), upper: factor === 1 ? upper : roundUp(upper * factor) });
  }
  return joined(groups, { norms, method: matrix ? GRAM_METHODS.matrix : GRAM_METHODS.kernel }, false);
}
