/** What a rule knows about the inputs of an operation, and what it says about its outputs. */
import type { Numbers } from '../layout';
import type { Operation, Value } from '../program';
import type { Shape } from '../shape';

export interface Known extends Numbers {
  /** Null: not even the rank is known. */
  shape(value: Value | null): Shape | null;
  /** The elements of a small integer tensor as far as they are known; null altogether where even their number is not. */
  dimensions(value: Value | null): Promise<Shape | null>;
}

/** One shape for each output, from the first; outputs that are missing are unknown. */
export type Shapes = readonly (Shape | null)[];

export type ShapeRule = (operation: Operation, known: Known) => Shapes | Promise<Shapes>;

export const nothing: Shapes = [];

/** A rule for operators whose first input's shape has to be known. */
export function fromShape(
  rule: (shape: Shape, operation: Operation, known: Known) => Shape | null | Promise<Shape | null>,
): ShapeRule {
  return async (operation, known) => {
    const shape = known.shape(operation.inputs[0] ?? null);
    return shape === null ? nothing : [await rule(shape, operation, known)];
  };
}

/** The same rule under several names. */
export function named<T>(names: string, rule: T): Record<string, T> {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, rule]));
}
