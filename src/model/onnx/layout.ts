/** What Reshape, Slice and Split make of shapes; the same for constants and for values of partly known shape. */
import { intAttribute, intsAttribute } from './attributes';
import type { Operation, Value } from './program';
import { axesOf, productOf, type Dimension, type Shape } from './shape';

export interface Numbers {
  /** Values of a small tensor (sizes, axes, ...); null where not all are known. */
  numbers(value: Value | null): Promise<readonly number[] | null>;
}

/** A list that is an attribute in old opsets and an input in later ones; undefined: absent; null: unknown. */
export async function listOf(
  operation: Operation,
  name: string,
  input: number,
  known: Numbers,
): Promise<readonly number[] | null | undefined> {
  const value = operation.inputs[input] ?? null;
  if (value !== null) return known.numbers(value);
  return intsAttribute(operation, name) ?? undefined;
}

/**
 * The shape that Reshape gives.
 * @param target sizes; 0 copies the size of the same axis unless `allowZero`; one -1 takes what is left; null: unknown.
 * @returns null where nothing is known or the elements do not fit.
 */
export function reshapedShape(shape: Shape | null, target: Shape, allowZero: boolean): Shape | null {
  const copied = target.map((size) => size === 0 && !allowZero);
  if (shape !== null && copied.lastIndexOf(true) >= shape.length) return null;
  const free = target.indexOf(-1);
  if (free !== target.lastIndexOf(-1) || target.some((size) => size !== null && size < -1)) return null;
  const result: Dimension[] = target.map((size, axis) =>
    copied[axis] ? (shape?.[axis] ?? null) : size === -1 ? null : size,
  );
  // Axes that are copied are in both products, whatever their size.
  const before = shape === null ? null : productOf(shape.filter((_, axis) => !copied[axis]));
  const after = productOf(result.filter((_, axis) => !copied[axis] && axis !== free));
  if (before === null || after === null) return result;
  if (free < 0) return before === after ? result : null;
  if (after === 0 || before % after !== 0) return null;
  return result.with(free, before / after);
}

export interface Range {
  readonly axis: number;
  /** First and last (exclusive) index as given: negative ones count from the end. Null: unknown. */
  readonly start: Dimension;
  readonly end: Dimension;
  readonly step: Dimension;
}

/** What Slice takes of each of its axes; null where the axes themselves are unknown or not those of the rank. */
export async function sliceRanges(
  operation: Operation,
  rank: number,
  known: Numbers,
): Promise<readonly Range[] | null> {
  const starts = await listOf(operation, 'starts', 1, known);
  const ends = await listOf(operation, 'ends', 2, known);
  const given = await listOf(operation, 'axes', 3, known);
  const steps = await listOf(operation, 'steps', 4, known);
  const list = given === undefined ? (starts ?? ends)?.map((_, axis) => axis) : given;
  const axes = list ? axesOf(list, rank) : null;
  if (axes === null) return null;
  return axes.map((axis, i) => ({
    axis,
    start: starts?.[i] ?? null,
    end: ends?.[i] ?? null,
    step: steps === undefined ? 1 : (steps?.[i] ?? null),
  }));
}

/** From here on an end stands for "to the end", also where 64 bits are meant. */
const largestInt32 = 2 ** 31 - 1;

/** First index and number of elements of a range of an axis with `length` elements; null where not known. */
export function extentOf(
  range: Range,
  length: Dimension,
): { readonly first: number; readonly count: number } | null {
  const { start, end, step } = range;
  if (length === null || start === null || end === null || step === null || step === 0) return null;
  // The specification reads this as nothing, ONNX Runtime as everything.
  if (step < 0 && end >= largestInt32) return null;
  const clamp = (index: number, least: number, most: number): number =>
    Math.min(Math.max(index < 0 ? index + length : index, least), most);
  const first = step > 0 ? clamp(start, 0, length) : clamp(start, 0, length - 1);
  const last = step > 0 ? clamp(end, 0, length) : clamp(end, -1, length - 1);
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** Sizes of the parts that Split makes of an axis; null altogether where they do not add up. */
export async function splitSizes(
  operation: Operation,
  length: Dimension,
  known: Numbers,
): Promise<readonly Dimension[] | null> {
  const sizes = await listOf(operation, 'split', 1, known);
  const count = operation.outputs.length;
  if (sizes === null) return Array<null>(count).fill(null);
  if (sizes !== undefined) {
    const valid = sizes.every((size) => size >= 0) && sizes.length >= count;
    const total = productOf([sizes.reduce((sum, size) => sum + size, 0)]);
    return valid && (length === null || total === length) ? sizes : null;
  }
  const parts = intAttribute(operation, 'num_outputs', count);
  if (length === null) return Array<null>(count).fill(null);
  const size = Math.ceil(length / parts);
  if (parts < 1 || parts < count || size * (parts - 1) > length) return null;
  return Array.from({ length: count }, (_, i) => (i === parts - 1 ? length - size * (parts - 1) : size));
}
