/** ConvInteger and MatMulInteger: products of integers that later nodes scale to real numbers. */
import { t } from '@vscode/l10n';
import type { Tensor } from '../../model';
import { dividedBy, elementCount } from '../../tensor';
import { intAttribute } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import { operatorOf, type Operation, type Value } from '../program';
import { isFloat, typeName } from '../types';
import { convolutionRow } from './convolution';
import { productRow } from './matrix';
import { last, lastButOne, realWeight, zeroPointAt } from './real-weight';
import { constantFactor, inputOf, quantizedWeightAt, type LayerRule } from './rule';

const convInteger: LayerRule = async (operation, facts) => {
  const weight = quantizedWeightAt(operation, facts, 1);
  const zeroPoint = zeroPointAt(operation, facts, 3);
  const unscaled = { weight, zeroPoint, axis: 0, fromEnd: weight.tensor.shape.length - 2 };
  const { real, notes, absorbed } = await scaledLater(operation, facts, unscaled, inputOf(operation, 0));
  return { layers: [await convolutionRow(operation, facts, real, false, notes)], absorbed };
};

const matMulInteger: LayerRule = async (operation, facts) => {
  const factor = constantFactor(operation, facts, 0, 1);
  const isRight = factor.weight === 1;
  const weight = quantizedWeightAt(operation, facts, factor.weight);
  const zeroPoint = zeroPointAt(operation, facts, isRight ? 3 : 2);
  const axis = (isRight ? last : lastButOne)(weight.tensor.shape.length);
  const input = inputOf(operation, factor.other);
  const unscaled = { weight, zeroPoint, axis, fromEnd: isRight ? 0 : 1 };
  const { real, notes, absorbed } = await scaledLater(operation, facts, unscaled, input);
  const layer = productRow(real, isRight ? 'rows' : 'columns', facts.shape(input), 1, notes);
  return { layers: [layer], absorbed };
};

/** A weight whose scale is to be found. */
interface Unscaled {
  readonly weight: Constant;
  readonly zeroPoint: Constant | null;
  /** Axis of its channels; null: it has one. */
  readonly axis: number | null;
  /** Number of axes of the output behind that of the channels. */
  readonly fromEnd: number;
}

interface Scaled {
  readonly real: Constant;
  readonly notes: readonly string[];
  /** The Mul that has the scale. */
  readonly absorbed: readonly Operation[];
}

/**
 * Integer products are followed by a Cast to floating point and a Mul by the scales of both factors. Where the
 * scale of the weight is among them, the layer is the one that the scales make: from real inputs to real outputs.
 *
 * @param input the factor that is not the weight.
 */
async function scaledLater(
  operation: Operation,
  facts: Facts,
  { weight, zeroPoint, axis, fromEnd }: Unscaled,
  input: Value | null,
): Promise<Scaled> {
  const channels = axis === null ? 1 : weight.tensor.shape[axis];
  const factors = factorsAfter(operation, facts, input);
  const scale = factors?.constant ?? null;
  if (factors === null || scale === null || !isAlong(scale.tensor, channels, fromEnd)) {
    const note = t(
      'Its weights are in units of their quantisation step: no scale in the file belongs to them.',
    );
    return { real: realWeight(weight, null, zeroPoint, axis), notes: [note], absorbed: [] };
  }
  const real = realWeight(weight, scale, zeroPoint, axis);
  const absorbed = [factors.operation];
  if (factors.isDynamic) return { real, notes: [], absorbed };
  const step = await stepOf(input, facts);
  if (step === null) return { real, notes: [t('Its input is in units of its quantisation step.')], absorbed };
  return { real: { ...real, tensor: dividedBy(real.tensor, step) }, notes: [], absorbed };
}

interface Factors {
  /** The Mul that has them. */
  readonly operation: Operation;
  readonly constant: Constant | null;
  /** The scale of the activation, measured when the network runs. */
  readonly isDynamic: boolean;
}

/** What the product is multiplied by after its Cast; null where that is something else. */
function factorsAfter(operation: Operation, facts: Facts, input: Value | null): Factors | null {
  const cast = onlyUser(operation.outputs[0]);
  if (cast === null || operatorOf(cast) !== 'Cast') return null;
  if (!isFloat(typeName(intAttribute(cast, 'to', 0)) ?? '')) return null;
  const [value] = cast.outputs;
  const multiplication = onlyUser(value);
  if (multiplication === null || operatorOf(multiplication) !== 'Mul') return null;
  const other = multiplication.inputs.find((factor) => factor !== value) ?? null;
  const found = factorOf(other, multiplication, facts, input);
  if (found !== null || other?.source.kind !== 'operation') return found;
  const { operation: scales } = other.source;
  if (operatorOf(scales) !== 'Mul') return null;
  const [a, b] = scales.inputs.map((factor) => factorOf(factor, scales, facts, input));
  if (a === null || b === null || a.isDynamic === b.isDynamic) return null;
  return { operation: scales, constant: a.constant ?? b.constant, isDynamic: true };
}

function factorOf(
  value: Value | null,
  operation: Operation,
  facts: Facts,
  input: Value | null,
): Factors | null {
  const constant = facts.constant(value);
  if (constant !== null) return { operation, constant, isDynamic: false };
  return isDynamicScale(value, input) ? { operation, constant: null, isDynamic: true } : null;
}

/** Second output of the DynamicQuantizeLinear of which the activation is the first. */
function isDynamicScale(value: Value | null, input: Value | null): boolean {
  if (value?.source.kind !== 'operation' || input?.source.kind !== 'operation') return false;
  const { operation, index } = value.source;
  return (
    operatorOf(operation) === 'DynamicQuantizeLinear' &&
    index === 1 &&
    input.source.operation === operation &&
    input.source.index === 0
  );
}

function onlyUser(value: Value | null): Operation | null {
  return value?.users.length === 1 ? value.users[0] : null;
}

/** One number, or one for each channel along the axis that the channels have in the output. */
function isAlong(scale: Tensor, channels: number, fromEnd: number): boolean {
  const count = elementCount(scale.shape);
  return count === 1 || (count === channels && scale.shape[scale.shape.length - 1 - fromEnd] === channels);
}

/** Quantisation step of an activation that is quantised with constants; null where it is not known. */
async function stepOf(value: Value | null, facts: Facts): Promise<number | null> {
  const quantization = value?.source.kind === 'operation' ? value.source.operation : null;
  if (quantization === null || operatorOf(quantization) !== 'QuantizeLinear') return null;
  const steps = await facts.numbers(inputOf(quantization, 1));
  return steps?.length === 1 && steps[0] > 0 ? steps[0] : null;
}

export const integerProductRules: Readonly<Record<string, LayerRule>> = {
  ConvInteger: convInteger,
  MatMulInteger: matMulInteger,
};
