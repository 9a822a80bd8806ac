/** The weights that a base model has after an update. */
import { t } from '@vscode/l10n';
import type { BaseWeight } from '../adapter-base';
import type { Values } from '../elements';
import type { Adapter, Tensor } from '../model';
import { derived, elementCount, reshaped, transposed } from '../tensor';
import { normsOfSlices } from './effective-weight';

/** The weight of the base with the axes of the update: a kernel as it is, a matrix as (rows, columns). */
export function uprightWeight({ operator, transposed: turned }: BaseWeight): Tensor {
  if (operator.kind === 'convolution') return operator.tensor;
  const matrix = reshaped(operator.tensor, [operator.rows, operator.columns]);
  return turned ? transposed(matrix, [1, 0]) : matrix;
}

/**
 * Base plus update in float64, of the shape of `uprightWeight`. Without magnitudes each entry `a w + b d` is off by at most
 * `gamma_2 (|a w| + |b d|)`, the rounding of d itself not counted.
 */
export function mergedWeight(weight: BaseWeight, adapter: Adapter): Tensor {
  const { whole, magnitude } = adapter;
  const [a, b] = [weight.operator.scale, adapter.scale ?? 1];
  const base = uprightWeight(weight);
  const sum = derived(base, base.shape, `merged(${a}; ${b}; ${whole.tensor.key})`, async (values) => {
    const update = await whole.tensor.read();
    const results = new Float64Array(values.length);
    for (let i = 0; i < results.length; i++) results[i] = a * values[i] + b * update[i];
    return results;
  });
  return magnitude === null ? sum : withLengths(sum, magnitude);
}

/** What a DoRA adds to the weight of the base. */
export function decomposedUpdate(weight: BaseWeight, adapter: Adapter): Tensor {
  const base = uprightWeight(weight);
  const { scale } = weight.operator;
  return derived(mergedWeight(weight, adapter), base.shape, 'lessBase', async (values) => {
    const before = await base.read();
    const results = new Float64Array(values.length);
    for (let i = 0; i < results.length; i++) results[i] = values[i] - scale * before[i];
    return results;
  });
}

/** `m V / ||V||`, one length m for each row or column of V (Liu et al., arXiv:2402.09353). */
function withLengths(tensor: Tensor, { tensor: lengths, axis }: NonNullable<Adapter['magnitude']>): Tensor {
  const [rows] = tensor.shape;
  const slices = elementCount(lengths.shape);
  const inner = elementCount(tensor.shape) / (axis === 0 ? slices : rows * slices);
  return derived(tensor, tensor.shape, `lengths(${axis}; ${lengths.key})`, async (values: Values) => {
    const wanted = await lengths.read();
    const norms = normsOfSlices(values, slices, inner);
    const useless = norms.findIndex((norm) => !(norm > 0 && norm < Infinity));
    if (useless >= 0) {
      const norm = norms[useless];
      throw new RangeError(
        axis === 0
          ? t`row ${useless} of base plus update has norm ${norm}, by which a DoRA divides`
          : t`column ${useless} of base plus update has norm ${norm}, by which a DoRA divides`,
      );
    }
    const results = new Float64Array(values.length);
    for (let i = 0; i < results.length; i++) {
      const slice = Math.floor(i / inner) % slices;
      results[i] = (values[i] / norms[slice]) * wanted[slice];
    }
    return results;
  });
}
