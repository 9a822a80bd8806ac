/** A convolution layer written out as one matrix, entry by entry from its definition. */
import type { ConvolutionLayer, PaddingMode } from './layer';
import { groupAlone, outputSize, product } from './layer';
import type { Matrix } from './singular-values';
import { largestSingularValue } from './singular-values';

/** Along one axis, output position `output` reads input position `input` through kernel tap `tap`. */
interface Connection {
  readonly output: number;
  readonly tap: number;
  readonly input: number;
}

/**
 * The matrix from the flattened input (channel, position) to the flattened output (channel, position) of the layer
 * without bias, zeros between the groups included.
 */
export function denseOperator(layer: ConvolutionLayer): Matrix {
  const output = outputSize(layer);
  const kernel = layer.shape.slice(2);
  const [first, second] = layer.shape;
  const perGroup = first / layer.groups;
  const links = connections(layer);
  const inputs = product(layer.inputSize);
  const outputs = product(output);
  const taps = product(kernel);
  const inputChannels = layer.transposed ? first : second * layer.groups;
  const outputChannels = layer.transposed ? second * layer.groups : first;
  const columns = inputChannels * inputs;
  const values = new Float64Array(outputChannels * outputs * columns);
  for (let a = 0; a < first; a++) {
    const group = Math.floor(a / perGroup);
    for (let b = 0; b < second; b++) {
      const across = group * second + b;
      const inputChannel = layer.transposed ? a : across;
      const outputChannel = layer.transposed ? across : a;
      for (const link of links) {
        const row = outputChannel * outputs + link.output;
        const column = inputChannel * inputs + link.input;
        values[row * columns + column] += layer.scale * layer.weight[(a * second + b) * taps + link.tap];
      }
    }
  }
  return { rows: outputChannels * outputs, columns, values };
}

/** Largest singular value of the layer on its input size; per group, see `groupNorms`. */
export function denseNorm(layer: ConvolutionLayer): number {
  return Math.max(...groupNorms(layer));
}

/** Largest singular value of every group of the layer on its input size. */
export function groupNorms(layer: ConvolutionLayer): number[] {
  return Array.from({ length: layer.groups }, (_, group) =>
    largestSingularValue(denseOperator(groupAlone(layer, group))),
  );
}

/** All connections over all axes, with flat positions and taps. */
function connections(layer: ConvolutionLayer): Connection[] {
  const output = outputSize(layer);
  let all: Connection[] = [{ output: 0, tap: 0, input: 0 }];
  for (let axis = 0; axis < output.length; axis++) {
    const along = layer.transposed
      ? scattered(layer, axis, output[axis])
      : gathered(layer, axis, output[axis]);
    all = all.flatMap((outer) =>
      along.map((inner) => ({
        output: outer.output * output[axis] + inner.output,
        tap: outer.tap * layer.shape[axis + 2] + inner.tap,
        input: outer.input * layer.inputSize[axis] + inner.input,
      })),
    );
  }
  return all;
}

/** `y[o] = sum over t of K[t] padded(x)[o s + t d]`. */
function gathered(layer: ConvolutionLayer, axis: number, outputs: number): Connection[] {
  const found: Connection[] = [];
  for (let output = 0; output < outputs; output++) {
    for (let tap = 0; tap < layer.shape[axis + 2]; tap++) {
      const position = output * layer.strides[axis] + tap * layer.dilations[axis] - layer.pads[axis];
      const input = source(position, layer.inputSize[axis], layer.mode);
      if (input !== null) found.push({ output, tap, input });
    }
  }
  return found;
}

/** `y[i s + t d - begin] += K[t] x[i]`, as far as the output reaches. */
function scattered(layer: ConvolutionLayer, axis: number, outputs: number): Connection[] {
  if (layer.mode !== 'zeros') throw new Error('a transposed convolution has no padding to fill');
  const found: Connection[] = [];
  for (let input = 0; input < layer.inputSize[axis]; input++) {
    for (let tap = 0; tap < layer.shape[axis + 2]; tap++) {
      const output = input * layer.strides[axis] + tap * layer.dilations[axis] - layer.pads[axis];
      if (output >= 0 && output < outputs) found.push({ output, tap, input });
    }
  }
  return found;
}

/** Which of `size` elements stands at `position`, 0 being the first of them; null: none, a zero. */
function source(position: number, size: number, mode: PaddingMode): number | null {
  if (position >= 0 && position < size) return position;
  switch (mode) {
    case 'zeros':
      return null;
    case 'circular':
      return modulo(position, size);
    case 'replicate':
      return position < 0 ? 0 : size - 1;
    case 'reflect': {
      if (size === 1) return 0;
      const folded = modulo(position, 2 * (size - 1));
      return folded < size ? folded : 2 * (size - 1) - folded;
    }
  }
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size;
}
