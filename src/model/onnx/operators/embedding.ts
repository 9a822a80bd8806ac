/** Tables of which rows are looked up by index. */
import { t } from '@vscode/l10n';
import { dequantized, elementCount } from '../../tensor';
import { intAttribute, Unfit } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import { operatorOf, type Operation } from '../program';
import { axisOf } from '../shape';
import { isFloat, isQuantized } from '../types';
import { matrixRow } from './matrix';
import { normalizationRow } from './normalization';
import { inputOf, type LayerDraft, type LayerRule, ROLES, unfit, weightAt } from './rule';

const gather: LayerRule = (operation, facts) => {
  const table = facts.constant(inputOf(operation, 0));
  if (table === null || elementCount(table.tensor.shape) < 2) return null;
  // Tables of other integers hold positions and sizes.
  if (!isFloat(table.type) && !isQuantized(table.type)) return null;
  if (facts.constant(inputOf(operation, 1)) !== null)
    throw new Unfit(t('it looks up constants at constant positions'));
  if (table.tensor.shape.length !== 2 || axisOf(intAttribute(operation, 'axis', 0), 2) !== 0) {
    throw unfit(table, (it) => t`${it} is not looked up by the rows of a matrix`, ROLES.table);
  }
  const real = isFloat(table.type)
    ? weightAt(operation, facts, 0, ROLES.table)
    : dequantizedLater(operation, facts, table);
  return { layers: [matrixRow(real, { embedding: true })] };
};

/** A table of integers, of which the rows that are looked up go through one DequantizeLinear. */
function dequantizedLater(operation: Operation, facts: Facts, table: Constant): Constant {
  const users = operation.outputs[0]?.users ?? [];
  const [user] = users;
  if (users.length === 1 && operatorOf(user) === 'DequantizeLinear') {
    const scale = facts.constant(inputOf(user, 1));
    const zero = inputOf(user, 2);
    const zeroPoint = facts.constant(zero);
    const isOne =
      scale !== null && elementCount(scale.tensor.shape) === 1 && intAttribute(user, 'block_size', 0) === 0;
    const isZeroKnown = zero === null || (zeroPoint !== null && elementCount(zeroPoint.tensor.shape) === 1);
    if (isOne && isZeroKnown) {
      const tensor = dequantized(table.tensor, scale.tensor, zeroPoint?.tensor ?? null, null, null);
      return { ...table, tensor, type: scale.type };
    }
  }
  throw unfit(table, (it) => t`${it} has no scale`, ROLES.table);
}

const tables = [
  { input: 2, suffix: '/word_embedding' },
  { input: 3, suffix: '/position_embedding' },
  { input: 4, suffix: '/segment_embedding' },
];

const embedLayerNormalization: LayerRule = (operation, facts) => {
  const layers: LayerDraft[] = tables
    .filter(({ input }) => inputOf(operation, input) !== null)
    .map(({ input, suffix }) =>
      matrixRow(weightAt(operation, facts, input, ROLES.table), { suffix, embedding: true }),
    );
  return {
    layers: [...layers, normalizationRow(operation, facts, { gain: 5, centered: true, epsilon: 1e-12 })],
  };
};

export const embeddingRules: Readonly<Record<string, LayerRule>> = {
  Gather: gather,
  'com.microsoft:EmbedLayerNormalization': embedLayerNormalization,
};
