/** Random operators of every kind, each with the truth of its norm: without any rounding wherever the weights allow it. */
import fc from 'fast-check';
import type { LowRankOperator, Operator } from '../../../src/model/model';
import type { Values } from '../../../src/bounds/values';
import type { Settings } from '../../../src/report/report';
import { convolutionOf, FakeTensor, matrixOf } from '../analysis/fakes';
import { anySizeGroupNorms } from '../truth/any-size';
import { denseOperator, groupNorms } from '../truth/dense-operator';
import { exactGram, exactly, type Fraction, times } from '../truth/exact';
import { type ConvolutionLayer, groupAlone, product } from '../truth/layer';
import { convolutions, everyConvolution, matrices, type Random, seeded } from '../truth/random';
import { separableLayers } from '../truth/separable';
import { largestSingularValue, transpose } from '../truth/singular-values';
import { exactTruth, quotientTruth, roundedTruth, type Truth } from './truths';

export interface Case {
  /** For the table: what is drawn. */
  readonly kind: string;
  readonly operator: Operator;
  readonly settings: Partial<Settings>;
  /** The norm of every group. */
  readonly truths: readonly Truth[];
}

/** Relative errors of the truths in float64: of a singular value, and of a supremum that is found from below. */
const SINGULAR_VALUE = 1e-12;
const SEARCH = 1e-9;
/** Order up to which decisions about integer matrices are fast. */
const EXACT_ORDER = 14;

/** Powers of two that integers are stored with: as float32, at both ends of float16, bfloat16 and float32, and of float64. */
const EXPONENTS = [0, 0, 0, -3, -24, -133, -149, 13, 124, -1060, -400, 900];

/** Share of the large layers, which take as long as all others together. */
const LARGE = 0.006;

const kinds: readonly ((random: Random, seed: number) => Case)[] = [
  integerMatrix,
  realMatrix,
  integerConvolution,
  integerConvolution,
  positiveConvolution,
  positiveConvolution,
  realConvolution,
  circulant,
  lowRank,
  diagonal,
  normalization,
];

/** The operator of a seed. */
export function caseOf(seed: number): Case {
  const random = seeded(seed);
  for (let k = 0; k < 4; k++) random();
  const kind = random() < LARGE ? largeConvolution : pick(random, kinds);
  return kind(random, Math.floor(random() * 2 ** 31));
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)];
}

function integer(random: Random, least: number, most: number): number {
  return least + Math.floor((most - least + 1) * random());
}

/** Neither the first draws, which are simple ones. */
function draw<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  return fc.sample(arbitrary, { seed, numRuns: 8 })[7];
}

/** Small integers times a power of two; the same element type as in files. */
function stored(integers: readonly number[], exponent: number): Values {
  const values = integers.map((value) => value * 2 ** exponent);
  const fits = values.every((value) => Math.fround(value) === value);
  return fits ? Float32Array.from(values) : Float64Array.from(values);
}

/** `scale` times `2^exponent`. */
function factorOf(scale: number, exponent: number): Fraction {
  const power = {
    numerator: 1n << BigInt(Math.max(0, exponent)),
    denominator: 1n << BigInt(Math.max(0, -exponent)),
  };
  return times(exactly(Math.abs(scale)), power);
}

/** Integers of a size that makes cancellation, repeated singular values, deficient rank and zeros likely. */
function integers(random: Random, length: number): number[] {
  const most = pick(random, [1, 1, 3, 100, 2 ** 11]);
  const zeros = pick(random, [0, 0, 0.5, 0.9]);
  return Array.from({ length }, () => (random() < zeros ? 0 : integer(random, -most, most)));
}

/** The exact norm of an integer matrix times a factor. */
function exactNorm(values: readonly number[], rows: number, columns: number, factor: Fraction): Truth {
  const matrix = { rows, columns, values: Float64Array.from(values) };
  const tall = rows >= columns ? matrix : transpose(matrix);
  const gram = exactGram(tall.values, tall.rows, tall.columns);
  const trace = gram.reduce((sum, value, at) => (at % (tall.columns + 1) === 0 ? sum + value : sum), 0n);
  return exactTruth(gram, tall.columns, factor, trace);
}

function tolerance(random: Random): Partial<Settings> {
  return { tolerance: pick(random, [null, null, 1e-2, 1e-4, 1e-8]) };
}

function integerMatrix(random: Random): Case {
  const short = integer(random, 1, 8);
  const long = integer(random, 1, 24);
  const [rows, columns] = random() < 0.5 ? [short, long] : [long, short];
  const exponent = pick(random, EXPONENTS);
  const scale = pick(random, [1, 1, -1, 0.5, 3, 0.1]);
  const blocks = pick(random, [1, 1, 3]);
  const all = Array.from({ length: blocks }, () => integers(random, rows * columns));
  const tensor = new FakeTensor([blocks, rows, columns], stored(all.flat(), exponent));
  return {
    kind: 'matrix',
    operator: matrixOf(tensor, rows, columns, { scale, blocks }),
    settings: tolerance(random),
    truths: all.map((values) => exactNorm(values, rows, columns, factorOf(scale, exponent))),
  };
}

function realMatrix(random: Random, seed: number): Case {
  const { rows, columns, values } = draw(matrices(pick(random, [12, 40, 230])), seed);
  const norm = largestSingularValue({ rows, columns, values: Float64Array.from(values) });
  return {
    kind: 'matrix',
    operator: matrixOf(new FakeTensor([rows, columns], values), rows, columns),
    settings: tolerance(random),
    truths: [roundedTruth(norm, SINGULAR_VALUE, SINGULAR_VALUE)],
  };
}

function drawnLayer(seed: number): ConvolutionLayer {
  return draw(convolutions(everyConvolution), seed).layer;
}

function kindOf(layer: ConvolutionLayer, sized: boolean): string {
  const what = layer.transposed ? 'transposed convolution' : 'convolution';
  return `${what} ${layer.strides.length}-D, ${sized ? `${layer.mode}, known size` : 'any size'}`;
}

/** On its input size, exact where the matrix is small. */
function integerConvolution(random: Random, seed: number): Case {
  const layer = drawnLayer(seed);
  // Truths in float64 need its whole precision.
  const exponent = Math.max(-400, pick(random, EXPONENTS));
  const values = integers(random, layer.weight.length);
  const plain: ConvolutionLayer = { ...layer, weight: Float64Array.from(values), scale: 1 };
  const truths = Array.from({ length: layer.groups }, (_, group) => {
    const alone = groupAlone(plain, group);
    const { rows, columns, values: entries } = denseOperator(alone);
    const factor = factorOf(layer.scale, exponent);
    if (Math.min(rows, columns) <= EXACT_ORDER) {
      return withoutRank(exactNorm(Array.from(entries), rows, columns, factor));
    }
    const norm =
      largestSingularValue({ rows, columns, values: entries }) * Math.abs(layer.scale) * 2 ** exponent;
    return roundedTruth(norm, SINGULAR_VALUE, SINGULAR_VALUE);
  });
  return {
    kind: kindOf(layer, true),
    operator: convolutionOf({ ...layer, weight: stored(values, exponent) }, true),
    settings: {},
    truths,
  };
}

/** A kernel's Frobenius norm is not that of the operator. */
function withoutRank({ exact, holds, description }: Truth): Truth {
  return { exact, holds, description };
}

/**
 * For any input size, exact: of a kernel without negative weights the symbol is largest at frequency 0, entry by entry and so
 * in norm. Signs that alternate from tap to tap move that to another frequency, and signs of channels nowhere.
 */
function positiveConvolution(random: Random, seed: number): Case {
  const layer: ConvolutionLayer = { ...drawnLayer(seed), mode: 'zeros' };
  const { weight, truths } = positiveWeights(random, layer);
  return {
    kind: kindOf(layer, false),
    operator: convolutionOf({ ...layer, weight }, false),
    settings: { tolerance: pick(random, [null, null, 1e-2, 1e-4]) },
    truths,
  };
}

/** The same with circular padding on inputs whose frequencies include that one, too large for an explicit matrix. */
function circulant(random: Random, seed: number): Case {
  const drawn = drawnLayer(seed);
  const most = [150, 9, 3][drawn.strides.length - 1];
  const inputSize = drawn.strides.map((stride) => 2 * stride * integer(random, Math.ceil(most / 2), most));
  const layer: ConvolutionLayer = { ...drawn, mode: 'circular', transposed: false, inputSize };
  const { weight, truths } = positiveWeights(random, layer);
  return {
    kind: 'circulant, known size',
    operator: convolutionOf({ ...layer, weight }, true, { padding: { mode: 'circular', amounts: null } }),
    settings: { tolerance: pick(random, [null, null, 1e-2, 1e-6]) },
    truths,
  };
}

/** Non-negative integers with signs that do not change the norm, as stored, and the norm: that of the sums of the taps. */
function positiveWeights(
  random: Random,
  layer: ConvolutionLayer,
): { weight: Values; truths: readonly Truth[] } {
  const { strides, groups, scale } = layer;
  const [first, second, ...kernel] = layer.shape;
  const taps = product(kernel);
  const exponent = pick(random, EXPONENTS);
  const sizes = integers(random, layer.weight.length).map(Math.abs);
  const alternating = kernel.map(() => random() < 0.5);
  const signs = Array.from({ length: first + second }, () => (random() < 0.5 ? 1 : -1));
  const perGroup = first / groups;
  const phases = product(strides);
  const columns = second * phases;
  const sums = Array.from({ length: groups }, () => new Array<number>(perGroup * columns).fill(0));
  const values = sizes.map((size, at) => {
    const offset = offsetOf(at % taps, layer);
    const pair = Math.floor(at / taps);
    const [row, channel] = [Math.floor(pair / second), pair % second];
    const phase = offset.reduce((sum, x, axis) => sum * strides[axis] + (x % strides[axis]), 0);
    sums[Math.floor(row / perGroup)][(row % perGroup) * columns + channel * phases + phase] += size;
    const flips = offset.reduce((sum, x, axis) => sum + (alternating[axis] ? x : 0), 0);
    return size === 0 ? 0 : size * signs[row] * signs[first + channel] * (flips % 2 === 0 ? 1 : -1);
  });
  return {
    weight: stored(values, exponent),
    truths: sums.map((sum) => withoutRank(exactNorm(sum, perGroup, columns, factorOf(scale, exponent)))),
  };
}

/** The norms of the factors of separable layers, on inputs of which some are too large for an explicit matrix. */
function largeConvolution(_: Random, seed: number): Case {
  const { layer, norms } = draw(separableLayers(['zeros', 'circular', 'reflect', 'replicate']), seed);
  return {
    kind: `separable, ${layer.mode}, known size`,
    operator: convolutionOf(layer, true),
    settings: {},
    truths: norms.map((norm) => roundedTruth(norm, SINGULAR_VALUE, SINGULAR_VALUE)),
  };
}

/** Where a tap reads, from the first one on. */
function offsetOf(tap: number, layer: ConvolutionLayer): number[] {
  const kernel = layer.shape.slice(2);
  const offset = kernel.map(() => 0);
  for (let axis = kernel.length - 1, rest = tap; axis >= 0; axis--) {
    offset[axis] = (rest % kernel[axis]) * layer.dilations[axis];
    rest = Math.floor(rest / kernel[axis]);
  }
  return offset;
}

function realConvolution(random: Random, seed: number): Case {
  const drawn = drawnLayer(seed);
  const sized = random() < 0.5;
  const layer: ConvolutionLayer = sized ? drawn : { ...drawn, mode: 'zeros' };
  const norms = sized ? groupNorms(layer) : anySizeGroupNorms(layer);
  return {
    kind: kindOf(layer, sized),
    operator: convolutionOf(layer, sized),
    settings: { tolerance: pick(random, [null, null, 1e-2]) },
    truths: norms.map((norm) => roundedTruth(norm, SINGULAR_VALUE, sized ? SINGULAR_VALUE : SEARCH)),
  };
}

function lowRank(random: Random): Case {
  const [rows, columns] = [integer(random, 1, 10), integer(random, 1, 10)];
  const rank = integer(random, 1, 6);
  const [left, right] = [integers(random, rows * rank), integers(random, rank * columns)];
  const values = Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += left[row * rank + k] * right[k * columns + column];
    return sum;
  });
  const [up, down] = [
    pick(random, EXPONENTS),
    pick(
      random,
      EXPONENTS.filter((e) => Math.abs(e) < 100),
    ),
  ];
  const scale = pick(random, [1, 2, 0.25, 16 / 3]);
  const operator: LowRankOperator = {
    kind: 'lowRank',
    up: new FakeTensor([rows, rank], stored(left, up)),
    down: new FakeTensor([rank, columns], stored(right, down)),
    ...{ rows, rank, columns, scale },
  };
  return {
    kind: 'low rank',
    operator,
    settings: tolerance(random),
    truths: [exactNorm(values, rows, columns, times(factorOf(scale, up), factorOf(1, down)))],
  };
}

/** A float32 or float64 number of any size. */
function anyNumber(random: Random): number {
  const value = (random() + 0.5) * 10 ** pick(random, [0, 0, 0, -3, 5, -20, 30, -44]);
  return random() < 0.5 ? value : Math.fround(value);
}

function diagonal(random: Random): Case {
  const length = integer(random, 1, 9);
  const epsilon = pick(random, [1e-5, 1e-3, Math.fround(1e-5), 0.25]);
  const gain = Float64Array.from({ length }, () =>
    random() < 0.1 ? 0 : anyNumber(random) * (random() < 0.5 ? -1 : 1),
  );
  const variance = Float64Array.from({ length }, () => (random() < 0.1 ? 0 : anyNumber(random)));
  return {
    kind: 'diagonal',
    operator: {
      kind: 'diagonal',
      gain: new FakeTensor([length], gain),
      variance: new FakeTensor([length], variance),
      epsilon,
    },
    settings: {},
    truths: [
      quotientTruth(Array.from(gain, (value, at) => ({ value, divisor: sumOf(variance[at], epsilon) }))),
    ],
  };
}

function sumOf(a: number, b: number): Fraction {
  const [x, y] = [exactly(a), exactly(b)];
  return {
    numerator: x.numerator * y.denominator + y.numerator * x.denominator,
    denominator: x.denominator * y.denominator,
  };
}

/** `||diag(gain) P|| / epsilon^(1/2)`, P the projection that takes the mean away, or the identity. */
function normalization(random: Random): Case {
  const size = integer(random, 1, 8);
  const exponent = pick(random, [0, -20, 30, -149]);
  const gain = integers(random, size);
  const centered = random() < 0.5;
  const epsilon = pick(random, [2 ** -16, 2 ** -20, 1]);
  // With n P = n I - J: an integer matrix, n times too large.
  const projection = (r: number, c: number) => (centered ? (r === c ? size - 1 : -1) : r === c ? size : 0);
  const values = Array.from(
    { length: size * size },
    (_, at) => gain[Math.floor(at / size)] * projection(Math.floor(at / size), at % size),
  );
  const factor = factorOf(1 / Math.sqrt(epsilon), exponent);
  return {
    kind: 'normalization',
    operator: {
      kind: 'normalization',
      gain: new FakeTensor([size], stored(gain, exponent)),
      epsilon,
      centered,
      size,
    },
    settings: {},
    truths: [
      withoutRank(
        exactNorm(values, size, size, { ...factor, denominator: factor.denominator * BigInt(size) }),
      ),
    ],
  };
}
