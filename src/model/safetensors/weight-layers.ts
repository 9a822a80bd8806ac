/** What layer a weight belongs to: as the side file says, else as its name and shape do. */
import { t } from '@vscode/l10n';
import type { OpenOptions } from '../model';
import { elementCount } from '../tensor';
import { attentionLayers } from './attention';
import { leftOut, type LayerDraft, type Weight } from './catalog';
import { convolutionOf, spatialRank } from './convolution';
import { blocksOf, matrixOf } from './matrix';
import {
  holdsExperts,
  isEmbedding,
  isNormalization,
  joinName,
  leafOf,
  moduleOf,
  reasonInLeaf,
} from './names';
import { recurrentLayers } from './recurrent';
import type { SettingOp } from './settings';
import type { SettingsView, SideFile } from './side-file';

/** Epsilons that most libraries use where they are told none. */
const usualEpsilon = { layerNorm: 1e-5, rmsNorm: 1e-6 };

/**
 * The layers of a weight, or why it has none.
 * @param weights all weights by name.
 * @throws MalformedFileError where the side file sets something that does not fit the weight.
 */
export function layersOfWeight(
  weight: Weight,
  weights: ReadonlyMap<string, Weight>,
  sideFile: SideFile,
  options: OpenOptions,
): LayerDraft[] | string {
  const settings = sideFile.settingsFor(
    moduleName(weight),
    weight.name,
    ...weight.parts.map(({ name }) => name),
  );
  const op = settings.get('op');
  if (op === 'skip') return leftOut;
  if (op !== undefined) return [layerAs(op, weight, settings, options)];
  const several = recurrentLayers(weight, weights) ?? attentionLayers(weight);
  if (several !== null) return several;
  const kind = leafOf(weight.name) === 'weight' ? kindOfWeight(weight) : kindOfOther(weight);
  if ('reason' in kind) return kind.reason;
  const notes = [...weight.notes, ...kind.notes, ...scaleNotes(weight, weights)];
  return [layerAs(kind.op, { ...weight, notes }, settings, options)];
}

/** A scale that is part of a weight is not among the weights: what is found there has been left aside. */
function scaleNotes({ name }: Weight, weights: ReadonlyMap<string, Weight>): string[] {
  const scales = [`${name}_scale`, `${name}_scale_inv`, joinName(moduleOf(name), 'scale_weight')];
  return scales.some((scale) => weights.has(scale))
    ? [t('A scale is stored beside it: the interval is for the stored values, without the scale.')]
    : [];
}

type Kind = { op: Exclude<SettingOp, 'skip'>; notes: string[] } | { reason: string };

/** Of a tensor called `weight`: the module that it belongs to is a layer, and its rank tells which. */
function kindOfWeight({ name, tensor: { shape } }: Weight): Kind {
  if (isNormalization(name))
    return { reason: t('the gain of a normalisation of which the file says no more') };
  if (shape.length === 0) return { reason: t('a single number of unknown use') };
  if (shape.length === 1) return { reason: t('one-dimensional: a scale or bias of unknown use') };
  if (shape.length === 2) return { op: isEmbedding(name) ? 'embedding' : 'linear', notes: [] };
  if (shape.length === 3 && holdsExperts(name)) return { op: 'experts', notes: [] };
  if (spatialRank(shape) !== null) return { op: 'convolution', notes: [] };
  return { reason: t`a weight of ${shape.length} dimensions, which no known layer has` };
}

/** Of any other tensor: a matrix where nothing in its name speaks against it. */
function kindOfOther({ name, tensor: { shape } }: Weight): Kind {
  if (shape.length === 0) return { reason: t('a single number of unknown use') };
  const reason = reasonInLeaf(name);
  if (reason !== null) return { reason };
  if (shape.length === 1) return { reason: t('one-dimensional: a scale or bias of unknown use') };
  if (shape.length === 3 && holdsExperts(name)) return { op: 'experts', notes: [] };
  if (shape.length > 2) return { reason: t`${shape.length} dimensions, and no name that says what it is` };
  if (shape.includes(1)) return { reason: t('a single row or column of unknown use') };
  if (isEmbedding(name)) return { op: 'embedding', notes: [] };
  const named = leafOf(name).endsWith('_weight');
  return {
    op: 'linear',
    notes: named
      ? []
      : [t('Taken as a matrix because of its two dimensions: its name does not say what it is.')],
  };
}

function layerAs(
  op: Exclude<SettingOp, 'skip'>,
  weight: Weight,
  settings: SettingsView,
  options: OpenOptions,
): LayerDraft {
  const { tensor, notes } = weight;
  const rank = tensor.shape.length;
  const base = { name: moduleName(weight), parameters: elementCount(tensor.shape), notes };
  const requireRank = (fits: boolean) => {
    if (!fits) settings.fail('op', (it) => t`${it} does not fit its ${rank} dimensions`);
  };
  switch (op) {
    case 'linear':
      requireRank(rank >= 2);
      return { ...base, op: 'Linear', operator: matrixOf(tensor) };
    case 'embedding':
      requireRank(rank === 2);
      return { ...base, op: 'Embedding', operator: matrixOf(tensor, true) };
    case 'experts':
      requireRank(rank === 3);
      return { ...base, op: 'Experts', operator: blocksOf(tensor) };
    case 'convolution': {
      requireRank(spatialRank(tensor.shape) !== null);
      const { operator, notes: limits } = convolutionOf(tensor, settings, options);
      const kind = operator.transposed ? 'ConvTranspose' : 'Conv';
      return { ...base, op: `${kind}${rank - 2}d`, operator, notes: [...notes, ...limits] };
    }
    case 'layerNorm':
    case 'rmsNorm': {
      requireRank(rank === 1);
      const epsilon = settings.get('epsilon');
      const assumed =
        epsilon === undefined ? [t`Epsilon is not in the file: ${usualEpsilon[op]} is assumed.`] : [];
      return {
        ...base,
        op: op === 'layerNorm' ? 'LayerNorm' : 'RMSNorm',
        operator: {
          kind: 'normalization',
          gain: tensor,
          epsilon: epsilon ?? usualEpsilon[op],
          centered: op === 'layerNorm',
          size: tensor.shape[0],
        },
        notes: [...notes, ...assumed],
      };
    }
  }
}

/** `conv1` for `conv1.weight`; other tensors, and one called just `weight`, keep their name. */
function moduleName({ name }: Weight): string {
  return (leafOf(name) === 'weight' && moduleOf(name)) || name;
}
