/** The vocabulary of a comparison of two models, as printed by `compare --format json` and sent by the worker. */
import type {
  DeviceReport,
  Interval,
  LayerDescription,
  LayerReport,
  LipschitzInterval,
  Report,
  Settings,
  SkippedReport,
  StableRank,
} from '../report';

/**
 * How two layers found each other:
 * - `name`: their weights, or their nodes, bear one name;
 * - `prefix`: the names are equal but for what they begin with;
 * - `position`: kind, shape and order leave no other partner.
 */
export type MatchedBy = 'name' | 'prefix' | 'position';

/** The layer with the weights of A minus those of B. */
export interface DifferenceReport {
  /** Its Lipschitz constant: `||W_A - W_B||`, for a convolution the norm of the operator with the difference as kernel. */
  readonly lipschitz: LipschitzInterval;
  /** Over that of the layer in A; null where that may be zero and the difference is not. */
  readonly relative: Interval | null;
  readonly stableRank: StableRank | null;
  readonly frobenius: number | null;
  /** Embeddings: how far the row moved that moved most; else null. */
  readonly largestRowNorm: number | null;
}

/** A layer of A and its counterpart in B. */
export interface PairReport {
  /** The rows that an analysis of each model has. */
  readonly a: LayerReport;
  readonly b: LayerReport;
  readonly matchedBy: MatchedBy;
  /** The weight of B is stored as the transpose of that of A. */
  readonly transposed: boolean;
  /** Lipschitz constant in B over that in A; null where one is unknown, or that in A may be zero. */
  readonly ratio: Interval | null;
  /** Null where there is none: a note, or an error of the pair or of one of its rows, says why. */
  readonly difference: DifferenceReport | null;
  /** What a reader must know to interpret the difference. */
  readonly notes: readonly string[];
  /** Why the difference could not be computed. */
  readonly error: string | null;
  readonly seconds: number;
}

/** A layer without a counterpart; it is not analysed. */
export interface UnpairedReport extends LayerDescription {
  /** Why the layer of the same name in the other model is none; null where there is no such layer. */
  readonly reason: string | null;
}

export interface ComparisonReport {
  readonly schema: 1;
  readonly kind: 'comparison';
  readonly a: Report['model'];
  readonly b: Report['model'];
  readonly settings: Settings;
  readonly device: DeviceReport;
  /** In the order of A. */
  readonly pairs: readonly PairReport[];
  readonly onlyInA: readonly UnpairedReport[];
  readonly onlyInB: readonly UnpairedReport[];
  readonly skippedInA: readonly SkippedReport[];
  readonly skippedInB: readonly SkippedReport[];
  /** Wall time, opening the files included. */
  readonly seconds: number;
  /** Present where the comparison was cancelled: `pairs` then holds the `finished` ones of the `of` planned ones. */
  readonly cancelled?: { readonly finished: number; readonly of: number };
}
