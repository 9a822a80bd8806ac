import type { Report } from '../report/report';

/**
 * One sentence for each layer of which the report does not show that its constant is at most `limit`. A layer without
 * a bound is not among them: that it failed is said by itself.
 */
export function overBudget({ model, layers }: Report, limit: number): string[] {
  return layers.flatMap(({ name, lipschitz }) => {
    if (lipschitz === null || lipschitz.upper <= limit) return [];
    const { lower, upper } = lipschitz;
    return lower > limit
      ? `${model.path}: layer ${name} exceeds ${limit}: its Lipschitz constant is at least ${lower}`
      : `${model.path}: layer ${name} may exceed ${limit}: the upper bound of its Lipschitz constant is ${upper}`;
  });
}
