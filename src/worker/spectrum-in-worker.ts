import { t } from '@vscode/l10n';
import type { SpectrumRequest } from '../analysis/analyze-spectrum';
import type { SpectrumReport } from '../report/report';
import { spectrumDefect } from '../report/row-defect';
import { callWorker, type WorkerOptions } from './call-worker';
import { AnalysisFailure } from './failure';

/**
 * The singular values of one layer, computed in a process of its own; null where it was cancelled.
 * @param told how much is done, from 0 to 1
 * @throws AnalysisFailure
 */
export async function spectrumInWorker(
  request: SpectrumRequest,
  told: (share: number) => void,
  options: WorkerOptions,
): Promise<SpectrumReport | null> {
  const outcome = await callWorker('spectrum', request, ({ share }) => told(share), options);
  switch (outcome.kind) {
    case 'cancelled':
      return null;
    case 'error':
      throw new AnalysisFailure(outcome.error.message, outcome.error.refusal);
    case 'crash':
      throw new AnalysisFailure(t`${t('the computation')} crashed: ${outcome.death}`, false);
    case 'ok': {
      const defect = spectrumDefect(outcome.result);
      if (defect !== null) throw new AnalysisFailure(t`${t('the computation')} failed: ${defect}`, false);
      return outcome.result;
    }
  }
}
