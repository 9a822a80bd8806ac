/** Shapes of operators that compute every element from those at the same place. */
import { broadcast } from '../shape';
import { fromShape, named, nothing, type ShapeRule } from './rule';

/** All outputs but the first (statistics, masks, sums) are left unknown. */
const unary = fromShape((shape) => shape);

function joint(inputs: readonly number[] | null): ShapeRule {
  return (operation, known) => {
    const values =
      inputs === null ? operation.inputs : inputs.map((input) => operation.inputs[input] ?? null);
    const shapes = values.map((value) => known.shape(value));
    return shapes.every((shape) => shape !== null) ? [broadcast(shapes)] : nothing;
  };
}

export const elementwiseShapes: Readonly<Record<string, ShapeRule>> = {
  ...named(
    `Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization Bernoulli BitwiseNot Cast CastLike Ceil Celu Clip Cos
    Cosh CumSum DequantizeLinear Dropout Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish Hardmax
    Identity InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization
    MeanVarianceNormalization Mish Neg Not PRelu QuantizeLinear RMSNormalization RandomNormalLike RandomUniformLike
    Reciprocal Relu Round Selu Shrink Sigmoid Sign SimplifiedLayerNormalization Sin Sinh Softmax Softplus Softsign
    Sqrt Swish Tan Tanh ThresholdedRelu Trilu
    ReverseSequence ScatterElements ScatterND Scatter RotaryEmbedding`,
    unary,
  ),
  ...named(
    `com.microsoft:BiasGelu com.microsoft:DequantizeLinear com.microsoft:FastGelu com.microsoft:Gelu com.microsoft:GroupNorm
    com.microsoft:QLinearLeakyRelu com.microsoft:QLinearSigmoid com.microsoft:QLinearSoftmax
    com.microsoft:QuantizeLinear com.microsoft:QuickGelu com.microsoft:RotaryEmbedding com.microsoft:SkipGroupNorm
    com.microsoft:SkipLayerNormalization com.microsoft:SkipSimplifiedLayerNormalization`,
    unary,
  ),
  ...named(
    `Add And BitwiseAnd BitwiseOr BitwiseXor BitShift Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min
    Mod Mul Or Pow Sub Sum Where Xor`,
    joint(null),
  ),
  ...named('com.microsoft:QLinearAdd com.microsoft:QLinearMul', joint([0, 3])),
  DynamicQuantizeLinear: (operation, known) => [known.shape(operation.inputs[0] ?? null), [], []],
};
