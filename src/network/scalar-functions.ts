/**
 * Functions of one number that are applied to every element: their largest slope. It is the constant of the operator in
 * all three norms, whose derivative is a diagonal matrix.
 */
import { floatAttribute, stringAttribute } from '../model/onnx/attributes';
import type { Operation } from '../model/onnx/program';
import { roundUp } from '../bounds/rounding';
import { reach, type Range } from './ranges';

/** The largest slope, with the digits that are given rounded up; docs/mathematics.md says where each is reached. */
export const SLOPES = {
  sigmoid: 0.25,
  /** `2 / sqrt(pi)` */
  erf: 1.1283791670956,
  gelu: 1.1289041451852,
  geluTanh: 1.1289930686588,
  silu: 1.0998393201289,
  mish: 1.0884981612518,
  hardSwish: 1.5,
} as const;

type SlopeRule = (operation: Operation) => number;

const slopes = new Map<string, SlopeRule>();

function slope(operators: string, of: number | SlopeRule): void {
  for (const operator of operators.split(/\s+/)) slopes.set(operator, typeof of === 'number' ? () => of : of);
}

slope('Identity Neg Relu Abs Sin Cos Atan Asinh Tanh Softsign Softplus', 1);
slope('Sigmoid', SLOPES.sigmoid);
slope('HardSigmoid', (operation) => Math.abs(floatAttribute(operation, 'alpha', Math.fround(0.2))));
slope('HardSwish', SLOPES.hardSwish);
slope('Erf', SLOPES.erf);
slope('Gelu', (operation) =>
  stringAttribute(operation, 'approximate', 'none') === 'tanh' ? SLOPES.geluTanh : SLOPES.gelu,
);
slope('com.microsoft:Gelu com.microsoft:BiasGelu', SLOPES.gelu);
slope('com.microsoft:FastGelu', SLOPES.geluTanh);
slope('Swish com.microsoft:QuickGelu', SLOPES.silu);
slope('Mish', SLOPES.mish);
slope('LeakyRelu', (operation) => leaky(floatAttribute(operation, 'alpha', Math.fround(0.01))));
slope('Elu', (operation) => leaky(floatAttribute(operation, 'alpha', 1)));
// The slope of alpha (exp(x / alpha) - 1) is exp(x / alpha).
slope('Celu', (operation) => (floatAttribute(operation, 'alpha', 1) > 0 ? 1 : Infinity));
slope('Selu', (operation) => {
  const gamma = Math.abs(floatAttribute(operation, 'gamma', 1.0507010221481323));
  return roundUp(gamma * leaky(floatAttribute(operation, 'alpha', 1.6732631921768188)));
});
// Where the threshold is not zero, the function jumps there.
slope('ThresholdedRelu', (operation) => (floatAttribute(operation, 'alpha', 1) === 0 ? 1 : Infinity));
slope('Shrink', (operation) => {
  const threshold = floatAttribute(operation, 'lambd', 0.5);
  return threshold >= 0 && floatAttribute(operation, 'bias', 0) === threshold ? 1 : Infinity;
});

function leaky(alpha: number): number {
  return Math.max(1, Math.abs(alpha));
}

/** Infinite where the function has no largest slope; null: it is none of these. */
export function largestSlope(operator: string, operation: Operation): number | null {
  return slopes.get(operator)?.(operation) ?? null;
}

/** The largest slope on an interval, of functions that have none on all numbers. */
const slopesOn: Readonly<Record<string, (x: Range) => number>> = {
  Exp: ({ upper }) => Math.exp(upper),
  Log: ({ lower }) => (lower > 0 ? 1 / lower : Infinity),
  Sqrt: ({ lower }) => (lower > 0 ? 0.5 / Math.sqrt(lower) : Infinity),
  Reciprocal: (x) => inverseSquare(x),
  Sinh: (x) => Math.cosh(reach(x)),
  Cosh: (x) => Math.sinh(reach(x)),
};

/** Largest of `1 / x^2`; infinite where x may be zero. */
export function inverseSquare({ lower, upper }: Range): number {
  const least = lower > 0 ? lower : upper < 0 ? -upper : 0;
  return least > 0 ? roundUp(1 / (least * least)) : Infinity;
}

/** Null: the operator is none of these. */
export function largestSlopeOn(operator: string, x: Range): number | null {
  const found = slopesOn[operator]?.(x);
  return found === undefined ? null : Number.isNaN(found) ? Infinity : roundUp(found);
}

/** Steps of which every slope is zero or none. */
const STEPS = new Set(
  `Sign Floor Ceil Round ArgMax ArgMin Hardmax Equal Greater GreaterOrEqual Less LessOrEqual Not And Or Xor IsNaN IsInf NonZero
  QuantizeLinear DynamicQuantizeLinear Mod BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot Bernoulli Multinomial Unique
  NonMaxSuppression com.microsoft:QuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger
  com.microsoft:DynamicQuantizeMatMul com.microsoft:DynamicQuantizeLSTM`.split(/\s+/),
);

/** Its result is one of separate values: where it changes at all, it jumps. */
export function isStep(operator: string): boolean {
  return STEPS.has(operator);
}
