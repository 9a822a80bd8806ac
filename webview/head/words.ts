/** What is said of a run, depending on what it is of. */
export interface RunWords {
  /** On the button that begins the first run. */
  readonly begin: 'analyze' | 'compare';
  readonly empty: 'empty' | 'emptyComparison';
  readonly opening: 'opening' | 'openingFiles';
  readonly running: 'running' | 'runningPairs' | 'runningCheckpoints';
  readonly cancelled: 'cancelled' | 'cancelledPairs' | 'cancelledCheckpoints';
  readonly ended: 'analysedAgo' | 'comparedAgo';
  readonly stale: 'stale' | 'staleFiles';
}

export const OF_MODEL: RunWords = {
  begin: 'analyze',
  empty: 'empty',
  opening: 'opening',
  running: 'running',
  cancelled: 'cancelled',
  ended: 'analysedAgo',
  stale: 'stale',
};

export const OF_COMPARISON: RunWords = {
  begin: 'compare',
  empty: 'emptyComparison',
  opening: 'openingFiles',
  running: 'runningPairs',
  cancelled: 'cancelledPairs',
  ended: 'comparedAgo',
  stale: 'staleFiles',
};

export const OF_SERIES: RunWords = {
  ...OF_COMPARISON,
  running: 'runningCheckpoints',
  cancelled: 'cancelledCheckpoints',
};
