import { describe, expect, it } from 'vitest';
import { axesOf } from '../../../../src/bounds/convolution';
import { polyphase, product } from '../../../../src/bounds/kernel';
import { lowerBounds, paddedOperator } from '../../../../src/bounds/padded/padded-operator';
import { waveStart } from '../../../../src/bounds/padded/wave-start';
import { gaussianVector } from '../../../../src/bounds/random';
import { boundAnySize } from '../../../../src/bounds/symbols/any-size';
import { Engine } from '../../../../src/compute/engine';

const engine = new Engine('cpu');
const STEPS = 10;

describe('waveStart', () => {
  it.each([
    { channels: 1, groups: 1, size: [3], strides: [1], dilations: [1], inputSize: [400] },
    { channels: 2, groups: 1, size: [3, 3], strides: [1, 1], dilations: [1, 1], inputSize: [48, 56] },
    { channels: 1, groups: 6, size: [5, 3], strides: [1, 1], dilations: [1, 1], inputSize: [64, 40] },
    { channels: 3, groups: 1, size: [3, 3], strides: [2, 2], dilations: [1, 1], inputSize: [97, 96] },
    { channels: 2, groups: 2, size: [3, 3], strides: [1, 1], dilations: [2, 1], inputSize: [96, 48] },
    { channels: 1, groups: 2, size: [4, 5], strides: [3, 2], dilations: [1, 1], inputSize: [150, 101] },
  ])('leaves less than two thirds of what a random start leaves of the norm: %j', async (layer) => {
    const { channels, inputSize, ...rest } = layer;
    const { groups, size } = rest;
    const shape = { ...rest, outChannels: groups * channels, inChannelsPerGroup: channels };
    const values = gaussianVector(groups * channels ** 2 * product(size), 7);
    const amounts = [...size, ...size].map((length) => Math.floor(length / 2));
    const axes = axesOf({ ...shape, values, padding: { mode: 'zeros', amounts }, inputSize }, inputSize);
    const operator = paddedOperator(values, shape, axes);
    const peaks = await Promise.all(
      Array.from({ length: groups }, (_, g) => boundAnySize(engine, polyphase(values, shape, g), 1e-4)),
    );
    const missing = async (frequencies: readonly (readonly number[] | undefined)[]) => {
      const start = waveStart(shape, axes, frequencies);
      const attained = await lowerBounds(engine, operator, 1, STEPS, start);
      return attained.map((norm, g) => 1 - norm / peaks[g].upper);
    };
    const random = await missing(peaks.map(() => undefined));
    const waves = await missing(peaks.map(({ frequency }) => frequency));
    waves.forEach((share, g) => {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThan((2 / 3) * random[g]);
    });
  });
});
