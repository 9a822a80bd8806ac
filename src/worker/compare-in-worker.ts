import { t } from '@vscode/l10n';
import type {
  ComparisonEvents,
  ComparisonPlan,
  ComparisonRequest,
  PlannedPair,
} from '../analysis/compare/compare';
import type { ComparisonReport, PairReport } from '../report/comparison/comparison';
import { pairDefect } from '../report/row-defect';
import { failedRow } from './analyze-in-worker';
import { callWorker } from './call-worker';
import type { WorkerOptions } from './call-worker';
import { runInWorkers } from './resumable-run';
import type { RunOutcome } from './resumable-run';

export type ComparisonOutcome = RunOutcome<ComparisonPlan, PairReport>;

/**
 * Compares two models in processes of their own. A process that dies while it computes a pair makes that pair an error,
 * and another process computes the rest.
 *
 * @throws AnalysisFailure where there is no comparison: a file is refused, or the process died before it had a plan
 */
export function compareInWorker(
  request: ComparisonRequest,
  events: Partial<ComparisonEvents>,
  options: WorkerOptions,
): Promise<ComparisonOutcome> {
  return runInWorkers(
    {
      request,
      files: t`${request.a} and ${request.b}`,
      name: t('the comparison'),
      changed: t('a file changed during the comparison'),
      ask: (remaining, onEvent) => callWorker('compare', { ...request, ...remaining }, onEvent, options),
      failedRow: failedPair,
      defectOf: pairDefect,
      isSame: (plan, other) => namesOf(plan) === namesOf(other),
    },
    events,
  );
}

/** The report of a comparison that has a plan; `seconds` is the wall time of all of it. */
export function comparisonOf(
  { rows, cancelled }: Pick<ComparisonOutcome, 'rows' | 'cancelled'>,
  { a, b, device, onlyInA, onlyInB, skippedInA, skippedInB }: ComparisonPlan,
  { settings, only }: ComparisonRequest,
  seconds: number,
): ComparisonReport {
  const pairs = rows.filter((row) => row !== null);
  return {
    ...{ schema: 1, kind: 'comparison', a, b, settings, device },
    ...{ pairs, onlyInA, onlyInB, skippedInA, skippedInB, seconds },
    ...(cancelled && { cancelled: { finished: pairs.length, of: only?.length ?? rows.length } }),
  };
}

function namesOf({ a, b, layers }: ComparisonPlan): string {
  return JSON.stringify([a.bytes, b.bytes, layers.map((pair) => [pair.a.name, pair.b.name])]);
}

function failedPair({ a, b, matchedBy }: PlannedPair, error: string, seconds: number): PairReport {
  return {
    a: failedRow(a, error, 0),
    b: failedRow(b, error, 0),
    matchedBy,
    transposed: false,
    ratio: null,
    difference: null,
    notes: [],
    error,
    seconds,
  };
}
