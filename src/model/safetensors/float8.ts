/** Weights of 8-bit floating-point numbers, with the scales that are stored beside them. */
import { t } from '@vscode/l10n';
import { blockScaled } from './block-scaled';
import { plainWeight, type Catalog, type Weight } from './catalog';
import { leafOf, moduleOf } from './names';
import type { StoredTensor } from './stored-tensor';

/** Rows and columns of the blocks that have a scale each, where the scale of a matrix has no other plain reading. */
export type ScaleBlock = readonly [rows: number, columns: number];

/** Those of DeepSeek-V3 (arXiv:2412.19437, section 3.3), whose layout others have taken over. */
export const usualScaleBlock: ScaleBlock = [128, 128];

/** Of one module, beyond which nothing is looked for: keeps the work linear. */
const mostScales = 64;

/**
 * Takes 8-bit weights with their scales. The weight is the stored values times the scale, also where the scale is
 * called `..._inv`. Where the scheme is not a plain product, the weight is skipped.
 * @param block answers the size of blocks; asked only where a scale has the shape of one for each block.
 */
export async function takeFloat8(catalog: Catalog, block: () => Promise<ScaleBlock>): Promise<Weight[]> {
  const scalesOf = groupScales(catalog);
  const weights: Weight[] = [];
  for (const stored of catalog.free()) {
    if (!isFloat8(stored) || stored.shape.length < 2 || isScale(stored)) continue;
    const nearby = scalesOf.get(moduleOf(stored.name)) ?? [];
    const scales = nearby.length > mostScales ? nearby : nearby.filter((scale) => belongsTo(scale, stored));
    const weight = scales.length === 0 ? unscaled(stored) : await scaled(stored, scales, block);
    if (weight !== null) {
      weights.push(weight);
      catalog.take(...weight.parts);
      continue;
    }
    catalog.skip(stored, t('quantised by a scheme that is not known here'));
  }
  return weights;
}

function unscaled(stored: StoredTensor): Weight {
  return {
    ...plainWeight(stored),
    notes: [t('Stored in 8 bits without a scale: the values are taken as they are.')],
  };
}

/** Null where the scales are not one plain factor. */
async function scaled(
  stored: StoredTensor,
  scales: readonly StoredTensor[],
  block: () => Promise<ScaleBlock>,
): Promise<Weight | null> {
  const [scale] = scales;
  const numeric = scale.elementType?.kind === 'float' || scale.dtype === 'f8_e8m0';
  if (scales.length !== 1 || !numeric || !/(^|_)scale(_inv)?$|^scale_weight$/.test(leafOf(scale.name)))
    return null;
  const broadcast = broadcastBlock(stored.shape, scale.shape);
  const sizes = broadcast ?? squareBlock(stored.shape, scale.shape, await block());
  if (sizes === null) return null;
  const note =
    broadcast === null
      ? t`Stored in 8 bits: the weight is the stored values times the scale beside them, one for each block of ${sizes.slice(-2).join('x')}.`
      : t('Stored in 8 bits: the weight is the stored values times the scale beside them.');
  return {
    name: stored.name,
    tensor: blockScaled(stored, scale, sizes),
    stored,
    parts: [stored, scale],
    notes: [note],
  };
}

/** Block sizes where there is one scale, one for each row of a matrix, or a scale that broadcasts as in NumPy. */
function broadcastBlock(shape: readonly number[], scale: readonly number[]): number[] | null {
  if (scale.every((dimension) => dimension === 1)) return [...shape];
  if (scale.length === 1 && shape.length === 2 && scale[0] === shape[0]) return [1, shape[1]];
  if (scale.length !== shape.length) return null;
  return shape.every((dimension, axis) => scale[axis] === dimension || scale[axis] === 1)
    ? shape.map((dimension, axis) => (scale[axis] === dimension ? 1 : dimension))
    : null;
}

/** Block sizes where the last two axes are divided into blocks and there is a scale for each. */
function squareBlock(shape: readonly number[], scale: readonly number[], block: ScaleBlock): number[] | null {
  if (scale.length !== shape.length) return null;
  const sizes = [...shape.slice(0, -2).map(() => 1), ...block];
  return shape.every((dimension, axis) => scale[axis] === Math.ceil(dimension / sizes[axis])) ? sizes : null;
}

function isFloat8(tensor: StoredTensor): boolean {
  return tensor.obstacle === null && tensor.elementType?.bits === 8;
}

/** Scales and zero points of weights; those of activations leave the weight as it is. */
function isScale(tensor: StoredTensor): boolean {
  const leaf = leafOf(tensor.name);
  return (
    /(^|_)(scales?|zeros?|zero_points?)(_|$)/.test(leaf) &&
    !/(^|_)(input|output|activation|act)(_|$)/.test(leaf)
  );
}

function groupScales(catalog: Catalog): Map<string, StoredTensor[]> {
  const groups = new Map<string, StoredTensor[]>();
  for (const tensor of catalog.free()) {
    if (!isScale(tensor)) continue;
    const module = moduleOf(tensor.name);
    const group = groups.get(module);
    if (group === undefined) groups.set(module, [tensor]);
    else group.push(tensor);
  }
  return groups;
}

/** All scales of a module belong to its `weight`; other weights have theirs called after them. */
function belongsTo(scale: StoredTensor, weight: StoredTensor): boolean {
  const leaf = leafOf(weight.name);
  const scaleLeaf = leafOf(scale.name);
  if (leaf === 'weight') return true;
  return (
    scaleLeaf.startsWith(`${leaf}_`) &&
    /^(weight_)?(global_)?(scale|zero)/.test(scaleLeaf.slice(leaf.length + 1))
  );
}
