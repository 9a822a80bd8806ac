/** The worker as its clients see it: the command line and the editor import nothing else of this folder. */
import { t } from '@vscode/l10n';
import type { DeviceCheck } from '../report/report';
import { callWorker } from './call-worker';
import type { WorkerOptions } from './call-worker';
import { AnalysisFailure } from './failure';

export type { AnalysisEvents, AnalysisRequest, Plan, PlannedLayer } from '../analysis/analyze';
export type { ComparisonEvents, ComparisonPlan, ComparisonRequest } from '../analysis/compare/compare';
export { seriesOf, seriesSteps } from '../analysis/compare/series';
export type { ModelFile } from '../model/model';
export { analyzeInWorker, reportOf } from './analyze-in-worker';
export type { AnalysisOutcome } from './analyze-in-worker';
export { compareInWorker, comparisonOf } from './compare-in-worker';
export type { ComparisonOutcome } from './compare-in-worker';
export { hasNetwork, networkInWorker, slopesInWorker } from './network-in-worker';
export { spectrumInWorker } from './spectrum-in-worker';
export { AnalysisFailure } from './failure';
export { RemainingTime } from './remaining-time';
export type { WorkerOptions } from './call-worker';

/** Whether the layers of the model at `path` are updates of the weights of another one; false also where nobody can tell. */
export async function isAdapterInWorker(path: string, options: WorkerOptions): Promise<boolean> {
  const outcome = await callWorker('isAdapter', { path }, () => undefined, options);
  return outcome.kind === 'ok' && outcome.result;
}

/**
 * Every provider with the result of its self-check; null where it was cancelled.
 * @throws AnalysisFailure where the check itself crashed
 */
export async function devicesInWorker(options: WorkerOptions): Promise<readonly DeviceCheck[] | null> {
  const outcome = await callWorker('devices', null, () => undefined, options);
  switch (outcome.kind) {
    case 'ok':
      return outcome.result;
    case 'cancelled':
      return null;
    case 'error':
      throw new AnalysisFailure(t`the devices cannot be checked: ${outcome.error.message}`, false);
    case 'crash':
      throw new AnalysisFailure(t`the check of the devices crashed: ${outcome.death}`, false);
  }
}
