/** The fused input projection of PyTorch's MultiheadAttention. */
import { elementCount, sliced } from '../tensor';
import type { LayerDraft, Weight } from './catalog';
import { matrixOf } from './matrix';
import { leafOf } from './names';

/** Rows for query, key and value, which `in_proj_weight` (3 d, d) stacks in this order; null for other weights. */
export function attentionLayers(weight: Weight): LayerDraft[] | null {
  const { shape } = weight.tensor;
  if (leafOf(weight.name) !== 'in_proj_weight' || shape.length !== 2 || shape[0] !== 3 * shape[1])
    return null;
  const size = shape[1];
  return ['q', 'k', 'v'].map((part, i) => ({
    name: `${weight.name}/${part}`,
    op: 'MultiheadAttention',
    parameters: elementCount(shape) / 3,
    operator: matrixOf(sliced(weight.tensor, 0, i * size, (i + 1) * size)),
    notes: weight.notes,
  }));
}
