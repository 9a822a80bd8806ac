/** What one operation does to a bound: how its output depends on the values that it is computed from. */
import type { Value } from '../model/onnx/program';
import { perNorm, type PerNorm } from './norms';

/** The output changes by at most `constant` times what the value changes by; infinite: no such constant is known. */
export interface Term {
  readonly value: Value;
  readonly constant: PerNorm<number>;
}

export interface Step {
  /**
   * How the terms combine: their sum always holds; `joint`, the norm of the vector of them, where they reach different
   * elements of the output; `largest` where only one of them is ever computed.
   */
  readonly join: 'sum' | 'joint' | 'largest';
  readonly terms: readonly Term[];
  /** Values of which only the shape counts. */
  readonly shapesOf: readonly Value[];
  /** The terms are all that the output depends on, though they are no inputs of the operation: a pattern of several. */
  readonly whole: boolean;
  /** Why a constant is infinite: there is none, or none is known; null where all are finite. */
  readonly missing: 'unbounded' | 'unknown' | null;
  /** What the constant is, or why there is none: a clause without a final stop. */
  readonly reason: string;
  /** The rows of the report that the constant is made of. */
  readonly layers: readonly string[];
}

const NOTHING = { join: 'sum', terms: [], shapesOf: [], whole: false, missing: null, layers: [] } as const;

export const NO_CONSTANT: PerNorm<number> = perNorm(() => Infinity);

export function alike(constant: number): PerNorm<number> {
  return perNorm(() => constant);
}

/** The value times a constant, or a sum of such: `c_1 a + c_2 b`. */
export function step(
  terms: readonly (readonly [value: Value | null, constant: PerNorm<number> | number])[],
  reason: string,
  rest: Partial<Omit<Step, 'terms' | 'reason'>> = {},
): Step {
  const made = terms.flatMap(([value, constant]) =>
    value === null ? [] : [{ value, constant: typeof constant === 'number' ? alike(constant) : constant }],
  );
  const missing = made.some(({ constant }) => !(constant.L2 < Infinity)) ? 'unknown' : null;
  return { ...NOTHING, missing, ...rest, terms: made, reason };
}

/** An operation without a Lipschitz constant, or (`unknown`) without one that is known. */
export function without(
  values: readonly (Value | null)[],
  missing: 'unbounded' | 'unknown',
  reason: string,
): Step {
  return step(
    values.map((value) => [value, NO_CONSTANT]),
    reason,
    { missing },
  );
}
