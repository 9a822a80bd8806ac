import { expect, it } from 'vitest';
import { symbolRatio, symbolRatios, USUAL_RATIO } from '../../../src/analysis/symbol-ratio';
import { polyphase } from '../../../src/bounds/kernel';
import { gaussianVector } from '../../../src/bounds/random';
import type { Tensor } from '../../../src/model/model';

import { DEFAULT_SETTINGS } from '../report/sample';
import { convolutionOf, FakeTensor } from './fakes';

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
  expect(await symbolRatio(polyphase(rough, layout, 0))).toBeGreaterThan(0.85);
  expect(await symbolRatio(polyphase(even, layout, 0))).toBeLessThan(0.5);
  expect(await symbolRatio(polyphase(new Float64Array(rough.length), layout, 0))).toBe(0);
});

it('is what is usual where a weight cannot be read', async () => {
  const readable = operatorOf(new FakeTensor(shape, Float32Array.from(even)));
  const unreadable = operatorOf(new FakeTensor(shape, new Error('the file is truncated')));
  const undefinedNorm = operatorOf(new FakeTensor(shape, Float32Array.from(rough).fill(NaN, 0, 1)));
  const none = await symbolRatios([], DEFAULT_SETTINGS);
  expect(none(readable)).toBe(USUAL_RATIO);
  const ratioOf = await symbolRatios([readable, unreadable, undefinedNorm], DEFAULT_SETTINGS);
  expect(ratioOf(readable)).toBeLessThan(0.5);
  expect(ratioOf(unreadable)).toBe(ratioOf(readable));
  expect(ratioOf(undefinedNorm)).toBe(ratioOf(readable));
});
