/** Messages of the ONNX format (`onnx.proto`) as plain objects, and their encoding. Absent fields are absent. */
import protobuf from 'protobufjs';
import schema from './onnx.proto';

/** `TensorProto.DataType`. */
export const DataType = {
  UNDEFINED: 0,
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
  FLOAT8E8M0: 24,
  UINT2: 25,
  INT2: 26,
  FLOAT6E2M3: 27,
  FLOAT6E3M2: 28,
} as const;

/** `AttributeProto.AttributeType`. */
export const AttributeType = {
  UNDEFINED: 0,
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
  TYPE_PROTO: 13,
  TYPE_PROTOS: 14,
} as const;

/** `TensorProto.DataLocation`. */
export const DataLocation = { DEFAULT: 0, EXTERNAL: 1 } as const;

export interface ModelProto {
  irVersion?: number;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: number;
  graph?: GraphProto;
  opsetImport?: OperatorSetIdProto[];
  functions?: FunctionProto[];
}

export interface OperatorSetIdProto {
  domain?: string;
  version?: number;
}

export interface GraphProto {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
  sparseInitializer?: SparseTensorProto[];
}

export interface FunctionProto {
  name?: string;
  input?: string[];
  output?: string[];
  attribute?: string[];
  node?: NodeProto[];
  opsetImport?: OperatorSetIdProto[];
  domain?: string;
  attributeProto?: AttributeProto[];
  overload?: string;
}

export interface NodeProto {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  attribute?: AttributeProto[];
  domain?: string;
  overload?: string;
}

export interface AttributeProto {
  name?: string;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  /** One of `AttributeType`. */
  type?: number;
  refAttrName?: string;
  sparseTensor?: SparseTensorProto;
  sparseTensors?: SparseTensorProto[];
  elided?: boolean;
}

export interface TensorProto {
  dims?: number[];
  /** One of `DataType`. */
  dataType?: number;
  floatData?: number[];
  int32Data?: number[];
  int64Data?: number[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: number[];
  uint64Data?: number[];
  externalData?: StringStringEntryProto[];
  /** One of `DataLocation`. */
  dataLocation?: number;
  place?: Place[];
}

export interface Place {
  field?: number;
  tagged?: boolean;
  offset?: number;
  length?: number;
}

export interface StringStringEntryProto {
  key?: string;
  value?: string;
}

export interface SparseTensorProto {
  values?: TensorProto;
  indices?: TensorProto;
  dims?: number[];
}

export interface ValueInfoProto {
  name?: string;
  type?: TypeProto;
}

export interface TypeProto {
  tensorType?: TensorTypeProto;
}

export interface TensorTypeProto {
  /** One of `DataType`. */
  elemType?: number;
  shape?: TensorShapeProto;
}

export interface TensorShapeProto {
  dim?: DimensionProto[];
}

export interface DimensionProto {
  dimValue?: number;
  dimParam?: string;
}

let messages: protobuf.NamespaceBase | undefined;

/** The description of a message: its fields by number and by name. */
export function messageType(name: string): protobuf.Type {
  messages ??= protobuf.parse(schema).root.resolveAll();
  return messages.lookupType(`onnx.${name}`);
}

/** 64-bit integers beyond 2^53 must be given as the nearest number that JavaScript has. */
export function encodeModel(model: ModelProto): Uint8Array {
  return messageType('ModelProto').encode(model).finish();
}

/**
 * 64-bit integers beyond 2^53 become the nearest number. Unknown fields are dropped.
 * @throws Error where the bytes are no protocol buffer message.
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const type = messageType('ModelProto');
  return type.toObject(type.decode(bytes), { longs: Number });
}
