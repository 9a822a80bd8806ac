/**
 * Arithmetic on sizes. Exported networks compute the shapes for Reshape, Slice, Pad and Resize from those of their
 * values (Shape, Gather, Concat, ...); these arrays have few elements, some of which may be unknown.
 */
import { elementCount } from '../tensor';
import { intAttribute, intsAttribute } from './attributes';
import { extentOf, reshapedShape, type Range } from './layout';
import type { Operation } from './program';
import {
  axesOf,
  axisOf,
  broadcast,
  isKnown,
  maximumRank,
  productOf,
  type Dimension,
  type Shape,
} from './shape';
import { isFloat, typeName } from './types';

export interface SmallArray {
  readonly shape: readonly number[];
  /** Row-major; null: unknown. */
  readonly values: readonly Dimension[];
  /** Division has no fraction. */
  readonly integral: boolean;
}

/** Shapes have a few entries; tables of positions that are computed the same way are not followed. */
const maximumSmall = 1024;

export function isSmall(shape: readonly number[]): boolean {
  return shape.length <= maximumRank && elementCount(shape) <= maximumSmall;
}

type Rule = (inputs: readonly SmallArray[], operation: Operation) => SmallArray | null;

/**
 * The output of an operation whose inputs are such arrays; null where it cannot be known.
 * @param inputs an input that is absent is missing in the list only at its end
 */
export function computeSmall(operation: Operation, inputs: readonly SmallArray[]): SmallArray | null {
  // No shape is put together from so many parts.
  if (inputs.length > maximumSmall) return null;
  const [least, rule] = rules.get(operation.opType) ?? [Infinity, null];
  const result = inputs.length < least ? null : (rule?.(inputs, operation) ?? null);
  return result !== null && isSmall(result.shape) ? result : null;
}

export function isSmallOperation(operation: Operation): boolean {
  return operation.domain === '' && rules.has(operation.opType);
}

/** Shape of a value as the array that the Shape operator makes of it. */
export function shapeArray(operation: Operation, shape: Shape): SmallArray {
  const start = intAttribute(operation, 'start', 0);
  const end = intAttribute(operation, 'end', shape.length);
  const values = shape.slice(start, end);
  return { shape: [values.length], values, integral: true };
}

export function sizeArray(shape: Shape): SmallArray {
  return { shape: [], values: [productOf(shape)], integral: true };
}

/** The element of `array` for every index of `shape`, in row-major order. */
function taken(
  array: SmallArray,
  shape: readonly number[],
  source: (index: readonly number[]) => readonly number[],
): SmallArray | null {
  const count = productOf(shape);
  if (count === null || count > maximumSmall) return null;
  const index = shape.map(() => 0);
  const values: Dimension[] = [];
  while (values.length < count) {
    values.push(array.values[offset(array.shape, source(index))]);
    let axis = shape.length - 1;
    while (axis >= 0 && ++index[axis] === shape[axis]) index[axis--] = 0;
  }
  return { shape, values, integral: array.integral };
}

function offset(shape: readonly number[], index: readonly number[]): number {
  return index.reduce((sum, position, axis) => sum * shape[axis] + position, 0);
}

function reshaped(array: SmallArray, shape: Shape | null): SmallArray | null {
  if (shape === null || !isKnown(shape) || productOf(shape) !== array.values.length) return null;
  return { ...array, shape };
}

/** Values of a one-dimensional argument that have to be known. */
function listOf(array: SmallArray | undefined): readonly number[] | null {
  return array !== undefined && isKnown(array.values) ? array.values : null;
}

const gather: Rule = ([data, indices], operation) => {
  const axis = axisOf(intAttribute(operation, 'axis', 0), data.shape.length);
  const rows = listOf(indices);
  if (axis === null || rows === null) return null;
  const positions = rows.map((row) => axisOf(row, data.shape[axis]));
  if (!positions.every((position) => position !== null)) return null;
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
  const inside = axis + indices.shape.length;
  return taken(data, shape, (index) => [
    ...index.slice(0, axis),
    positions[offset(indices.shape, index.slice(axis, inside))],
    ...index.slice(inside),
  ]);
};

const slice: Rule = ([data, ...lists], operation) => {
  const argument = (input: number, name: string): readonly number[] | null | undefined =>
    lists.length >= input ? listOf(lists[input - 1]) : (intsAttribute(operation, name) ?? undefined);
  const [starts, ends] = [argument(1, 'starts'), argument(2, 'ends')];
  const axes = axesOf(argument(3, 'axes') ?? starts?.map((_, axis) => axis) ?? [], data.shape.length);
  if (!starts || !ends || axes === null) return null;
  const steps = argument(4, 'steps') ?? starts.map(() => 1);
  const first = data.shape.map(() => 0);
  const step = data.shape.map(() => 1);
  const shape = [...data.shape];
  for (const [i, axis] of axes.entries()) {
    const range: Range = { axis, start: starts[i], end: ends[i], step: steps[i] };
    const extent = extentOf(range, data.shape[axis]);
    if (extent === null) return null;
    first[axis] = extent.first;
    step[axis] = steps[i];
    shape[axis] = extent.count;
  }
  return taken(data, shape, (index) => index.map((position, axis) => first[axis] + position * step[axis]));
};

const concat: Rule = (parts, operation) => {
  const [first] = parts;
  const axis = axisOf(intAttribute(operation, 'axis', 0), first.shape.length);
  const fits = parts.every(
    ({ shape }) =>
      shape.length === first.shape.length &&
      shape.every((length, i) => i === axis || length === first.shape[i]),
  );
  if (axis === null || !fits) return null;
  const outer = productOf(first.shape.slice(0, axis)) ?? 0;
  const rows = Array.from({ length: outer }, (_, row) =>
    parts.flatMap(({ values }) => {
      const width = values.length / outer;
      return values.slice(row * width, (row + 1) * width);
    }),
  );
  const length = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  return { shape: first.shape.with(axis, length), values: rows.flat(), integral: first.integral };
};

const transpose: Rule = ([data], operation) => {
  const rank = data.shape.length;
  const permutation = axesOf(intsAttribute(operation, 'perm') ?? [...Array(rank).keys()].reverse(), rank);
  if (permutation?.length !== rank) return null;
  const shape = permutation.map((axis) => data.shape[axis]);
  return taken(data, shape, (index) => data.shape.map((_, axis) => index[permutation.indexOf(axis)]));
};

const reshape: Rule = ([data, target], operation) => {
  const sizes = target?.values ?? intsAttribute(operation, 'shape');
  return sizes === null
    ? null
    : reshaped(data, reshapedShape(data.shape, sizes, intAttribute(operation, 'allowzero', 0) !== 0));
};

const squeeze: Rule = ([data, axes], operation) => {
  const list = axes === undefined ? intsAttribute(operation, 'axes') : listOf(axes);
  if (axes !== undefined && list === null) return null;
  const removed = list === null ? null : axesOf(list, data.shape.length);
  if (list !== null && removed === null) return null;
  return reshaped(
    data,
    data.shape.filter((length, axis) => (removed === null ? length !== 1 : !removed.includes(axis))),
  );
};

const unsqueeze: Rule = ([data, axes], operation) => {
  const list = axes === undefined ? intsAttribute(operation, 'axes') : listOf(axes);
  const rank = data.shape.length + (list?.length ?? 0);
  const added = list === null ? null : axesOf(list, rank);
  if (added === null) return null;
  const rest = data.shape.values();
  return reshaped(
    data,
    Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : (rest.next().value ?? 1))),
  );
};

const cast: Rule = ([data], operation) => {
  const type = typeName(intAttribute(operation, 'to', 0));
  if (type === null) return null;
  if (isFloat(type)) return { ...data, integral: false };
  return { ...data, values: data.values.map((value) => value && Math.trunc(value)), integral: true };
};

/** The value, which is an attribute of the operator, as a second input. */
const constantOfShape: Rule = ([sizes, value]) => {
  const shape = listOf(sizes);
  const count = shape === null ? null : productOf(shape);
  if (shape === null || count === null || count > maximumSmall || shape.some((size) => size < 0)) return null;
  const filler = value === undefined ? 0 : value.values[0];
  return { shape, values: Array<Dimension>(count).fill(filler), integral: value?.integral ?? false };
};

const range: Rule = ([start, limit, delta]) => {
  const [from, to, by] = [start, limit, delta].map((array) => listOf(array)?.[0] ?? null);
  if (from === null || to === null || by === null || by === 0) return null;
  const count = Math.max(0, Math.ceil((to - from) / by));
  if (count > maximumSmall) return null;
  return {
    shape: [count],
    values: Array.from({ length: count }, (_, i) => from + i * by),
    integral: start.integral,
  };
};

const product: Rule = ([data, axes], operation) => {
  if (data.shape.length > 1 || axes !== undefined || operation.attributes.has('axes')) return null;
  const keep = intAttribute(operation, 'keepdims', 1) !== 0 && data.shape.length === 1;
  return { shape: keep ? [1] : [], values: [productOf(data.values)], integral: data.integral };
};

const where: Rule = ([condition, yes, no]) =>
  combined([condition, yes, no], yes.integral, ([which, a, b]) => {
    if (which === null) return a === b ? a : null;
    return which === 0 ? b : a;
  });

function combined(
  arrays: readonly SmallArray[],
  integral: boolean,
  apply: (values: readonly Dimension[]) => Dimension,
): SmallArray | null {
  const shape = broadcast(arrays.map((array) => array.shape));
  if (shape === null || !isKnown(shape)) return null;
  const aligned = arrays.map((array) =>
    taken(array, shape, (index) =>
      index
        .slice(shape.length - array.shape.length)
        .map((position, axis) => (array.shape[axis] === 1 ? 0 : position)),
    ),
  );
  if (!aligned.every((array) => array !== null)) return null;
  const values = aligned[0].values.map((_, i) => apply(aligned.map((array) => array.values[i])));
  return { shape, values, integral };
}

/** Elementwise; a result of floating point is a float32. */
function elementwise(apply: (...values: readonly number[]) => number, exact = false): Rule {
  return (inputs) => {
    const integral = inputs.every((input) => input.integral);
    return combined(inputs, integral, (values) => {
      if (!isKnown(values)) return null;
      const result = apply(...values);
      if (!Number.isFinite(result)) return null;
      if (exact) return result;
      return integral ? Math.trunc(result) : Math.fround(result);
    });
  };
}

/** The rules, and the number of inputs that each cannot do without. */
const rules = new Map<string, readonly [inputs: number, rule: Rule]>([
  ['Identity', [1, ([data]) => data]],
  ['Gather', [2, gather]],
  ['Slice', [1, slice]],
  ['Concat', [1, concat]],
  ['Transpose', [1, transpose]],
  ['Reshape', [1, reshape]],
  ['Squeeze', [1, squeeze]],
  ['Unsqueeze', [1, unsqueeze]],
  ['Cast', [1, cast]],
  ['ConstantOfShape', [1, constantOfShape]],
  ['Range', [3, range]],
  ['ReduceProd', [1, product]],
  ['Where', [3, where]],
  ['Add', [2, elementwise((a, b) => a + b)]],
  ['Sub', [2, elementwise((a, b) => a - b)]],
  ['Mul', [2, elementwise((a, b) => a * b)]],
  ['Div', [2, elementwise((a, b) => a / b)]],
  ['Min', [1, elementwise(Math.min)]],
  ['Max', [1, elementwise(Math.max)]],
  ['Neg', [1, elementwise((a) => -a)]],
  ['Abs', [1, elementwise(Math.abs)]],
  ['Floor', [1, elementwise(Math.floor)]],
  ['Ceil', [1, elementwise(Math.ceil)]],
  ['Equal', [2, elementwise((a, b) => Number(a === b), true)]],
  ['Greater', [2, elementwise((a, b) => Number(a > b), true)]],
  ['Less', [2, elementwise((a, b) => Number(a < b), true)]],
  ['Not', [1, elementwise((a) => Number(a === 0), true)]],
]);
