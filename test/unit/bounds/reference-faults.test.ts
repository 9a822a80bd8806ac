/**
 * Where the Gram iterations of orthogonium's `get_conv_sv` answer wrongly or loosely: the truth is inside our enclosure, and
 * that answer is not the truth.
 */
import { describe, expect, it } from 'vitest';
import { boundConvolution } from '../../../src/bounds/convolution';
import { boundConvolutionByGram } from '../../../src/bounds/gram/gram-convolution';
import { stableRank } from '../../../src/bounds/stable-rank';
import { Engine } from '../../../src/compute/engine';
import { anySizeNorm, symbolOf } from '../truth/any-size';
import { denseNorm } from '../truth/dense-operator';
import { type GoldenConvolution, goldenConvolutions } from '../truth/golden';
import { correlationBound } from '../truth/gram';
import { adjoint, type ConvolutionLayer, product } from '../truth/layer';
import { expectEncloses, searchError, singularValueError, toBounds } from './layers';

const engine = new Engine('cpu');

function golden(name: string): GoldenConvolution {
  const found = goldenConvolutions().find((one) => one.name === name);
  if (!found) throw new Error(name);
  return found;
}

function layerOf(
  weight: readonly number[],
  kernel: readonly number[],
  changes: Partial<ConvolutionLayer> = {},
): ConvolutionLayer {
  const ones = kernel.map(() => 1);
  return {
    weight: Float32Array.from(weight),
    shape: [1, 1, ...kernel],
    transposed: false,
    strides: ones,
    dilations: ones,
    groups: 1,
    mode: 'zeros',
    pads: [...ones, ...ones].fill(0),
    inputSize: kernel.map((size) => size + 3),
    outputPadding: ones.map(() => 0),
    scale: 1,
    ...changes,
  };
}

describe('right where the reference is not', () => {
  it.each(['golden_11_conv2d', 'golden_12_conv2d', 'golden_13_conv2d'])(
    '1. groups are a maximum, not a product: %s',
    async (name) => {
      const { layer, sigmaAnySize, reference } = golden(name);
      const answer = product(reference?.sigmaPerGroup ?? []);
      const found = await boundConvolution(engine, toBounds(layer, 'any size'), null);
      expectEncloses(found, sigmaAnySize, searchError);
      expect(answer).toBeGreaterThan(1.5 * sigmaAnySize);
      expect(found.upper).toBeLessThan(answer);
    },
  );

  it('1. a product of groups below one is below the truth', async () => {
    const layer = layerOf([0.5, 0.25, 0.125, 0.5], [2], { shape: [2, 1, 2], groups: 2 });
    const answer = 0.75 * 0.625;
    const truth = anySizeNorm(layer);
    expect(answer).toBeLessThan(truth);
    expectEncloses(await boundConvolution(engine, toBounds(layer, 'any size'), null), truth, searchError);
  });

  it('2. kernels that are not square', async () => {
    // Its correlation is padded on both axes by the last side: of a column nothing but shift 0 is left.
    const column = layerOf([1, 1, 1, 1, 1], [5, 1]);
    const truth = anySizeNorm(column);
    const cropped = Math.hypot(...column.weight);
    expect(truth).toBeCloseTo(5, 12);
    expect(cropped).toBeLessThan(truth);
    expectEncloses(await boundConvolution(engine, toBounds(column, 'any size'), null), truth, searchError);
    for (const iterations of [1, 3]) {
      const byGram = await boundConvolutionByGram(engine, toBounds(column, 'any size'), iterations);
      expect(byGram.upper).toBeGreaterThanOrEqual(truth);
      expect(byGram.upper).toBeCloseTo(correlationBound(column, iterations), 8);
    }
    const { layer, sigmaAnySize, sigmaExact } = golden('golden_15_conv2d');
    expectEncloses(
      await boundConvolution(engine, toBounds(layer, 'any size'), null),
      sigmaAnySize,
      searchError,
    );
    expectEncloses(
      await boundConvolution(engine, toBounds(layer, 'sized'), null),
      sigmaExact,
      singularValueError,
    );
  });

  it('3. no input size is every input size, not that of the kernel', async () => {
    const pads = [1, 1, 1, 1];
    const layer = layerOf([2, 1, -1, 1, 2, 1, -1, 1, 2], [3, 3], { mode: 'circular', pads });
    const onKernelSize = denseNorm({ ...layer, inputSize: [3, 3] });
    const truth = anySizeNorm(layer);
    expect(onKernelSize).toBeLessThan(0.999 * truth);
    expectEncloses(await boundConvolution(engine, toBounds(layer, 'any size'), null), truth, searchError);
  });

  it('3. taps beyond a small input wrap, they are not cropped', async () => {
    const pads = [1, 1, 1, 1];
    const layer = layerOf([1, 1, 1, 1, 1, 1, 1, 1, 1], [3, 3], { mode: 'circular', pads, inputSize: [2, 2] });
    const truth = denseNorm(layer);
    // A transform of size 2 x 2 takes the first two taps of every axis.
    const cropped = symbolOf(layerOf([1, 1, 1, 1], [2, 2])).norm([0, 0]);
    expect(truth).toBeCloseTo(9, 12);
    expect(cropped).toBeCloseTo(4, 12);
    expectEncloses(await boundConvolution(engine, toBounds(layer, 'sized'), null), truth, singularValueError);
    const byGram = await boundConvolutionByGram(engine, toBounds(layer, 'sized'), 8);
    expectEncloses(byGram, truth, singularValueError);
    expect(byGram.upper).toBeLessThan(truth * 1.001);
  });

  it('4. zero kernels, groups and frequencies have numbers', async () => {
    // A group of zeros beside a kernel whose symbol vanishes at frequency 0.
    const layer = layerOf([1, -1, 0, 0], [2], {
      shape: [2, 1, 2],
      groups: 2,
      mode: 'circular',
      pads: [0, 1],
    });
    for (const scope of ['sized', 'any size'] as const) {
      for (const found of [
        await boundConvolution(engine, toBounds(layer, scope), null),
        await boundConvolutionByGram(engine, toBounds(layer, scope), 8),
      ]) {
        expect([found.groups[1].lower, found.groups[1].upper]).toEqual([0, 0]);
        expect(found.groups[0].upper).toBeGreaterThan(1.7);
        const rank = stableRank(found.groups);
        for (const value of [rank.value, rank.normalized, rank.lower, rank.upper]) {
          expect(Number.isFinite(value)).toBe(true);
        }
      }
    }
    const zero = layerOf([0, 0, 0, 0], [2, 2], { mode: 'circular', pads: [0, 0, 1, 1] });
    for (const scope of ['sized', 'any size'] as const) {
      const found = await boundConvolution(engine, toBounds(zero, scope), null);
      expect([found.lower, found.upper]).toEqual([0, 0]);
      expect(stableRank(found.groups)).toEqual({ value: 0, normalized: 0, lower: 0, upper: 0 });
    }
  });

  it.each(['golden_04_conv2d', 'golden_05_conv2d', 'golden_13_conv2d', 'golden_16_conv2d'])(
    '5. strides are taken into account: %s',
    async (name) => {
      const { layer, sigmaAnySize, frobenius, reference } = golden(name);
      const answer = Math.max(...(reference?.sigmaPerGroup ?? []));
      const found = await boundConvolution(engine, toBounds(layer, 'any size'), null);
      expectEncloses(found, sigmaAnySize, searchError);
      expect(found.upper).toBeLessThanOrEqual(1.05 * sigmaAnySize);
      expect(answer).toBeGreaterThan(1.2 * found.upper);
      const rank = stableRank(found.groups);
      expect(rank.normalized).toBeGreaterThan(1.2 * (reference?.stableRankNormalized ?? Infinity));
      if (layer.groups === 1) {
        const truth = (frobenius / sigmaAnySize) ** 2;
        expect(rank.lower).toBeLessThanOrEqual(truth * (1 + searchError));
        expect(rank.upper).toBeGreaterThanOrEqual(truth * (1 - searchError));
      }
    },
  );

  it('6. circular pads of an even kernel, or uneven ones, that repeat rows', async () => {
    for (const [taps, pads] of [
      [2, [1, 1]],
      [4, [2, 2]],
      [3, [3, 1]],
    ] as const) {
      const layer = layerOf(new Array<number>(taps).fill(1), [taps], {
        mode: 'circular',
        pads,
        inputSize: [6],
      });
      // The largest symbol on the grid of the input: every row counted once.
      const answer = taps;
      const truth = denseNorm(layer);
      expect(answer).toBeLessThan(truth * 0.97);
      expectEncloses(
        await boundConvolution(engine, toBounds(layer, 'sized'), null),
        truth,
        singularValueError,
      );
      const any = await boundConvolution(engine, toBounds(layer, 'any size'), null);
      for (const inputSize of [[3], [4], [6], [9], [20]]) {
        expect(any.upper).toBeGreaterThanOrEqual(
          denseNorm({ ...layer, inputSize }) * (1 - singularValueError),
        );
      }
      const byGram = await boundConvolutionByGram(engine, toBounds(layer, 'sized'), 3);
      expect(byGram.upper).toBeGreaterThanOrEqual(truth * (1 - singularValueError));
    }
  });

  it.each([
    ['1-D', layerOf([1, -2, 0.5, 3], [4], { pads: [1, 2] })],
    ['3-D', layerOf([...Array(12).keys()], [2, 3, 2], { pads: [0, 1, 0, 1, 1, 1] })],
    ['dilation', layerOf([1, 2, -3, 4], [2, 2], { dilations: [2, 3], inputSize: [6, 7] })],
    ['reflection', layerOf([1, 2, -3, 4], [2, 2], { mode: 'reflect', pads: [2, 1, 1, 2] })],
    ['replication', layerOf([1, 2, -3, 4], [2, 2], { mode: 'replicate', pads: [2, 1, 1, 2] })],
    ['transposition', adjoint(layerOf([1, 2, -3, 4, 5, 6], [3, 2], { strides: [2, 2], inputSize: [8, 9] }))],
  ])('7. more than square kernels of two dimensions: %s', async (_, layer) => {
    const truth = denseNorm(layer);
    const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expectEncloses(found, truth, singularValueError);
    expect(found.upper).toBeLessThanOrEqual(1.001 * truth);
    const any = await boundConvolution(engine, toBounds(layer, 'any size'), null);
    expect(any.upper).toBeGreaterThanOrEqual(truth);
    expect(any.upper).toBeGreaterThanOrEqual(anySizeNorm(layer) * (1 - singularValueError));
  });

  it('7. rounding is on the safe side', async () => {
    // The norm is exactly 9; sums in float32 of 1/3 and its like are not.
    const layer = layerOf(new Array<number>(9).fill(1), [3, 3]);
    const found = await boundConvolution(engine, toBounds(layer, 'any size'), null);
    expect(found.lower).toBeLessThanOrEqual(9);
    expect(found.upper).toBeGreaterThanOrEqual(9);
  });
});
