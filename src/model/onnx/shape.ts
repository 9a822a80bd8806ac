/** Shapes of which only some dimensions are known. */

/** Null: any number. */
export type Dimension = number | null;
export type Shape = readonly Dimension[];

/** Shapes of more dimensions are taken as unknown: lists of axes are searched one by one. */
export const maximumRank = 64;

export function isKnown(shape: Shape): shape is readonly number[] {
  return !shape.includes(null);
}

/** Number of elements; null where unknown or beyond 2^53. */
export function productOf(dimensions: Shape): Dimension {
  if (dimensions.includes(0)) return 0;
  let product = 1;
  for (const dimension of dimensions) {
    if (dimension === null) return null;
    product *= dimension;
  }
  return Number.isSafeInteger(product) ? product : null;
}

/** The dimension if it can be one. */
export function dimension(value: Dimension): Dimension {
  return value !== null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** `axis` counted from the front; null: the rank has no such axis. */
export function axisOf(axis: number, rank: number): number | null {
  const counted = axis < 0 ? axis + rank : axis;
  return Number.isInteger(counted) && counted >= 0 && counted < rank ? counted : null;
}

/** `axes` counted from the front, each at most once; null where that is not so. */
export function axesOf(axes: readonly number[], rank: number): readonly number[] | null {
  if (axes.length > rank || rank > maximumRank) return null;
  const counted = axes.map((axis) => axisOf(axis, rank));
  if (counted.includes(null) || new Set(counted).size !== counted.length) return null;
  return counted as number[];
}

/** Multidirectional broadcasting; null: the shapes do not fit together. */
export function broadcast(shapes: readonly Shape[]): Shape | null {
  const rank = shapes.reduce((most, shape) => Math.max(most, shape.length), 0);
  const result: Dimension[] = [];
  for (let fromEnd = rank; fromEnd >= 1; fromEnd--) {
    let joint: Dimension = 1;
    let unknown = false;
    for (const shape of shapes) {
      const own = fromEnd > shape.length ? 1 : shape[shape.length - fromEnd];
      if (own === null) unknown = true;
      else if (own !== 1) {
        if (joint !== 1 && joint !== own) return null;
        joint = own;
      }
    }
    // An unknown dimension is 1 or that of the others, unless all of those are 1.
    result.push(unknown && joint === 1 ? null : joint);
  }
  return result;
}

/** What holds of a value that has both shapes (as far as they are known); where they differ, nothing is known. */
export function reconciled(a: Shape | null, b: Shape | null): Shape | null {
  if (a === null || b === null) return a ?? b;
  if (a.length !== b.length) return null;
  return a.map((own, axis) => {
    const other = b[axis];
    return own === null || other === null || own === other ? (own ?? other) : null;
  });
}

/** What holds of a value that has one of the shapes. */
export function common(shapes: readonly (Shape | null)[]): Shape | null {
  const [first, ...others] = shapes;
  if (first === undefined || first === null) return null;
  if (others.some((other) => other?.length !== first.length)) return null;
  return first.map((own, axis) => (others.every((other) => other?.[axis] === own) ? own : null));
}

/** `(2, ?, 3)`, for messages. */
export function written(shape: Shape): string {
  const shown = shape.slice(0, 8).map((length) => length ?? '?');
  return `(${shown.join(', ')}${shape.length > shown.length ? ', ...' : ''})`;
}
