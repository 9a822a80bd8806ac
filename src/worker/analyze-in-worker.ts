import { t } from '@vscode/l10n';
import type { AnalysisEvents, AnalysisRequest, Plan, PlannedLayer } from '../analysis/analyze';
import type { LayerDescription, LayerReport, Report } from '../report/report';
import { rowDefect } from '../report/row-defect';
import { callWorker } from './call-worker';
import type { WorkerOptions } from './call-worker';
import { runInWorkers } from './resumable-run';
import type { RunOutcome } from './resumable-run';

export type AnalysisOutcome = RunOutcome<Plan, LayerReport>;

/**
 * Analyses one model in processes of its own. A process that dies while it computes a layer makes that layer's row an
 * error, and another process computes the rest.
 *
 * @throws AnalysisFailure where there is no report: the file is refused, or the process died before it had a plan
 */
export function analyzeInWorker(
  request: AnalysisRequest,
  events: Partial<AnalysisEvents>,
  options: WorkerOptions,
): Promise<AnalysisOutcome> {
  return runInWorkers(
    {
      request,
      files: request.path,
      name: t('the analysis'),
      changed: t('the file changed during the analysis'),
      ask: (remaining, onEvent) => callWorker('analyze', { ...request, ...remaining }, onEvent, options),
      failedRow: failedLayer,
      defectOf: rowDefect,
      isSame: sameLayers,
    },
    events,
  );
}

/** The report of an analysis that has a plan; `seconds` is the wall time of all of it. */
export function reportOf(
  { rows, cancelled }: AnalysisOutcome,
  plan: Plan,
  { settings, only }: AnalysisRequest,
  seconds: number,
): Report {
  const layers = rows.filter((row) => row !== null);
  return {
    schema: 1,
    model: plan.model,
    ...(plan.base && { base: plan.base }),
    settings,
    device: plan.device,
    layers,
    skipped: plan.skipped,
    network: null,
    seconds,
    ...(cancelled && { cancelled: { finished: layers.length, of: only?.length ?? rows.length } }),
  };
}

function sameLayers(a: Plan, b: Plan): boolean {
  return (
    a.model.bytes === b.model.bytes &&
    a.layers.length === b.layers.length &&
    a.layers.every((layer, index) => layer.name === b.layers[index].name)
  );
}

function failedLayer({ cost: _, ...description }: PlannedLayer, error: string, seconds: number): LayerReport {
  return failedRow(description, error, seconds);
}

/** The row of a layer whose process ended. */
export function failedRow(description: LayerDescription, error: string, seconds: number): LayerReport {
  return {
    ...description,
    lipschitz: null,
    stableRank: null,
    frobenius: null,
    largestRowNorm: null,
    groups: null,
    notes: [],
    error,
    seconds,
  };
}
