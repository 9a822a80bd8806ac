/** An ONNX file after parsing: plain structures with lazy tensors. Optional names that are absent are ''. */
import type { ModelFile, Tensor } from '../model';

export interface OnnxFile {
  /** As given by the caller. */
  readonly path: string;
  /** The file and its external data together, bytes. */
  readonly bytes: number;
  /** The file and those of its external data. */
  readonly files: readonly ModelFile[];
  readonly irVersion: number;
  /** Version by domain; '' is ai.onnx. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: Graph;
  readonly functions: readonly LocalFunction[];
  close(): Promise<void>;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Names of sparse initializers, which have no lazy tensor. */
  readonly sparseInitializers: readonly string[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Declared shapes of inner values, by name. */
  readonly valueInfo: ReadonlyMap<string, ValueInfo>;
}

export interface LocalFunction {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Versions that its nodes are of, by domain, in place of the file's. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Default values of the attributes that have one. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly nodes: readonly Node[];
}

export interface Node {
  readonly name: string;
  readonly opType: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** Inside a function body: the caller's attribute of this name. */
  | { readonly kind: 'reference'; readonly value: string }
  | { readonly kind: 'other' };

export interface ValueInfo {
  readonly name: string;
  /** ONNX TensorProto.DataType, 0 where it is no tensor or unknown. */
  readonly elementType: number;
  /** A number, the name of a symbolic dimension, or null; null altogether where the rank is unknown. */
  readonly shape: readonly (number | string | null)[] | null;
}
