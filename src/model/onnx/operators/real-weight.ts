/** Weights that are stored as integers: `(q - zero point) * scale`. */
import type { Tensor } from '../../model';
import { dequantized, elementCount, fromValues } from '../../tensor';
import { Unfit } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation } from '../program';
import { fitting, inputOf, ROLES, whyNotConstant } from './rule';

/**
 * The real weight.
 * @param scale null: one.
 * @param axis of the weight that scales or zero points are for, where there are several; null: there cannot be.
 * @throws Unfit
 */
export function realWeight(
  weight: Constant,
  scale: Constant | null,
  zeroPoint: Constant | null,
  axis: number | null,
): Constant {
  const tensor = fitting(weight, () => {
    const zeros = zeroPoint?.tensor ?? null;
    if (scale !== null && (zeros === null || countOf(zeros) === countOf(scale.tensor))) {
      return dequantized(weight.tensor, scale.tensor, zeros, axis, null);
    }
    // A zero point for each channel with one scale, or the other way around.
    const shifted =
      zeros === null ? weight.tensor : dequantized(weight.tensor, onesLike(zeros), zeros, axis, null);
    return scale === null ? shifted : dequantized(shifted, scale.tensor, null, axis, null);
  });
  return { ...weight, tensor, type: 'float' };
}

function onesLike({ shape }: Tensor): Tensor {
  return fromValues('1', shape, new Float32Array(elementCount(shape)).fill(1));
}

function countOf(tensor: Tensor): number {
  return elementCount(tensor.shape);
}

/** @throws Unfit where the network computes it; null: there is none. */
export function zeroPointAt(operation: Operation, facts: Facts, input: number): Constant | null {
  const value = inputOf(operation, input);
  const constant = facts.constant(value);
  if (value !== null && constant === null) throw new Unfit(whyNotConstant(value, facts, ROLES.zeroPoint));
  return constant;
}

/** Scales stand for the outputs: kernels have these first, matrices on the right last, on the left last but one. */
export const first = (): number => 0;
export const last = (rank: number): number | null => (rank < 2 ? null : rank - 1);
export const lastButOne = (rank: number): number | null => (rank < 2 ? null : rank - 2);
