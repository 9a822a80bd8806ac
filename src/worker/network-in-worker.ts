import { t } from '@vscode/l10n';
import type { AnalysisRequest } from '../analysis/analyze';
import type { Slopes } from '../analysis/network';
import { quote } from '../model/quote';
import type { NetworkBound, NetworkReport } from '../report/report';
import { networkDefect } from '../report/row-defect';
import type { AnalysisOutcome } from './analyze-in-worker';
import { callWorker, type WorkerOptions } from './call-worker';

/** How much longer than it is told the search for slopes may take, seconds: to load the model, and for its last run. */
const GRACE = 20;

/** Whether an analysis has what a network is bounded by: a graph, and the rows of all layers. */
export function hasNetwork({ layers }: AnalysisRequest, { plan, cancelled }: AnalysisOutcome): boolean {
  return !cancelled && layers === null && plan?.model.format === 'onnx';
}

/**
 * The bound of the network from an analysis of all of its layers, in a process of its own, and the slopes that are met
 * where the model is run, in another. Null where there is nothing to bound: the format does not say how layers are put
 * together, or rows are missing; and where it was cancelled.
 * @param seconds to run the model for; null: it is not run
 */
export async function networkInWorker(
  analysis: AnalysisRequest,
  analysed: AnalysisOutcome,
  seconds: number | null,
  options: WorkerOptions,
): Promise<NetworkReport | null> {
  if (!hasNetwork(analysis, analysed)) return null;
  const { path, settings } = analysis;
  const rows = analysed.rows.flatMap((row) =>
    row === null ? [] : [{ name: row.name, lipschitz: row.lipschitz }],
  );
  const request = { path, settings, rows };
  const outcome = await callWorker('network', request, () => undefined, options);
  switch (outcome.kind) {
    case 'cancelled':
      return null;
    case 'error':
      return failed(outcome.error.message);
    case 'crash':
      return failed(t`${t('the computation')} crashed: ${outcome.death}`);
    case 'ok': {
      const { result } = outcome;
      if (result === null) return null;
      const defect = networkDefect(result);
      if (defect !== null) return failed(defect);
      // Without slopes, the bound is still one.
      return (seconds === null ? null : await slopesInWorker(result, request, seconds, options)) ?? result;
    }
  }
}

function failed(reason: string): NetworkReport {
  return {
    bounds: [],
    scope: '',
    isAssumed: false,
    coverage: [],
    path: [],
    contributions: [],
    whatIf: [],
    notes: [t`The network has no bound: ${reason}`],
    seconds: 0,
  };
}

/**
 * The bounds of the network with the slopes that are met where the model is run, in a process of its own; null where it
 * was cancelled.
 */
export async function slopesInWorker(
  network: NetworkReport,
  { path, settings }: Pick<AnalysisRequest, 'path' | 'settings'>,
  seconds: number,
  options: WorkerOptions,
): Promise<NetworkReport | null> {
  if (network.bounds.length === 0) return network;
  const late = AbortSignal.timeout(Math.ceil((seconds + GRACE) * 1000));
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  const request = { path, inputSize: settings.inputSize, seconds };
  const outcome = await callWorker('slopes', request, () => undefined, { ...options, signal });
  const without = (reason: string) => withSlopes(network, { slopes: [], reason });
  switch (outcome.kind) {
    case 'ok':
      return withSlopes(network, outcome.result);
    case 'cancelled':
      return options.signal?.aborted ? null : without(t('the model was run and took too long'));
    case 'error':
      return without(t`the model does not run: ${outcome.error.message}`);
    case 'crash':
      return without(t`the model does not run: its process crashed: ${outcome.death}`);
  }
}

/** The bounds with the slopes that were met, now or before; a bound below one of them is none. */
export function withSlopes(report: NetworkReport, { slopes, reason }: Slopes): NetworkReport {
  const largest = new Map(slopes.map((met) => [keyOf(met), met.slope]));
  const notes = new Set([...report.notes, ...(reason === null ? [] : [t`No slopes: ${reason}.`])]);
  const bounds = report.bounds.map((bound): NetworkBound => {
    const lower = largerOf(largest.get(keyOf(bound)) ?? null, bound.lower);
    if (lower === null || bound.upper === null || lower <= bound.upper) return { ...bound, lower };
    const [input, output] = [quote(bound.input), quote(bound.output)];
    notes.add(
      t`A slope of ${lower} from ${input} to ${output} is above the bound ${bound.upper} in ${bound.norm}, which is withdrawn: one of the two is wrong, please report this.`,
    );
    return { ...bound, lower, upper: null, log10Upper: null, certainty: null, domain: null };
  });
  return { ...report, bounds, notes: [...notes] };
}

function largerOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function keyOf({ norm, input, output }: Pick<NetworkBound, 'norm' | 'input' | 'output'>): string {
  return JSON.stringify([norm, input, output]);
}
