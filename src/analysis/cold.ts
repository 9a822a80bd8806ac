/** What layers take besides because they are the first of a run: code is compiled, and the runtime makes its programs. */
import type { Operator } from '../model/model';
import type { Conditions } from './conditions';
import { wayOf } from './convolution-cost';

/** What the first operators of a kind take besides, seconds: a matrix, a convolution that is none, one whose symbols are factorised by panels. */
const FIRST = { matrix: 0.015, convolution: 0.03, panels: 0.15 } as const;
/** What the first layers of all take besides, seconds: each up to as long again. */
const FIRST_LAYERS = 0.1;

/**
 * The costs of operators that are bounded in this order, from those that each had among others.
 *
 * @param warm seconds, on a typical machine or this one
 */
export function coldCosts(
  operators: readonly Operator[],
  warm: readonly number[],
  conditions: Pick<Conditions, 'padding' | 'slowness'>,
): number[] {
  const { loops } = conditions.slowness;
  const seen = new Set<keyof typeof FIRST>();
  let left = FIRST_LAYERS * loops;
  return operators.map((operator, index) => {
    const again = Math.min(left, warm[index]);
    left -= again;
    let first = 0;
    for (const kind of kindsOf(operator, conditions)) {
      if (!seen.has(kind)) first += FIRST[kind];
      seen.add(kind);
    }
    return warm[index] + again + first * loops;
  });
}

function kindsOf(operator: Operator, conditions: Pick<Conditions, 'padding'>): (keyof typeof FIRST)[] {
  if (operator.kind === 'matrix') return ['matrix'];
  if (operator.kind !== 'convolution') return [];
  const way = wayOf(operator, conditions);
  if (way === 'matrix') return ['matrix'];
  return way === 'panels' ? ['convolution', 'panels'] : ['convolution'];
}
