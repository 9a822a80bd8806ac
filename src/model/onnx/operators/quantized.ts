/** Layers that are given integers and their scales. */
import { flagAttribute, floatAttribute } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation } from '../program';
import { attentionRows } from './attention';
import { convolutionRow, hasChannelsLast } from './convolution';
import { finite, matrixRow, productRow } from './matrix';
import { first, last, lastButOne, realWeight, zeroPointAt } from './real-weight';
import { constantFactor, inputOf, type LayerRule, quantizedWeightAt, ROLES, weightAt } from './rule';

/** Where an operator has a weight, and what belongs to it. */
interface Inputs {
  readonly weight: number;
  readonly scale: number;
  readonly zeroPoint: number;
}

function weightWithScale(
  operation: Operation,
  facts: Facts,
  inputs: Inputs,
  axis: (rank: number) => number | null,
): Constant {
  const weight = quantizedWeightAt(operation, facts, inputs.weight);
  const scale = weightAt(operation, facts, inputs.scale, ROLES.scale);
  const zeroPoint = zeroPointAt(operation, facts, inputs.zeroPoint);
  return realWeight(weight, scale, zeroPoint, axis(weight.tensor.shape.length));
}

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
};
