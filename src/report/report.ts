/** The vocabulary of a result, as printed with `--format json` and sent from the worker to its clients. */

/**
 * What is promised of an interval:
 * - `certified`: true for the stored weights in real arithmetic, all rounding of the computation accounted for;
 * - `analytic`: true in exact arithmetic, rounding of the computation not accounted for;
 * - `probable`: true with probability 1 - 1e-12 over the computation's own random start, never over the data;
 * - `estimate`: no direction is promised.
 */
export type Certainty = 'certified' | 'analytic' | 'probable' | 'estimate';

/** Two-sided enclosure; `lower <= upper`, both finite. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

export interface LipschitzInterval extends Interval {
  readonly certainty: Certainty;
  /** `any input size`, or `input size 8x8`: the inputs for which the interval holds. */
  readonly scope: string;
  /** Name of the method that gave the upper bound, with its source. */
  readonly method: string;
}

/**
 * Stable rank `||A||_F^2 / ||A||_2^2`, mean over the groups.
 * `value` uses the upper bound of the norm, so it is never above the true stable rank, as `interval.lower`.
 */
export interface StableRank {
  readonly value: number;
  /** `value` divided by the full rank `min(co, ci * prod(stride))` of a group: in [0, 1] up to rounding. */
  readonly normalized: number;
  /** Enclosure of the stable rank that follows from both ends of the norm's interval. */
  readonly interval: Interval;
}

export interface ConvolutionReport {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
  readonly padding: {
    readonly mode: 'zeros' | 'circular' | 'reflect' | 'replicate';
    /** ONNX order: all begins, then all ends; null where the file does not say. */
    readonly amounts: readonly number[] | null;
  };
  /** Spatial input size for which the layer was analysed; null: any. */
  readonly inputSize: readonly number[] | null;
}

export interface GroupReport extends Interval {
  readonly stableRank: StableRank | null;
}

export interface PromisedInterval extends Interval {
  readonly certainty: Certainty;
}

/** How the update of a weight of another model is stored: LoRA, LoHa, LoKr. The row is of the update, scale included. */
export interface AdapterReport {
  readonly kind: 'LoRA' | 'LoHa' | 'LoKr';
  /** Base plus update is given rows (or columns) of lengths of their own (DoRA); the row is that of the update without them where `base` is null. */
  readonly decomposed: boolean;
  /** Inner dimension of the factors; null where there is none. */
  readonly rank: number | null;
  /** `alpha / r` or as the adapter's configuration says; null where the files do not tell: the row is for 1. */
  readonly scale: number | null;
  /**
   * Share of the squared Frobenius norm in the first singular direction, the reciprocal of the stable rank; of a convolution
   * that of its kernel as a matrix with a row for each output channel. Null where the update is zero or may be.
   */
  readonly energy: Interval | null;
  /** Null where no base model was given, or none of its weights belongs to the update (a note then says why). */
  readonly base: BaseReport | null;
}

/** The weight of the base model that an update belongs to. */
export interface BaseReport {
  readonly weight: string;
  readonly norm: PromisedInterval;
  /** Norm of the update over that of the weight; null where the latter may be zero. */
  readonly relative: PromisedInterval | null;
  /** Norm of base plus update; null where it could not be computed (a note then says why). */
  readonly sum: PromisedInterval | null;
}

/** What is known of a layer before its bound is computed. */
export interface LayerDescription {
  readonly name: string;
  readonly op: string;
  readonly weight: string;
  /** Shape of the weight as stored. */
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly parameters: number;
  readonly convolution: ConvolutionReport | null;
}

export interface LayerReport extends LayerDescription {
  /** Null where no bound could be given; `error` then says why. */
  readonly lipschitz: LipschitzInterval | null;
  readonly stableRank: StableRank | null;
  /** Frobenius norm of the kernel or matrix (after dequantisation and constant scaling). */
  readonly frobenius: number | null;
  /** Embeddings: largest Euclidean norm of a row of the table; else null. */
  readonly largestRowNorm: number | null;
  readonly groups: readonly GroupReport[] | null;
  /** Present where the row is an update of a weight of another model. */
  readonly adapter?: AdapterReport;
  /** Present where it was asked for; null where it could not be computed (a note then says why). */
  readonly spectrum?: SpectrumReport | null;
  /** What a reader must know to interpret the row: assumptions made, limits of the bound. */
  readonly notes: readonly string[];
  readonly error: string | null;
  readonly seconds: number;
}

/**
 * The singular values of a layer's operator: of its matrix, or of the symbol of its convolution at the points of a grid of
 * frequencies, all of them together. Those of a matrix of low rank are without the zeros that its rank leaves.
 */
export interface SpectrumReport {
  /**
   * `exact`: every singular value, each off by what rounding in float64 leaves of the largest, about 1e-13; `estimate`: the
   * distribution of the singular values, from random directions. Neither is a bound.
   */
  readonly kind: 'exact' | 'estimate';
  /** How the values were computed, with its source. */
  readonly method: string;
  /** How many singular values there are, at all frequencies together. */
  readonly count: number;
  readonly largest: number;
  readonly median: number;
  readonly smallest: number;
  /** All of them, descending; null where they are an estimate or more than 1024. */
  readonly values: readonly number[] | null;
  /** Null where all values are zero. */
  readonly histogram: SpectrumHistogram | null;
  /** Null where the operator has no frequencies: a matrix, a kernel of one position. */
  readonly frequencies: FrequencyReport | null;
}

export interface SpectrumHistogram {
  /** Ascending, in equal ratios: one more than counts. */
  readonly edges: readonly number[];
  /** Singular values between two edges; no whole numbers where they are estimated. */
  readonly counts: readonly number[];
  /** Values that are zero, or nothing beside the largest: below 1e-12 of it. */
  readonly zeros: number;
}

/** Singular values of the symbol at each frequency `2 pi k / grid`, in row-major order of k. */
export interface FrequencyReport {
  /** Points per spatial axis. */
  readonly grid: readonly number[];
  readonly largest: readonly number[];
  readonly median: readonly number[];
  readonly smallest: readonly number[];
}

export interface SkippedReport {
  readonly name: string;
  readonly op: string;
  readonly weight: string | null;
  readonly reason: string;
}

/** How the output of a network as a whole can change with its inputs. */
export interface NetworkReport {
  /** One for each norm, input of floating point, and output that depends on it. */
  readonly bounds: readonly NetworkBound[];
  /** Shapes of the inputs that the bounds hold for: `x: 1x3x64x64`, or `x: ?x3x?x?` where some sizes may be any. */
  readonly scope: string;
  /** The file leaves sizes open for which these are examples: nothing is said of others. */
  readonly isAssumed: boolean;
  /** Every node of the graph and of the graphs inside it, in file order. */
  readonly coverage: readonly NodeReport[];
  /** The heaviest path of the largest bound in L2, from the input to the output; empty where there is no such bound. */
  readonly path: readonly PathStep[];
  /** The steps of that path that change the bound, the largest first. */
  readonly contributions: readonly PathStep[];
  /** That bound with the norms of its worst layers set to one, for some numbers of layers. */
  readonly whatIf: readonly WhatIf[];
  readonly notes: readonly string[];
  readonly seconds: number;
}

export interface NetworkBound {
  /** Of all elements of a tensor, on both sides: Euclidean, largest absolute value, sum of absolute values. */
  readonly norm: 'L2' | 'Linf' | 'L1';
  /** The other inputs are held fixed. */
  readonly input: string;
  readonly output: string;
  /** Largest slope that was met while the model ran, an estimate; null where it was not run for it (`notes` say why). */
  readonly lower: number | null;
  /** Null where no bound is known, and where it is beyond float64 (`log10Upper` is then a number). */
  readonly upper: number | null;
  /** Rounded up; null where no bound is known, and where `upper` is zero. */
  readonly log10Upper: number | null;
  /** What is promised of the upper bound; null where there is none. */
  readonly certainty: Certainty | null;
  /** The inputs that it holds on, such as `inputs in [-1, 1]`; null: all. */
  readonly domain: string | null;
  /** Where there is no bound on all inputs: the nodes that stand in its way. */
  readonly limits: readonly string[];
}

export interface NodeReport {
  readonly name: string;
  readonly op: string;
  /**
   * `certified`: its constant holds for all inputs; `domain`: for bounded inputs only; `unbounded`: it has none;
   * `unknown`: none is known.
   */
  readonly status: 'certified' | 'domain' | 'unbounded' | 'unknown';
  /** In L2, the largest where it has several inputs; 0 where it does not depend on the inputs; null where there is none. */
  readonly constant: number | null;
  /** What the constant is, or why there is none. */
  readonly reason: string;
  /** Names of its rows among `layers`. */
  readonly layers: readonly string[];
}

export interface PathStep {
  readonly name: string;
  readonly op: string;
  /** Decimal logarithm of what it multiplies the bound by; null: by zero. */
  readonly log10: number | null;
}

export interface WhatIf {
  /** Names of the layers, the worst first. */
  readonly layers: readonly string[];
  readonly upper: number | null;
  readonly log10Upper: number | null;
}

/**
 * - `auto`: certified, to the tolerance;
 * - `quick`: large matrices probable, convolutions certified but wider;
 * - `gram`: the Gram iterations of the papers.
 */
export type Method = 'auto' | 'quick' | 'gram';
export type DeviceChoice = 'auto' | 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';
export type PaddingChoice = 'zeros' | 'circular';

export interface Settings {
  readonly method: Method;
  /** Gram iterations (the reference's n_iter); null: the default of the method. Used by method `gram` only. */
  readonly iterations: number | null;
  /** Relative width at which method `auto` stops refining; null: the default of each operator kind. */
  readonly tolerance: number | null;
  readonly device: DeviceChoice;
  /** Spatial size given by the user, `any` to ignore the sizes in the file, null to take the file's. */
  readonly inputSize: readonly number[] | 'any' | null;
  /** Padding mode given by the user in place of the file's; null to take the file's. */
  readonly padding: PaddingChoice | null;
}

export interface DeviceReport {
  readonly provider: string;
  readonly description: string;
  /** Why the wanted provider was not used; null where it was. */
  readonly fallback: string | null;
}

export interface Report {
  readonly schema: 1;
  readonly model: { readonly path: string; readonly format: 'onnx' | 'safetensors'; readonly bytes: number };
  /** Present where a base model was given, whose weights the model's layers are updates of. */
  readonly base?: Report['model'];
  readonly settings: Settings;
  readonly device: DeviceReport;
  readonly layers: readonly LayerReport[];
  readonly skipped: readonly SkippedReport[];
  /** Null where the format does not say how the layers are put together, or not all of them were analysed. */
  readonly network: NetworkReport | null;
  /** Wall time of the analysis, opening the file included. */
  readonly seconds: number;
  /** Present where the analysis was cancelled: `layers` then holds the `finished` rows of the `of` planned ones. */
  readonly cancelled?: { readonly finished: number; readonly of: number };
}

/** One line of `lipschitz-lens devices`. */
export interface DeviceCheck {
  readonly provider: Exclude<DeviceChoice, 'auto'>;
  /** The provider is part of the installed ONNX Runtime. */
  readonly available: boolean;
  /** It multiplied matrices with a known exact answer correctly. */
  readonly passed: boolean;
  /** What it is, or why it cannot be used. */
  readonly description: string;
}
