/** Norms of the layers of a published model for every input size, from its file alone. */
import type { AttributeProto, TensorProto } from '../../../src/schema/onnx';
import { anySizeNorm } from '../truth/any-size';
import { type ConvolutionLayer, product } from '../truth/layer';
import { sampledNorm } from '../truth/sampled';
import { largestSingularValue } from '../truth/singular-values';
import { type GraphNode, valuesOf, weightAt } from './graph';

/** What the norm is not below and not above; the same where it is known to the last digits. */
export interface Truth {
  readonly lower: number;
  readonly upper: number;
}

/** Channels on the smaller side, up to which the norm of a kernel of several taps is searched for. */
const searched = 16;
/** Relative width to which the norm of a kernel of several taps is enclosed beyond that. */
const width = 0.05;

/** Of a convolution, a product with a matrix or a normalisation with stored statistics; null for any other node. */
export function truthOf(node: GraphNode): Truth | null {
  switch (node.opType) {
    case 'Conv':
    case 'ConvTranspose':
      return convolutionTruth(convolutionOf(node));
    case 'MatMul':
      return exactly(matrixNorm(weightAt(node, 1)));
    case 'Gemm':
      return exactly(Math.abs(node.attributes.get('alpha')?.f ?? 1) * matrixNorm(weightAt(node, 1)));
    case 'BatchNormalization':
      return exactly(batchNormalizationNorm(node));
    default:
      return null;
  }
}

/** Without its input size: what depends on it is left out. */
function convolutionOf(node: GraphNode): ConvolutionLayer {
  const weight = weightAt(node, 1);
  const shape = weight.dims ?? [];
  const ones = shape.slice(2).map(() => 1);
  const perAxis = (name: string) => node.attributes.get(name)?.ints ?? ones;
  return {
    weight: valuesOf(weight),
    shape,
    transposed: node.opType === 'ConvTranspose',
    strides: perAxis('strides'),
    dilations: perAxis('dilations'),
    groups: integer(node.attributes.get('group')) ?? 1,
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

function convolutionTruth(layer: ConvolutionLayer): Truth {
  const { shape, groups, weight } = layer;
  const [rows, columns, ...kernel] = shape;
  if (product(kernel) === 1 && groups === 1) {
    return exactly(largestSingularValue({ rows, columns, values: Float64Array.from(weight) }));
  }
  const channels = Math.min(rows, groups * columns * product(layer.strides));
  return channels <= searched ? exactly(anySizeNorm(layer)) : sampledNorm(layer, width);
}

/** Of the last two dimensions, of which there are no others. */
function matrixNorm(weight: TensorProto): number {
  const [rows, columns, ...more] = weight.dims ?? [];
  if (more.length > 0) throw new Error(`${weight.name} has ${weight.dims?.length} dimensions`);
  return largestSingularValue({ rows, columns, values: Float64Array.from(valuesOf(weight)) });
}

function batchNormalizationNorm(node: GraphNode): number {
  const gain = valuesOf(weightAt(node, 1));
  const variance = valuesOf(weightAt(node, 4));
  const epsilon = node.attributes.get('epsilon')?.f ?? Math.fround(1e-5);
  return gain.reduce((most, g, i) => Math.max(most, Math.abs(g) / Math.sqrt(variance[i] + epsilon)), 0);
}

function exactly(norm: number): Truth {
  return { lower: norm, upper: norm };
}
