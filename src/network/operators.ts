/**
 * The operators without weights and what each does to a bound, one entry each: how much the output can change when an
 * input does, in the three norms. docs/mathematics.md has the proofs of those that are not obvious.
 */
import { t } from '@vscode/l10n';
import { flagAttribute, intAttribute, intsAttribute, stringAttribute } from '../model/onnx/attributes';
import { listOf } from '../model/onnx/layout';
import type { Value } from '../model/onnx/program';
import { axesOf, axisOf, isKnown, productOf, type Dimension, type Shape } from '../model/onnx/shape';
import { padsOfPad } from '../model/onnx/shapes/windows';
import { isFloat, typeName } from '../model/onnx/types';
import { padsOf, windowOf, type Window } from '../model/onnx/window';
import { largestCopiesAnySize, type PaddingMode } from '../bounds/padded/padding';
import { roundUp } from '../bounds/rounding';
import {
  averageRows,
  isCoordinates,
  linearRows,
  LONGEST_AXIS,
  normsOfAxis,
  normsOfNearest,
  product,
  windowsPerElement,
} from './axis-maps';
import type { Node } from './node';
import { ofCopies, type PerNorm } from './norms';
import { productRange, reach, reciprocalRange } from './ranges';
import { inverseSquare, isStep, largestSlope, largestSlopeOn } from './scalar-functions';
import { alike, NO_CONSTANT, step, without, type Step } from './step';

export type StepRule = (node: Node) => Step | Promise<Step>;

const rules = new Map<string, StepRule>();

function rule(operators: string, of: StepRule): void {
  for (const operator of operators.split(/\s+/)) rules.set(operator, of);
}

/**
 * What an operation does to a bound.
 * @throws Unfit where it does not fit its operator
 */
export async function stepOf(node: Node): Promise<Step> {
  const { operator, operation } = node;
  if (isStep(operator)) {
    return without(node.dependents, 'unbounded', t('its result jumps from one value to another'));
  }
  const known = rules.get(operator);
  if (known !== undefined) return known(node);
  const slope = largestSlope(operator, operation);
  if (slope !== null) {
    const reason = slope < Infinity ? t('largest slope') : t('it jumps at its threshold');
    return step([[node.input(0), slope]], reason, slope < Infinity ? {} : { missing: 'unbounded' });
  }
  const range = node.range(node.input(0));
  const local = largestSlopeOn(operator, range);
  if (local !== null) {
    return local < Infinity
      ? step([[node.input(0), local]], t`largest slope on ${written(range)}`)
      : without([node.input(0)], 'unbounded', t('its slope has no bound'));
  }
  return without(node.dependents, 'unknown', t`no constant of ${operator} is known`);
}

function written({ lower, upper }: { readonly lower: number; readonly upper: number }): string {
  const short = (x: number): string =>
    x === Infinity ? 'inf' : x === -Infinity ? '-inf' : String(Number(x.toPrecision(3)));
  return `[${short(lower)}, ${short(upper)}]`;
}

// Elements that are moved, chosen or left out.

const moves: StepRule = (node) => step([[node.input(0), 1]], t('moves elements'));
rule('Reshape Flatten Squeeze Unsqueeze Transpose DepthToSpace SpaceToDepth', moves);
rule('Slice Split Trilu', (node) => step([[node.input(0), 1]], t('leaves elements out')));
rule('Dropout', (node) =>
  // Up to opset 6 an attribute says that it is not in training, later an input that it is.
  node.output === 0 &&
  node.input(2) === null &&
  (opsetOf(node) >= 7 || flagAttribute(node.operation, 'is_test'))
    ? step([[node.input(0), 1]], t('does nothing outside of training'))
    : without(node.dependents, 'unknown', t('it may be in training mode')),
);
rule('Cast CastLike', (node) => {
  const { operation } = node;
  const code =
    node.operator === 'Cast' ? intAttribute(operation, 'to', 0) : (node.input(1)?.info?.elementType ?? 0);
  return isFloat(typeName(code) ?? '')
    ? step([[node.input(0), 1]], t('another number format: its rounding is left out'), {
        shapesOf: values(node.input(1)),
      })
    : without([node.input(0)], 'unbounded', t('it rounds to integers'));
});
rule('Shape Size EyeLike RandomNormalLike RandomUniformLike', (node) =>
  step([], t('only the shape counts'), { shapesOf: values(node.input(0)) }),
);
rule('TopK', (node) =>
  node.output === 0 && intAttribute(node.operation, 'sorted', 1) !== 0
    ? step([[node.input(0), 1]], t('sorts: rearrangement brings vectors closer'))
    : without([node.input(0)], 'unbounded', t('positions jump')),
);

function values(value: Value | null): readonly Value[] {
  return value === null ? [] : [value];
}

/** Copies of each element: those of an axis of length one, or of a list of places. */
function copying(node: Node, copies: Dimension, what: string): Step {
  return copies === null
    ? without([node.input(0)], 'unknown', t('how often it copies an element is not known'))
    : step([[node.input(0), ofCopies(Math.max(1, copies))]], what);
}

rule('Expand Tile', (node) => {
  const [input, output] = [node.count(0), productOf(node.outputShape ?? [null])];
  return copying(
    node,
    input === null || output === null ? null : input === 0 ? 1 : Math.ceil(output / input),
    t('copies'),
  );
});

rule('Gather', async (node) => {
  const axis = axisOf(intAttribute(node.operation, 'axis', 0), node.shape(0)?.length ?? 0);
  const indices = await node.numbers(node.input(1));
  const length = axis === null ? null : (node.shape(0)?.[axis] ?? null);
  if (indices === null) return copying(node, node.count(1), t('chooses and copies'));
  const counts = new Map<number, number>();
  for (let i = 0; i < indices.length; i++) {
    const negative = indices[i] < 0;
    // Where the length is not known, -1 may be the same place as any other.
    if (negative && length === null) return copying(node, indices.length, t('chooses and copies'));
    const index = negative ? indices[i] + (length ?? 0) : indices[i];
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const most = [...counts.values()].reduce((a, b) => Math.max(a, b), 1);
  return copying(node, most, t('chooses and copies'));
});
rule('GatherElements GatherND', (node) => {
  const output = productOf(node.outputShape ?? [null]);
  return copying(node, output, t('chooses and copies'));
});

rule('Concat', (node) => {
  // The same value twice is two copies of it.
  const copies = new Map<Value, number>();
  for (const value of node.inputs) if (value !== null) copies.set(value, (copies.get(value) ?? 0) + 1);
  const parts = [...copies].map(([value, count]) => [value, ofCopies(count)] as const);
  return step(parts, t('puts values side by side'), { join: 'joint' });
});

rule('ScatterND ScatterElements Scatter', (node) => {
  const isPlain = stringAttribute(node.operation, 'reduction', 'none') === 'none';
  return isPlain
    ? step(
        [
          [node.input(0), 1],
          [node.input(2), 1],
        ],
        t('writes one value into another'),
        { join: 'joint' },
      )
    : without([node.input(0), node.input(2)], 'unknown', t('it combines elements'));
});

const paddingModes: Readonly<Record<string, PaddingMode>> = {
  constant: 'zeros',
  reflect: 'reflect',
  edge: 'replicate',
  wrap: 'circular',
};

rule('Pad com.microsoft:Pad', async (node) => {
  const mode = paddingModes[stringAttribute(node.operation, 'mode', 'constant')];
  if (mode === 'zeros') return step([[node.input(0), 1]], t('adds constants around'));
  const rank = node.shape(0)?.length;
  const pads = rank === undefined ? null : await padsOfPad(node.operation, rank, node.facts);
  if (mode === undefined || rank === undefined || pads === null || !isKnown(pads))
    return copying(node, null, '');
  const copies = Array.from({ length: rank }, (_, axis) =>
    largestCopiesAnySize({ mode, begin: pads[axis], end: pads[axis + rank] }),
  );
  return copying(node, productOf(copies), t`copies by ${mode} padding`);
});

// Sums and choices of several values.

/** Factors of a sum or a choice, each with the copies that broadcasting makes. */
function broadcastTerms(
  node: Node,
  inputs: readonly (Value | null)[],
  factor = 1,
): readonly (readonly [Value | null, PerNorm<number>])[] {
  return inputs
    .filter((value) => node.isDependent(value))
    .map((value) => [value, scaled(broadcast(node, value), factor)] as const);
}

/** The norms of the repetition that broadcasting is; infinite where the shapes are not known. */
function broadcast(node: Node, value: Value | null): PerNorm<number> {
  const copies = value === null ? 1 : node.copies(value);
  return copies === null ? NO_CONSTANT : ofCopies(copies);
}

function scaled(constant: PerNorm<number>, factor: number): PerNorm<number> {
  if (factor === 1) return constant;
  const of = (x: number): number => (x === 0 || factor === 0 ? 0 : roundUp(x * factor));
  return { L2: of(constant.L2), Linf: of(constant.Linf), L1: of(constant.L1) };
}

const UNKNOWN_BROADCAST = t(
  'the shapes of its inputs are not known, so one may be repeated any number of times',
);

function broadcasting(
  terms: ReturnType<typeof broadcastTerms>,
  reason: string,
  join: Step['join'] = 'sum',
): Step {
  const known = terms.every(([, constant]) => constant.L2 < Infinity);
  return step(terms, known ? reason : UNKNOWN_BROADCAST, { join });
}

/** A value that is added to itself is a term for each time. */
rule('Add Sub Sum', (node) => {
  const [a, b] = node.inputs;
  if (node.operator === 'Sub' && a === b)
    return step([], t('the difference of a value and itself'), { shapesOf: values(a) });
  return broadcasting(broadcastTerms(node, node.inputs), t('adds'));
});
rule('Mean', (node) =>
  broadcasting(broadcastTerms(node, node.inputs, 1 / node.inputs.length), t('averages')),
);
rule('Max Min', (node) =>
  broadcasting(
    broadcastTerms(node, [...new Set(node.inputs)]),
    t('takes one of its inputs at each place'),
    'joint',
  ),
);
rule('Clip', (node) =>
  // The limits are single numbers, which reach every element of the output.
  step(
    [
      [node.input(0), 1],
      ...[1, 2].flatMap((input) => {
        const limit = node.input(input);
        return node.isDependent(limit)
          ? [[limit, copiesOrUnknown(productOf(node.outputShape ?? [null]))] as const]
          : [];
      }),
    ],
    t('largest slope'),
    { join: 'joint' },
  ),
);

function copiesOrUnknown(copies: Dimension): PerNorm<number> {
  return copies === null ? NO_CONSTANT : ofCopies(copies);
}

rule('Where', (node) => {
  if (node.isDependent(node.input(0))) {
    return without(
      node.dependents,
      'unbounded',
      t('it jumps where its condition, which depends on the input, changes'),
    );
  }
  const branches = [...new Set([node.input(1), node.input(2)])];
  return broadcasting(broadcastTerms(node, branches), t('takes one of its inputs at each place'), 'joint');
});

// Products.

rule('Mul', (node) => {
  const [a, b] = [node.input(0), node.input(1)];
  return a === b ? squared(node) : multiplied(node, [a, b]);
});

function squared(node: Node): Step {
  const x = node.input(0);
  const largest = reach(node.range(x));
  return largest < Infinity
    ? step([[x, roundUp(2 * largest)]], t`largest slope on ${written(node.range(x))}`)
    : without([x], 'unbounded', t('the square of an activation'));
}

/** `|a b - a' b'| <= |b'| |a - a'| + |a| |b - b'|`, element by element. */
function multiplied(node: Node, factors: readonly (Value | null)[]): Step {
  const [a, b] = factors;
  const both = node.isDependent(a) && node.isDependent(b);
  const terms = [
    [a, b],
    [b, a],
  ].flatMap(([value, other]) => {
    if (!node.isDependent(value)) return [];
    return [[value, scaled(broadcast(node, value), reach(node.range(other)))] as const];
  });
  if (terms.every(([, constant]) => constant.L2 < Infinity)) {
    const [left, right] = factors.map((value) => written(node.range(value)));
    return step(
      terms,
      both ? t`a product of two activations within ${left} and ${right}` : t('largest factor'),
    );
  }
  if (both) return without(factors, 'unbounded', t('a product of two activations'));
  const [[, constant]] = terms.length > 0 ? terms : [[null, NO_CONSTANT] as const];
  const other = node.isDependent(a) ? b : a;
  return without(
    factors.filter((value) => node.isDependent(value)),
    'unknown',
    constant.L2 === Infinity && reach(node.range(other)) < Infinity
      ? UNKNOWN_BROADCAST
      : t('its factor is not known'),
  );
}

rule('Div', async (node) => {
  const [a, b] = [node.input(0), node.input(1)];
  if (!node.isDependent(b)) return dividedByConstant(node, a, await node.numbers(b));
  const divisor = reciprocalRange(node.range(b));
  if (divisor === null) {
    return without(node.dependents, 'unbounded', t('divides by an activation that may be zero'));
  }
  const quotient = [
    [a, reach(divisor)],
    [
      b,
      productRange(
        { lower: 0, upper: inverseSquare(node.range(b)) },
        { lower: 0, upper: reach(node.range(a)) },
      ).upper,
    ],
  ] as const;
  const terms = quotient.flatMap(([value, factor]) =>
    node.isDependent(value) ? [[value, scaled(broadcast(node, value), factor)] as const] : [],
  );
  return terms.every(([, constant]) => constant.L2 < Infinity)
    ? step(terms, t`divides by values in ${written(node.range(b))}`)
    : without(node.dependents, 'unbounded', t('a quotient of activations'));
});

function dividedByConstant(node: Node, value: Value | null, numbers: ArrayLike<number> | null): Step {
  if (numbers === null) return without([value], 'unknown', t('its divisor is not known'));
  let least = Infinity;
  for (let i = 0; i < numbers.length; i++) {
    const size = Math.abs(numbers[i]);
    if (!(size > 0)) return without([value], 'unbounded', t('its divisor is zero'));
    least = Math.min(least, size);
  }
  const constant = scaled(broadcast(node, value), roundUp(1 / least));
  return step([[value, constant]], constant.L2 < Infinity ? t('largest factor') : UNKNOWN_BROADCAST);
}

rule('Pow', async (node) => {
  const x = node.input(0);
  const exponent = node.isDependent(node.input(1)) ? null : await node.number(node.input(1));
  if (exponent === null)
    return without(node.dependents, 'unbounded', t('a power with an exponent that is no constant'));
  if (exponent === 1) return step([[x, 1]], t('largest slope'));
  if (exponent === 0) return step([], t('a constant'), { shapesOf: values(x) });
  if (exponent === 2) return squared(node);
  if (exponent === 0.5) {
    const slope = largestSlopeOn('Sqrt', node.range(x)) ?? Infinity;
    if (slope < Infinity) return step([[x, slope]], t`largest slope on ${written(node.range(x))}`);
  }
  if (exponent === -1 && inverseSquare(node.range(x)) < Infinity) {
    return step([[x, inverseSquare(node.range(x))]], t`largest slope on ${written(node.range(x))}`);
  }
  if (exponent > 1 && Number.isInteger(exponent) && reach(node.range(x)) < Infinity) {
    const slope = exponent * reach(node.range(x)) ** (exponent - 1) * (1 + 2 ** -40);
    if (slope < Infinity) return step([[x, slope]], t`largest slope on ${written(node.range(x))}`);
  }
  return without([x], 'unbounded', t`the slope of the power ${exponent} has no bound`);
});

rule('PRelu', (node) => {
  const [x, slope] = [node.input(0), node.input(1)];
  if (node.isDependent(slope))
    return without(node.dependents, 'unbounded', t('a product of two activations'));
  const range = node.range(slope);
  const largest = Math.max(1, reach(range));
  return largest < Infinity
    ? step([[x, scaled(broadcast(node, x), largest)]], t('largest slope'))
    : without([x], 'unknown', t('its slopes are not known'));
});

// Reductions. An output is made of m elements.

/** @param anySize what holds however many they are; null: nothing does */
const reduced = (
  of: (m: number) => PerNorm<number>,
  reasonOf: (m: number) => string,
  anySize: { readonly constant: PerNorm<number>; readonly reason: string } | null,
): StepRule => {
  return async (node) => {
    const m = await reducedCount(node);
    if (m !== null) return step([[node.input(0), of(m)]], reasonOf(m));
    return anySize === null
      ? without([node.input(0)], 'unknown', t('how many elements it takes together is not known'))
      : step([[node.input(0), anySize.constant]], anySize.reason);
  };
};

/** Number of elements that become one; null where unknown. */
async function reducedCount(node: Node): Promise<Dimension> {
  const shape = node.shape(0);
  if (shape === null) return null;
  if (node.operation.opType.startsWith('Global')) return productOf(shape.slice(2)) || null;
  const given = await listOf(node.operation, 'axes', 1, node.facts);
  if (given === null) return null;
  if (given === undefined || given.length === 0) {
    return flagAttribute(node.operation, 'noop_with_empty_axes') ? 1 : productOf(shape) || null;
  }
  const axes = axesOf(given, shape.length);
  return axes === null ? null : productOf(axes.map((axis) => shape[axis])) || null;
}

const root = (m: number): number => Math.sqrt(m) * (1 + 2 ** -52);
const average = reduced(
  (m) => ({ L2: m === 1 ? 1 : roundUp(1 / Math.sqrt(m)), Linf: 1, L1: m === 1 ? 1 : roundUp(1 / m) }),
  (m) => t`average of ${m}`,
  { constant: alike(1), reason: t('average') },
);
const total = reduced(
  (m) => ({ L2: m === 1 ? 1 : root(m), Linf: m, L1: 1 }),
  (m) => t`sum of ${m}`,
  null,
);
const euclidean = reduced(
  (m) => ({ L2: 1, Linf: m === 1 ? 1 : root(m), L1: 1 }),
  (m) => t`Euclidean norm of ${m}`,
  { constant: { L2: 1, Linf: Infinity, L1: 1 }, reason: t('Euclidean norm') },
);
rule('ReduceMean GlobalAveragePool', average);
rule('ReduceSum ReduceL1', total);
rule('ReduceL2', euclidean);
rule('GlobalLpPool', (node) => {
  const p = intAttribute(node.operation, 'p', 2);
  return p === 1
    ? total(node)
    : p === 2
      ? euclidean(node)
      : without([node.input(0)], 'unknown', t`the p-norm of p = ${p}`);
});
rule('ReduceMax ReduceMin GlobalMaxPool', (node) => step([[node.input(0), 1]], t('takes one element')));
rule('ReduceLogSumExp', (node) => step([[node.input(0), 1]], t('its derivative is a softmax')));
rule('ReduceSumSquare', async (node) => {
  const x = node.input(0);
  const m = await reducedCount(node);
  const largest = reach(node.range(x));
  if (m === null || !(largest < Infinity)) return without([x], 'unbounded', t('the square of an activation'));
  const slope = roundUp(2 * largest);
  return step(
    [[x, { L2: roundUp(slope * root(m)), Linf: roundUp(slope * m), L1: slope }]],
    t`sum of squares on ${written(node.range(x))}`,
  );
});
rule('CumSum', async (node) => {
  const axis = await node.number(node.input(1));
  const shape = node.shape(0);
  const at = axis === null || shape === null ? null : axisOf(axis, shape.length);
  const n = at === null ? null : (shape?.[at] ?? null);
  if (n === null)
    return without([node.input(0)], 'unknown', t('how many elements it takes together is not known'));
  // The largest singular value of the triangular matrix of ones.
  const L2 = roundUp(0.5 / Math.sin(Math.PI / (4 * n + 2)));
  return step([[node.input(0), { L2, Linf: n, L1: n }]], t`running sums of ${n}`);
});

rule('Softmax', (node) => step([[node.input(0), 0.5]], t('its derivative is diag(p) - p p^T')));
rule('LogSoftmax', (node) => {
  const shape = node.shape(0);
  const axis =
    shape === null
      ? null
      : axisOf(intAttribute(node.operation, 'axis', opsetOf(node) < 13 ? 1 : -1), shape.length);
  // Up to opset 12 it takes all axes from this one on together.
  const n =
    shape === null || axis === null ? null : opsetOf(node) < 13 ? productOf(shape.slice(axis)) : shape[axis];
  if (n === null)
    return without([node.input(0)], 'unknown', t('how many elements it takes together is not known'));
  return step(
    [[node.input(0), { L2: root(n), Linf: 2, L1: Math.max(1, n - 1) }]],
    t`its derivative is I - 1 p^T of ${n}`,
  );
});

function opsetOf({ operation }: Node): number {
  return operation.opset === 0 ? Infinity : operation.opset;
}

const ATTENTION = `Attention com.microsoft:Attention com.microsoft:MultiHeadAttention com.microsoft:PackedAttention
  com.microsoft:PackedMultiHeadAttention com.microsoft:DecoderAttention com.microsoft:DecoderMaskedSelfAttention
  com.microsoft:DecoderMaskedMultiHeadAttention com.microsoft:GroupQueryAttention com.microsoft:LongformerAttention
  com.microsoft:SparseAttention com.microsoft:QAttention com.microsoft:PagedAttention`;
rule(ATTENTION, (node) =>
  // H. Kim, G. Papamakarios, A. Mnih: The Lipschitz Constant of Self-Attention, 2021, theorem 3.1.
  without(node.dependents, 'unbounded', t('dot-product attention has no Lipschitz constant')),
);
rule('LSTM GRU RNN', (node) =>
  without(node.dependents, 'unknown', t('it is not followed through the steps of its sequence')),
);
rule('LpNormalization', (node) =>
  without([node.input(0)], 'unbounded', t('divides by a norm that may be zero')),
);
rule('MeanVarianceNormalization', (node) =>
  without([node.input(0)], 'unbounded', t('divides by a deviation that may be zero')),
);

// Windows.

function spatial(shape: Shape | null): Shape | null {
  return shape === null ? null : shape.slice(2);
}

rule('MaxPool', (node) => {
  if (node.output !== 0) return without([node.input(0)], 'unbounded', t('positions jump'));
  const window = windowOf(node.operation, null);
  const windows = windowsOf(node, window);
  return step([[node.input(0), ofCopies(windows)]], t`an element is in up to ${windows} windows`);
});

/** How many windows hold one element: never more than there are. */
function windowsOf(node: Node, window: Window): number {
  const outputs = spatial(node.outputShape);
  return window.kernel.reduce((all, kernel, axis) => {
    const count = windowsPerElement(kernel, window.strides[axis], window.dilations[axis]);
    return all * Math.min(count, outputs?.[axis] ?? Infinity);
  }, 1);
}

rule('LpPool', (node) => {
  const p = intAttribute(node.operation, 'p', 2);
  const window = windowOf(node.operation, null);
  const windows = ofCopies(windowsOf(node, window));
  const size = window.kernel.reduce((count, kernel) => count * kernel, 1);
  if (p !== 1 && p !== 2) return without([node.input(0)], 'unknown', t`the p-norm of p = ${p}`);
  const [L2, Linf] = p === 1 ? [roundUp(windows.L2 * root(size)), size] : [windows.L2, root(size)];
  return step([[node.input(0), { L2, Linf, L1: windows.L1 }]], t('norms of windows'));
});

rule('AveragePool', (node) => {
  const window = windowOf(node.operation, null);
  const sizes = spatial(node.shape(0));
  const outputs = spatial(node.outputShape);
  const pads = padsOf(window, sizes);
  const counted = flagAttribute(node.operation, 'count_include_pad');
  const unpadded = pads?.every((amount) => amount === 0) ?? false;
  const partial = flagAttribute(node.operation, 'ceil_mode');
  const rank = window.kernel.length;
  const axes = window.kernel.map((kernel, axis): PerNorm<number> => {
    const stride = window.strides[axis];
    const dilation = window.dilations[axis];
    const [inputs, count] = [sizes?.[axis] ?? null, outputs?.[axis] ?? null];
    const often = windowsPerElement(kernel, stride, dilation);
    const isWhole = !partial && (counted || unpadded) && kernel <= LONGEST_AXIS;
    const anySize = ofAverages(kernel, stride, dilation, often, isWhole);
    if (
      partial ||
      pads === null ||
      inputs === null ||
      count === null ||
      Math.max(inputs, count, kernel * Math.ceil(count / 64)) > LONGEST_AXIS
    )
      return anySize;
    const written = normsOfAxis(
      averageRows(
        inputs,
        count,
        { kernel, stride, dilation, pads: [pads[axis], pads[axis + rank]] },
        counted,
      ),
      inputs,
    );
    return smaller(written, anySize);
  });
  return step([[node.input(0), product(axes)]], t('averages over windows'));
});

/**
 * Averages on an axis of any size. Whole windows are a convolution, whose symbol is largest at frequency zero, where each
 * residue modulo the stride sums its taps; of windows that are cut off all that is known is that they average.
 */
function ofAverages(
  kernel: number,
  stride: number,
  dilation: number,
  often: number,
  whole: boolean,
): PerNorm<number> {
  if (!whole) return { ...ofCopies(often), Linf: 1 };
  const taps = new Map<number, number>();
  for (let tap = 0; tap < kernel; tap++) {
    const residue = (tap * dilation) % stride;
    taps.set(residue, (taps.get(residue) ?? 0) + 1);
  }
  const squares = [...taps.values()].reduce((sum, count) => sum + count * count, 0);
  return { L2: roundUp(Math.sqrt(squares) / kernel), Linf: 1, L1: roundUp(often / kernel) };
}

function smaller(a: PerNorm<number>, b: PerNorm<number>): PerNorm<number> {
  return { L2: Math.min(a.L2, b.L2), Linf: Math.min(a.Linf, b.Linf), L1: Math.min(a.L1, b.L1) };
}

rule('Resize Upsample', async (node) => {
  const { operation } = node;
  const unknown = (reason: string): Step => without([node.input(0)], 'unknown', reason);
  const [input, output] = [node.shape(0), node.outputShape];
  if (input === null || output === null || !isKnown(input) || !isKnown(output))
    return unknown(t('its sizes are not known'));
  const mode = stringAttribute(operation, 'mode', 'nearest');
  const isOld = operation.opType === 'Upsample' || opsetOf(node) < 11;
  const coordinates = isOld
    ? 'asymmetric'
    : stringAttribute(operation, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = isOld ? 'floor' : stringAttribute(operation, 'nearest_mode', 'round_prefer_floor');
  if (!isCoordinates(coordinates)) return unknown(t`its coordinates are ${coordinates}`);
  if (flagAttribute(operation, 'antialias')) return unknown(t('it filters before it resizes'));
  if (mode !== 'nearest' && mode !== 'linear') return unknown(t`interpolation of the kind ${mode}`);
  const given = await scalesOf(node, input.length);
  const axes = input.map((inputs, axis): PerNorm<number> => {
    const outputs = output[axis];
    const scale = given?.[axis] ?? outputs / inputs;
    if (inputs === outputs && scale === 1) return alike(1);
    if (inputs === 0 || Math.max(inputs, outputs) > LONGEST_AXIS) return NO_CONSTANT;
    // Runtimes do not agree on what the first versions choose when they leave elements out.
    if (isOld && scale < 1) return ofCopies(2);
    return mode === 'nearest'
      ? normsOfNearest(coordinates, inputs, outputs, scale, rounding)
      : normsOfAxis(linearRows(coordinates, inputs, outputs, scale), inputs);
  });
  const constant = product(axes);
  return constant.L2 < Infinity
    ? step([[node.input(0), constant]], t`${mode} interpolation`)
    : unknown(t('its axes are too long'));
});

/** The scales in the file; null where it gives the sizes instead, or scales of some axes only. */
async function scalesOf(node: Node, rank: number): Promise<readonly number[] | null> {
  const isOld = node.operation.opType === 'Upsample' || node.inputs.length === 2;
  const value = node.input(isOld ? 1 : 2);
  const scales = value === null ? null : await node.numbers(value);
  if (intsAttribute(node.operation, 'axes') !== null || scales?.length !== rank) return null;
  return Array.from(scales);
}

// Products of matrices that are both activations; those with a constant are layers.

rule('MatMul', (node) => {
  const [a, b] = [node.input(0), node.input(1)];
  const [left, right] = [node.shape(0), node.shape(1)];
  const output = node.outputShape;
  const ranges = [a, b].map((value) => reach(node.range(value)));
  if (!(Math.max(...ranges) < Infinity)) {
    return node.dependents.length === 1
      ? without(node.dependents, 'unknown', t('its factor is not known'))
      : without(node.dependents, 'unbounded', t('a product of two activations'));
  }
  if (!left || !right || !output || left.length < 2 || right.length < 2 || !sameBatch(left, right)) {
    return without(node.dependents, 'unknown', t('a product of two activations of unknown shapes'));
  }
  const [m, k] = left.slice(-2);
  const n = right[right.length - 1];
  if (m === null || k === null || n === null)
    return without(node.dependents, 'unknown', t('a product of two activations of unknown shapes'));
  // Frobenius norm times spectral norm, at most the root of rows times columns of the other factor's largest element.
  const [ofA, ofB] = ranges;
  const terms = [
    [a, { L2: ofB * root(k * n), Linf: ofB * k, L1: ofB * n }],
    [b, { L2: ofA * root(m * k), Linf: ofA * k, L1: ofA * m }],
  ] as const;
  return step(
    terms
      .filter(([value]) => node.isDependent(value))
      .map(([value, constant]) => [value, scaled(constant, 1 + 2 ** -40)]),
    t`a product of two activations within ${written(node.range(a))} and ${written(node.range(b))}`,
  );
});

function sameBatch(left: Shape, right: Shape): boolean {
  const [a, b] = [left.slice(0, -2), right.slice(0, -2)];
  return a.length === b.length && a.every((length, axis) => length !== null && length === b[axis]);
}
