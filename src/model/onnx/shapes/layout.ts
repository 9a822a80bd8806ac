/** Shapes of operators that move, cut, join and reduce. */
import { flagAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes';
import { extentOf, listOf, reshapedShape, sliceRanges, splitSizes } from '../layout';
import type { Operation } from '../program';
import { axesOf, axisOf, broadcast, dimension, productOf, type Dimension, type Shape } from '../shape';
import { fromShape, named, nothing, type ShapeRule } from './rule';

const reshape: ShapeRule = async (operation, known) => {
  const target =
    (operation.inputs[1] ?? null) === null
      ? intsAttribute(operation, 'shape')
      : await known.dimensions(operation.inputs[1]);
  if (target === null) return nothing;
  const shape = known.shape(operation.inputs[0] ?? null);
  return [reshapedShape(shape, target, flagAttribute(operation, 'allowzero'))];
};

const flatten = fromShape((shape, operation) => {
  const axis = intAttribute(operation, 'axis', 1);
  const at = axis === shape.length ? axis : axisOf(axis, shape.length);
  return at === null ? null : [productOf(shape.slice(0, at)), productOf(shape.slice(at))];
});

const transpose = fromShape((shape, operation) => {
  const axes = axesOf(
    intsAttribute(operation, 'perm') ?? shape.map((_, axis) => axis).reverse(),
    shape.length,
  );
  return axes?.length === shape.length ? axes.map((axis) => shape[axis]) : null;
});

const squeeze = fromShape(async (shape, operation, known) => {
  const list = await listOf(operation, 'axes', 1, known);
  if (list === null) return null;
  if (list === undefined) return shape.includes(null) ? null : shape.filter((length) => length !== 1);
  const axes = axesOf(list, shape.length);
  if (axes === null || axes.some((axis) => (shape[axis] ?? 1) !== 1)) return null;
  return shape.filter((_, axis) => !axes.includes(axis));
});

const unsqueeze = fromShape(async (shape, operation, known) => {
  const list = await listOf(operation, 'axes', 1, known);
  const rank = shape.length + (list?.length ?? 0);
  const axes = list ? axesOf(list, rank) : null;
  if (axes === null) return null;
  const result: Dimension[] = [...shape];
  for (const axis of [...axes].sort((a, b) => a - b)) result.splice(axis, 0, 1);
  return result;
});

const slice = fromShape(async (shape, operation, known) => {
  const ranges = await sliceRanges(operation, shape.length, known);
  if (ranges === null) return shape.map(() => null);
  const result: Dimension[] = [...shape];
  for (const range of ranges) result[range.axis] = extentOf(range, shape[range.axis])?.count ?? null;
  return result;
});

const split: ShapeRule = async (operation, known) => {
  const shape = known.shape(operation.inputs[0] ?? null);
  const axis = shape === null ? null : axisOf(intAttribute(operation, 'axis', 0), shape.length);
  if (shape === null || axis === null) return nothing;
  const sizes = await splitSizes(operation, shape[axis], known);
  return sizes === null ? nothing : sizes.map((size) => shape.with(axis, dimension(size)));
};

/** @param parts the inputs that are joined. */
function concat(parts: (operation: Operation) => Operation['inputs']): ShapeRule {
  return (operation, known) => {
    const shapes = parts(operation).map((value) => known.shape(value));
    const [first] = shapes;
    if (first === undefined || first === null) return nothing;
    const rank = first.length;
    const axis = axisOf(intAttribute(operation, 'axis', 1), rank);
    if (axis === null || !shapes.every((shape) => shape?.length === rank)) return nothing;
    const lengths = (i: number): Dimension[] => shapes.map((shape) => shape?.[i] ?? null);
    return [
      first.map((_, i) => {
        if (i === axis)
          return lengths(i).reduce((sum, n) => (sum === null || n === null ? null : sum + n), 0);
        const [length, ...others] = new Set(lengths(i).filter((n) => n !== null));
        return others.length > 0 ? null : (length ?? null);
      }),
    ];
  };
}

const gather = fromShape((shape, operation, known) => {
  const indices = known.shape(operation.inputs[1] ?? null);
  const axis = axisOf(intAttribute(operation, 'axis', 0), shape.length);
  if (indices === null || axis === null) return null;
  return [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)];
});

const gatherElements: ShapeRule = (operation, known) => [known.shape(operation.inputs[1] ?? null)];

const gatherND = fromShape((shape, operation, known) => {
  const indices = known.shape(operation.inputs[1] ?? null);
  const depth = indices?.at(-1) ?? null;
  const batch = intAttribute(operation, 'batch_dims', 0);
  if (indices === null || depth === null || batch + depth > shape.length) return null;
  return [...indices.slice(0, -1), ...shape.slice(batch + depth)];
});

const expand: ShapeRule = async (operation, known) => {
  const shape = known.shape(operation.inputs[0] ?? null);
  const target = await known.dimensions(operation.inputs[1] ?? null);
  return shape === null || target === null ? nothing : [broadcast([shape, target])];
};

const tile = fromShape(async (shape, operation, known) => {
  const repeats = await known.dimensions(operation.inputs[1] ?? null);
  if (repeats?.length !== shape.length) return null;
  return shape.map((length, axis) => dimension(productOf([length, repeats[axis]])));
});

const reduce = fromShape(async (shape, operation, known) => {
  const list = await listOf(operation, 'axes', 1, known);
  if (list === null) return null;
  if (!list?.length && flagAttribute(operation, 'noop_with_empty_axes')) return shape;
  const axes = list?.length ? axesOf(list, shape.length) : shape.map((_, axis) => axis);
  return axes === null ? null : reduced(shape, axes, intAttribute(operation, 'keepdims', 1) !== 0);
});

const reduceToIndex = fromShape((shape, operation) => {
  const axis = axisOf(intAttribute(operation, 'axis', 0), shape.length);
  return axis === null ? null : reduced(shape, [axis], intAttribute(operation, 'keepdims', 1) !== 0);
});

function reduced(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep
    ? shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : shape.filter((_, axis) => !axes.includes(axis));
}

const topK: ShapeRule = async (operation, known) => {
  const shape = known.shape(operation.inputs[0] ?? null);
  const axis = shape === null ? null : axisOf(intAttribute(operation, 'axis', -1), shape.length);
  if (shape === null || axis === null) return nothing;
  const [count] = (await listOf(operation, 'k', 1, known)) ?? [null];
  const result = shape.with(axis, dimension(count));
  return [result, result];
};

const filled: ShapeRule = async (operation, known) => {
  const shape = await known.dimensions(operation.inputs[0] ?? null);
  return shape === null ? nothing : [shape.map(dimension)];
};

const shapeOf: ShapeRule = (operation, known) => {
  const rank = known.shape(operation.inputs[0] ?? null)?.length;
  if (rank === undefined) return [[null]];
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const [start, end] = [intAttribute(operation, 'start', 0), intAttribute(operation, 'end', rank)];
  return [[all.slice(start, end).length]];
};

const nonZero = fromShape((shape) => [shape.length, null]);

const oneHot = fromShape(async (shape, operation, known) => {
  const depth = (await known.numbers(operation.inputs[1] ?? null))?.[0] ?? null;
  const axis = axisOf(intAttribute(operation, 'axis', -1), shape.length + 1);
  return axis === null ? null : shape.toSpliced(axis, 0, dimension(depth));
});

const einsum: ShapeRule = (operation, known) => {
  const [left, right] = stringAttribute(operation, 'equation', '').replaceAll(' ', '').split('->');
  if (right === undefined || /[^a-zA-Z,]/.test(left + right)) return nothing;
  const lengths = new Map<string, Dimension>();
  left.split(',').forEach((labels, input) => {
    const shape = known.shape(operation.inputs[input] ?? null);
    [...labels].forEach((label, axis) => {
      const length = shape?.length === labels.length ? shape[axis] : null;
      // A length of 1 may be repeated to that of the other operand.
      if (length !== null && length !== 1) lengths.set(label, length);
    });
  });
  return [[...right].map((label) => lengths.get(label) ?? null)];
};

const joinedInputs = (operation: Operation): Operation['inputs'] => operation.inputs;
/** Scale and zero point of the output, then (value, scale, zero point) for each part. */
const quantizedParts = (operation: Operation): Operation['inputs'] =>
  operation.inputs.slice(2).filter((_, i) => i % 3 === 0);

export const layoutShapes: Readonly<Record<string, ShapeRule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Slice: slice,
  Split: split,
  Concat: concat(joinedInputs),
  'com.microsoft:QLinearConcat': concat(quantizedParts),
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Expand: expand,
  Tile: tile,
  ...named(
    `ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare`,
    reduce,
  ),
  ...named('ArgMax ArgMin', reduceToIndex),
  TopK: topK,
  ConstantOfShape: filled,
  Shape: shapeOf,
  Size: () => [[]],
  NonZero: nonZero,
  OneHot: oneHot,
  Einsum: einsum,
};
