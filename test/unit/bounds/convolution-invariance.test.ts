import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundConvolution } from '../../../src/bounds/convolution';
import { Engine } from '../../../src/compute/engine';
import { denseNorm } from '../truth/dense-operator';
import { adjoint, type ConvolutionLayer, groupAlone, product, withWeight } from '../truth/layer';
import { convolutions, everyConvolution, isSmall, seeded } from '../truth/random';
import { expectEncloses, singularValueError, toBounds } from './layers';

const engine = new Engine('cpu');

describe('boundConvolution does not depend on', () => {
  const layers = convolutions({ ...everyConvolution, axes: [1, 2] });
  const scopes = ['any size', 'sized'] as const;
  const numRuns = 40;

  /** Both enclosures are of one number. */
  function expectConsistent(
    one: { lower: number; upper: number },
    other: { lower: number; upper: number },
    factor = 1,
  ): void {
    expect(other.lower).toBeLessThanOrEqual(one.upper * factor * (1 + 1e-12));
    expect(other.upper).toBeGreaterThanOrEqual(one.lower * factor * (1 - 1e-12));
    expect(Math.abs(other.upper - one.upper * factor)).toBeLessThanOrEqual(0.02 * one.upper * factor);
  }

  it('a power of two in the weights, to the last digit', async () => {
    await fc.assert(
      fc.asyncProperty(layers, fc.integer({ min: -300, max: 300 }), async ({ layer }, power) => {
        const factor = 2 ** power;
        const double = { ...layer, weight: Float64Array.from(layer.weight) };
        const scaled = withWeight(double, (at) => layer.weight[at] * factor);
        for (const scope of scopes) {
          const one = await boundConvolution(engine, toBounds(double, scope), null);
          const other = await boundConvolution(engine, toBounds(scaled, scope), null);
          expect([other.lower, other.upper]).toEqual([one.lower * factor, one.upper * factor]);
        }
      }),
      { numRuns },
    );
  });

  it('any other factor, but for rounding', async () => {
    await fc.assert(
      fc.asyncProperty(layers, fc.double({ min: 0.01, max: 100, noNaN: true }), async ({ layer }, factor) => {
        const double = { ...layer, weight: Float64Array.from(layer.weight) };
        const scaled = withWeight(double, (at) => -layer.weight[at] * factor);
        for (const scope of scopes) {
          const one = await boundConvolution(engine, toBounds(double, scope), 1e-3);
          const other = await boundConvolution(engine, toBounds(scaled, scope), 1e-3);
          expectConsistent(one, other, factor);
        }
      }),
      { numRuns },
    );
  });

  it('the order of the output channels of a group, and of the input channels', async () => {
    await fc.assert(
      fc.asyncProperty(layers, fc.integer(), async ({ layer: drawn }, seed) => {
        const layer = groupAlone(drawn, 0);
        const [outputs, inputs] = layer.shape;
        const taps = product(layer.shape.slice(2));
        const rows = shuffled(outputs, seed);
        const columns = shuffled(inputs, seed + 1);
        const permuted = withWeight(layer, (at) => {
          const [row, column] = [Math.floor(at / taps / inputs), Math.floor(at / taps) % inputs];
          return layer.weight[(rows[row] * inputs + columns[column]) * taps + (at % taps)];
        });
        for (const scope of scopes) {
          const one = await boundConvolution(engine, toBounds(layer, scope), 1e-3);
          expectConsistent(one, await boundConvolution(engine, toBounds(permuted, scope), 1e-3));
        }
      }),
      { numRuns },
    );
  });

  it('the direction in which an axis runs', async () => {
    await fc.assert(
      fc.asyncProperty(
        convolutions({ ...everyConvolution, transposed: [false] }),
        async ({ layer: drawn }) => {
          // At stride 1 the mirrored layer has the mirrored kernel and pads.
          const layer = { ...groupAlone(drawn, 0), strides: drawn.strides.map(() => 1) };
          fc.pre(isSmall(layer));
          const taps = product(layer.shape.slice(2));
          const axes = layer.strides.length;
          const mirrored = withWeight(
            { ...layer, pads: [...layer.pads.slice(axes), ...layer.pads.slice(0, axes)] },
            (at) => layer.weight[at - (at % taps) + (taps - 1 - (at % taps))],
          );
          for (const scope of scopes) {
            const one = await boundConvolution(engine, toBounds(layer, scope), 1e-3);
            expectConsistent(one, await boundConvolution(engine, toBounds(mirrored, scope), 1e-3));
          }
        },
      ),
      { numRuns },
    );
  });

  it('the order of the axes', async () => {
    await fc.assert(
      fc.asyncProperty(convolutions({ ...everyConvolution, axes: [2] }), async ({ layer }) => {
        const [a, b, height, width] = layer.shape;
        const swapped: ConvolutionLayer = {
          ...withWeight(layer, (at) => {
            const [x, y] = [Math.floor((at % (height * width)) / height), at % height];
            return layer.weight[at - (at % (height * width)) + y * width + x];
          }),
          shape: [a, b, width, height],
          strides: [...layer.strides].reverse(),
          dilations: [...layer.dilations].reverse(),
          pads: [1, 0, 3, 2].map((axis) => layer.pads[axis]),
          inputSize: [...layer.inputSize].reverse(),
          outputPadding: [...layer.outputPadding].reverse(),
        };
        for (const scope of scopes) {
          const one = await boundConvolution(engine, toBounds(layer, scope), 1e-3);
          expectConsistent(one, await boundConvolution(engine, toBounds(swapped, scope), 1e-3));
        }
      }),
      { numRuns },
    );
  });

  it('the other groups, to the last digit', async () => {
    await fc.assert(
      fc.asyncProperty(layers, async ({ layer }) => {
        for (const scope of scopes) {
          const found = await boundConvolution(engine, toBounds(layer, scope), null);
          for (let index = 0; index < layer.groups; index++) {
            const alone = await boundConvolution(engine, toBounds(groupAlone(layer, index), scope), null);
            expect([alone.lower, alone.upper]).toEqual([
              found.groups[index].lower,
              found.groups[index].upper,
            ]);
          }
        }
      }),
      { numRuns },
    );
  });

  it('whether the layer or its adjoint is stored', async () => {
    await fc.assert(
      fc.asyncProperty(convolutions({ ...everyConvolution, modes: ['zeros'] }), async ({ layer }) => {
        const twin = adjoint(layer);
        const norm = denseNorm({ ...twin, scale: 1 });
        const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
        expectEncloses(found, norm, singularValueError);
        expectEncloses(
          await boundConvolution(engine, toBounds(twin, 'sized'), null),
          norm,
          singularValueError,
        );
      }),
      { numRuns },
    );
  });
});

function shuffled(length: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length }, (_, index) => ({ index, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ index }) => index);
}
