/** How long a layer will take, from its shape, and for convolutions from how flat their symbols are. */
import { isBelow, triangle, workspace } from '../bounds/symbols/definite';
import type { Engine } from '../compute/engine';
import type { Operator } from '../model/model';
import type { Settings } from '../report/report';
import { coldCosts } from './cold';
import type { Conditions, Slowness } from './conditions';
import { isBySymbols, isShared, secondsOfConvolution, wayOf } from './convolution-cost';
import { flatnesses, USUAL_FLATNESS } from './flatness';
import { OWN_SPEED, secondsOfMatrices, secondsOfProbable, SPEED } from './matrix-cost';
import { hasProbable, toleranceOf } from './operator';

/** What a layer costs however small it is, seconds. */
const OVERHEAD = 1e-4;
/** A look at the weights is for layers that take longer than this, seconds. */
const WORTH_A_LOOK = 0.004;

/** Order from which products are most of what a matrix takes. */
const PRODUCTS_ORDER = 512;

const USUAL: Conditions = {
  slowness: { products: 1, loops: 1 },
  method: 'auto',
  tolerance: null,
  padding: null,
  flatness: USUAL_FLATNESS,
  processes: 1,
};

export interface Costs {
  /** Seconds that the bound of an operator takes. */
  readonly costOf: (operator: Operator) => number;
  /** Whether companions will be asked for some. */
  readonly areShared: boolean;
}

/**
 * Estimates of the seconds that a bound of each operator takes on this machine, after a measurement of the machine and a look at
 * the weights of the convolutions that take longest: a fraction of a second each.
 */
export async function costsOf(
  engine: Engine,
  operators: readonly Operator[],
  settings: Settings,
): Promise<Costs> {
  const { method, tolerance, padding } = settings;
  const slowness = await measureSlowness(engine);
  const processes = engine.companions?.count ?? 1;
  const conditions = { slowness, method, tolerance, padding, processes };
  const costly = operators
    .filter((operator) => operator.kind === 'convolution' && isBySymbols(operator, conditions))
    .map((operator) => ({ operator, cost: estimateCost(operator, conditions) }))
    .filter(({ cost }) => cost >= WORTH_A_LOOK)
    .sort((a, b) => b.cost - a.cost);
  const flatnessOf = await flatnesses(
    engine,
    costly.map(({ operator }) => operator),
    settings,
  );
  const warm = operators.map((operator) =>
    estimateCost(operator, { ...conditions, flatness: flatnessOf(operator) }),
  );
  const shared = operators.map((operator, index) => isShared(operator, warm[index], conditions));
  const costs = new Map<Operator, number>();
  coldCosts(operators, warm, shared, conditions).forEach((cost, index) => {
    // One that comes again is known by then.
    if (!costs.has(operators[index])) costs.set(operators[index], cost);
  });
  return {
    costOf: (operator) => costs.get(operator) ?? estimateCost(operator, conditions),
    areShared: shared.includes(true),
  };
}

/** About how many seconds a layer's bound takes. */
export function estimateCost(operator: Operator, conditions: Partial<Conditions> = {}): number {
  const given = { ...USUAL, ...conditions };
  const all = { ...given, tolerance: given.tolerance ?? toleranceOf(given) };
  return slownessOf(operator, all) * (OVERHEAD + seconds(operator, all));
}

/** Of what most of the operator's bound is. */
function slownessOf(operator: Operator, conditions: Conditions): number {
  const { products, loops } = conditions.slowness;
  const both = Math.sqrt(products * loops);
  switch (operator.kind) {
    case 'matrix':
      return Math.min(operator.rows, operator.columns) < PRODUCTS_ORDER ? loops : products;
    case 'convolution': {
      const { way, order } = wayOf(operator, conditions);
      if (way === 'panels') return both;
      return order < PRODUCTS_ORDER ? loops : products;
    }
    default:
      return both;
  }
}

function seconds(operator: Operator, conditions: Conditions): number {
  switch (operator.kind) {
    case 'matrix':
      return (conditions.method === 'quick' && hasProbable(operator) ? secondsOfProbable : secondsOfMatrices)(
        operator.blocks,
        operator.rows,
        operator.columns,
      );
    case 'convolution':
      return secondsOfConvolution(operator.tensor.shape, operator, conditions);
    case 'lowRank': {
      const { rows, columns, rank } = operator;
      return (
        (4 * rows * rank ** 2) / OWN_SPEED +
        (2 * columns * rank ** 2) / SPEED +
        secondsOfMatrices(1, Math.min(rows, rank), columns)
      );
    }
    case 'factoredConvolution': {
      const { convolution, up, core, down } = operator;
      const [p, q, ...size] = core.shape;
      const shape = [Math.min(up.shape[0], p), down === null ? q : Math.min(q, down.shape[1]), ...size];
      return secondsOfConvolution(shape, convolution, conditions);
    }
    case 'kronecker':
      return seconds(operator.left, conditions) + seconds(operator.right, conditions);
    case 'diagonal':
    case 'normalization':
      return 0;
  }
}

/** Orders of the two measurements, a few milliseconds each, what they take on a typical machine, seconds, and how often they are made. */
const SAMPLE = {
  product: 512,
  productSeconds: 0.0054,
  factor: 64,
  factors: 40,
  factorSeconds: 0.004,
  attempts: 5,
} as const;

/** By a product of the runtime and a factorisation in plain loops. */
export async function measureSlowness(engine: Engine): Promise<Slowness> {
  const { product: order, factor, factors } = SAMPLE;
  const matrix = new Float64Array(order * order).fill(1e-3);
  const small = workspace(factor);
  const zero = new Float64Array(triangle(factor));
  let [multiplying, factoring] = [Infinity, Infinity];
  // The best counts: the first sets things up, and others may use the machine for a moment.
  for (let attempt = 0; attempt < SAMPLE.attempts; attempt++) {
    const begun = performance.now();
    await engine.multiply(matrix, matrix, order, order, order);
    const multiplied = performance.now();
    for (let i = 0; i < factors; i++) await isBelow(engine, 1, zero, zero, 0, small);
    multiplying = Math.min(multiplying, (multiplied - begun) / 1000);
    factoring = Math.min(factoring, (performance.now() - multiplied) / 1000);
  }
  return { products: multiplying / SAMPLE.productSeconds, loops: factoring / SAMPLE.factorSeconds };
}
