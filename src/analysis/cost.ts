/** How long a layer will take, from its shape alone. */
import { FIRST_REACH } from '../bounds/any-size';
import { coverOfHalfTorus } from '../bounds/cells';
import { isBelow, triangle, workspace } from '../bounds/definite';
import { product } from '../bounds/kernel';
import { secondsByCholesky } from '../bounds/symbol-norms';
import type { Engine } from '../compute/engine';
import type { ConvolutionOperator, Operator } from '../model/model';

/** Flops a second that a typical processor of two cores reaches in products of float64 matrices. */
const SPEED = 5e10;
/** What a layer costs however small it is, seconds. */
const OVERHEAD = 1e-4;
/** What a group of a kernel of several positions costs besides, seconds. */
const SEARCH_OVERHEAD = 2e-4;
/** Values that are read, converted and transposed a second. */
const VALUES = 2e8;
/** Products with the Gram matrix of a matrix that Lanczos iteration takes, in the middle of what was seen. */
const STEPS = 80;
/**
 * Symbols that are looked at, over those of the first cover of the torus, and products with a symbol while peaks are climbed.
 * Kernels with one smooth direction take a third of the former, flat ones three times as many; nobody knows before.
 */
const SYMBOLS = 6;
const CLIMBS = 300;
/** Flops a second of plain loops. */
const OWN_SPEED = 1.5e9;

/** About how many seconds a layer's bound takes; `slowness` of this machine is 1 on a typical one (`measureSlowness`). */
export function estimateCost(operator: Operator, slowness = 1): number {
  return slowness * (OVERHEAD + seconds(operator));
}

function seconds(operator: Operator): number {
  switch (operator.kind) {
    case 'matrix':
      return operator.blocks * secondsOfMatrix(operator.rows, operator.columns);
    case 'convolution':
      return secondsOfConvolution(operator.tensor.shape, operator);
    case 'lowRank': {
      const { rows, columns, rank } = operator;
      return (
        (4 * rows * rank ** 2) / OWN_SPEED +
        (2 * columns * rank ** 2) / SPEED +
        secondsOfMatrix(Math.min(rows, rank), columns)
      );
    }
    case 'factoredConvolution': {
      const { convolution, up, core, down } = operator;
      const [p, q, ...size] = core.shape;
      const shape = [Math.min(up.shape[0], p), down === null ? q : Math.min(q, down.shape[1]), ...size];
      return secondsOfConvolution(shape, convolution);
    }
    case 'kronecker':
      return seconds(operator.left) + seconds(operator.right);
    case 'diagonal':
    case 'normalization':
      return 0;
  }
}

function secondsOfMatrix(rows: number, columns: number): number {
  const order = Math.min(rows, columns);
  const flops = rows * columns * order + order ** 3 + STEPS * 2 * order ** 2;
  return (rows * columns) / VALUES + flops / SPEED;
}

function secondsOfConvolution(
  shape: readonly number[],
  { groups, strides }: Pick<ConvolutionOperator, 'groups' | 'strides'>,
): number {
  const [outer, inner, ...size] = shape;
  const phases = product(size.map((length, axis) => Math.min(length, strides[axis])));
  const [rows, order] = [outer / groups, inner * phases].sort((a, b) => b - a);
  const positions = size.map((length, axis) => Math.ceil(length / strides[axis]));
  const values = product(shape) / VALUES;
  if (product(positions) === 1) return values + groups * secondsOfMatrix(rows, order);
  const lags = (product(positions.map((length) => 2 * length - 1)) - 1) / 2;
  const cells = coverOfHalfTorus(
    positions.map((length) => (length - 1) / 2),
    FIRST_REACH,
  ).length;
  const pairs = (product(positions) * (product(positions) + 1)) / 2;
  const climbing = (CLIMBS * 8 * rows * order) / OWN_SPEED;
  const correlating = (pairs * 2 * rows * order ** 2) / SPEED;
  const comparing = SYMBOLS * cells * secondsByCholesky(order, lags);
  return values + groups * (SEARCH_OVERHEAD + climbing + correlating + comparing);
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
