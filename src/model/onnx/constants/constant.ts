/** A value of the network that is the same whatever its input. */
import { t } from '@vscode/l10n';
import { createHash } from 'node:crypto';
import type { Tensor } from '../../model';
import { quote } from '../../quote';
import { elementCount } from '../../tensor';
import { Unfit } from '../attributes';
import type { Numbers } from '../layout';
import type { Operation, Value } from '../program';
import { maximumRank } from '../shape';
import { isComplex, isFloat, isQuantized } from '../types';

export interface Constant {
  readonly tensor: Tensor;
  /** Element type of the value that the nodes have made, as `types.ts` names it. */
  readonly type: string;
  /** The tensor of the file that the values come from, and its name there. */
  readonly stored: { readonly name: string; readonly tensor: Tensor };
  /** Number of nodes behind each other that make it. */
  readonly depth: number;
  /** Number of elements that are computed to read it. */
  readonly cost: number;
}

/** What is known of the inputs of an operation while constants are followed. */
export interface ConstantContext extends Numbers {
  constant(value: Value | null): Constant | null;
  /** Size of the model, bytes. */
  readonly bytes: number;
}

/** A tensor as it is in the file. @throws Unfit where it has more dimensions than are followed */
export function storedConstant(name: string, tensor: Tensor, type: string = tensor.dtype): Constant {
  if (tensor.shape.length > maximumRank)
    throw new Unfit(t`${quote(name)} has ${tensor.shape.length} dimensions`);
  return { tensor, type, stored: { name, tensor }, depth: 0, cost: elementCount(tensor.shape) };
}

/** Floating-point, quantised or complex numbers, and more than one of them. */
export function isWeight(constant: Constant): boolean {
  const { type, tensor } = constant;
  return (isFloat(type) || isQuantized(type) || isComplex(type)) && elementCount(tensor.shape) > 1;
}

/**
 * The outputs of an operation that makes constants of constants; null where an input is none, or where the operation
 * does something that is not followed.
 * @throws Unfit or RangeError where the operation does not fit its inputs
 */
export type Fold = (
  operation: Operation,
  context: ConstantContext,
) => readonly Constant[] | null | Promise<readonly Constant[] | null>;

/** Nodes behind each other: each is a level of recursion when the tensor is read. */
const maximumDepth = 100;

/**
 * A constant that is computed from others; it keeps the name of the first.
 * @throws Unfit where the file makes so much of so few bytes that no real model would
 */
export function made(
  context: Pick<ConstantContext, 'bytes'>,
  tensor: Tensor,
  type: string,
  from: readonly Constant[],
): Constant {
  const elements = elementCount(tensor.shape);
  const depth = from.reduce((most, constant) => Math.max(most, constant.depth), 0) + 1;
  const cost = from.reduce((sum, constant) => sum + constant.cost, elements);
  // Up to four elements share a byte (uint2); a tensor that is joined to itself again and again has any number.
  if (tensor.shape.length > maximumRank) throw new Unfit(t`it has ${tensor.shape.length} dimensions`);
  if (depth > maximumDepth || elements > 4 * context.bytes + 2 ** 20 || cost > 64 * context.bytes + 2 ** 24) {
    throw new Unfit(t('too many nodes make it'));
  }
  return { tensor, type, stored: from[0].stored, depth, cost };
}

/** Part of a key that names another tensor. Keys that contain keys would double in length with every node. */
export function keyOf(tensors: readonly Tensor[]): string {
  return digest(tensors.map((tensor) => `${tensor.key} (${tensor.shape.join(',')})`).join('; '));
}

/** Something as short that is equal for equal texts only. */
export function digest(text: string): string {
  return text.length <= 200 ? text : createHash('sha256').update(text).digest('hex');
}

/** The fold of an operator with one output and one input that matters. */
export function following(
  rule: (
    base: Constant,
    operation: Operation,
    context: ConstantContext,
  ) => Constant | null | Promise<Constant | null>,
): Fold {
  return async (operation, context) => {
    const base = context.constant(operation.inputs[0] ?? null);
    const result = base === null ? null : await rule(base, operation, context);
    return result === null ? null : [result];
  };
}
