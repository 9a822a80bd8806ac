/**
 * Constants whose elements are computed: casts and quantisation round as their operators do; sums, products and
 * quotients are those of real numbers, in float64.
 */
import { t } from '@vscode/l10n';
import { dequantized, derived, elementCount, fromValues } from '../../tensor';
import { intAttribute, Unfit } from '../attributes';
import type { Operation } from '../program';
import { axisOf, broadcast, isKnown } from '../shape';
import { integerFormat, isFloat, typeName } from '../types';
import { cast, roundHalfToEven } from './cast';
import {
  following,
  keyOf,
  made,
  storedConstant,
  type Constant,
  type ConstantContext,
  type Fold,
} from './constant';
import { view } from './layout';

const castTo = following((base, operation, context) =>
  converted(base, typeName(intAttribute(operation, 'to', 0)), operation, context),
);

const castLike = following((base, operation, context) => {
  const like = operation.inputs[1] ?? null;
  const to = context.constant(like)?.type ?? typeName(like?.info?.elementType ?? 0);
  return converted(base, to, operation, context);
});

function converted(
  base: Constant,
  to: string | null,
  operation: Operation,
  context: ConstantContext,
): Constant | null {
  if (to === null) return null;
  const tensor = cast(base.tensor, base.type, to, intAttribute(operation, 'saturate', 1) !== 0);
  return tensor === null ? null : made(context, tensor, to, [base]);
}

/** Input, scale and zero point (undefined: there is none) of QuantizeLinear or its inverse, all constant. */
function quantization(
  operation: Operation,
  context: ConstantContext,
): { input: Constant; scale: Constant; zeroPoint: Constant | undefined } | null {
  const [input, scale] = [0, 1].map((i) => context.constant(operation.inputs[i] ?? null));
  const zero = operation.inputs[2] ?? null;
  const zeroPoint = zero === null ? undefined : context.constant(zero);
  return input === null || scale === null || zeroPoint === null ? null : { input, scale, zeroPoint };
}

const dequantize: Fold = (operation, context) => {
  const given = quantization(operation, context);
  if (given === null) return null;
  const { input, scale, zeroPoint } = given;
  const axis = axisOf(intAttribute(operation, 'axis', 1), input.tensor.shape.length);
  const block = intAttribute(operation, 'block_size', 0);
  const zeros = zeroPoint?.tensor ?? null;
  const tensor = dequantized(input.tensor, scale.tensor, zeros, axis, block === 0 ? null : block);
  const type = typeName(intAttribute(operation, 'output_dtype', 0)) ?? scale.type;
  return [made(context, tensor, type, [input, scale, ...(zeroPoint === undefined ? [] : [zeroPoint])])];
};

/** Weights that are stored as floats, and rounded by the network itself. */
const quantize: Fold = (operation, context) => {
  const given = quantization(operation, context);
  if (given === null) return null;
  const { input, scale, zeroPoint } = given;
  const type = zeroPoint?.type ?? typeName(intAttribute(operation, 'output_dtype', 0)) ?? 'uint8';
  const format = integerFormat(type);
  const isPlain =
    input.type === 'float' && scale.type === 'float' && intAttribute(operation, 'block_size', 0) === 0;
  if (format === null || !isPlain) return null;

  const { shape } = input.tensor;
  const axis = axisOf(intAttribute(operation, 'axis', 1), shape.length);
  const along = (constant: Constant): Constant => {
    const count = elementCount(constant.tensor.shape);
    if (count === 1) return constant;
    if (axis === null || count !== shape[axis]) throw new Unfit(t`it has ${count} scales or zero points`);
    return view(
      constant,
      shape.map((_, i) => (i === axis ? count : 1)),
      context,
    );
  };
  const least = format.signed ? -(2 ** (format.bits - 1)) : 0;
  const largest = least + 2 ** format.bits - 1;
  // The quotient is a float32 before it is rounded to an integer.
  const quotient = elementwise(context, input, along(scale), 'roundOver', (value, step) =>
    roundHalfToEven(Math.fround(value / step)),
  );
  const zeros = zeroPoint === undefined ? zero : along(zeroPoint);
  const result = elementwise(context, quotient, zeros, `plusClampedTo(${type})`, (value, offset) =>
    Math.min(Math.max(value + offset, least), largest),
  );
  return [{ ...result, type }];
};

const zero = storedConstant('0', fromValues('0', [], Float32Array.of(0)));

function binary(name: string, apply: (a: number, b: number) => number): Fold {
  return (operation, context) => {
    const [a, b] = [0, 1].map((input) => context.constant(operation.inputs[input] ?? null));
    // Numbers would wrap around, and divide without a fraction.
    if (a === null || b === null || !isFloat(a.type) || !isFloat(b.type)) return null;
    const { stored } = elementCount(b.tensor.shape) > elementCount(a.tensor.shape) ? b : a;
    return [{ ...elementwise(context, a, b, name, apply), stored }];
  };
}

/** Both broadcast to one shape, in float64. */
function elementwise(
  context: ConstantContext,
  a: Constant,
  b: Constant,
  name: string,
  apply: (a: number, b: number) => number,
): Constant {
  const shape = broadcast([a.tensor.shape, b.tensor.shape]);
  if (shape === null || !isKnown(shape)) throw new Unfit(t('the shapes of its inputs do not fit together'));
  const stepsOfA = broadcastStrides(a.tensor.shape, shape.length);
  const stepsOfB = broadcastStrides(b.tensor.shape, shape.length);
  const operation = `${name}(${a.tensor.shape.join(',')}; ${keyOf([b.tensor])})`;
  const tensor = derived(a.tensor, shape, operation, async (values) => {
    const others = await b.tensor.read();
    const results = new Float64Array(elementCount(shape));
    const index = shape.map(() => 0);
    for (let i = 0, atA = 0, atB = 0; i < results.length; i++) {
      results[i] = apply(values[atA], others[atB]);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        atA += stepsOfA[axis];
        atB += stepsOfB[axis];
        if (++index[axis] < shape[axis]) break;
        index[axis] = 0;
        atA -= stepsOfA[axis] * shape[axis];
        atB -= stepsOfB[axis] * shape[axis];
      }
    }
    return results;
  });
  return made(context, tensor, a.type, [a, b]);
}

/** Elements to the next along each axis of a shape of `rank` dimensions; 0 where one element stands for all. */
function broadcastStrides(shape: readonly number[], rank: number): number[] {
  const strides = Array<number>(rank).fill(0);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    if (shape[axis] !== 1) strides[axis + rank - shape.length] = stride;
    stride *= shape[axis];
  }
  return strides;
}

export const arithmeticFolds: Readonly<Record<string, Fold>> = {
  Cast: castTo,
  CastLike: castLike,
  DequantizeLinear: dequantize,
  'com.microsoft:DequantizeLinear': dequantize,
  QuantizeLinear: quantize,
  'com.microsoft:QuantizeLinear': quantize,
  Add: binary('plus', (a, b) => a + b),
  Sub: binary('minus', (a, b) => a - b),
  Mul: binary('times', (a, b) => a * b),
  Div: binary('over', (a, b) => a / b),
};
