import type { Settings } from '../report/report';
import type { Flatness } from './flatness';

/** What an estimate depends on besides the operator. */
export interface Conditions {
  /** Of this machine: 1 on a typical one (`measureSlowness`). */
  readonly slowness: number;
  readonly method: Settings['method'];
  readonly tolerance: number | null;
  readonly padding: Settings['padding'];
  /** Of the symbol of a convolution (`flatnesses`). */
  readonly flatness: Flatness;
  /** Processes that comparisons of symbols are shared out among. */
  readonly processes: number;
}
