/** The analysis of one model file, as the worker runs it. */
import type { DeviceReport, LayerDescription, LayerReport, Report, Settings, SkippedReport } from '../report/report';

export interface AnalysisRequest {
  readonly path: string;
  readonly settings: Settings;
  /** Glob on layer names (picomatch); null: every layer. */
  readonly layers: string | null;
  readonly perGroup: boolean;
  /** Indices into `Plan.layers` that are still to be computed; null: all of them. */
  readonly only: readonly number[] | null;
}

export interface PlannedLayer extends LayerDescription {
  /** Estimated work in seconds on a typical machine: for remaining time, relative to the other layers. */
  readonly cost: number;
}

export interface Plan {
  readonly model: Report['model'];
  readonly device: DeviceReport;
  readonly layers: readonly PlannedLayer[];
  readonly skipped: readonly SkippedReport[];
}

export interface AnalysisEvents {
  /** Once, before any other event. */
  onPlan(plan: Plan): void;
  /** Layer `index` of the plan is about to be computed. */
  onStart(index: number): void;
  /** Its row; a failure of one layer is a row with `error`, never a rejection. */
  onRow(index: number, row: LayerReport): void;
}

/** Rejects with a `ModelError` where the file cannot be analysed at all. */
export async function analyze(request: AnalysisRequest, events: AnalysisEvents): Promise<void> {
  await Promise.reject(new Error(`not written yet: ${request.path} ${String(events)}`));
}
