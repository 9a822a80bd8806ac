/** Updates as parts of the layers that they belong to. */
import type {
  ConvolutionOperator,
  Expansion,
  FactoredConvolutionOperator,
  LowRankOperator,
  Tensor,
  UpdateOperator,
} from '../model';
import { elementCount, reshaped } from '../tensor';
import { product, stored } from './adapter-products';

/** The update times a number. */
export function timesScale(operator: UpdateOperator, factor: number): UpdateOperator {
  return operator.kind === 'factoredConvolution'
    ? { ...operator, convolution: { ...operator.convolution, scale: factor } }
    : { ...operator, scale: factor };
}

/**
 * The same update as part of the convolution `base`: with its geometry, and with the kernel size that a matrix does not tell.
 * @param base of as many weights as the update, not transposed.
 */
export function withGeometry(
  operator: UpdateOperator,
  whole: Expansion,
  base: ConvolutionOperator,
): UpdateOperator {
  const size = base.tensor.shape.slice(2);
  const taps = elementCount(size);
  // Padding that copies positions has a norm of its own.
  const isPlain = taps === 1 && base.groups === 1 && base.padding.mode === 'zeros';
  if (isPlain && operator.kind !== 'convolution') return operator;
  const kernelOf = (tensor: Tensor) =>
    reshaped(tensor, [tensor.shape[0], elementCount(tensor.shape) / (tensor.shape[0] * taps), ...size]);
  const convolutionWith = (tensor: Tensor, scale: number): ConvolutionOperator => ({
    ...base,
    tensor: kernelOf(tensor),
    scale,
  });
  const factored = ({ up, down, scale }: LowRankOperator, product: Tensor): FactoredConvolutionOperator => ({
    kind: 'factoredConvolution',
    convolution: convolutionWith(product, scale),
    up,
    core: kernelOf(down),
    down: null,
  });
  if (base.groups === 1) {
    switch (operator.kind) {
      case 'lowRank':
        return factored(operator, whole.tensor);
      case 'factoredConvolution':
        return { ...operator, convolution: convolutionWith(whole.tensor, operator.convolution.scale) };
      case 'matrix':
      case 'convolution':
        break;
      case 'kronecker': {
        const { right } = operator;
        switch (right.kind) {
          case 'lowRank':
            if (right.columns % taps !== 0) break;
            return {
              ...operator,
              right: factored(right, product(stored(right.up), stored(right.down)).tensor),
            };
          case 'matrix':
            if (right.columns % taps !== 0) break;
            return { ...operator, right: convolutionWith(right.tensor, right.scale) };
          case 'convolution':
            return { ...operator, right: convolutionWith(right.tensor, right.scale) };
          case 'factoredConvolution': {
            const { tensor, scale } = right.convolution;
            return { ...operator, right: { ...right, convolution: convolutionWith(tensor, scale) } };
          }
        }
      }
    }
  }
  return convolutionWith(
    whole.tensor,
    operator.kind === 'factoredConvolution' ? operator.convolution.scale : operator.scale,
  );
}
