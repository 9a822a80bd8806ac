/** Layers that compute with integers: their weights are `(q - zero point) * scale`. */
import type { Tensor } from '../model';
import { dequantized, dividedBy, elementCount, fromValues } from '../tensor';
import { flagAttribute, floatAttribute, intAttribute, Unfit } from './attributes';
import { attentionRows } from './attention';
import type { Constant } from './constant';
import { convolutionRow, hasChannelsLast } from './convolution';
import type { Facts } from './facts';
import {
  constantFactor,
  inputOf,
  quantizedWeightAt,
  weightAt,
  whyNotConstant,
  type LayerDraft,
  type LayerRule,
} from './layer-rule';
import { finite, matrixRow, productRow } from './matrix';
import { operatorOf, type Operation, type Value } from './program';
import { isFloat, typeName } from './types';

/**
 * The real weight.
 * @param scale null: one.
 * @param axis of the weight that scales or zero points are for, where there are several.
 * @throws Unfit
 */
function realWeight(weight: Constant, scale: Constant | null, zeroPoint: Constant | null, axis: number): Constant {
  let { tensor } = weight;
  let zeros = zeroPoint?.tensor ?? null;
  try {
    if (zeros !== null && (scale === null || countOf(zeros) !== countOf(scale.tensor))) {
      const ones = fromValues('1', zeros.shape, new Float32Array(countOf(zeros)).fill(1));
      tensor = dequantized(tensor, ones, zeros, axis, null);
      zeros = null;
    }
    if (scale !== null) tensor = dequantized(tensor, scale.tensor, zeros, axis, null);
  } catch (error) {
    if (error instanceof RangeError) throw new Unfit(`its scale or zero point does not fit: ${error.message}`);
    throw error;
  }
  return { ...weight, tensor, type: 'float' };
}

function countOf(tensor: Tensor): number {
  return elementCount(tensor.shape);
}

/** @throws Unfit where the network computes it; null: there is none. */
function zeroPointAt(operation: Operation, facts: Facts, input: number): Constant | null {
  const value = inputOf(operation, input);
  const constant = facts.constant(value);
  if (value !== null && constant === null) throw new Unfit(whyNotConstant(value, facts, 'its zero point'));
  return constant;
}

/** Where an operator has a weight, and what belongs to it. */
interface Inputs {
  readonly weight: number;
  readonly scale: number;
  readonly zeroPoint: number;
}

function weightWithScale(operation: Operation, facts: Facts, inputs: Inputs, axis: (rank: number) => number): Constant {
  const weight = quantizedWeightAt(operation, facts, inputs.weight);
  const scale = weightAt(operation, facts, inputs.scale, 'its scale');
  return realWeight(weight, scale, zeroPointAt(operation, facts, inputs.zeroPoint), axis(weight.tensor.shape.length));
}

/** Scales stand for the outputs: kernels have these first, matrices on the right last, on the left last but one. */
const first = (): number => 0;
const last = (rank: number): number => rank - 1;
const lastButOne = (rank: number): number => Math.max(rank - 2, 0);

function qLinearConv(channelsLast: (operation: Operation) => boolean): LayerRule {
  return async (operation, facts) => {
    const kernel = weightWithScale(operation, facts, { weight: 3, scale: 4, zeroPoint: 5 }, first);
    return { layers: [await convolutionRow(operation, facts, kernel, channelsLast(operation))] };
  };
}

/** A product of which either factor may be the weight. */
function product(left: Inputs, right: Inputs): LayerRule {
  return (operation, facts) => {
    const factor = constantFactor(operation, facts, left.weight, right.weight);
    const isRight = factor.weight === right.weight;
    const weight = weightWithScale(operation, facts, isRight ? right : left, isRight ? last : lastButOne);
    const other = facts.shape(inputOf(operation, factor.other));
    return { layers: [productRow(weight, isRight ? 'rows' : 'columns', other, 1)] };
  };
}

/** The activation is quantised when the network runs. */
const dynamicQuantizeMatMul: LayerRule = (operation, facts) => {
  const weight = weightWithScale(operation, facts, { weight: 1, scale: 2, zeroPoint: 3 }, last);
  return { layers: [productRow(weight, 'rows', facts.shape(inputOf(operation, 0)), 1)] };
};

const qGemm: LayerRule = (operation, facts) => {
  const columns = flagAttribute(operation, 'transB') ? 0 : 1;
  const weight = weightWithScale(operation, facts, { weight: 3, scale: 4, zeroPoint: 5 }, () => columns);
  return { layers: [matrixRow(weight, { scale: finite(floatAttribute(operation, 'alpha', 1)) })] };
};

const qAttention: LayerRule = (operation, facts) => {
  const weight = weightWithScale(operation, facts, { weight: 1, scale: 4, zeroPoint: 7 }, last);
  return { layers: attentionRows(operation, weight) };
};

const convInteger: LayerRule = async (operation, facts) => {
  const weight = quantizedWeightAt(operation, facts, 1);
  const zeroPoint = zeroPointAt(operation, facts, 3);
  const spatial = weight.tensor.shape.length - 2;
  const { real, notes } = await scaledLater(operation, facts, 0, realWeightOf(weight, zeroPoint, 0), spatial);
  return { layers: [await convolutionRow(operation, facts, real, false, notes)] };
};

const matMulInteger: LayerRule = async (operation, facts) => {
  const factor = constantFactor(operation, facts, 0, 1);
  const isRight = factor.weight === 1;
  const weight = quantizedWeightAt(operation, facts, factor.weight);
  const zeroPoint = zeroPointAt(operation, facts, isRight ? 3 : 2);
  const axis = (isRight ? last : lastButOne)(weight.tensor.shape.length);
  const scaling = realWeightOf(weight, zeroPoint, axis);
  const { real, notes } = await scaledLater(operation, facts, factor.other, scaling, isRight ? 0 : 1);
  const other = facts.shape(inputOf(operation, factor.other));
  const layer: LayerDraft = productRow(real, isRight ? 'rows' : 'columns', other, 1, notes);
  return { layers: [layer] };
};

/** The weight for a scale that is found later. */
type Scaling = (scale: Constant | null) => { readonly real: Constant; readonly channels: number };

function realWeightOf(weight: Constant, zeroPoint: Constant | null, axis: number): Scaling {
  return (scale) => ({
    real: realWeight(weight, scale, zeroPoint, axis),
    channels: weight.tensor.shape[axis],
  });
}

/**
 * Integer products are followed by a Cast to floating point and a Mul by the scales of both factors. Where the
 * scale of the weight is among them, the layer is the one that the scales make: from real inputs to real outputs.
 *
 * @param activation input of the operation that is not the weight.
 * @param fromEnd axes of the output behind that of the channels.
 */
async function scaledLater(
  operation: Operation,
  facts: Facts,
  activation: number,
  scaling: Scaling,
  fromEnd: number,
): Promise<{ readonly real: Constant; readonly notes: readonly string[] }> {
  const inSteps = {
    real: scaling(null).real,
    notes: ['Its weights are in units of their quantisation step: the file gives no scale that belongs to them.'],
  };
  const input = inputOf(operation, activation);
  const factors = factorsAfter(operation, facts, input);
  if (factors?.constant == null || !isAlong(factors.constant.tensor, scaling(null).channels, fromEnd)) return inSteps;
  const { real } = scaling(factors.constant);
  if (factors.isDynamic) return { real, notes: [] };
  const step = await stepOf(input, facts);
  if (step === null) return { real, notes: ['Its input is in units of its quantisation step.'] };
  return { real: { ...real, tensor: dividedBy(real.tensor, step) }, notes: [] };
}

interface Factors {
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
  const found = factorOf(other, facts, input);
  if (found !== null || other?.source.kind !== 'operation') return found;
  const { operation: scales } = other.source;
  if (operatorOf(scales) !== 'Mul') return null;
  const [a, b] = scales.inputs.map((factor) => factorOf(factor, facts, input));
  if (a === null || b === null || a.isDynamic === b.isDynamic) return null;
  return { constant: a.constant ?? b.constant, isDynamic: true };
}

function factorOf(value: Value | null, facts: Facts, input: Value | null): Factors | null {
  const constant = facts.constant(value);
  if (constant !== null) {
    // The scale of an activation that is quantised dynamically has to be among the factors.
    return { constant, isDynamic: false };
  }
  return isDynamicScale(value, input) ? { constant: null, isDynamic: true } : null;
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
  const count = countOf(scale);
  return count === 1 || (count === channels && scale.shape[scale.shape.length - 1 - fromEnd] === channels);
}

/** Quantisation step of an activation that is quantised with constants; null where it is not known. */
async function stepOf(value: Value | null, facts: Facts): Promise<number | null> {
  if (value?.source.kind !== 'operation' || operatorOf(value.source.operation) !== 'QuantizeLinear') return null;
  const steps = await facts.numbers(inputOf(value.source.operation, 1));
  return steps?.length === 1 && steps[0] > 0 ? steps[0] : null;
}

const noChannelsLast = (): boolean => false;

export const quantizedRules: Readonly<Record<string, LayerRule>> = {
  QLinearConv: qLinearConv(noChannelsLast),
  'com.microsoft:QLinearConv': qLinearConv(hasChannelsLast),
  QLinearMatMul: product({ weight: 0, scale: 1, zeroPoint: 2 }, { weight: 3, scale: 4, zeroPoint: 5 }),
  'com.microsoft:MatMulIntegerToFloat': product(
    { weight: 0, scale: 2, zeroPoint: 4 },
    { weight: 1, scale: 3, zeroPoint: 5 },
  ),
  'com.microsoft:DynamicQuantizeMatMul': dynamicQuantizeMatMul,
  'com.microsoft:QGemm': qGemm,
  'com.microsoft:QAttention': qAttention,
  ConvInteger: convInteger,
  MatMulInteger: matMulInteger,
};
