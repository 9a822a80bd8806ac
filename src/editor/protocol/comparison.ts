/** What the panels of several models show besides their rows: of two next to each other, of a series of checkpoints. */
import type { UnpairedReport } from '../../report/comparison/comparison';
import type { Report } from '../../report/report';
import type { PanelFile, RunHead } from './protocol';

/** Its rows are pairs (`PairReport`). */
export interface ComparisonHead extends RunHead {
  readonly kind: 'comparison';
  /** A and B. */
  readonly files: readonly PanelFile[];
  /** Likewise; null until they are open. */
  readonly models: readonly Report['model'][] | null;
  readonly onlyInA: readonly UnpairedReport[];
  readonly onlyInB: readonly UnpairedReport[];
  /** Numbers of what was skipped in A and in B. */
  readonly skipped: readonly number[];
}

/** Its rows are layers with their values (`SeriesLayer`): in as many checkpoints as were analysed when they were sent. */
export interface SeriesHead extends RunHead {
  readonly kind: 'series';
  /** In the order of the series. */
  readonly files: readonly PanelFile[];
  /** Those that are analysed, in that order. */
  readonly checkpoints: readonly SeriesCheckpoint[];
  /** A sentence for every one that cannot be. */
  readonly refusals: readonly string[];
}

export interface SeriesCheckpoint {
  readonly model: Report['model'];
  /** Numbers of layers that the first has not, and of what was skipped. */
  readonly unmatched: number;
  readonly skipped: number;
}

/** What the page keeps over reloads. */
export interface PersistedComparison {
  readonly version: 1;
  /** Of the models on disk: two are compared, more are a series. */
  readonly paths: readonly string[];
  /** The page's own. */
  readonly view: unknown;
}
