import { t } from '@vscode/l10n';
import type { Tensor } from '../model';
import { derived, elementCount } from '../tensor';

/**
 * Each value times the scale of its block, in float64: exact for values of 8 bits and scales of up to 32.
 * @param block size of a block along each axis; axis `i` of `scale` has `ceil(shape[i] / block[i])` elements.
 */
export function blockScaled(values: Tensor, scale: Tensor, block: readonly number[]): Tensor {
  const { shape } = values;
  const steps = shape.map((dimension, axis) => Math.ceil(dimension / block[axis]));
  if (elementCount(steps) !== elementCount(scale.shape)) {
    throw new RangeError(
      t`scales (${scale.shape.join(', ')}) for blocks (${block.join(', ')}) of (${shape.join(', ')})`,
    );
  }
  const last = shape.length - 1;
  const operation = `blockScaled(${shape.join(',')}; ${block.join(',')}; ${scale.key})`;
  return derived(values, shape, operation, async (stored) => {
    const scales = await scale.read();
    const results = new Float64Array(stored.length);
    const columns = shape[last];
    for (let row = 0; row * columns < results.length; row++) {
      // Row number -> number of the row of scales, axis by axis from the last but one.
      let scaleRow = 0;
      for (let axis = last - 1, rest = row, weight = 1; axis >= 0; axis--) {
        scaleRow += Math.floor((rest % shape[axis]) / block[axis]) * weight;
        rest = Math.floor(rest / shape[axis]);
        weight *= steps[axis];
      }
      for (let step = 0; step < steps[last]; step++) {
        const factor = scales[scaleRow * steps[last] + step];
        const end = row * columns + Math.min((step + 1) * block[last], columns);
        for (let i = row * columns + step * block[last]; i < end; i++) results[i] = stored[i] * factor;
      }
    }
    return results;
  });
}
