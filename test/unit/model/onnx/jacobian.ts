/** Layers against the nodes they stand for, as ONNX Runtime computes them. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Layer } from '../../../../src/model/model';
import type { ConvolutionLayer } from '../../truth/layer';
import { kernelExtents } from '../../truth/layer';
import { denseNorm } from '../../truth/dense-operator';
import { largestSingularValue } from '../../truth/singular-values';
import { convolution } from './networks';

/**
 * Largest singular value of the affine map from the input `x` (float, of this shape) to the first output.
 * @param step length of the steps from zero; quantised networks want a large one.
 */
export async function normByRuntime(bytes: Uint8Array, shape: readonly number[], step = 1): Promise<number> {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const count = shape.reduce((product, length) => product * length, 1);
    const run = async (at: number | null): Promise<Float32Array> => {
      const x = new Float32Array(count);
      if (at !== null) x[at] = step;
      const outputs = await session.run({ x: new Tensor('float32', x, shape) });
      return outputs[session.outputNames[0]].data as Float32Array;
    };
    const offset = await run(null);
    const values = new Float64Array(count * offset.length);
    for (let column = 0; column < count; column++) {
      const output = await run(column);
      for (let row = 0; row < output.length; row++) {
        values[column * output.length + row] = (output[row] - offset[row]) / step;
      }
    }
    return largestSingularValue({ rows: count, columns: offset.length, values });
  } finally {
    await session.release();
  }
}

/** The same number from the description of a layer; a convolution must know its sizes. */
export async function normOf(layer: Layer): Promise<number> {
  const { operator } = layer;
  if (operator.kind === 'convolution') return denseNorm(await convolutionLayer(layer));
  if (operator.kind !== 'matrix') throw new Error(`${layer.name} is a ${operator.kind}`);
  const { blocks, rows, columns, scale } = operator;
  const values = Float64Array.from(await operator.tensor.read());
  const size = rows * columns;
  if (values.length !== blocks * size)
    throw new Error(`${values.length} values for ${blocks} blocks of ${size}`);
  const norms = Array.from({ length: blocks }, (_, block) =>
    largestSingularValue({ rows, columns, values: values.slice(block * size, (block + 1) * size) }),
  );
  return Math.abs(scale) * Math.max(...norms);
}

async function convolutionLayer(layer: Layer): Promise<ConvolutionLayer> {
  const { tensor, padding, inputSize, outputSize, ...rest } = convolution(layer);
  if (padding.amounts === null || inputSize === null) throw new Error(`${layer.name} is of unknown size`);
  const plain: ConvolutionLayer = {
    ...rest,
    weight: await tensor.read(),
    shape: tensor.shape,
    mode: padding.mode,
    pads: padding.amounts,
    inputSize,
    outputPadding: inputSize.map(() => 0),
  };
  if (outputSize === null) return plain;
  const { pads } = plain;
  const full = kernelExtents(plain).map(
    (extent, axis) =>
      rest.strides[axis] * (inputSize[axis] - 1) + extent - pads[axis] - pads[axis + inputSize.length],
  );
  return { ...plain, outputPadding: outputSize.map((size, axis) => size - full[axis]) };
}
