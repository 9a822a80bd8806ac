import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { climb, highestPeak } from '../../../../src/bounds/symbols/climb';
import { type PolyphaseKernel, polyphase } from '../../../../src/bounds/kernel';
import { UNIT_ROUNDOFF } from '../../../../src/bounds/rounding';
import { symbolError } from '../../../../src/bounds/symbols/symbol';
import { anySizeNorm, symbolOf } from '../../truth/any-size';
import { type ConvolutionLayer, groupAlone } from '../../truth/layer';
import { convolutions, everyConvolution, seeded } from '../../truth/random';
import { searchError } from '../layers';

const layers = convolutions({ ...everyConvolution, modes: ['zeros'] });

function kernelOf(layer: ConvolutionLayer): PolyphaseKernel {
  const shape = {
    outChannels: layer.shape[0],
    inChannelsPerGroup: layer.shape[1],
    size: layer.shape.slice(2),
    strides: layer.strides,
    dilations: layer.dilations,
    groups: 1,
  };
  return polyphase(layer.weight, shape, 0);
}

describe('climb', () => {
  it('answers a lower bound of the norm at a frequency that it names, from any start', async () => {
    await fc.assert(
      fc.asyncProperty(
        layers,
        fc.constantFrom(0, Math.PI, Math.PI / 2, 1),
        async ({ layer: drawn }, angle) => {
          const layer = groupAlone({ ...drawn, scale: 1 }, 0);
          const kernel = kernelOf(layer);
          const start = layer.strides.map(() => angle);
          const found = await climb(kernel, start, 12, symbolError(kernel, UNIT_ROUNDOFF));
          expect(found.norm).toBeLessThanOrEqual(anySizeNorm(layer) * (1 + searchError));
          // Angles beyond a few turns have no digits left for the place within one.
          for (const w of found.frequency) expect(Math.abs(w)).toBeLessThan(1e3);
          expect(found.norm).toBeLessThanOrEqual(symbolOf(layer).norm(found.frequency) * (1 + 1e-9));
        },
      ),
      { numRuns: 600 },
    );
  });

  it('does not leave the circle where the symbol vanishes at the start', async () => {
    for (const [weight, size] of [
      [
        [1, -2, 0, -2, -3, 2],
        [2, 3],
      ],
      [[1, -1, 0], [3]],
      [[1, -2, 1], [3]],
      [
        [1, 1, -1, -1],
        [2, 2],
      ],
      [[3, 0, -1, 2, 3, -2, -3, -1, -3], [9]],
    ] as const) {
      const ones = size.map(() => 1);
      const layer: ConvolutionLayer = {
        weight: Float64Array.from(weight),
        shape: [1, 1, ...size],
        transposed: false,
        strides: ones,
        dilations: ones,
        groups: 1,
        mode: 'zeros',
        pads: [...ones, ...ones],
        inputSize: size,
        outputPadding: ones,
        scale: 1,
      };
      const truth = anySizeNorm(layer);
      for (let corner = 0; corner < 2 ** size.length; corner++) {
        const start = size.map((_, axis) => ((corner >> axis) & 1) * Math.PI);
        const found = await climb(kernelOf(layer), start, 12, 0);
        expect(found.norm).toBeLessThanOrEqual(truth * (1 + searchError));
        for (const w of found.frequency) expect(Math.abs(w)).toBeLessThan(1e3);
      }
    }
  });

  it('mostly ends where nothing beside it is higher', async () => {
    let tried = 0;
    let ended = 0;
    await fc.assert(
      fc.asyncProperty(layers, fc.integer(), async ({ layer: drawn }, seed) => {
        const layer = groupAlone({ ...drawn, scale: 1 }, 0);
        const random = seeded(seed);
        const start = layer.strides.map(() => 2 * Math.PI * random());
        const { norm, frequency } = await climb(kernelOf(layer), start, 12, 0);
        const symbol = symbolOf(layer);
        const beside = frequency.flatMap((_, axis) =>
          [-0.02, 0.02].map((step) =>
            symbol.norm(frequency.map((w, other) => (other === axis ? w + step : w))),
          ),
        );
        tried++;
        if (Math.max(...beside) <= norm * (1 + 1e-3)) ended++;
      }),
      { numRuns: 300 },
    );
    expect(ended).toBeGreaterThan(0.9 * tried);
  });

  it('mostly reaches the highest peak', async () => {
    let reached = 0;
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(layers, async ({ layer: drawn }) => {
        const layer = groupAlone({ ...drawn, scale: 1 }, 0);
        const truth = anySizeNorm(layer);
        const { norm } = await highestPeak(kernelOf(layer));
        expect(norm).toBeLessThanOrEqual(truth * (1 + searchError));
        tried++;
        if (norm >= truth * (1 - 1e-2)) reached++;
      }),
      { numRuns: 150 },
    );
    expect(reached).toBeGreaterThan(0.7 * tried);
  });
});
