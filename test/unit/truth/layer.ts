/** A convolution layer as the tests describe it; independent of the project's own vocabulary. */

export type PaddingMode = 'zeros' | 'circular' | 'reflect' | 'replicate';

export interface ConvolutionLayer {
  /** Row-major, of `shape`. */
  readonly weight: Float32Array | Float64Array;
  /** (co, ci / groups, k_1 .. k_d); transposed: (ci, co / groups, k_1 .. k_d), ci the input's channels. */
  readonly shape: readonly number[];
  readonly transposed: boolean;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
  readonly mode: PaddingMode;
  /** ONNX order (all begins, then all ends), of the input; transposed: cropped from the output. Negative ones crop. */
  readonly pads: readonly number[];
  readonly inputSize: readonly number[];
  /** Transposed layers only: rows added at the end of each axis of the output; zeros otherwise. */
  readonly outputPadding: readonly number[];
  readonly scale: number;
}

export function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

/** Length of the dilated kernel per axis. */
export function kernelExtents(layer: ConvolutionLayer): number[] {
  return layer.dilations.map((dilation, axis) => (layer.shape[axis + 2] - 1) * dilation + 1);
}

/** Spatial size of the output, from ONNX's definitions of Conv and ConvTranspose. */
export function outputSize(layer: ConvolutionLayer): number[] {
  const axes = layer.strides.length;
  return kernelExtents(layer).map((extent, axis) => {
    const pads = layer.pads[axis] + layer.pads[axis + axes];
    const stride = layer.strides[axis];
    const input = layer.inputSize[axis];
    return layer.transposed
      ? stride * (input - 1) + layer.outputPadding[axis] + extent - pads
      : Math.floor((input + pads - extent) / stride) + 1;
  });
}

/** The group `index` as a layer of its own. */
export function groupAlone(layer: ConvolutionLayer, index: number): ConvolutionLayer {
  const size = layer.weight.length / layer.groups;
  return {
    ...layer,
    weight: layer.weight.slice(index * size, (index + 1) * size),
    shape: [layer.shape[0] / layer.groups, ...layer.shape.slice(1)],
    groups: 1,
  };
}

/**
 * The adjoint of a layer with zero padding, between the same sizes: a transposed convolution for a convolution and the
 * other way round, with the same stored weight.
 */
export function adjoint(layer: ConvolutionLayer): ConvolutionLayer {
  const inputSize = outputSize(layer);
  const zeros = inputSize.map(() => 0);
  const twin: ConvolutionLayer = { ...layer, transposed: !layer.transposed, inputSize, outputPadding: zeros };
  const surplus = outputSize(twin).map((size, axis) => size - layer.inputSize[axis]);
  if (twin.transposed) return { ...twin, outputPadding: surplus.map((size) => 0 - size) };
  // Output padding of a stride or more leaves room for outputs that have no input of the adjoint.
  const axes = surplus.length;
  const pads = layer.pads.map((pad, at) =>
    at < axes ? pad : pad - layer.strides[at - axes] * surplus[at - axes],
  );
  return { ...twin, pads };
}

/** The same layer with its weight replaced, keeping the array's element type. */
export function withWeight(layer: ConvolutionLayer, value: (index: number) => number): ConvolutionLayer {
  const weight = layer.weight.slice();
  for (let index = 0; index < weight.length; index++) weight[index] = value(index);
  return { ...layer, weight };
}

/** Frobenius norm, safe from overflow and underflow in float64 for float32 values. */
export function frobenius(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
