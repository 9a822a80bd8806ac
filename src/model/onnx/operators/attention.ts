/** Attention operators that hold the projections of queries, keys and values: one row each. */
import { t } from '@vscode/l10n';
import { elementCount, sliced } from '../../tensor';
import { intsAttribute } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Operation } from '../program';
import { written } from '../shape';
import { inputOf, type LayerDraft, type LayerRule, ROLES, row, unfit, weightAt } from './rule';

/**
 * @param weight (inputs, queries + keys + values)
 * @throws Unfit where its columns are no three parts
 */
export function attentionRows(operation: Operation, weight: Constant, prefix = ''): LayerDraft[] {
  const columns = weight.tensor.shape.at(1) ?? 0;
  const sizes = intsAttribute(operation, 'qkv_hidden_sizes') ?? Array<number>(3).fill(columns / 3);
  return projections(weight, ['Q', 'K', 'V'], sizes, prefix);
}

function projections(
  weight: Constant,
  names: readonly string[],
  sizes: readonly number[],
  prefix = '',
): LayerDraft[] {
  const { tensor } = weight;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const areSizes =
    sizes.length === names.length && sizes.every((size) => Number.isSafeInteger(size) && size > 0);
  if (tensor.shape.length !== 2 || !areSizes || total !== tensor.shape[1]) {
    throw unfit(
      weight,
      (it) => t`${it} of shape ${written(tensor.shape)} is not made of ${names.join(', ')}`,
    );
  }
  let end = 0;
  return names.map((name, i) => {
    const begin = end;
    end += sizes[i];
    const part = { ...weight, tensor: sliced(tensor, 1, begin, end) };
    const [rows, columns] = part.tensor.shape;
    const operator = {
      kind: 'matrix',
      tensor: part.tensor,
      blocks: 1,
      rows,
      columns,
      scale: 1,
      embedding: false,
    } as const;
    return row(part, operator, { suffix: `/${prefix}${name}`, parameters: elementCount(part.tensor.shape) });
  });
}

const attention: LayerRule = (operation, facts) => ({
  layers: attentionRows(operation, weightAt(operation, facts, 1)),
});

const longformer: LayerRule = (operation, facts) => ({
  layers: [
    ...attentionRows(operation, weightAt(operation, facts, 1)),
    ...attentionRows(operation, weightAt(operation, facts, 4, ROLES.globalWeight), 'global_'),
  ],
});

/** Keys and values are projected together, from another sequence than the queries. */
const decoderAttention: LayerRule = (operation, facts) => {
  if (inputOf(operation, 2) === null && inputOf(operation, 3) === null) return null;
  const queries = weightAt(operation, facts, 2);
  const others = weightAt(operation, facts, 3);
  const half = (others.tensor.shape.at(1) ?? 0) / 2;
  return {
    layers: [
      ...projections(queries, ['Q'], [queries.tensor.shape.at(1) ?? 0]),
      ...projections(others, ['K', 'V'], [half, half]),
    ],
  };
};

export const attentionRules: Readonly<Record<string, LayerRule>> = {
  'com.microsoft:Attention': attention,
  'com.microsoft:DecoderMaskedSelfAttention': attention,
  'com.microsoft:PackedAttention': attention,
  'com.microsoft:LongformerAttention': longformer,
  'com.microsoft:DecoderAttention': decoderAttention,
};
