/** What layers take besides because they are the first of a run: code is compiled, and the runtime makes its programs. */
import type { Operator } from '../model/model';
import type { Conditions } from './conditions';
import { wayOf } from './convolution-cost';

/**
 * What the first operators of a kind take besides, seconds: any of these, a matrix, a convolution with a single tap, an explicit operator, a
 * convolution by symbols, one whose symbols are vectors, one whose symbols are put together in products, and factorised by panels, one that is
 * shared out among companions.
 */
const FIRST = {
  any: 0.005,
  matrix: 0.015,
  pointwise: 0.01,
  explicit: 0.015,
  convolution: 0.01,
  vectors: 0.01,
  products: 0.03,
  panels: 0.07,
  shared: 0.06,
} as const;
/** What companions, which start beside it, take from the first layer, seconds. */
const COMPANIONS = 0.01;
/** What the first layers of all take besides, seconds: each up to as long again. */
const FIRST_LAYERS = 0.25;

/**
 * The costs of operators that are bounded in this order, from those that each had among others.
 *
 * @param warm seconds, on this machine
 * @param shared which of them are shared out among companions
 */
export function coldCosts(
  operators: readonly Operator[],
  warm: readonly number[],
  shared: readonly boolean[],
  conditions: Pick<Conditions, 'padding' | 'method' | 'slowness'>,
): number[] {
  const { loops } = conditions.slowness;
  const seen = new Set<keyof typeof FIRST>();
  let left = FIRST_LAYERS * loops;
  return operators.map((operator, index) => {
    const again = Math.min(left, warm[index]);
    left -= again;
    let first = 0;
    for (const kind of kindsOf(operator, shared[index], conditions)) {
      if (!seen.has(kind)) first += FIRST[kind];
      seen.add(kind);
    }
    if (index === 0 && shared.includes(true)) first += COMPANIONS;
    return warm[index] + again + first * loops;
  });
}

function kindsOf(
  operator: Operator,
  shared: boolean,
  conditions: Pick<Conditions, 'padding' | 'method'>,
): (keyof typeof FIRST)[] {
  switch (operator.kind) {
    case 'matrix':
    case 'lowRank':
    case 'kronecker':
      return ['any', 'matrix'];
    case 'factoredConvolution':
      return ['any', 'convolution'];
    case 'convolution': {
      const { way, order } = wayOf(operator, conditions);
      if (way === 'matrix') return ['any', 'pointwise'];
      if (way === 'explicit') return ['any', way];
      return [
        'any',
        'convolution',
        ...(order === 1 ? ['vectors' as const] : []),
        ...(way === 'loops' ? [] : ['products' as const]),
        ...(way === 'panels' ? [way] : []),
        ...(shared ? ['shared' as const] : []),
      ];
    }
    case 'diagonal':
    case 'normalization':
      return [];
  }
}
