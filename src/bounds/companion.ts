/** The program of a companion process: bounds of the symbols of one kernel at a time. */
import { answerAsCompanion } from '../compute/companions';
import { Engine } from '../compute/engine';
import { withPhases } from './autocorrelation';
import { NormsByCholesky } from './norms-by-cholesky';
import type { CompanionRequest } from './norms-by-companions';

const engine = new Engine('cpu');
let norms: NormsByCholesky | null = null;

answerAsCompanion(async (message) => {
  const request = message as CompanionRequest;
  if ('autocorrelation' in request) {
    norms = new NormsByCholesky(engine, withPhases(request.autocorrelation));
    return null;
  }
  if (norms === null) throw new Error('there is no kernel yet');
  return norms.upperBounds(request.frequencies, request.thresholds);
});
