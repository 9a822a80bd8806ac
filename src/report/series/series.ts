/** The vocabulary of a series: one network at several times, as printed by `series --format json`. */
import type { MatchedBy } from '../comparison/comparison';
import type { DeviceReport, LayerDescription, LayerReport, Report, Settings } from '../report';

/** What a layer was in one checkpoint. */
export interface SeriesValue extends Pick<
  LayerReport,
  'name' | 'lipschitz' | 'stableRank' | 'frobenius' | 'notes' | 'error'
> {
  /** How it was found; null in the checkpoint that the series begins with. */
  readonly matchedBy: MatchedBy | null;
}

export interface SeriesLayer extends LayerDescription {
  /** One for each checkpoint; null where it has no such layer. */
  readonly values: readonly (SeriesValue | null)[];
}

export interface Checkpoint {
  readonly model: Report['model'];
  readonly device: DeviceReport;
  /** Names of layers that are none of the first checkpoint. */
  readonly unmatched: readonly string[];
  /** Number of what was skipped in it. */
  readonly skipped: number;
  readonly seconds: number;
}

export interface SeriesReport {
  readonly schema: 1;
  readonly kind: 'series';
  readonly settings: Settings;
  /** In the order of the series. */
  readonly checkpoints: readonly Checkpoint[];
  /** The layers of the first checkpoint, in its order. */
  readonly layers: readonly SeriesLayer[];
  readonly seconds: number;
  /** Present where the series was cancelled: how many of how many checkpoints are complete. */
  readonly cancelled?: { readonly finished: number; readonly of: number };
}
