import { overBudget } from '../report/budget';
import type { Report } from '../report/report';

/** One sentence for each layer of which the report does not show that its constant is at most `limit`. */
export function budgetSentences(report: Report, limit: number): string[] {
  return overBudget(report, limit).map(({ layer: { name, lipschitz }, certainly }) =>
    certainly
      ? `${report.model.path}: layer ${name} exceeds ${limit}: its Lipschitz constant is at least ${lipschitz.lower}`
      : `${report.model.path}: layer ${name} may exceed ${limit}: the upper bound of its Lipschitz constant is ${lipschitz.upper}`,
  );
}
