import { networkOverBudget, overBudget } from '../report/budget';
import type { NetworkReport, Report } from '../report/report';
import { displayName } from '../report/text';

/** One sentence for each layer of which the report does not show that its constant is at most `limit`. */
export function budgetSentences(report: Report, limit: number): string[] {
  return overBudget(report, limit).map(({ layer: { name, lipschitz }, certainly }) =>
    certainly
      ? `${report.model.path}: layer ${name} exceeds ${limit}: its Lipschitz constant is at least ${lipschitz.lower}`
      : `${report.model.path}: layer ${name} may exceed ${limit}: the upper bound of its Lipschitz constant is ${lipschitz.upper}`,
  );
}

/** The same for each input and output of the network. */
export function networkBudgetSentences({ model, network }: Report, limit: number): string[] {
  if (network === null) return [];
  return networkOverBudget(network, limit).map(({ input, output, upper, log10Upper, domain }) => {
    const known =
      log10Upper === null || domain !== null
        ? 'no bound on all inputs is known'
        : `the upper bound of its Lipschitz constant is ${upper ?? `10^${log10Upper}`}`;
    const sizes = network.isAssumed ? `, for inputs of the sizes ${network.scope} only` : '';
    return `${model.path}: the network from ${displayName(input)} to ${displayName(output)} may exceed ${limit}: ${known}${sizes}`;
  });
}

/** Why nothing can be said of a network's constant; null where something can. */
export function whyNotJudged(network: NetworkReport | null): string | null {
  if (network === null) return 'its format does not say how its layers are put together';
  if (network.coverage.length === 0) return network.notes[0] ?? 'it has no nodes';
  return network.scope === '' ? 'it has no input of floating point' : null;
}
