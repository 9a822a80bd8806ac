/** Constants whose elements are moved, cut and joined. */
import { t } from '@vscode/l10n';
import type { Values } from '../../elements';
import { quote } from '../../quote';
import { derived, elementCount, reshaped, sliced, transposed } from '../../tensor';
import { flagAttribute, intAttribute, intsAttribute, Unfit } from '../attributes';
import { extentOf, listOf, reshapedShape, sliceRanges, splitSizes } from '../layout';
import type { Operation } from '../program';
import { axesOf, axisOf, isKnown, written, type Shape } from '../shape';
import { digest, following, keyOf, made, type Constant, type ConstantContext, type Fold } from './constant';

/** The same elements in the same order. */
export function view(base: Constant, shape: Shape | null, context: ConstantContext): Constant {
  if (shape === null || !isKnown(shape)) {
    throw new Unfit(t`${written(base.tensor.shape)} cannot take the shape`);
  }
  return made(context, reshaped(base.tensor, shape), base.type, [base]);
}

async function knownList(
  operation: Operation,
  name: string,
  input: number,
  context: ConstantContext,
): Promise<readonly number[] | undefined> {
  const list = await listOf(operation, name, input, context);
  if (list === null) throw new Unfit(t`the input ${quote(name)} is not constant`);
  return list;
}

const transpose = following((base, operation, context) => {
  const rank = base.tensor.shape.length;
  const permutation = intsAttribute(operation, 'perm') ?? [...Array(rank).keys()].reverse();
  return made(context, transposed(base.tensor, permutation), base.type, [base]);
});

const reshape = following(async (base, operation, context) => {
  const target = (await knownList(operation, 'shape', 1, context)) ?? [];
  return view(base, reshapedShape(base.tensor.shape, target, flagAttribute(operation, 'allowzero')), context);
});

const flatten = following((base, operation, context) => {
  const { shape } = base.tensor;
  const axis = intAttribute(operation, 'axis', 1);
  const at = axis === shape.length ? axis : axisOf(axis, shape.length);
  if (at === null) throw new Unfit(t`it has no axis ${axis}`);
  return view(base, [elementCount(shape.slice(0, at)), elementCount(shape.slice(at))], context);
});

const squeeze = following(async (base, operation, context) => {
  const { shape } = base.tensor;
  const ones = shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
  const axes = axesOf((await knownList(operation, 'axes', 1, context)) ?? ones, shape.length);
  if (axes === null || !axes.every((axis) => shape[axis] === 1))
    throw new Unfit(t('its axes are not of length 1'));
  const rest = shape.filter((_, axis) => !axes.includes(axis));
  return view(base, rest, context);
});

const unsqueeze = following(async (base, operation, context) => {
  const list = (await knownList(operation, 'axes', 1, context)) ?? [];
  const rank = base.tensor.shape.length + list.length;
  const axes = axesOf(list, rank);
  if (axes === null) throw new Unfit(t`its axes are not those of a tensor of ${rank} dimensions`);
  const rest = base.tensor.shape.values();
  const shape = Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? 1 : (rest.next().value ?? 1),
  );
  return view(base, shape, context);
});

const slice = following(async (base, operation, context) => {
  const { shape } = base.tensor;
  const ranges = await sliceRanges(operation, shape.length, context);
  if (ranges === null) throw new Unfit(t('its range is not constant'));
  let { tensor } = base;
  for (const range of ranges) {
    const extent = extentOf(range, shape[range.axis]);
    if (extent === null) throw new Unfit(t('its range is not constant'));
    if (range.step !== 1) throw new Unfit(t('it takes steps other than 1, which is not followed'));
    tensor = sliced(tensor, range.axis, extent.first, extent.first + extent.count);
  }
  return made(context, tensor, base.type, [base]);
});

const split: Fold = async (operation, context) => {
  const base = context.constant(operation.inputs[0] ?? null);
  if (base === null) return null;
  const { shape } = base.tensor;
  const axis = axisOf(intAttribute(operation, 'axis', 0), shape.length);
  const sizes = axis === null ? null : await splitSizes(operation, shape[axis], context);
  if (axis === null || sizes === null || !isKnown(sizes)) throw new Unfit(t('its parts do not add up'));
  let end = 0;
  return sizes.map((size) => {
    const begin = end;
    end += size;
    return made(context, sliced(base.tensor, axis, begin, end), base.type, [base]);
  });
};

const concat: Fold = (operation, context) => {
  const parts = operation.inputs.map((value) => context.constant(value));
  if (parts.length === 0 || !parts.every((part) => part !== null)) return null;
  const [first] = parts;
  const { shape } = first.tensor;
  const axis = axisOf(intAttribute(operation, 'axis', 1), shape.length);
  const fits = parts.every(
    ({ type, tensor }) =>
      type === first.type &&
      tensor.shape.length === shape.length &&
      tensor.shape.every((length, i) => i === axis || length === shape[i]),
  );
  if (axis === null || !fits) throw new Unfit(t('its parts differ in shape or type'));
  if (parts.length === 1) return [first];

  const tensors = parts.map((part) => part.tensor);
  const total = tensors.reduce((sum, tensor) => sum + tensor.shape[axis], 0);
  const name = operation.outputs[0]?.name ?? operation.label;
  const joint = derived(
    { ...first.tensor, name },
    shape.with(axis, total),
    `concat(${axis}; ${keyOf(tensors)})`,
    async (values) => {
      const rest = await Promise.all(tensors.slice(1).map((tensor) => tensor.read()));
      return joined([values, ...rest], elementCount(shape.slice(0, axis)));
    },
  );
  const result = made(context, joint, first.type, parts);
  const oneSource = parts.every((part) => part.stored.tensor.key === first.stored.tensor.key);
  return [oneSource ? result : { ...result, stored: { name, tensor: joint } }];
};

/** Arrays of `outer` rows each, row by row behind each other. */
function joined(arrays: readonly Values[], outer: number): Values {
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const single = arrays.every((array) => array instanceof Float32Array);
  const results = single ? new Float32Array(length) : new Float64Array(length);
  for (let row = 0, at = 0; row < outer; row++) {
    for (const array of arrays) {
      const width = array.length / outer;
      results.set(array.subarray(row * width, (row + 1) * width), at);
      at += width;
    }
  }
  return results;
}

const gather: Fold = async (operation, context) => {
  const base = context.constant(operation.inputs[0] ?? null);
  const positions = context.constant(operation.inputs[1] ?? null)?.tensor.shape;
  const indices = positions === undefined ? null : await context.numbers(operation.inputs[1] ?? null);
  if (base === null || positions === undefined || indices === null) return null;
  const { shape } = base.tensor;
  const axis = axisOf(intAttribute(operation, 'axis', 0), shape.length);
  if (axis === null) throw new Unfit(t('it has no such axis'));
  const rows = indices.map((index) => axisOf(index, shape[axis]));
  if (!rows.every((row) => row !== null)) throw new Unfit(t('an index is out of range'));
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const result = derived(
    base.tensor,
    [...shape.slice(0, axis), ...positions, ...shape.slice(axis + 1)],
    `gather(${shape.join(',')}; ${axis}; ${positions.join(',')}; ${digest(rows.join(','))})`,
    (values) => {
      const length = outer * rows.length * inner;
      const results = values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
      for (let o = 0, at = 0; o < outer; o++) {
        for (const row of rows) {
          const from = (o * shape[axis] + row) * inner;
          results.set(values.subarray(from, from + inner), at);
          at += inner;
        }
      }
      return results;
    },
  );
  return [made(context, result, base.type, [base])];
};

export const layoutFolds: Readonly<Record<string, Fold>> = {
  Identity: following((base) => base),
  Transpose: transpose,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Slice: slice,
  Split: split,
  Concat: concat,
  Gather: gather,
};
