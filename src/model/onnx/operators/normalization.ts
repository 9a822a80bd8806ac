/** Normalisations: with frozen statistics a diagonal, else with the statistics of the input. */
import { t } from '@vscode/l10n';
import { quote } from '../../quote';
import { elementCount } from '../../tensor';
import { flagAttribute, floatAttribute, intAttribute, Unfit } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation } from '../program';
import { axisOf, dimension, productOf, type Dimension, type Shape, written } from '../shape';
import { inputOf, type LayerDraft, type LayerRule, ROLES, row, weightAt } from './rule';

const batchNormalization: LayerRule = (operation, facts) => {
  const { opset } = operation;
  // In training the statistics are those of the batch. Opsets up to 6 say so with is_test, up to 13 with more outputs.
  const isTraining =
    flagAttribute(operation, 'training_mode') ||
    (opset > 0 && opset < 7 && !flagAttribute(operation, 'is_test')) ||
    (opset >= 7 && opset < 14 && operation.outputs.filter((value) => value !== null).length > 1);
  if (isTraining) throw new Unfit(t('it is in training mode: its statistics are those of the batch'));
  const gain = weightAt(operation, facts, 1, ROLES.gain);
  const variance = weightAt(operation, facts, 4, ROLES.variance);
  if (elementCount(gain.tensor.shape) !== elementCount(variance.tensor.shape)) {
    throw new Unfit(
      t`its gain ${quote(gain.stored.name)} of shape ${written(gain.tensor.shape)} and its variance ${quote(variance.stored.name)} of shape ${written(variance.tensor.shape)} differ`,
    );
  }
  const epsilon = epsilonOf(operation, 1e-5);
  return {
    layers: [row(gain, { kind: 'diagonal', gain: gain.tensor, variance: variance.tensor, epsilon })],
  };
};

interface Normalization {
  /** Input that holds the gain. */
  readonly gain: number;
  readonly centered: boolean;
  /** The operator's default. */
  readonly epsilon: number;
  readonly notes?: readonly string[];
  /** Number of elements of one mean and variance; the default is that of the last axes, from the attribute `axis` on. */
  readonly size?: (gain: Constant, input: Shape | null) => Dimension;
}

/** @throws Unfit */
export function normalizationRow(operation: Operation, facts: Facts, kind: Normalization): LayerDraft {
  const gain = weightAt(operation, facts, kind.gain, ROLES.gain);
  const input = facts.shape(inputOf(operation, 0));
  const size = (kind.size ?? ((own, shape) => lastAxes(operation, own, shape)))(gain, input);
  return row(
    gain,
    {
      kind: 'normalization',
      gain: gain.tensor,
      epsilon: epsilonOf(operation, kind.epsilon),
      centered: kind.centered,
      size: dimension(size),
    },
    { notes: kind.notes ?? [] },
  );
}

function epsilonOf(operation: Operation, absent: number): number {
  // The default is a float32 as every attribute is.
  const epsilon = floatAttribute(operation, 'epsilon', Math.fround(absent));
  if (!(epsilon >= 0 && Number.isFinite(epsilon))) throw new Unfit(t`its attribute "epsilon" is ${epsilon}`);
  return epsilon;
}

/** The gain has the shape of the normalised axes, or one that is broadcast to it. */
function lastAxes(operation: Operation, gain: Constant, input: Shape | null): Dimension {
  const axis = intAttribute(operation, 'axis', -1);
  const own = gain.tensor.shape;
  if (input !== null) {
    const from = axisOf(axis, input.length);
    const size = from === null ? null : productOf(input.slice(from));
    if (size !== null) return size;
  }
  return axis < 0 && own.length === -axis && !own.includes(1) ? elementCount(own) : null;
}

function normalization(kind: Normalization): LayerRule {
  return (operation, facts) => ({ layers: [normalizationRow(operation, facts, kind)] });
}

/** Statistics of each channel by itself, over all of its positions. */
const instanceNormalization: LayerRule = (operation, facts) => ({
  layers: [
    normalizationRow(operation, facts, {
      gain: 1,
      centered: true,
      epsilon: 1e-5,
      size: (_, input) => positions(input?.slice(2) ?? null, facts),
    }),
  ],
});

function positions(spatial: Shape | null, facts: Facts): Dimension {
  return spatial === null || facts.ignoresSizes ? null : productOf(spatial);
}

function groupNormalization(attribute: string, isLast: (operation: Operation) => boolean): LayerRule {
  return (operation, facts) => {
    const groups = intAttribute(operation, attribute, 0);
    if (groups < 1) throw new Unfit(t`its attribute ${quote(attribute)} is ${groups}`);
    const channelsLast = isLast(operation);
    const notes = [
      ...(intAttribute(operation, 'activation', 0) === 1
        ? [t('The activation that is fused into it (SiLU) is not part of the row.')]
        : []),
      ...(operation.opType === 'SkipGroupNorm' ? [sumNote] : []),
    ];
    const size = (_: Constant, input: Shape | null): Dimension => {
      const channels = input?.at(channelsLast ? -1 : 1) ?? null;
      const spatial = input === null ? null : channelsLast ? input.slice(1, -1) : input.slice(2);
      const all = productOf([channels, positions(spatial, facts)]);
      return all === null ? null : all / groups;
    };
    return {
      layers: [normalizationRow(operation, facts, { gain: 1, centered: true, epsilon: 1e-5, notes, size })],
    };
  };
}

const sumNote = t('It normalises the sum of its inputs: the constant is for that sum.');

export const normalizationRules: Readonly<Record<string, LayerRule>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: normalization({ gain: 1, centered: true, epsilon: 1e-5 }),
  RMSNormalization: normalization({ gain: 1, centered: false, epsilon: 1e-5 }),
  SimplifiedLayerNormalization: normalization({ gain: 1, centered: false, epsilon: 1e-5 }),
  'com.microsoft:SimplifiedLayerNormalization': normalization({ gain: 1, centered: false, epsilon: 1e-5 }),
  'com.microsoft:SkipLayerNormalization': normalization({
    gain: 2,
    centered: true,
    epsilon: 1e-12,
    notes: [sumNote],
  }),
  'com.microsoft:SkipSimplifiedLayerNormalization': normalization({
    gain: 2,
    centered: false,
    epsilon: 1e-12,
    notes: [sumNote],
  }),
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization('num_groups', () => false),
  'com.microsoft:GroupNorm': groupNormalization(
    'groups',
    (operation) => intAttribute(operation, 'channels_last', 1) !== 0,
  ),
  'com.microsoft:SkipGroupNorm': groupNormalization(
    'groups',
    (operation) => intAttribute(operation, 'channels_last', 1) !== 0,
  ),
};
