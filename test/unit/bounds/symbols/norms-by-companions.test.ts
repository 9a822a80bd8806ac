import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boundAnySize } from '../../../../src/bounds/symbols/any-size';
import { autocorrelate } from '../../../../src/bounds/symbols/autocorrelation';
import { polyphase, type PolyphaseKernel } from '../../../../src/bounds/kernel';
import { NormsByCholesky } from '../../../../src/bounds/symbols/norms-by-cholesky';
import { NormsByCompanions } from '../../../../src/bounds/symbols/norms-by-companions';
import { Companions } from '../../../../src/compute/companions';
import { Engine } from '../../../../src/compute/engine';
import { dist } from '../../product';
import { gaussian, seeded } from '../../truth/random';

const engine = new Engine('cpu');
const companions = new Companions(join(dist, 'companion.js'), 2);

function gaussianKernel(channels: number, seed: number): PolyphaseKernel {
  const random = seeded(seed);
  const values = Float64Array.from({ length: channels * channels * 9 }, () => gaussian(random));
  const shape = {
    outChannels: channels,
    inChannelsPerGroup: channels,
    groups: 1,
    size: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
  };
  return polyphase(values, shape, 0);
}

/** Frequencies with thresholds of which about half are above the norm. */
function questions(kernel: PolyphaseKernel, count: number) {
  const random = seeded(7);
  const typical = 2 * Math.sqrt(9 * kernel.columns);
  return {
    frequencies: Array.from({ length: count }, () => [6 * random() - 3, 6 * random() - 3]),
    thresholds: Array.from({ length: count }, () => typical * (0.8 + 0.4 * random())),
  };
}

describe('NormsByCompanions', () => {
  // Plain loops, and panels of products.
  it.each([24, 112])('gives the bounds of this process, %i channels', async (channels) => {
    const kernel = gaussianKernel(channels, channels);
    const autocorrelation = await autocorrelate(engine, kernel);
    const own = new NormsByCholesky(engine, autocorrelation);
    const shared = new NormsByCompanions(companions, autocorrelation, own);
    const { frequencies, thresholds } = questions(kernel, channels === 24 ? 1500 : 200);
    const expected = await own.upperBounds(frequencies, thresholds);
    expect(await shared.upperBounds(frequencies, thresholds)).toEqual(expected);
    expect(expected).toContain(Infinity);
    expect(expected.some((bound) => bound < Infinity)).toBe(true);
    // One at a time, and all at once.
    const singly = frequencies.map((frequency, i) => shared.upperBounds([frequency], [thresholds[i]]));
    expect((await Promise.all(singly)).flat()).toEqual(expected);
  });

  it('are those of its own kernel, whichever kernels are asked about at the same time', async () => {
    const kernels = await Promise.all(
      [1, 0.25, 4].map(async (factor) => {
        const kernel = gaussianKernel(112, 1);
        const scaled = { ...kernel, values: kernel.values.map((value) => factor * value) };
        const autocorrelation = await autocorrelate(engine, scaled);
        const own = new NormsByCholesky(engine, autocorrelation);
        return { own, shared: new NormsByCompanions(companions, autocorrelation, own) };
      }),
    );
    const { frequencies, thresholds } = questions(gaussianKernel(112, 1), 100);
    for (const asked of [kernels, [...kernels, ...kernels], kernels.toReversed()]) {
      const expected = await Promise.all(asked.map(({ own }) => own.upperBounds(frequencies, thresholds)));
      const found = asked.map(({ shared }) => shared.upperBounds(frequencies, thresholds));
      expect(await Promise.all(found)).toEqual(expected);
    }
  });

  it('goes on in this process where there are no companions any more', async () => {
    const kernel = gaussianKernel(112, 3);
    const gone = new Companions(join(dist, 'there-is-none.js'), 2);
    const alone = await boundAnySize(engine, kernel, 1e-2);
    const deserted = await boundAnySize(new Engine('cpu', undefined, gone), kernel, 1e-2);
    const shared = await boundAnySize(new Engine('cpu', undefined, companions), kernel, 1e-2);
    for (const { lower, upper } of [deserted, shared]) {
      expect(lower).toBeLessThanOrEqual(alone.upper);
      expect(upper).toBeGreaterThanOrEqual(alone.lower);
      expect(upper).toBeLessThanOrEqual(1.011 * lower);
    }
  });
});

describe('NormsByCholesky', () => {
  it('keeps questions apart that are asked at the same time', async () => {
    const kernel = gaussianKernel(112, 5);
    const norms = new NormsByCholesky(engine, await autocorrelate(engine, kernel));
    const { frequencies, thresholds } = questions(kernel, 60);
    const expected = await norms.upperBounds(frequencies, thresholds);
    const singly = frequencies.map((frequency, i) => norms.upperBounds([frequency], [thresholds[i]]));
    expect((await Promise.all(singly)).flat()).toEqual(expected);
  });
});
