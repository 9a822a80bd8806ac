/** The weights of a node as the tools of `truth` take them. */
import type { AttributeProto } from '../../../src/schema/onnx';
import type { ConvolutionLayer } from '../truth/layer';
import { largestSingularValue, type Matrix } from '../truth/singular-values';
import { type GraphNode, valuesOf } from './graph';

/** A Conv or ConvTranspose for any input size: what depends on the size is left out. */
export function convolutionOf({ opType, attributes, inputs }: GraphNode): ConvolutionLayer {
  const [weight] = inputs[1] ?? [];
  const shape = weight.dims ?? [];
  const ones = shape.slice(2).map(() => 1);
  const perAxis = (name: string) => attributes.get(name)?.ints ?? ones;
  return {
    weight: valuesOf(weight),
    shape,
    transposed: opType === 'ConvTranspose',
    strides: perAxis('strides'),
    dilations: perAxis('dilations'),
    groups: integer(attributes.get('group')) ?? 1,
    mode: 'zeros',
    pads: [...ones, ...ones],
    inputSize: ones,
    outputPadding: ones.map(() => 0),
    scale: 1,
  };
}

function integer(attribute: AttributeProto | undefined): number | undefined {
  return attribute && (attribute.i ?? 0);
}

/** Norm of the matrix (co, ci / groups) of a kernel of one tap, one group. */
export function pointwiseNorm({ weight, shape: [rows, columns] }: ConvolutionLayer): number {
  return matrixNorm(weight, rows, columns);
}

export function matrixNorm(values: Float32Array | Float64Array, rows: number, columns: number): number {
  const matrix: Matrix = { rows, columns, values: Float64Array.from(values) };
  return largestSingularValue(matrix);
}
