import type { Operator } from '../model/model';

/** Flops a second that a typical machine reaches in these products. */
const SPEED = 4e10;
/** What a layer costs however small it is, seconds. */
const OVERHEAD = 2e-4;
/** What a group of a kernel of several positions costs besides, seconds. */
const SEARCH_OVERHEAD = 1e-3;
/** Symbols that a kernel of several positions is looked at, in the middle of what was seen. */
const SYMBOLS = 300;

/** A rough estimate of a layer's work, seconds: it decides how much of the progress bar a layer is worth. */
export function estimateCost(operator: Operator): number {
  return OVERHEAD + searches(operator) * SEARCH_OVERHEAD + flops(operator) / SPEED;
}

/** Kernels whose symbol is searched for its maximum. */
function searches(operator: Operator): number {
  if (operator.kind !== 'convolution') return 0;
  return operator.tensor.shape.slice(2).some((length) => length > 1) ? operator.groups : 0;
}

function flops(operator: Operator): number {
  switch (operator.kind) {
    case 'matrix': {
      const order = Math.min(operator.rows, operator.columns);
      return operator.blocks * (2 * operator.rows * operator.columns * order + order ** 3);
    }
    case 'convolution': {
      const { tensor, groups, strides } = operator;
      const [outer, inner, ...size] = tensor.shape;
      const taps = size.reduce((a, b) => a * b, 1);
      const phases = Math.min(
        taps,
        strides.reduce((a, b) => a * b, 1),
      );
      const [rows, columns] = [outer / groups, inner * phases].sort((a, b) => b - a);
      const symbols = taps > phases ? SYMBOLS : 1;
      return groups * symbols * (6 * rows * columns ** 2 + 10 * columns ** 3 + 2 * taps * rows * columns);
    }
    case 'lowRank':
      return 2 * operator.rows * operator.rank ** 2 + 4 * operator.rank ** 2 * operator.columns;
    case 'diagonal':
    case 'normalization':
      return 0;
  }
}
