import { expect, it } from 'vitest';
import { polyphase, transposed } from '../../../../src/bounds/kernel';
import { autocorrelate, usualDeviation } from '../../../../src/bounds/symbols/autocorrelation';
import { steadierSide, usualDeviationOf } from '../../../../src/bounds/symbols/steadier-side';
import { Engine } from '../../../../src/compute/engine';
import { gaussian, orthogonalKernel, seeded } from '../../truth/random';

const channels = 12;
const taps = 9;
const shape = {
  ...{ outChannels: channels, inChannelsPerGroup: channels, groups: 1 },
  ...{ size: [3, 3], strides: [1, 1], dilations: [1, 1] },
};

function isometry(scale: (output: number, input: number) => number) {
  const values = orthogonalKernel(seeded(3), channels, channels, [3, 3]).map((x, at) => {
    const entry = Math.floor(at / taps);
    return x * scale(Math.floor(entry / channels), entry % channels);
  });
  return polyphase(values, shape, 0);
}

it('sees an isometry from the side where its channels are scaled', () => {
  const byOutput = isometry((output) => 1 + output);
  expect(steadierSide(byOutput)).toEqual(transposed(byOutput));
  expect(usualDeviationOf(byOutput)).toBeGreaterThan(1);
  expect(usualDeviationOf(steadierSide(byOutput))).toBeLessThan(1e-10);
  const byInput = isometry((_, input) => 1 + input);
  expect(steadierSide(byInput)).toBe(byInput);
});

it('leaves what is the same from either side, or larger from the other, as it is', () => {
  const random = seeded(4);
  const rough = polyphase(
    Float64Array.from({ length: channels ** 2 * taps }, () => gaussian(random)),
    shape,
    0,
  );
  expect(steadierSide(rough)).toBe(rough);
  const tall = { ...rough, rows: 2 * channels, columns: channels / 2 };
  expect(steadierSide(tall)).toBe(tall);
  const single = polyphase(rough.values.slice(0, channels ** 2), { ...shape, size: [1, 1] }, 0);
  expect(steadierSide(single)).toBe(single);
});

it('is about the root mean square over all frequencies', async () => {
  const engine = new Engine('cpu');
  for (let seed = 0; seed < 20; seed++) {
    const random = seeded(seed);
    const kernel = polyphase(
      Float64Array.from({ length: channels ** 2 * taps }, () => gaussian(random)),
      shape,
      0,
    );
    const truth = usualDeviation(await autocorrelate(engine, kernel));
    expect(usualDeviationOf(kernel)).toBeGreaterThan(truth / 2);
    expect(usualDeviationOf(kernel)).toBeLessThan(2 * truth);
  }
});
