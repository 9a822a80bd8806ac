/** Results as hovers, inlay hints and diagnostics see them: what is known, never a reason to compute. */
import type { Report } from '../../report/report';
import type { ModelFile } from '../../worker/client';

export interface Result {
  readonly report: Report;
  /** The files of the model when it was opened. */
  readonly files: readonly ModelFile[];
  /** The computation of a layer ended its process: the layer's row says so, and another run may do better. */
  readonly crashed?: true;
  /** When the analysis ended, milliseconds since 1970. */
  readonly analysedAt: number;
  /** A file of the model has changed since. */
  readonly stale: boolean;
}

export interface Results {
  /** The latest result for the model at this path on disk, whatever its settings; null where there is none. */
  find(path: string): Promise<Result | null>;
  /** The latest result of every model that has one, the newest first. */
  all(): Promise<readonly Result[]>;
  /** Some result came, went or became stale. */
  onChange(listener: () => void): { dispose(): void };
}
