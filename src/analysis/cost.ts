/** How long a layer will take, from its shape, and for convolutions from how flat their symbols are. */
import { isBelow, triangle, workspace } from '../bounds/symbols/definite';
import type { Engine } from '../compute/engine';
import type { Operator } from '../model/model';
import type { Settings } from '../report/report';
import type { Conditions } from './conditions';
import { hasPanels, secondsOfConvolution } from './convolution-cost';
import { flatnesses, USUAL_FLATNESS } from './flatness';
import { OWN_SPEED, secondsOfMatrix, SPEED } from './matrix-cost';

/** What a layer costs however small it is, seconds. */
const OVERHEAD = 1e-4;
/** A look at the weights is for layers that take longer than this, seconds. */
const WORTH_A_LOOK = 0.02;

/**
 * What the first convolution takes besides, and the first one whose symbols are factorised by panels: code is compiled, and the runtime makes
 * its programs, seconds.
 */
const FIRST = { convolution: 0.04, panels: 0.15 } as const;

const USUAL: Conditions = {
  slowness: 1,
  method: 'auto',
  tolerance: null,
  padding: null,
  flatness: USUAL_FLATNESS,
  processes: 1,
};

/**
 * Estimates of the seconds that a bound of each operator takes on this machine, after a measurement of the machine and a look at
 * the weights of the convolutions that take longest: a fraction of a second each.
 */
export async function costsOf(
  engine: Engine,
  operators: readonly Operator[],
  settings: Settings,
): Promise<(operator: Operator) => number> {
  const { method, tolerance, padding } = settings;
  const slowness = await measureSlowness(engine);
  const processes = engine.companions?.count ?? 1;
  const conditions = { slowness, method, tolerance, padding, processes };
  const costly = operators
    .map((operator) => ({ operator, cost: estimateCost(operator, conditions) }))
    .filter(({ operator, cost }) => operator.kind === 'convolution' && cost >= WORTH_A_LOOK)
    .sort((a, b) => b.cost - a.cost);
  const flatnessOf = await flatnesses(
    costly.map(({ operator }) => operator),
    settings,
  );
  const convolutions = operators.filter((operator) => operator.kind === 'convolution');
  const [first, large] = [convolutions[0], convolutions.find((operator) => hasPanels(operator, conditions))];
  return (operator) =>
    estimateCost(operator, { ...conditions, flatness: flatnessOf(operator) }) +
    slowness * ((operator === first ? FIRST.convolution : 0) + (operator === large ? FIRST.panels : 0));
}

/** About how many seconds a layer's bound takes. */
export function estimateCost(operator: Operator, conditions: Partial<Conditions> = {}): number {
  const all = { ...USUAL, ...conditions };
  return all.slowness * (OVERHEAD + seconds(operator, all));
}

function seconds(operator: Operator, conditions: Conditions): number {
  switch (operator.kind) {
    case 'matrix':
      return operator.blocks * secondsOfMatrix(operator.rows, operator.columns, conditions);
    case 'convolution':
      return secondsOfConvolution(operator.tensor.shape, operator, conditions);
    case 'lowRank': {
      const { rows, columns, rank } = operator;
      return (
        (4 * rows * rank ** 2) / OWN_SPEED +
        (2 * columns * rank ** 2) / SPEED +
        secondsOfMatrix(Math.min(rows, rank), columns, conditions)
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

/** Orders of the two measurements, a few milliseconds each, and what they take on a typical machine, seconds. */
const SAMPLE = {
  product: 512,
  productSeconds: 0.0054,
  factor: 64,
  factors: 40,
  factorSeconds: 0.004,
} as const;

/** How slow this machine is now, next to a typical one: a product of the runtime and a factorisation in plain loops. */
export async function measureSlowness(engine: Engine): Promise<number> {
  const { product: order, factor, factors } = SAMPLE;
  const matrix = new Float64Array(order * order).fill(1e-3);
  const small = workspace(factor);
  const zero = new Float64Array(triangle(factor));
  let [multiplying, factoring] = [Infinity, Infinity];
  // The best of three: the first sets things up, and others may use the machine for a moment.
  for (let attempt = 0; attempt < 3; attempt++) {
    const begun = performance.now();
    await engine.multiply(matrix, matrix, order, order, order);
    const multiplied = performance.now();
    for (let i = 0; i < factors; i++) await isBelow(engine, 1, zero, zero, 0, small);
    multiplying = Math.min(multiplying, (multiplied - begun) / 1000);
    factoring = Math.min(factoring, (performance.now() - multiplied) / 1000);
  }
  return Math.sqrt((multiplying / SAMPLE.productSeconds) * (factoring / SAMPLE.factorSeconds));
}
