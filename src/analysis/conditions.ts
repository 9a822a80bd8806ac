import type { Settings } from '../report/report';
import type { Flatness } from './flatness';

/** How slow this machine is now, in products of the runtime and in plain loops: 1 on a typical one (`measureSlowness`). */
export interface Slowness {
  readonly products: number;
  readonly loops: number;
}

/** What an estimate depends on besides the operator. */
export interface Conditions {
  readonly slowness: Slowness;
  readonly method: Settings['method'];
  readonly tolerance: number | null;
  readonly padding: Settings['padding'];
  /** Of the symbol of a convolution (`flatnesses`). */
  readonly flatness: Flatness;
  /** Processes that comparisons of symbols are shared out among. */
  readonly processes: number;
}
