/** How long a layer will take, from its shape, and for convolutions from how flat their symbols are. */
import { coverSize } from '../bounds/cells';
import { isBelow, triangle, workspace } from '../bounds/definite';
import { expectedReach } from '../bounds/first-reach';
import { product } from '../bounds/kernel';
import { secondsByCholesky } from '../bounds/norms-by-cholesky';
import { OWN_SECONDS } from '../bounds/norms-by-companions';
import type { Engine } from '../compute/engine';
import type { ConvolutionOperator, Operator } from '../model/model';
import type { Settings } from '../report/report';
import { symbolRatios, USUAL_RATIO } from './symbol-ratio';

/** Flops a second that a typical processor of two cores reaches in products of float64 matrices. */
const SPEED = 5e10;
/** What a layer costs however small it is, seconds. */
const OVERHEAD = 1e-4;
/** What a kernel of several positions costs besides, and each of its groups, seconds. */
const KERNEL_OVERHEAD = 4e-3;
const SEARCH_OVERHEAD = 6e-4;
/** Values that are read, converted and transposed a second. */
const VALUES = 2e8;
/** Products with the Gram matrix of a matrix that Lanczos iteration takes, in the middle of what was seen. */
const STEPS = 80;
/** What the largest eigenvalue of a small matrix costs besides its flops, seconds for each row, and at most. */
const ROW_OVERHEAD = 7e-5;
const EIGENVALUE_OVERHEAD = 0.02;
/** Products with a matrix, and values that they read a second, of a probable interval. */
const QUICK_PRODUCTS = 160;
const QUICK_VALUES = 7e9;
/** Symbols that are looked at besides those of the first cells, mostly around peaks, for every digit of the tolerance but the first. */
const FURTHER_SYMBOLS = 40;
/** Values that are put in order and summed up a second, for a kernel of several positions. */
const KERNEL_VALUES = 2e7;
/** Products with a symbol while peaks are climbed. */
const CLIMBS = 350;
/** Relative width that convolutions are enclosed to where none is asked for. */
const TOLERANCE = 1e-3;
/** A look at the weights is for layers that take longer than this, seconds. */
const WORTH_A_LOOK = 0.05;
/** Flops a second of plain loops. */
const OWN_SPEED = 1.5e9;

/** What an estimate depends on besides the operator. */
export interface Conditions {
  /** Of this machine: 1 on a typical one (`measureSlowness`). */
  readonly slowness: number;
  readonly method: Settings['method'];
  readonly tolerance: number | null;
  /** Of the symbol of a convolution (`symbolRatios`). */
  readonly ratio: number;
  /** Processes that comparisons of symbols are shared out among. */
  readonly processes: number;
}

const USUAL: Conditions = {
  slowness: 1,
  method: 'auto',
  tolerance: null,
  ratio: USUAL_RATIO,
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
  const { method, tolerance } = settings;
  const slowness = await measureSlowness(engine);
  const conditions = { slowness, method, tolerance, processes: engine.companions?.count ?? 1 };
  const costly = operators
    .map((operator) => ({ operator, cost: estimateCost(operator, conditions) }))
    .filter(({ operator, cost }) => operator.kind === 'convolution' && cost >= WORTH_A_LOOK)
    .sort((a, b) => b.cost - a.cost);
  const ratioOf = await symbolRatios(
    costly.map(({ operator }) => operator),
    settings,
  );
  return (operator) => estimateCost(operator, { ...conditions, ratio: ratioOf(operator) });
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

function secondsOfMatrix(rows: number, columns: number, { method }: Conditions): number {
  const order = Math.min(rows, columns);
  const reading = (rows * columns) / VALUES;
  if (method === 'quick') return reading + (QUICK_PRODUCTS * rows * columns) / QUICK_VALUES;
  const flops = rows * columns * order + order ** 3 + STEPS * 2 * order ** 2;
  return reading + flops / SPEED + eigenvalueOverhead(order);
}

function eigenvalueOverhead(order: number): number {
  return Math.min(EIGENVALUE_OVERHEAD, ROW_OVERHEAD * (order - 1));
}

function secondsOfConvolution(
  shape: readonly number[],
  { groups, strides }: Pick<ConvolutionOperator, 'groups' | 'strides'>,
  conditions: Conditions,
): number {
  const [outer, inner, ...size] = shape;
  const phases = product(size.map((length, axis) => Math.min(length, strides[axis])));
  const [rows, order] = [outer / groups, inner * phases].sort((a, b) => b - a);
  const positions = size.map((length, axis) => Math.ceil(length / strides[axis]));
  const values = product(shape) / VALUES;
  if (product(positions) === 1) return values + groups * secondsOfMatrix(rows, order, conditions);
  const lags = (product(positions.map((length) => 2 * length - 1)) - 1) / 2;
  const tau = positions.map((length) => (length - 1) / 2);
  const tolerance = conditions.tolerance ?? TOLERANCE;
  const reach = expectedReach(tau, conditions.ratio, tolerance);
  // A symbol has the more peaks the faster it varies.
  const peaks = product(tau.map((t) => Math.max(1, t)));
  const symbols = coverSize(tau, reach) + FURTHER_SYMBOLS * Math.max(1, -Math.log10(tolerance) - 1) * peaks;
  const pairs = (product(positions) * (product(positions) + 1)) / 2;
  const climbing = (CLIMBS * 8 * rows * order) / OWN_SPEED;
  const correlating = (pairs * 2 * rows * order ** 2) / SPEED;
  const alone = symbols * secondsByCholesky(order, lags);
  const comparing = alone > OWN_SECONDS ? alone / conditions.processes : alone;
  const beginning = SEARCH_OVERHEAD + eigenvalueOverhead(order);
  const arranging = product(shape) / KERNEL_VALUES;
  return KERNEL_OVERHEAD + values + arranging + groups * (beginning + climbing + correlating + comparing);
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
