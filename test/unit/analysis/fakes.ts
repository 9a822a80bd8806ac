/** Layers without a file. */
import type {
  ConvolutionOperator,
  Layer,
  MatrixOperator,
  Model,
  Operator,
  Tensor,
} from '../../../src/model/model';
import type { RangedTensor } from '../../../src/model/tensor';
import { type ConvolutionLayer, outputSize, product } from '../truth/layer';

type Values = Float32Array | Float64Array;

/** A tensor that counts how often it is read. */
export class FakeTensor implements Tensor {
  readonly dtype = 'float';
  reads = 0;

  constructor(
    readonly shape: readonly number[],
    private readonly values: Values | Error,
    readonly key: string = `key ${nextKey++}`,
    readonly name: string = `tensor of ${key}`,
  ) {}

  read(): Promise<Values> {
    this.reads++;
    return this.values instanceof Error ? Promise.reject(this.values) : Promise.resolve(this.values.slice());
  }
}

let nextKey = 0;

/** A tensor of which parts can be read; remembers which were. */
export class FakeRangedTensor extends FakeTensor implements RangedTensor {
  readonly ranges: [begin: number, end: number][] = [];

  constructor(
    shape: readonly number[],
    private readonly all: Values,
  ) {
    super(shape, all);
  }

  readRange(begin: number, end: number): Promise<Values> {
    this.ranges.push([begin, end]);
    return Promise.resolve(this.all.slice(begin, end));
  }
}

export function matrixOf(
  tensor: Tensor,
  rows: number,
  columns: number,
  rest: Partial<MatrixOperator> = {},
): MatrixOperator {
  return { kind: 'matrix', tensor, blocks: 1, rows, columns, scale: 1, embedding: false, ...rest };
}

/** The layer as a file describes it; `sized`: the file says how large the input is. */
export function convolutionOf(
  layer: ConvolutionLayer,
  sized: boolean,
  rest: Partial<ConvolutionOperator> = {},
): ConvolutionOperator {
  return {
    kind: 'convolution',
    tensor: new FakeTensor(layer.shape, layer.weight),
    transposed: layer.transposed,
    strides: layer.strides,
    dilations: layer.dilations,
    groups: layer.groups,
    padding: { mode: layer.mode, amounts: layer.pads },
    inputSize: sized ? layer.inputSize : null,
    outputSize: sized && layer.transposed ? outputSize(layer) : null,
    scale: layer.scale,
    ...rest,
  };
}

export function layerOf(name: string, operator: Operator): Layer {
  const shape = 'tensor' in operator ? operator.tensor.shape : [1];
  return {
    name,
    op: operator.kind === 'convolution' ? 'Conv' : 'MatMul',
    weight: `${name}.weight`,
    shape,
    dtype: 'float',
    parameters: product(shape),
    operator,
    notes: [],
  };
}

/** A model that counts how often it is closed. */
export class FakeModel implements Model {
  readonly path = 'model.onnx';
  readonly format = 'onnx';
  readonly bytes = 1234;
  readonly files = [{ path: 'model.onnx', bytes: 1234, modified: 5678 }];
  readonly skipped = [{ name: 'plus', op: 'Add', weight: 'bias', reason: 'adds a constant' }];
  readonly computation = null;
  closed = 0;

  constructor(readonly layers: readonly Layer[]) {}

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

/** A convolution without weights, whose shape (co, ci / groups, k_1 .. k_d) is all that matters. */
export function bareConvolution(shape: readonly number[], groups = 1, stride = 1): Operator {
  const axes = shape.slice(2);
  const layer: ConvolutionLayer = {
    weight: new Float32Array(0),
    shape,
    transposed: false,
    strides: axes.map(() => stride),
    dilations: axes.map(() => 1),
    groups,
    mode: 'zeros',
    pads: axes.flatMap(() => [0, 0]),
    inputSize: axes,
    outputPadding: axes.map(() => 0),
    scale: 1,
  };
  return convolutionOf(layer, false);
}
