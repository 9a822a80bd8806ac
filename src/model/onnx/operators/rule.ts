/** How an operator with weights becomes rows of the table. */
import { t } from '@vscode/l10n';
import type { Clause } from '../../errors';
import type { Operator, Layer, Skipped } from '../../model';
import { quote } from '../../quote';
import { elementCount } from '../../tensor';
import { Unfit } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation, Value } from '../program';
import { isComplex, isFloat, isQuantized } from '../types';

/** A row without the name of its operation: `suffix` follows it. */
export type LayerDraft = Omit<Layer, 'name' | 'op'> & {
  readonly suffix: string;
  /** What the layer is applied to where that is not the operation's own input: the input of a Pad node in front of it. */
  readonly source?: Value;
};
export type SkippedDraft = Omit<Skipped, 'name' | 'op'> & { readonly suffix: string };

export interface Outcome {
  readonly layers: readonly LayerDraft[];
  /** Weights of the same operation that are in none of the rows; biases are not among them. */
  readonly skipped?: readonly SkippedDraft[];
  /** Other operations whose constants are part of the rows, and which so need no entry of their own. */
  readonly absorbed?: readonly Operation[];
}

/**
 * The rows of an operation; null where it is no layer.
 * @throws Unfit where it should be one; the message becomes the reason for which it is skipped
 */
export type LayerRule = (operation: Operation, facts: Facts) => Outcome | null | Promise<Outcome | null>;

/** What reasons call a constant: with its name, in quotes, or without where it has none (null). */
export type Role = (name: string | null) => string;

export const ROLES = {
  weight: (name) => (name === null ? t('its weight') : t`its weight ${name}`),
  globalWeight: (name) => (name === null ? t('its global weight') : t`its global weight ${name}`),
  table: (name) => (name === null ? t('its table') : t`its table ${name}`),
  gain: (name) => (name === null ? t('its gain') : t`its gain ${name}`),
  variance: (name) => (name === null ? t('its variance') : t`its variance ${name}`),
  scale: (name) => (name === null ? t('its scale') : t`its scale ${name}`),
  zeroPoint: (name) => (name === null ? t('its zero point') : t`its zero point ${name}`),
  scaleOrZeroPoint: (name) =>
    name === null ? t('its scale or zero point') : t`its scale or zero point ${name}`,
} satisfies Record<string, Role>;

/** One of several weights, by what the operator calls it. */
export function weightCalled(which: string): Role {
  return (name) => (name === null ? t`its weight ${which}` : t`its weight ${which} ${name}`);
}

interface RowOptions {
  readonly suffix?: string;
  readonly notes?: readonly string[];
  readonly source?: Value | null;
  /** Number of weights of the row where that is not the number of elements of the constant. */
  readonly parameters?: number;
}

export function row(weight: Constant, operator: Operator, options: RowOptions = {}): LayerDraft {
  const { name, tensor } = weight.stored;
  return {
    suffix: options.suffix ?? '',
    weight: name,
    shape: tensor.shape,
    dtype: tensor.dtype,
    parameters: options.parameters ?? elementCount(weight.tensor.shape),
    operator,
    notes: options.notes ?? [],
    ...(options.source && { source: options.source }),
  };
}

export function inputOf(operation: Operation, input: number): Value | null {
  return operation.inputs[input] ?? null;
}

/**
 * The constant at an input, of floating point and not empty.
 * @param role what it is to the operation
 * @throws Unfit
 */
export function weightAt(
  operation: Operation,
  facts: Facts,
  input: number,
  role: Role = ROLES.weight,
): Constant {
  const value = inputOf(operation, input);
  const constant = facts.constant(value);
  if (constant === null)
    throw new Unfit(value === null ? t`${role(null)} is missing` : whyNotConstant(value, facts, role));
  requireNumbers(constant, role);
  if (!isFloat(constant.type)) {
    throw unfit(
      constant,
      isQuantized(constant.type)
        ? (it) => t`${it} has no scale`
        : (it) => t`${it} is of type ${constant.type}`,
      role,
    );
  }
  return constant;
}

/** As `weightAt`, for integers whose scale is given beside them. */
export function quantizedWeightAt(operation: Operation, facts: Facts, input: number): Constant {
  const value = inputOf(operation, input);
  const constant = facts.constant(value);
  if (constant === null) {
    throw new Unfit(value === null ? t('its weight is missing') : whyNotConstant(value, facts, ROLES.weight));
  }
  requireNumbers(constant, ROLES.weight);
  if (!isQuantized(constant.type)) {
    throw unfit(constant, (it) => t`${it} is of type ${constant.type}`);
  }
  return constant;
}

function requireNumbers(constant: Constant, role: Role): void {
  if (isComplex(constant.type)) throw unfit(constant, (it) => t`${it} has complex elements`, role);
  if (elementCount(constant.tensor.shape) === 0)
    throw unfit(constant, (it) => t`${it} has no elements`, role);
}

/** A reason that is about a weight. */
export function unfit(weight: Constant, clause: Clause, role: Role = ROLES.weight): Unfit {
  const { name } = weight.stored;
  return new Unfit(clause(role(quote(name))), name);
}

/** A tensor that is made of a weight, its scale and its zero point. @throws Unfit where they do not go together */
export function fitting<T>(weight: Constant, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError)
      throw unfit(weight, (it) => t`${it} does not fit its scale or zero point: ${error.message}`);
    throw error;
  }
}

/** What `describe` throws about attributes names the weight that they are for. */
export async function withWeight<T>(weight: Constant, describe: () => T | Promise<T>): Promise<T> {
  try {
    return await describe();
  } catch (error) {
    if (!(error instanceof Unfit) || error.weight !== null) throw error;
    throw new Unfit(t`${error.message} (for its weight ${quote(weight.stored.name)})`, weight.stored.name);
  }
}

export function whyNotConstant(value: Value, facts: Facts, role: Role): string {
  const reason = facts.reason(value);
  if (reason !== null) return t`${role(null)} is unknown: ${reason}`;
  const origin = facts.origin(value);
  if (origin !== null) {
    return t`${role(null)} is computed from constants by ${quote(origin.label)} (${origin.opType}), which is not followed`;
  }
  if (value.source.kind === 'sparse')
    return t`${role(quote(value.name))} is a sparse tensor, which is not read`;
  if (value.source.kind === 'undefined') return t`${role(quote(value.name))} is defined nowhere in the file`;
  return t`${role(null)} is computed by the network`;
}

/**
 * Which of two factors is the weight.
 * @returns the index of its input, and that of the other factor
 * @throws Unfit where both are constants, or none
 */
export function constantFactor(
  operation: Operation,
  facts: Facts,
  first: number,
  second: number,
): { readonly weight: number; readonly other: number } {
  const [a, b] = [first, second].map((input) => facts.constant(inputOf(operation, input)) !== null);
  if (a && b) throw new Unfit(t('both factors are constants'));
  if (a) return { weight: first, other: second };
  if (b) return { weight: second, other: first };
  for (const input of [second, first]) {
    const value = inputOf(operation, input);
    if (value === null) throw new Unfit(t('one of its factors is missing'));
    const known = facts.reason(value) ?? facts.origin(value);
    if (known !== null || value.source.kind === 'sparse' || value.source.kind === 'undefined') {
      throw new Unfit(whyNotConstant(value, facts, ROLES.weight));
    }
  }
  throw new Unfit(t('both factors are activations'));
}
