import { expect, it } from 'vitest';
import { flatnesses, flatnessOf, USUAL_FLATNESS } from '../../../src/analysis/flatness';
import { polyphase } from '../../../src/bounds/kernel';
import { Engine } from '../../../src/compute/engine';
import { gaussianVector } from '../../../src/bounds/random';
import type { Tensor } from '../../../src/model/model';

import { DEFAULT_SETTINGS } from '../report/sample';
import { orthogonalKernel, seeded } from '../truth/random';
import { convolutionOf, FakeTensor } from './fakes';

const engine = new Engine('cpu');
const shape = [24, 24, 3, 3];
const layout = {
  outChannels: 24,
  inChannelsPerGroup: 24,
  size: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  groups: 1,
};
const rough = gaussianVector(24 * 24 * 9, 5);
const even = rough.map((value) => 0.2 * value + 1);

function operatorOf(tensor: Tensor) {
  return convolutionOf(
    {
      weight: rough,
      shape,
      transposed: false,
      strides: [1, 1],
      dilations: [1, 1],
      groups: 1,
      mode: 'zeros',
      pads: [1, 1, 1, 1],
      inputSize: [8, 8],
      outputPadding: [0, 0],
      scale: 1,
    },
    false,
    { tensor },
  );
}

it('is near 1 for a kernel without structure, and far below for one with a single peak', async () => {
  const ratio = async (values: Float64Array) => (await flatnessOf(polyphase(values, layout, 0))).ratio;
  expect(await ratio(rough)).toBeGreaterThan(0.85);
  expect(await ratio(even)).toBeLessThan(0.5);
  expect(await ratio(new Float64Array(rough.length))).toBe(0);
});

it('tells isometries, with scaled channels or not, from kernels that are merely as high everywhere', async () => {
  const deviation = async (values: Float64Array) =>
    (await flatnessOf(polyphase(values, layout, 0))).deviation;
  const orthogonal = orthogonalKernel(seeded(1), 24, 24, [3, 3]);
  expect(await deviation(orthogonal)).toBeLessThan(1e-12);
  expect(await deviation(orthogonal.map((x, i) => x * (1 + Math.floor(i / (24 * 9)))))).toBeLessThan(1e-12);
  expect(await deviation(orthogonal.map((x, i) => x * (1 + (Math.floor(i / 9) % 24))))).toBeLessThan(1e-12);
  // 1e-3 on each of 9 taps and 24 channels, twice: about 2^(1/2) 1e-3 (9 24)^(1/2).
  const noisy = await deviation(orthogonal.map((value, i) => value + 1e-3 * rough[i]));
  expect(noisy).toBeGreaterThan(0.01);
  expect(noisy).toBeLessThan(0.04);
  expect(await deviation(rough)).toBeGreaterThan(0.15);
});

it('knows the mean over all frequencies, next to the highest', async () => {
  const mean = async (values: Float64Array) => (await flatnessOf(polyphase(values, layout, 0))).mean;
  expect(await mean(orthogonalKernel(seeded(1), 24, 24, [3, 3]))).toBeCloseTo(1, 9);
  // Nine taps that are alike: their sum at the peak is three times as high as what they are below each other.
  expect(await mean(Float64Array.from({ length: 24 * 24 * 9 }, () => 1))).toBeCloseTo(1 / 9, 9);
  expect(await mean(new Float64Array(rough.length))).toBe(0);
});

it('knows the sum of the norms of the taps, next to the highest', async () => {
  const taps = async (values: Float64Array) => (await flatnessOf(polyphase(values, layout, 0))).taps;
  // Nine taps that are alike add up where their phases are, and of the same norms with other signs, to less anywhere.
  expect(await taps(Float64Array.from({ length: 24 * 24 * 9 }, () => 1))).toBeCloseTo(1, 9);
  expect(await taps(rough)).toBeGreaterThan(2);
  expect(await taps(new Float64Array(rough.length))).toBe(1);
});

it('is what is usual where a weight cannot be read', async () => {
  const readable = operatorOf(new FakeTensor(shape, Float32Array.from(even)));
  const unreadable = operatorOf(new FakeTensor(shape, new Error('the file is truncated')));
  const undefinedNorm = operatorOf(new FakeTensor(shape, Float32Array.from(rough).fill(NaN, 0, 1)));
  const none = await flatnesses(engine, [], DEFAULT_SETTINGS);
  expect(none(readable)).toEqual(USUAL_FLATNESS);
  const of = await flatnesses(engine, [readable, unreadable, undefinedNorm], DEFAULT_SETTINGS);
  expect(of(readable).ratio).toBeLessThan(0.5);
  expect(of(unreadable)).toEqual({ ...of(readable), taps: Infinity, close: null });
  expect(of(undefinedNorm)).toBe(of(unreadable));
});

it('is that of most groups', async () => {
  // The first of seven groups is an isometry.
  const values = Float32Array.from({ length: 7 * 9 }, (_, i) => {
    const group = Math.floor(i / 9);
    return group === 0 ? Number(i % 9 === 4) : 1 + 0.1 * rough[i];
  });
  const layer = operatorOf(new FakeTensor([7, 1, 3, 3], values));
  const operator = { ...layer, groups: 7 };
  const { ratio, deviation } = (await flatnesses(engine, [operator], DEFAULT_SETTINGS))(operator);
  expect(ratio).toBeLessThan(0.6);
  expect(deviation).toBeGreaterThan(0.01);
});
