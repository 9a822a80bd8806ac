import { expect, it } from 'vitest';
import { shareOfCloseGroups } from '../../../src/analysis/close-groups';
import type { ConvolutionLayer } from '../../../src/bounds/convolution';
import { Engine } from '../../../src/compute/engine';

const GROUPS = 20;

/** Depthwise means of three values along each axis, which a map a few rows high attains in part, scaled group by group. */
function layerOf(scales: readonly number[], inputSize: readonly number[] | null): ConvolutionLayer {
  return {
    values: Float64Array.from({ length: 9 * scales.length }, (_, i) => scales[Math.floor(i / 9)] / 9),
    outChannels: scales.length,
    inChannelsPerGroup: 1,
    size: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    groups: scales.length,
    padding: { mode: 'zeros', amounts: [1, 1, 1, 1] },
    inputSize,
  };
}

const share = (scales: readonly number[], inputSize: readonly number[] | null) =>
  shareOfCloseGroups(new Engine('cpu'), layerOf(scales, inputSize));
const scalesWith = (others: number) => Array.from({ length: GROUPS }, (_, g) => (g === 7 ? 1 : others));

it('is that of the groups that could exceed what the largest attains', async () => {
  // On two rows the mean attains (1 + 2 cos(pi / 3)) / 3 = 2/3 of its norm for any size.
  expect(await share(scalesWith(0.6), [2, 600])).toBeCloseTo(1.3 / GROUPS, 12);
  expect(await share(scalesWith(0.75), [2, 600])).toBe(1);
  // On eight, (1 + 2 cos(pi / 9)) / 3 = 0.96.
  expect(await share(scalesWith(0.9), [8, 600])).toBeCloseTo(1.3 / GROUPS, 12);
});

it('takes what any large group attains, not the largest alone', async () => {
  const layer = layerOf([...scalesWith(0.7)], [2, 600]);
  // The second largest is constant in height, so that it attains its norm on two rows as well as on many.
  const values = Float64Array.from(layer.values, (value, i) =>
    Math.floor(i / 9) !== 3 ? value : i % 9 >= 3 && i % 9 < 6 ? 0.3 : 0,
  );
  expect(await shareOfCloseGroups(new Engine('cpu'), { ...layer, values })).toBeCloseTo(
    (2 * 1.3) / GROUPS,
    12,
  );
});

it('knows that pads that copy raise all bounds', async () => {
  const layer = layerOf(scalesWith(0.8), [2, 600]);
  const replicate = { ...layer, padding: { mode: 'replicate', amounts: [1, 1, 1, 1] } } as const;
  expect(await shareOfCloseGroups(new Engine('cpu'), replicate)).toBe(1);
});

it('is not known for any size, for few groups, on large maps, and on those that are too large for a short look', async () => {
  expect(await share(scalesWith(0.7), null)).toBeNull();
  expect(await share([1, 1, 1], [2, 600])).toBeNull();
  expect(await share(scalesWith(0.7), [40, 40])).toBeNull();
  expect(await share(scalesWith(0.7), [2, 1e6])).toBeNull();
  const dilated = { ...layerOf(scalesWith(0.7), [2, 600]), dilations: [1e9, 1e9] };
  const long = { ...dilated, padding: { mode: 'zeros', amounts: [1e9, 1e9, 1e9, 1e9] } } as const;
  expect(await shareOfCloseGroups(new Engine('cpu'), long)).toBeNull();
  expect(await shareOfCloseGroups(new Engine('cpu'), dilated)).toBeNull();
  expect(await share(scalesWith(0), [2, 600])).not.toBeNull();
  expect(await share(scalesWith(0).fill(0), [2, 600])).toBeNull();
  const sparse = { ...layerOf(scalesWith(0.7), [1e5, 1e5]), strides: [1e5, 1e5] };
  const circular = { ...sparse, padding: { mode: 'circular', amounts: [1, 1, 1, 1] } } as const;
  expect(await shareOfCloseGroups(new Engine('cpu'), circular)).toBeNull();
});
