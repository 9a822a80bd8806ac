import type { ConvolutionEnclosure, ConvolutionLayer as BoundedLayer } from '../../../src/bounds/convolution';
import { type Axis, largestCopies, largestCopiesAnySize } from '../../../src/bounds/padded/padding';
import type { Enclosure } from '../../../src/bounds/rounding';
import { expect } from 'vitest';
import { adjoint, type ConvolutionLayer, kernelExtents, product } from '../truth/layer';

/** The layer as the bounds take it, without its scale: a transposed one is the adjoint of what is given. */
export function toBounds(layer: ConvolutionLayer, scope: 'sized' | 'any size'): BoundedLayer {
  const convolution = layer.transposed ? adjoint(layer) : layer;
  return {
    values: convolution.weight,
    outChannels: convolution.shape[0],
    inChannelsPerGroup: convolution.shape[1],
    size: convolution.shape.slice(2),
    strides: convolution.strides,
    dilations: convolution.dilations,
    groups: convolution.groups,
    padding: { mode: convolution.mode, amounts: convolution.pads },
    inputSize: scope === 'sized' ? convolution.inputSize : null,
  };
}

/** The squared norm of the layer's padding: on its input size, or over all of them. */
export function copies(layer: ConvolutionLayer, scope: 'sized' | 'any size'): number {
  const axes = layer.strides.length;
  return product(
    kernelExtents(layer).map((extent, axis) => {
      const along: Axis = {
        inputSize: layer.inputSize[axis],
        begin: layer.pads[axis],
        end: layer.pads[axis + axes],
        extent,
        stride: layer.strides[axis],
        mode: layer.mode,
      };
      return scope === 'sized' ? Math.max(1, largestCopies(along)) : largestCopiesAnySize(along);
    }),
  );
}

/** How much the tests' own truths may be wrong, relatively: a singular value, and a maximum found from below. */
export const singularValueError = 1e-13;
export const searchError = 1e-10;

export function expectBelow(found: Enclosure, truth: number, error: number): void {
  expect(found.lower).toBeLessThanOrEqual(truth * (1 + error));
}

export function expectAbove(found: Enclosure, truth: number): void {
  expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - singularValueError));
}

export function expectEncloses(found: Enclosure, truth: number, error: number): void {
  expect(found.lower).toBeLessThanOrEqual(found.upper);
  expectBelow(found, truth, error);
  expectAbove(found, truth);
}

/** The enclosure of the layer is that of its largest group at either end. */
export function expectMaximumOfGroups(found: ConvolutionEnclosure): void {
  expect(found.lower).toBe(Math.max(...found.groups.map(({ lower }) => lower)));
  expect(found.upper).toBe(Math.max(...found.groups.map(({ upper }) => upper)));
}
