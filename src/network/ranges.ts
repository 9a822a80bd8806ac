/**
 * Intervals that hold every element of a value: of all values that the network can have (a sigmoid lies in [0, 1]), or of
 * those that inputs of a bounded range lead to. Ends are rounded outwards.
 */
import { floatAttribute, intAttribute, stringAttribute } from '../model/onnx/attributes';
import { productOf } from '../model/onnx/shape';
import { isFloat, typeName } from '../model/onnx/types';
import type { Node } from './node';

export interface Range {
  readonly lower: number;
  readonly upper: number;
}

export const ALL: Range = { lower: -Infinity, upper: Infinity };
const UNIT: Range = { lower: 0, upper: 1 };

/** Largest absolute value. */
export function reach({ lower, upper }: Range): number {
  return Math.max(Math.abs(lower), Math.abs(upper));
}

export function within(reach: number): Range {
  return Number.isNaN(reach) ? ALL : { lower: -reach, upper: reach };
}

/** More than the rounding of a few float64 operations, and of the functions of Math. */
const SLACK = 2 ** -48;

function outward(lower: number, upper: number): Range {
  if (Number.isNaN(lower) || Number.isNaN(upper)) return ALL;
  return { lower: -above(-lower), upper: above(upper) };
}

function above(x: number): number {
  if (x === -Infinity) return -Number.MAX_VALUE;
  return x === 0 || x === Infinity ? x : x + Math.abs(x) * SLACK + Number.MIN_VALUE;
}

function union(ranges: readonly Range[]): Range {
  if (ranges.length === 0) return ALL;
  return ranges.reduce((a, b) => ({ lower: Math.min(a.lower, b.lower), upper: Math.max(a.upper, b.upper) }));
}

function intersection(a: Range, b: Range): Range {
  const [lower, upper] = [Math.max(a.lower, b.lower), Math.min(a.upper, b.upper)];
  return lower <= upper ? { lower, upper } : a;
}

function sumOf(a: Range, b: Range): Range {
  return outward(a.lower + b.lower, a.upper + b.upper);
}

function negative({ lower, upper }: Range): Range {
  return { lower: -upper, upper: -lower };
}

/** Zero times an infinite end is zero: the ends are limits of real numbers. */
function end(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

export function productRange(a: Range, b: Range): Range {
  const ends = [end(a.lower, b.lower), end(a.lower, b.upper), end(a.upper, b.lower), end(a.upper, b.upper)];
  return outward(Math.min(...ends), Math.max(...ends));
}

/** `1 / x`; null where zero is among the values. */
export function reciprocalRange({ lower, upper }: Range): Range | null {
  return lower > 0 || upper < 0 ? outward(1 / upper, 1 / lower) : null;
}

function absolute(range: Range): Range {
  const { lower, upper } = range;
  return { lower: lower > 0 ? lower : upper < 0 ? -upper : 0, upper: reach(range) };
}

function square(range: Range): Range {
  const { lower, upper } = absolute(range);
  return outward(lower * lower, upper * upper);
}

type RangeRule = (node: Node, x: Range) => Range | Promise<Range>;

/** A function that never falls. */
function rising(of: (x: number) => number, image: Range = ALL): RangeRule {
  return (_, { lower, upper }) => intersection(outward(of(lower), of(upper)), image);
}

const same: RangeRule = (_, x) => x;
const inside =
  (image: Range): RangeRule =>
  () =>
    image;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** A smooth gate times its input: between the input and zero, but for a dip below zero. */
function gated(dip: number): RangeRule {
  return (_, { upper }) => ({ lower: -dip, upper: Math.max(0, upper) });
}

const all = (node: Node): Range[] =>
  node.inputs.flatMap((value) => (value === null ? [] : [node.range(value)]));
const joined: RangeRule = (node) => union(all(node));

const clip: RangeRule = (node, x) => {
  const [least, most] = [node.input(1), node.input(2)];
  const lower = least === null ? floatAttribute(node.operation, 'min', -Infinity) : node.range(least).lower;
  const upper = most === null ? floatAttribute(node.operation, 'max', Infinity) : node.range(most).upper;
  return intersection({ lower: Math.min(lower, upper), upper }, x);
};

/** Averages of elements, or of some of them and zeros. */
function withZero({ lower, upper }: Range): Range {
  return { lower: Math.min(0, lower), upper: Math.max(0, upper) };
}

/** Of a function that is zero at zero, and of slopes at most one or `slope`. */
function scaledReach(x: Range, slope: number): Range {
  return within(above(reach(x) * Math.max(1, Math.abs(slope))));
}

const power: RangeRule = async (node, x) => {
  const exponent = await node.number(node.input(1));
  if (exponent === 2) return square(x);
  if (exponent === 0.5 && x.lower >= 0) return outward(Math.sqrt(x.lower), Math.sqrt(x.upper));
  return ALL;
};

const sum: RangeRule = (node) => {
  const input = productOf(node.shape(0) ?? [null]);
  const output = productOf(node.outputShape ?? [null]);
  const x = node.range(node.input(0));
  // As many terms as elements become one; none at all sum to zero.
  return input === null || output === null || output === 0 ? ALL : scaledBy(x, Math.ceil(input / output));
};

function scaledBy({ lower, upper }: Range, factor: number): Range {
  return outward(Math.min(0, lower * factor), Math.max(0, upper * factor));
}

const rules = new Map<string, RangeRule>();

function rule(operators: string, of: RangeRule): void {
  for (const operator of operators.split(/\s+/)) rules.set(operator, of);
}

rule(
  `Identity Reshape Flatten Squeeze Unsqueeze Transpose DepthToSpace SpaceToDepth Slice Split Gather GatherND GatherElements
  Expand Tile MaxPool GlobalMaxPool ReduceMax ReduceMin ReduceMean GlobalAveragePool TopK`,
  same,
);
rule('AveragePool Trilu', (_, x) => withZero(x));
rule('Concat Max Min', joined);
rule(
  'Relu',
  rising((x) => Math.max(0, x)),
);
rule('Sigmoid', rising(sigmoid, UNIT));
rule('Tanh', rising(Math.tanh, within(1)));
rule('Erf Sin Cos Softsign', inside(within(1)));
rule('Atan', inside(within(2)));
rule('Softmax HardSigmoid', inside(UNIT));
// A constant other than zero may be written into the pads: up to opset 10 an attribute, later an input.
rule('Pad', (node, x) => {
  const filler = floatAttribute(node.operation, 'value', 0);
  return union([x, node.input(2) === null ? { lower: filler, upper: filler } : node.range(node.input(2))]);
});
rule('LogSoftmax', inside({ lower: -Infinity, upper: 0 }));
rule(
  'Softplus',
  rising((x) => (x > 40 ? x + 1e-17 : Math.log1p(Math.exp(x))), { lower: 0, upper: Infinity }),
);
rule('Exp', rising(Math.exp, { lower: 0, upper: Infinity }));
rule('Clip', clip);
rule('Neg', (_, x) => negative(x));
rule('Abs', (_, x) => absolute(x));
rule('HardSwish', gated(0.376));
rule('Swish com.microsoft:QuickGelu', (_, x) => withZero(x));
rule('Gelu com.microsoft:Gelu', gated(0.171));
rule('Mish', gated(0.309));
rule('LeakyRelu', ({ operation }, x) => scaledReach(x, floatAttribute(operation, 'alpha', 0.01)));
rule('Elu', ({ operation }, x) => scaledReach(x, floatAttribute(operation, 'alpha', 1)));
rule('Cast', ({ operation }, x) =>
  isFloat(typeName(intAttribute(operation, 'to', 0)) ?? '') ? withZero(x) : ALL,
);
rule('Dropout', (node, x) => (node.input(2) === null ? x : ALL));
rule('Resize Upsample', ({ operation }, x) =>
  stringAttribute(operation, 'mode', 'nearest') === 'cubic' ||
  stringAttribute(operation, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize'
    ? ALL
    : x,
);
rule('Add', (node) => all(node).reduce(sumOf));
rule('Sum', (node) => all(node).reduce(sumOf));
rule('Sub', (node) => sumOf(node.range(node.input(0)), negative(node.range(node.input(1)))));
rule('Mul', (node) => {
  const [a, b] = [node.input(0), node.input(1)];
  return a === b ? square(node.range(a)) : productRange(node.range(a), node.range(b));
});
rule('Div', (node) => {
  const divisor = reciprocalRange(node.range(node.input(1)));
  return divisor === null ? ALL : productRange(node.range(node.input(0)), divisor);
});
rule('Reciprocal', (_, x) => reciprocalRange(x) ?? ALL);
rule('Pow', power);
rule('Sqrt', (_, { lower, upper }) => outward(Math.sqrt(Math.max(0, lower)), Math.sqrt(Math.max(0, upper))));
rule('ReduceSum', sum);
rule('ReduceL1 ReduceL2', (node) => {
  const { lower, upper } = scaledBy(absolute(node.range(node.input(0))), countPerOutput(node));
  return { lower: Math.max(0, lower), upper };
});

function countPerOutput(node: Node): number {
  const input = productOf(node.shape(0) ?? [null]);
  const output = productOf(node.outputShape ?? [null]);
  return input === null || output === null || output === 0 ? Infinity : Math.ceil(input / output);
}

rule('ReduceSumSquare', (node) => {
  const { upper } = scaledBy(square(node.range(node.input(0))), countPerOutput(node));
  return { lower: 0, upper };
});
rule('Where', (node) => union([node.range(node.input(1)), node.range(node.input(2))]));

/**
 * The range of an output, from those of the inputs.
 * @param image of the operation by what else is known of it (the norms of a layer)
 */
export async function rangeOf(node: Node, image: Range): Promise<Range> {
  // Further outputs are statistics, masks and positions.
  if (node.output > 0 && node.operator !== 'Split') return ALL;
  const found = await rules.get(node.operator)?.(node, node.range(node.input(0)));
  return found === undefined ? image : intersection(found, image);
}

/** The range of a constant; everything where it is not known. */
export function rangeOfNumbers(numbers: ArrayLike<number> | null): Range {
  if (numbers === null || numbers.length === 0) return ALL;
  let [lower, upper] = [Infinity, -Infinity];
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i];
    if (Number.isNaN(x)) return ALL;
    lower = Math.min(lower, x);
    upper = Math.max(upper, x);
  }
  return { lower, upper };
}
