import { t } from '@vscode/l10n';
import type { NetworkRequest, Slopes } from '../analysis/network';
import { quote } from '../model/quote';
import type { NetworkBound, NetworkReport } from '../report/report';
import { networkDefect } from '../report/row-defect';
import { callWorker, type WorkerOptions } from './call-worker';

/** How much longer than it is told the search for slopes may take, seconds: to load the model, and for its last run. */
const GRACE = 20;

/**
 * The bound of the network, in a process of its own, and the slopes that are met where the model is run, in another. Null
 * where the format does not say how layers are put together, and where it was cancelled.
 * @param seconds to run the model for; null: it is not run
 */
export async function networkInWorker(
  request: NetworkRequest,
  seconds: number | null,
  options: WorkerOptions,
): Promise<NetworkReport | null> {
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
      if (seconds === null || result.bounds.length === 0) return result;
      return withSlopes(result, await slopesInWorker(request, seconds, options));
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

async function slopesInWorker(
  { path, settings }: NetworkRequest,
  seconds: number,
  options: WorkerOptions,
): Promise<Slopes> {
  const late = AbortSignal.timeout(Math.ceil((seconds + GRACE) * 1000));
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  const request = { path, inputSize: settings.inputSize, seconds };
  const outcome = await callWorker('slopes', request, () => undefined, { ...options, signal });
  switch (outcome.kind) {
    case 'ok':
      return outcome.result;
    case 'cancelled':
      return { slopes: [], reason: t('the model was run and took too long') };
    case 'error':
      return { slopes: [], reason: t`the model does not run: ${outcome.error.message}` };
    case 'crash':
      return { slopes: [], reason: t`the model does not run: its process crashed: ${outcome.death}` };
  }
}

/** The bounds with the slopes that were met; a bound below one of them is none. */
export function withSlopes(report: NetworkReport, { slopes, reason }: Slopes): NetworkReport {
  const largest = new Map(slopes.map((met) => [keyOf(met), met.slope]));
  const notes = [...report.notes, ...(reason === null ? [] : [t`No slopes: ${reason}.`])];
  const bounds = report.bounds.map((bound): NetworkBound => {
    const lower = largest.get(keyOf(bound)) ?? null;
    if (lower === null || bound.upper === null || lower <= bound.upper) return { ...bound, lower };
    const [input, output] = [quote(bound.input), quote(bound.output)];
    notes.push(
      t`A slope of ${lower} from ${input} to ${output} is above the bound ${bound.upper} in ${bound.norm}, which is withdrawn: one of the two is wrong, please report this.`,
    );
    return { ...bound, lower, upper: null, log10Upper: null, certainty: null, domain: null };
  });
  return { ...report, bounds, notes };
}

function keyOf({ norm, input, output }: Pick<NetworkBound, 'norm' | 'input' | 'output'>): string {
  return JSON.stringify([norm, input, output]);
}
