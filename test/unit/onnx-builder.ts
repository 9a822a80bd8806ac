/** ONNX messages for tests, in few words. `modelBytes` makes the content of a file. */
import {
  AttributeType,
  DataType,
  encodeModel,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../src/schema/onnx';

export const int = (i: number): AttributeProto => ({ type: AttributeType.INT, i });
export const float = (f: number): AttributeProto => ({ type: AttributeType.FLOAT, f });
export const ints = (...values: number[]): AttributeProto => ({ type: AttributeType.INTS, ints: values });
export const floats = (...values: number[]): AttributeProto => ({
  type: AttributeType.FLOATS,
  floats: values,
});
export const text = (s: string): AttributeProto => ({ type: AttributeType.STRING, s: Buffer.from(s) });
export const texts = (...values: string[]): AttributeProto => ({
  type: AttributeType.STRINGS,
  strings: values.map((value) => Buffer.from(value)),
});
export const tensorAttribute = (t: TensorProto): AttributeProto => ({ type: AttributeType.TENSOR, t });
export const graphAttribute = (g: GraphProto): AttributeProto => ({ type: AttributeType.GRAPH, g });
/** Inside a function: the attribute `name` of the call. */
export const reference = (name: string, type: number): AttributeProto => ({ type, refAttrName: name });

/** `node('Conv', ['x', 'w'], ['y'], { strides: ints(2, 2) }, { name: 'conv1' })` */
export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Readonly<Record<string, AttributeProto>> = {},
  rest: Pick<NodeProto, 'name' | 'domain' | 'overload'> = {},
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => ({ ...value, name }));
  return { opType, input, output, attribute, ...rest };
}

/** A float tensor with its values in `raw_data`; fewer values than elements are repeated. */
export function tensor(name: string, dims: number[], values: ArrayLike<number> = [0]): TensorProto {
  const count = dims.reduce((product, dimension) => product * dimension, 1);
  const data = Float32Array.from({ length: count }, (_, i) => values[i % values.length]);
  return { name, dims, dataType: DataType.FLOAT, rawData: new Uint8Array(data.buffer) };
}

/** An int64 tensor (shapes, axes, ...) with its values in `int64_data`. */
export function integers(name: string, values: number[], dims: number[] = [values.length]): TensorProto {
  return { name, dims, dataType: DataType.INT64, int64Data: values };
}

/** Any type with its bytes as they are to stand in the file. */
export function rawTensor(name: string, dims: number[], dataType: number, rawData: Uint8Array): TensorProto {
  return { name, dims, dataType, rawData };
}

/** A graph input, output or inner value; names and null are symbolic and unknown dimensions. */
export function value(
  name: string,
  shape: readonly (number | string | null)[] | null = null,
  elemType: number = DataType.FLOAT,
): ValueInfoProto {
  if (shape === null) return { name, type: { tensorType: { elemType } } };
  const dim = shape.map((dimension) =>
    dimension === null
      ? {}
      : typeof dimension === 'number'
        ? { dimValue: dimension }
        : { dimParam: dimension },
  );
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** A model of IR version 10 and opset 21 unless `rest` says otherwise. */
export function model(graph: GraphProto, rest: Omit<ModelProto, 'graph'> = {}): ModelProto {
  return {
    irVersion: 10,
    producerName: 'test',
    opsetImport: [{ domain: '', version: 21 }],
    graph: { name: 'graph', ...graph },
    ...rest,
  };
}

/** The content of an ONNX file. */
export function modelBytes(graph: GraphProto, rest: Omit<ModelProto, 'graph'> = {}): Uint8Array {
  return encodeModel(model(graph, rest));
}
