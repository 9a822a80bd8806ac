/**
 * What is in a model file, in one vocabulary for every format. Opening a model reads structure only; the values of
 * a tensor are read from the file when `Tensor.read` is called.
 */
import type { Computation } from './onnx/computation';

export interface Model {
  /** As given by the caller. */
  readonly path: string;
  readonly format: 'onnx' | 'safetensors';
  /** Size of all files of the model together, bytes. */
  readonly bytes: number;
  /** Every file that its layers come from, those beside it included that would say more of them if they were there. */
  readonly files: readonly ModelFile[];
  /** In file order (ONNX: topological order of the nodes as stored). Names are unique. */
  readonly layers: readonly Layer[];
  /** Nodes or tensors with weights, or of a linear kind, that became no layer. */
  readonly skipped: readonly Skipped[];
  /** How the layers are put together; null where the format does not say. */
  readonly computation: Computation | null;
  close(): Promise<void>;
}

/** A file as it was when the model was opened. */
export interface ModelFile {
  /** Real or as given: it may be opened. */
  readonly path: string;
  /** Bytes; null where there is no such file. */
  readonly bytes: number | null;
  /** Time of the last change, milliseconds since 1970; null where there is no such file. */
  readonly modified: number | null;
}

export interface Skipped {
  readonly name: string;
  readonly op: string;
  readonly weight: string | null;
  /** One clause without a final stop: "its weight is computed by the network". */
  readonly reason: string;
}

export interface Layer {
  readonly name: string;
  /** The file's own name of the kind: Conv, Gemm, LSTM, ...; for safetensors Linear, Conv1d, Conv2d, Conv3d, ... */
  readonly op: string;
  /** Name of the stored tensor. */
  readonly weight: string;
  /** Shape of the stored tensor, as stored. */
  readonly shape: readonly number[];
  /** Stored element type. */
  readonly dtype: string;
  /** Number of weights of this row (of a gate: those of the gate). */
  readonly parameters: number;
  readonly operator: Operator;
  /** The weight is not stored but follows from what is, and its own rounding is not in a bound of it. */
  readonly rounded?: boolean;
  /** What the layer is an update of, where it is one. */
  readonly adapter?: Adapter;
  /** Assumptions and limits a reader must know, one sentence each. */
  readonly notes: readonly string[];
}

/** How an update of a weight of another model is stored: `scale` times a product of factors. */
export interface Adapter {
  /** Low-rank product (arXiv:2106.09685), Hadamard product of two (arXiv:2108.06098), Kronecker product (arXiv:2309.14859). */
  readonly kind: 'LoRA' | 'LoHa' | 'LoKr';
  /** Name of the module that it updates, as the adapter's file spells it. */
  readonly module: string;
  /** Inner dimension of the factors; null where there is none. */
  readonly rank: number | null;
  /** Null where the files do not tell: 1 is taken. */
  readonly scale: number | null;
  /** The base model holds the transpose of what is updated. */
  readonly transposed: boolean;
  /** Lengths that the rows (axis 0) or columns (axis 1) of base plus update are given (DoRA, arXiv:2402.09353); null: none. */
  readonly magnitude: { readonly tensor: Tensor; readonly axis: 0 | 1 } | null;
  /** The update without its scale. */
  readonly whole: Expansion;
  /** Those of the layer's notes that say what is assumed of a convolution, which a base tells better. */
  readonly geometryNotes: readonly string[];
}

/**
 * A product of factors, multiplied out in float64 when it is read: what rounding does to it is, in the Frobenius norm, at most
 * `gamma_roundings` times the product of the factors' Frobenius norms.
 */
export interface Expansion {
  readonly tensor: Tensor;
  readonly factors: readonly Tensor[];
  readonly roundings: number;
}

/** Values of a constant, read on demand. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Stored element type, the file format's own name in lower case (`float`, `bfloat16`, `int4`, `f8_e4m3`, ...). */
  readonly dtype: string;
  /** Equal keys mean equal values: used to compute shared weights once. */
  readonly key: string;
  /**
   * The values, row-major, exact: `Float32Array` where every value is a float32, else `Float64Array`. A fresh array
   * that belongs to the caller. Rejects with a `ModelError` that names the file and the tensor.
   */
  read(): Promise<Float32Array | Float64Array>;
}

export type Operator =
  | MatrixOperator
  | ConvolutionOperator
  | DiagonalOperator
  | NormalizationOperator
  | LowRankOperator
  | FactoredConvolutionOperator
  | KroneckerOperator;

/** What an update of a weight can be. */
export type UpdateOperator = Exclude<Operator, DiagonalOperator | NormalizationOperator>;

/** `scale` times a matrix, or a block diagonal of `blocks` matrices of one shape; norm-preserving layouts are equal. */
export interface MatrixOperator {
  readonly kind: 'matrix';
  /** Values in the order (blocks, rows, columns); the tensor's own shape may be any with as many elements. */
  readonly tensor: Tensor;
  readonly blocks: number;
  readonly rows: number;
  readonly columns: number;
  /**
   * The columns fall into so many matrices side by side of which the file does not tell whether they share one input (the
   * norm is that of the whole) or each have their own (the largest of theirs). Absent where nothing is open.
   */
  readonly columnBlocks?: number;
  readonly scale: number;
  /** The side that belongs to the inputs; absent where the file does not say it. It changes no norm. */
  readonly inputSide?: 'rows' | 'columns';
  /** The rows are looked up by index: also report the largest row norm. */
  readonly embedding: boolean;
}

export type PaddingMode = 'zeros' | 'circular' | 'reflect' | 'replicate';

/** A convolution (cross-correlation) of d spatial dimensions, or the adjoint of one. */
export interface ConvolutionOperator {
  readonly kind: 'convolution';
  /** (co, ci / groups, k_1 .. k_d); where `transposed`: (ci, co / groups, k_1 .. k_d), ci the input's channels. */
  readonly tensor: Tensor;
  readonly transposed: boolean;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
  readonly padding: {
    readonly mode: PaddingMode;
    /**
     * ONNX order (begins, then ends), in elements of the input (`transposed`: cropped from the output); negative
     * amounts crop. Null where unknown.
     */
    readonly amounts: readonly number[] | null;
  };
  /** Spatial size of the layer's input, before padding; null where unknown. */
  readonly inputSize: readonly number[] | null;
  /** Spatial size of the layer's output where `transposed` and `inputSize` is known; else null. */
  readonly outputSize: readonly number[] | null;
  readonly scale: number;
}

/** `diag(gain / sqrt(variance + epsilon))`: a normalisation with frozen statistics. A missing gain is all ones. */
export interface DiagonalOperator {
  readonly kind: 'diagonal';
  readonly gain: Tensor | null;
  readonly variance: Tensor;
  readonly epsilon: number;
}

/**
 * `x -> gain * (x - mean) / sqrt(var + epsilon)` with the statistics of the input itself.
 */
export interface NormalizationOperator {
  readonly kind: 'normalization';
  readonly gain: Tensor;
  readonly epsilon: number;
  /** The mean is subtracted (LayerNormalization and others; not RMSNormalization). */
  readonly centered: boolean;
  /** Number of elements that one mean and variance are taken over; null where it depends on the input's size. */
  readonly size: number | null;
}

/** `scale * up * down`, `up` (rows, rank), `down` (rank, columns): a low-rank update that is never multiplied out. */
export interface LowRankOperator {
  readonly kind: 'lowRank';
  readonly up: Tensor;
  readonly down: Tensor;
  readonly rows: number;
  readonly rank: number;
  readonly columns: number;
  readonly scale: number;
}

/** A convolution of one group whose kernel is `up core down`, the matrices acting on its channels. */
export interface FactoredConvolutionOperator {
  readonly kind: 'factoredConvolution';
  /** The same with its kernel multiplied out: geometry and scale. */
  readonly convolution: ConvolutionOperator;
  /** (co, p). */
  readonly up: Tensor;
  /** (p, q, k_1 .. k_d). */
  readonly core: Tensor;
  /** (q, ci); null: q = ci, the identity. */
  readonly down: Tensor | null;
}

/** `scale` times the Kronecker product of a matrix and what acts on the finer index: a matrix or a convolution of one group. */
export interface KroneckerOperator {
  readonly kind: 'kronecker';
  readonly left: MatrixOperator | LowRankOperator;
  readonly right: MatrixOperator | LowRankOperator | ConvolutionOperator | FactoredConvolutionOperator;
  readonly scale: number;
}

export interface OpenOptions {
  /**
   * Spatial size given by the user: ONNX, of the graph's inputs with as many spatial dimensions; safetensors, of every
   * convolution with as many. `any`: no sizes, not even the file's. Null: the sizes in the file.
   */
  readonly inputSize: readonly number[] | 'any' | null;
}
