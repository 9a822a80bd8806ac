/** Kernels that are hard to enclose, through the product, against truths that are known exactly or to a stated error. */
import { describe, expect, it } from 'vitest';
import { encloseOperator, type OperatorEnclosure } from '../../../src/analysis/operator';
import { Engine } from '../../../src/compute/engine';
import type { ConvolutionOperator } from '../../../src/model/model';
import { convolutionOf } from '../analysis/fakes';
import { DEFAULT_SETTINGS } from '../report/sample';
import { compareWithEigenvalue, exactly, type Fraction, over, times } from '../truth/exact';
import { type ConvolutionLayer, product } from '../truth/layer';
import { seeded } from '../truth/random';

const engine = new Engine('cpu');

function enclose(
  layer: ConvolutionLayer,
  sized = false,
  rest: Partial<ConvolutionOperator> = {},
): Promise<OperatorEnclosure> {
  return encloseOperator(engine, convolutionOf(layer, sized, rest), DEFAULT_SETTINGS);
}

/** A layer of stride 1 without groups; weights by output, input and tap. */
function layerOf(
  [outputs, inputs, ...kernel]: readonly number[],
  weight: (output: number, input: number, tap: number) => number,
  rest: Partial<ConvolutionLayer> = {},
): ConvolutionLayer {
  const taps = product(kernel);
  const at = (index: number) =>
    weight(Math.floor(index / taps / inputs), Math.floor(index / taps) % inputs, index % taps);
  return {
    weight: Float64Array.from({ length: outputs * inputs * taps }, (_, index) => at(index)),
    shape: [outputs, inputs, ...kernel],
    transposed: false,
    strides: kernel.map(() => 1),
    dilations: kernel.map(() => 1),
    groups: 1,
    mode: 'zeros',
    pads: [...kernel, ...kernel].map((size) => Math.floor(size / 2)),
    inputSize: kernel.map((size) => size + 5),
    outputPadding: kernel.map(() => 0),
    scale: 1,
    ...rest,
  };
}

/** Around the root of a whole number times a unit, without any rounding, and not wider than asked for. */
function expectExactly(
  { lower, upper }: OperatorEnclosure,
  square: number,
  unit = 1,
  width = 1.001e-3,
): void {
  const scaled = (x: number): Fraction => {
    const y = over(exactly(x), exactly(unit));
    return times(y, y);
  };
  expect(compareWithEigenvalue(scaled(upper), [BigInt(square)], 1).atLeast).toBe(true);
  expect(compareWithEigenvalue(scaled(lower), [BigInt(square)], 1).above).toBe(false);
  expect(upper).toBeLessThanOrEqual(lower * (1 + width));
}

/** Points of a frequency's circle at which long kernels are evaluated. */
const POINTS = 2 ** 16;

/** `max |sum_a k_a exp(-i a w)|` over the points, and what it can be between them (Bernstein). */
function supremumOf(kernel: readonly number[]): { least: number; most: number } {
  const cosines = Float64Array.from({ length: POINTS }, (_, k) => Math.cos((2 * Math.PI * k) / POINTS));
  let largest = 0;
  for (let k = 0; k <= POINTS / 2; k++) {
    let [re, im] = [0, 0];
    kernel.forEach((value, a) => {
      const place = (a * k) % POINTS;
      re += value * cosines[place];
      im += value * cosines[(place + POINTS / 4) % POINTS];
    });
    largest = Math.max(largest, Math.hypot(re, im));
  }
  const reach = ((kernel.length - 1) / 2) * (Math.PI / POINTS);
  return { least: largest * (1 - 1e-12), most: (largest / Math.cos(reach)) * (1 + 1e-12) };
}

const long: readonly [string, (a: number) => number][] = [
  ['a wave: one peak, 1.5 degrees wide', (a) => Math.cos(1.2345678 * a + 0.3)],
  ['a chirp: no peak anywhere', (a) => Math.cos(0.006 * a * a)],
  ['two peaks, one barely higher', (a) => Math.cos(0.7 * a) + (1 + 1e-6) * Math.cos(2.1 * a)],
  ['a peak hidden on a plateau', (a) => (a === 127 ? 30 : 0) + 0.02 * Math.cos(2.9 * a)],
  ['alternating signs', (a) => (a % 2 === 0 ? 1 : -1)],
  ['a difference of order 4', (a) => [1, -4, 6, -4, 1][a] ?? 0],
];

describe('a kernel of 255 taps', () => {
  it.each(long)('%s', async (_, tap) => {
    const kernel = Array.from({ length: 255 }, (_, a) => tap(a));
    const { least, most } = supremumOf(kernel);
    for (const rest of [{}, { transposed: true }, { dilations: [3] }]) {
      const { lower, upper } = await enclose(layerOf([1, 1, 255], (_o, _i, a) => kernel[a], rest));
      expect(lower).toBeLessThanOrEqual(most);
      expect(upper).toBeGreaterThanOrEqual(least);
      expect(upper).toBeLessThanOrEqual(lower * (1 + 1.01e-3));
    }
  });

  it('in a channel of its own among others', async () => {
    // Channel 1 has a narrow peak of height 255 at its frequency, the others are flat and nearly as large.
    const kernel = Array.from({ length: 255 }, (_, a) => 2 * Math.cos(1.9 * a));
    const { least, most } = supremumOf(kernel);
    const flat = least * 0.98;
    const layer = layerOf([4, 4, 255], (o, i, a) =>
      o !== i ? 0 : o === 1 ? kernel[a] : a === 9 * o ? flat : 0,
    );
    const { lower, upper } = await enclose(layer);
    expect(lower).toBeLessThanOrEqual(most);
    expect(upper).toBeGreaterThanOrEqual(least);
    expect(upper).toBeLessThanOrEqual(lower * (1 + 1.01e-3));
  });
});

describe('a convolution that permutes and shifts channels', () => {
  const channels = 6;
  const random = seeded(7);
  const order = Array.from({ length: channels }, (_, c) => (5 * c + 2) % channels);
  const signs = order.map(() => (random() < 0.5 ? 3 : -3));

  it.each([[[7]], [[3, 3]], [[3, 2, 3]]])('has its norm at every frequency: kernel %j', async (kernel) => {
    const taps = product(kernel);
    const shifts = order.map(() => Math.floor(taps * random()));
    const weight = (o: number, i: number, tap: number) =>
      i === order[o] && tap === shifts[o] ? signs[o] : 0;
    for (const strides of [1, 2]) {
      for (const transposed of [false, true]) {
        const rest = { strides: kernel.map(() => strides), transposed };
        // All singular values are equal, on the symbol and, with stride 1, on the torus.
        expectExactly(await enclose(layerOf([channels, channels, ...kernel], weight, rest)), 9, 1, 1e-5);
      }
    }
    const circular = layerOf([channels, channels, ...kernel], weight, {
      mode: 'circular',
      inputSize: kernel.map(() => [400, 16, 6][kernel.length - 1]),
    });
    const same = { padding: { mode: 'circular', amounts: null } } as const;
    expectExactly(await enclose(circular, true, same), 9, 1, 1e-3);
  });

  it('has the norm of the repeated block, twice', async () => {
    // [[2, 1], [1, 2]] for every tap of three, in three copies: 3 times 3.
    const weight = (o: number, i: number) => (Math.floor(o / 2) !== Math.floor(i / 2) ? 0 : o === i ? 2 : 1);
    expectExactly(await enclose(layerOf([6, 6, 3], weight)), 81);
    expectExactly(await enclose(layerOf([6, 6, 3], weight, { transposed: true })), 81);
  });
});

describe('a symbol of rank one', () => {
  it.each([[[9]], [[3, 5]], [[2, 3, 2]]])('has the norm of its factors: kernel %j', async (kernel) => {
    const [left, right] = [
      [1, -2, 2],
      [3, 0, -4, 12],
    ];
    const sum = product(kernel) * 3 * 13;
    const weight = (o: number, i: number) => left[o] * right[i];
    expectExactly(await enclose(layerOf([3, 4, ...kernel], weight)), sum ** 2);
    expectExactly(await enclose(layerOf([3, 4, ...kernel], weight, { transposed: true })), sum ** 2);
  });

  it('depthwise: the largest channel, and each by itself', async () => {
    const layer = layerOf([5, 1, 3, 3], (o) => o + 1, { groups: 5 });
    const found = await enclose(layer);
    expectExactly(found, 45 ** 2);
    found.groups?.forEach((group, index) => expectExactly({ ...found, ...group }, (9 * (index + 1)) ** 2));
  });

  it('strided by its own size: the norm of a matrix', async () => {
    // Every tap is a column: 9 columns of ones.
    const layer = layerOf([2, 1, 3, 3], () => 1, { strides: [3, 3], pads: [0, 0, 0, 0], inputSize: [9, 9] });
    for (const sized of [true, false]) expectExactly(await enclose(layer, sized), 18, 1, 1e-5);
  });
});

describe('weights at the ends of their types', () => {
  it.each([
    ['float16, largest', 65504],
    ['float16, least', 2 ** -24],
    ['bfloat16, largest', 255 * 2 ** 120],
    ['bfloat16, least', 2 ** -133],
    ['float32, largest', (2 ** 24 - 1) * 2 ** 104],
    ['float32, least', 2 ** -149],
    ['float64, huge', 2 ** 1015],
    ['float64, subnormal', 2 ** -1070],
  ])('%s', async (_, unit) => {
    // Where subnormal numbers end, neighbours are far apart.
    const width = unit < 2 ** -1060 ? 0.1 : 1e-3;
    const kernel = (rest: Partial<ConvolutionLayer>) => layerOf([2, 2, 3, 3], () => unit, rest);
    for (const rest of [{}, { transposed: true }, { scale: -1 }]) {
      expectExactly(await enclose(kernel(rest)), 18 ** 2, unit, width);
    }
    expectExactly(await enclose(kernel({ mode: 'circular' }), true), 18 ** 2, unit, width);
    expectExactly(await enclose(layerOf([3, 1, 1], () => unit)), 3, unit, width);
  });

  it('from one end to the other', async () => {
    // Beside 2^100 the rest is nothing, but it is there: the norm is larger than 2^100.
    const weight = (o: number, i: number) => (o === i ? 2 ** (100 - 60 * o) : o < i ? 2 ** -140 : 0);
    const { lower, upper } = await enclose(layerOf([4, 4, 2], (o, i, tap) => (tap === 0 ? weight(o, i) : 0)));
    expect(lower).toBeLessThanOrEqual(2 ** 100);
    expect(upper).toBeGreaterThan(2 ** 100);
    expect(upper).toBeLessThanOrEqual(lower * (1 + 1e-3));
  });
});
