import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundAnySize } from '../../../../src/bounds/symbols/any-size';
import { startingFrequencies } from '../../../../src/bounds/symbols/climb';
import { type KernelShape, polyphase } from '../../../../src/bounds/kernel';
import type { Enclosure } from '../../../../src/bounds/rounding';
import { Engine } from '../../../../src/compute/engine';
import { anySizeGroupNorms, anySizeNorm } from '../../truth/any-size';
import { type ConvolutionLayer, groupAlone, withWeight } from '../../truth/layer';
import { convolutions, everyConvolution, matrixFamilies, seeded } from '../../truth/random';
import { largestSingularValue } from '../../truth/singular-values';
import { Float32Engine, UnluckyEngine } from '../rounding-engine';

const zeros = { ...everyConvolution, modes: ['zeros'], axes: [1, 1, 2, 2, 3] } as const;
/** The truth is a maximum found by search: from below, and so good. */
const truthError = 1e-10;

/** The group of a layer, scaled by a power of two so that its largest value is about 1. */
function normalized(layer: ConvolutionLayer, group: number): ConvolutionLayer {
  const alone = groupAlone({ ...layer, scale: 1 }, group);
  let largest = 0;
  for (const value of alone.weight) largest = Math.max(largest, Math.abs(value));
  const unit = largest > 0 ? 2 ** Math.floor(Math.log2(largest)) : 1;
  return withWeight({ ...alone, weight: Float64Array.from(alone.weight) }, (at) => alone.weight[at] / unit);
}

function bound(engine: Engine, layer: ConvolutionLayer, tolerance: number): Promise<Enclosure> {
  const shape: KernelShape = {
    outChannels: layer.shape[0],
    inChannelsPerGroup: layer.shape[1],
    size: layer.shape.slice(2),
    strides: layer.strides,
    dilations: layer.dilations,
    groups: 1,
  };
  return boundAnySize(engine, polyphase(layer.weight, shape, 0), tolerance);
}

function kernel(
  weight: readonly number[],
  size: readonly number[],
  changes: Partial<ConvolutionLayer> = {},
): ConvolutionLayer {
  const ones = size.map(() => 1);
  return {
    weight: Float64Array.from(weight),
    shape: [1, 1, ...size],
    transposed: false,
    strides: ones,
    dilations: ones,
    groups: 1,
    mode: 'zeros',
    pads: [...size, ...size].fill(0),
    inputSize: size,
    outputPadding: ones,
    scale: 1,
    ...changes,
  };
}

describe('boundAnySize', () => {
  it.each([
    ['float64', new Engine('cpu'), 150, 1],
    ['float32', new Float32Engine(), 80, 1],
    // What the rounding of a kernel with large cancellations may cost where every product is off in one direction.
    ['float64, rounding always upwards', new UnluckyEngine(1), 40, 1],
    ['float64, rounding always downwards', new UnluckyEngine(-1), 40, 1],
    ['float32, rounding always upwards', new UnluckyEngine(1, 'float32'), 40, 1],
    ['float32, rounding always downwards', new UnluckyEngine(-1, 'float32'), 40, 1],
  ])('encloses the supremum over all frequencies: %s', async (_, engine, numRuns, slack) => {
    await fc.assert(
      fc.asyncProperty(convolutions(zeros), fc.constantFrom(1e-2, 1e-3), async ({ layer }, tolerance) => {
        for (let group = 0; group < layer.groups; group++) {
          const alone = normalized(layer, group);
          const truth = anySizeNorm(alone);
          const found = await bound(engine, alone, tolerance);
          expect(found.lower).toBeLessThanOrEqual(truth * (1 + truthError));
          expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
          expect(found.upper - found.lower).toBeLessThanOrEqual(slack * tolerance * found.upper);
        }
      }),
      { numRuns },
    );
  });

  it.each([
    [1e-4, 60, [1, 2]],
    [1e-5, 150, [1, 2]],
    [1e-5, 60, [3]],
  ] as const)('reaches a tolerance of %d: %i layers, %j axes', async (tolerance, numRuns, axes) => {
    await fc.assert(
      fc.asyncProperty(convolutions({ ...zeros, axes: [...axes] }), async ({ layer }) => {
        const alone = normalized(layer, 0);
        const truth = anySizeNorm(alone);
        const found = await bound(new Engine('cpu'), alone, tolerance);
        expect(found.lower).toBeLessThanOrEqual(truth * (1 + truthError));
        expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
        expect(found.upper - found.lower).toBeLessThanOrEqual(tolerance * found.upper);
      }),
      { numRuns },
    );
  });

  it('encloses norms that are known exactly, to the last digit', async () => {
    const haar = [1, 1, 1, -1].map((value) => value / 2);
    const cases: [string, ConvolutionLayer, number][] = [
      ['one tap', kernel([0, -3, 0], [3]), 3],
      ['second difference', kernel([1, -2, 1], [3]), 4],
      ['box 3 x 3', kernel(new Array<number>(9).fill(1), [3, 3]), 9],
      ['box 2 x 2 x 2', kernel(new Array<number>(8).fill(-1), [2, 2, 2]), 8],
      ['box, stride of its size', kernel(new Array<number>(16).fill(1), [4, 4], { strides: [4, 4] }), 4],
      ['checkerboard', kernel([1, -1, -1, 1], [2, 2]), 4],
      ['two channels of one tap', kernel([3, 4], [1], { shape: [2, 1, 1] }), 5],
      ['sum and difference of neighbours', kernel(haar, [2], { shape: [2, 1, 2] }), 1],
      ['dilated second difference', kernel([1, -2, 1], [3], { dilations: [5] }), 4],
    ];
    for (const [name, layer, norm] of cases) {
      for (const engine of [new Engine('cpu'), new Float32Engine()]) {
        const found = await bound(engine, layer, 1e-4);
        expect(found.lower, name).toBeLessThanOrEqual(norm);
        expect(found.upper, name).toBeGreaterThanOrEqual(norm);
        expect(found.upper - found.lower, name).toBeLessThanOrEqual(1e-4 * norm);
      }
    }
  });

  it('is tight where the symbol vanishes at all frequencies that the search starts from', async () => {
    const times = (a: readonly number[], b: readonly number[]) =>
      Array.from({ length: a.length + b.length - 1 }, (_, k) =>
        a.reduce((sum, value, i) => sum + value * (b[k - i] ?? 0), 0),
      );
    const zeros = startingFrequencies([1]).map(([w]) =>
      Math.sin(w) < 1e-9 ? [1, -Math.cos(w)] : [1, -2 * Math.cos(w), 1],
    );
    for (const rest of [[1], [1, 2, 1], [1, -2, 1]]) {
      const weight = [...zeros, rest].reduce<readonly number[]>(times, [1]);
      const layer = normalized(kernel(weight, [weight.length]), 0);
      const truth = anySizeNorm(layer);
      const found = await bound(new Engine('cpu'), layer, 1e-3);
      expect(found.lower).toBeLessThanOrEqual(truth * (1 + truthError));
      expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
      expect(found.upper).toBeLessThanOrEqual((1 + 1.01e-3) * truth);
    }
  });

  it('keeps its lower bound below the supremum where the search starts at a zero of the symbol', async () => {
    // Integer kernels have exact zeros at frequencies 0 and pi: nothing to climb from.
    for (const layer of [
      kernel([1, -2, 0, -2, -3, 2], [2, 3]),
      kernel([3, 0, -1, 2, 3, -2, -3, -1, -3], [9]),
      kernel([-1, 0, 1, 0, 2, -2, -1, -2, 2, 3, 0, -3, -2, 0, 1, 3, 0, -3, 3, 0], [4, 5]),
    ]) {
      const truth = anySizeNorm(layer);
      const found = await bound(new Engine('cpu'), layer, 1e-3);
      expect(found.lower).toBeLessThanOrEqual(truth * (1 + truthError));
      expect(found.upper).toBeGreaterThanOrEqual(truth);
      expect(found.upper - found.lower).toBeLessThanOrEqual(1e-3 * found.upper);
    }
  });

  it('takes every peak into account, wherever it is', async () => {
    // |F(w)|^2 = 49 at the peak alone: a window moved to every place of the circle.
    for (let k = 0; k < 40; k++) {
      const peak = (k * 2 * Math.PI) / 40 + 0.01;
      const taps = [...Array(7).keys()];
      const weight = [...taps.map((t) => Math.cos(t * peak)), ...taps.map((t) => Math.sin(t * peak))];
      const layer = kernel(weight, [7], { shape: [2, 1, 7] });
      const truth = anySizeNorm(layer);
      const found = await bound(new Engine('cpu'), layer, 1e-5);
      expect(found.lower).toBeLessThanOrEqual(truth * (1 + truthError));
      expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
      expect(found.upper - found.lower).toBeLessThanOrEqual(1e-5 * found.upper);
    }
  });

  it('encloses the norm of a kernel of many channels', async () => {
    // Every tap is a multiple of one matrix: the norm is the matrix's times that of the scalar kernel.
    for (const [family, channels] of [
      ['gaussian', 200],
      ['orthogonal', 170],
      ['clustered', 190],
    ] as const) {
      const matrix = matrixFamilies[family](seeded(channels), channels, channels);
      const scalar = [0.5, 1, -0.25];
      const layer = kernel([], [3], {
        shape: [channels, channels, 3],
        weight: Float64Array.from({ length: channels * channels * 3 }, (_, at) => {
          return matrix.values[Math.floor(at / 3)] * scalar[at % 3];
        }),
      });
      const truth = largestSingularValue(matrix) * anySizeNorm(kernel(scalar, [3]));
      const found = await bound(new Engine('cpu'), layer, 1e-3);
      expect(found.lower).toBeLessThanOrEqual(truth * (1 + 1e-6));
      expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - 1e-6));
      expect(found.upper - found.lower).toBeLessThanOrEqual(1e-3 * found.upper);
    }
  });

  it(
    'does not search for ever where the singular values lie close together',
    { timeout: 20_000 },
    async () => {
      const channels = 6;
      const scalar = [1, 1.1, -0.1, -0.7];
      for (const ratio of [0.99, 0.995, 0.998, 0.9995]) {
        const layer = kernel([], [4], {
          shape: [channels, channels, 4],
          weight: Float64Array.from({ length: channels * channels * 4 }, (_, at) => {
            const [row, column] = [Math.floor(at / 4 / channels), Math.floor(at / 4) % channels];
            return row === column ? ratio ** row * scalar[at % 4] : 0;
          }),
        });
        const truth = anySizeNorm(kernel(scalar, [4]));
        const found = await bound(new Engine('cpu'), layer, 1e-3);
        expect(found.lower).toBeLessThanOrEqual(truth * (1 + truthError));
        expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
        expect(found.upper - found.lower).toBeLessThanOrEqual(1e-3 * found.upper);
      }
    },
  );

  it('answers what a wider tolerance would, where there is no time for the one that is asked for', async () => {
    // One channel is the same at all frequencies, the other one far from it: nothing but small cells everywhere shows that.
    const values = polyphase(
      Float64Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0.2, 0.1, -0.1, 0.2),
      {
        ...{ outChannels: 2, inChannelsPerGroup: 2, size: [2, 2], groups: 1 },
        ...{ strides: [1, 1], dilations: [1, 1] },
      },
      0,
    );
    const cpu = new Engine('cpu');
    const wide = await boundAnySize(cpu, values, 1e-3);
    const late = await boundAnySize(cpu, values, 1e-6, 0.5);
    expect(late.upper).toBeGreaterThan((1 + 1e-6) * late.lower);
    expect(late.upper).toBeLessThanOrEqual((1 + 1e-3) * late.lower);
    expect(late.lower).toBeLessThanOrEqual(wide.upper);
    expect(wide.lower).toBeLessThanOrEqual(late.upper);
  });

  it('answers 0 for a zero kernel', async () => {
    const { lower, upper } = await bound(
      new Engine('cpu'),
      kernel(new Array<number>(9).fill(0), [3, 3]),
      1e-3,
    );
    expect([lower, upper]).toEqual([0, 0]);
  });

  it('bounds every group of a layer by itself', () => {
    const layer = kernel([1, 1, 3, -3], [2], { shape: [2, 1, 2], groups: 2 });
    expect(anySizeGroupNorms(layer).map((value) => Math.round(value * 1e9) / 1e9)).toEqual([2, 6]);
  });
});
