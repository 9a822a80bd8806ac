/** The program of a companion process: bounds of the symbols of one kernel at a time. */
import { answerAsCompanion } from '../../compute/companions';
import { Engine } from '../../compute/engine';
import { withPhases } from './autocorrelation';
import { NormsByCholesky } from './norms-by-cholesky';
import type { CompanionRequest } from './norms-by-companions';

const engine = new Engine('cpu');
let held: { readonly kernel: number; readonly norms: NormsByCholesky } | null = null;

answerAsCompanion(async (message) => {
  const request = message as CompanionRequest;
  if ('autocorrelation' in request) {
    const norms = new NormsByCholesky(engine, withPhases(request.autocorrelation));
    held = { kernel: request.kernel, norms };
    return null;
  }
  if (held?.kernel !== request.kernel) return null;
  return held.norms.upperBounds(request.frequencies, request.thresholds);
});
