import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundConvolution, InputTooSmallError, METHODS } from '../../../src/bounds/convolution';
import { NotFiniteError } from '../../../src/bounds/values';
import { Engine } from '../../../src/compute/engine';
import { anySizeGroupNorms, anySizeNorm } from '../truth/any-size';
import { denseNorm, groupNorms } from '../truth/dense-operator';
import {
  type ConvolutionLayer,
  frobenius,
  groupAlone,
  outputSize,
  type PaddingMode,
  withWeight,
} from '../truth/layer';
import { sampledNorm } from '../truth/sampled';
import { largestSingularValue } from '../truth/singular-values';
import {
  convolutions,
  everyConvolution,
  gaussian,
  isSmall,
  matrixFamilies,
  orthogonalKernel,
  seeded,
} from '../truth/random';
import { separableLayers } from '../truth/separable';
import {
  copies,
  expectAbove,
  expectBelow,
  expectEncloses,
  expectMaximumOfGroups,
  searchError,
  singularValueError,
  toBounds,
} from './layers';
import { Float32Engine, UnluckyEngine } from './rounding-engine';

const engine = new Engine('cpu');
const float32 = new Float32Engine();

/** How far an upper bound may be above the supremum over all input sizes. */
const promised = 1.05;

const modes: readonly PaddingMode[] = ['zeros', 'circular', 'reflect', 'replicate'];

/** Other input sizes on which the same layer is defined. */
function otherSizes(layer: ConvolutionLayer): ConvolutionLayer[] {
  return [1, 3]
    .map((more) => ({ ...layer, inputSize: layer.inputSize.map((size) => size + more) }))
    .filter(isSmall);
}

async function checkAnySize(engine: Engine, layer: ConvolutionLayer): Promise<void> {
  const found = await boundConvolution(engine, toBounds(layer, 'any size'), null);
  expect(found.sized).toBe(false);
  expectMaximumOfGroups(found);
  const suprema = anySizeGroupNorms({ ...layer, scale: 1 });
  const sized = [layer, ...otherSizes(layer)].map((one) => groupNorms({ ...one, scale: 1 }));
  const factor = Math.sqrt(layer.transposed ? 1 : copies(layer, 'any size'));
  found.groups.forEach((group, index) => {
    const supremum = suprema[index];
    expectAbove(group, supremum);
    for (const norms of sized) expectAbove(group, norms[index]);
    expectBelow(group, Math.max(supremum, ...sized.map((norms) => norms[index])), searchError);
    expect(group.upper).toBeLessThanOrEqual(promised * supremum * factor);
    if (layer.mode === 'zeros') expect(group.lower).toBeGreaterThanOrEqual(supremum / promised);
    const expected = frobenius(groupAlone(layer, index).weight);
    expect(Math.abs(group.frobenius - expected)).toBeLessThanOrEqual(1e-9 * expected);
  });
}

async function checkSized(engine: Engine, layer: ConvolutionLayer, tolerance: number): Promise<void> {
  const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
  expect(found.sized).toBe(true);
  expectMaximumOfGroups(found);
  const exact = groupNorms({ ...layer, scale: 1 });
  found.groups.forEach((group, index) => {
    expectEncloses(group, exact[index], singularValueError);
    expect(group.upper - group.lower).toBeLessThanOrEqual(tolerance * group.upper);
  });
}

describe('boundConvolution', () => {
  describe.each(modes)('of random layers, %s', (mode) => {
    const layers = convolutions({ ...everyConvolution, modes: [mode] });
    const numRuns = mode === 'zeros' ? 150 : 80;

    it('encloses the supremum over all input sizes, group by group', async () => {
      await fc.assert(
        fc.asyncProperty(layers, ({ layer }) => checkAnySize(engine, layer)),
        { numRuns },
      );
    });

    it('encloses the norm on a known input size, group by group', async () => {
      await fc.assert(
        fc.asyncProperty(layers, ({ layer }) => checkSized(engine, layer, 1e-3)),
        { numRuns },
      );
    });

    it('encloses both in float32', async () => {
      await fc.assert(
        fc.asyncProperty(layers, async ({ layer }) => {
          await checkAnySize(float32, layer);
          await checkSized(float32, layer, 1e-2);
        }),
        { numRuns: 40 },
      );
    });

    it('encloses the norm on inputs too large to write the operator out', async () => {
      await fc.assert(
        fc.asyncProperty(separableLayers([mode]), async ({ layer, norms, anySizeNorms }) => {
          const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
          expectMaximumOfGroups(found);
          const factor = Math.sqrt(copies(layer, 'sized'));
          found.groups.forEach((group, index) => {
            expectEncloses(group, norms[index], singularValueError);
            expect(group.upper).toBeLessThanOrEqual(promised * factor * anySizeNorms[index]);
          });
        }),
        { numRuns: 30 },
      );
    });
  });

  it.each([1, -1] as const)('allows for rounding that is always in direction %i', async (direction) => {
    for (const precision of ['float64', 'float32'] as const) {
      const unlucky = new UnluckyEngine(direction, precision);
      await fc.assert(
        fc.asyncProperty(convolutions(), async ({ layer }) => {
          await checkAnySize(unlucky, layer);
          await checkSized(unlucky, layer, 1e-2);
        }),
        { numRuns: 25 },
      );
    }
  });

  it('reaches a tolerance that is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        convolutions({ ...everyConvolution, modes: ['zeros'], axes: [1, 2] }),
        fc.constantFrom(1e-2, 1e-3),
        async ({ layer }, tolerance) => {
          const found = await boundConvolution(engine, toBounds(layer, 'any size'), tolerance);
          expectEncloses(found, anySizeNorm({ ...layer, scale: 1 }), searchError);
          expect(found.upper - found.lower).toBeLessThanOrEqual(tolerance * found.upper);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('boundConvolution', () => {
  const plain: ConvolutionLayer = {
    weight: new Float32Array(2 * 3 * 9).map((_, at) => Math.sin(at)),
    shape: [2, 3, 3, 3],
    transposed: false,
    strides: [1, 1],
    dilations: [1, 1],
    groups: 1,
    mode: 'zeros',
    pads: [1, 1, 1, 1],
    inputSize: [6, 5],
    outputPadding: [0, 0],
    scale: 1,
  };
  /** Groups that are too many to factorise a Gram matrix for each. */
  const many = 500;

  it.each([1e-44, 1e-38, 1e-30, 1e-12, 1e8, 1e30, 3e38])(
    'holds for float32 weights near %d',
    async (scale) => {
      const layer = withWeight(plain, (at) => plain.weight[at] * scale);
      const sized = await boundConvolution(engine, toBounds(layer, 'sized'), null);
      expectEncloses(sized, denseNorm(layer), singularValueError);
      const any = await boundConvolution(engine, toBounds(layer, 'any size'), null);
      expectEncloses(any, anySizeNorm(layer), searchError);
      for (const { lower, upper } of [sized, any]) {
        expect(lower).toBeGreaterThan(0);
        expect(Number.isFinite(upper)).toBe(true);
      }
      expect(any.upper).toBeLessThanOrEqual(promised * anySizeNorm(layer));
    },
  );

  it('answers exactly 0 at both ends for zero layers and for zero groups', async () => {
    for (const scope of ['sized', 'any size'] as const) {
      for (const mode of modes) {
        const zero = withWeight({ ...plain, mode }, () => -0);
        const found = await boundConvolution(engine, toBounds(zero, scope), null);
        expect([found.lower, found.upper, found.groups[0].frobenius]).toEqual([0, 0, 0]);
        const grouped: ConvolutionLayer = {
          ...plain,
          mode,
          shape: [6, 1, 3, 3],
          groups: 3,
          weight: plain.weight.map((value, at) => (at >= 18 && at < 36 ? 0 : value)),
        };
        const { groups } = await boundConvolution(engine, toBounds(grouped, scope), null);
        expect([groups[1].lower, groups[1].upper]).toEqual([0, 0]);
        expect(groups[0].lower).toBeGreaterThan(0);
        expect(groups[2].lower).toBeGreaterThan(0);
      }
    }
  });

  it('encloses circular padding that leaves some rows of the circulant out', async () => {
    // Two taps without pads: one output less than inputs, so less than the norm 2 of the whole circulant.
    for (const inputSize of [[5], [900]]) {
      const layer: ConvolutionLayer = {
        ...plain,
        ...{
          weight: Float32Array.of(1, 1),
          shape: [1, 1, 2],
          strides: [1],
          dilations: [1],
          outputPadding: [0],
        },
        ...{ mode: 'circular', pads: [0, 0], inputSize },
      };
      // The singular values of a path of n vertices: 2 cos(pi j / (2 n)).
      const truth = 2 * Math.cos(Math.PI / (2 * inputSize[0]));
      expectEncloses(
        await boundConvolution(engine, toBounds(layer, 'sized'), null),
        truth,
        singularValueError,
      );
    }
  });

  it('encloses circular padding that leaves rows of a large ring out', async () => {
    // The sum of two lines, once: norm 2^(1/2), where the ring would have both sums, and 2.
    const layer: ConvolutionLayer = {
      ...plain,
      ...{ weight: Float32Array.of(1, 1), shape: [1, 1, 2, 1], mode: 'circular' },
      ...{ pads: [0, 0, 0, 0], inputSize: [2, 3_000_000] },
    };
    const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expectEncloses(found, Math.SQRT2, singularValueError);
    expect(found.upper).toBeLessThanOrEqual(promised * 2);
  });

  it.each([
    ['zeros', [1, 2, 1], [1, 1]],
    ['reflect', [1, 1, 1], [2, 2]],
    ['replicate', [1, 1], [2, 2]],
    ['circular', [1, 1], [0, 0]],
    ['circular', [2, 1], [0, 150]],
  ] as const)('encloses layers that there is no time to factorise: %s, %j, %j', async (mode, taps, pads) => {
    const one: ConvolutionLayer = {
      ...plain,
      ...{ weight: Float32Array.from(taps), shape: [1, 1, taps.length], strides: [1], dilations: [1] },
      ...{ mode, pads, inputSize: [300], outputPadding: [0] },
    };
    const layer: ConvolutionLayer = {
      ...one,
      weight: Float32Array.from({ length: many * taps.length }, (_, at) => taps[at % taps.length]),
      ...{ shape: [many, 1, taps.length], groups: many },
    };
    const found = await boundConvolution(engine, toBounds(layer, 'sized'), null, 0);
    expect(found.method).not.toBe(METHODS.dense);
    expectEncloses(found, denseNorm(one), singularValueError);
    expect(found.upper).toBeLessThanOrEqual(promised * Math.sqrt(copies(layer, 'sized')) * anySizeNorm(one));
  });

  it.each([
    ['zeros', 3, 8, 1e9],
    ['replicate', 3, 8, 1e9],
    ['reflect', 3, 8, 2e7],
    ['zeros', 4096, 32768, 2047],
  ] as const)(
    'takes no memory for every place of long pads or kernels: %s, %i taps on %i',
    async (...given) => {
      const [mode, taps, length, pad] = given;
      const layer: ConvolutionLayer = {
        ...plain,
        ...{ weight: new Float32Array(taps).fill(1), shape: [1, 1, taps], strides: [1], dilations: [1] },
        ...{ mode, pads: [pad, pad], inputSize: [length], outputPadding: [0] },
      };
      const { lower, upper } = await boundConvolution(engine, toBounds(layer, 'sized'), null);
      expect(lower).toBeLessThanOrEqual(upper);
      // The length of a column: every tap reads some input.
      expect(upper).toBeGreaterThanOrEqual(Math.sqrt(taps));
    },
  );

  it('bounds circular padding of every size where the stride does not divide it', async () => {
    // Where the ring closes, two windows are nearer to each other than the stride: 3^(1/2) on 3 inputs, not 2^(1/2).
    const layer: ConvolutionLayer = {
      ...plain,
      ...{
        weight: Float32Array.of(1, 1),
        shape: [1, 1, 2],
        strides: [2],
        dilations: [1],
        outputPadding: [0],
      },
      ...{ mode: 'circular', pads: [0, 1], inputSize: [3] },
    };
    const any = await boundConvolution(engine, toBounds(layer, 'any size'), null);
    for (const inputSize of [[2], [3], [4], [5], [11]]) {
      const truth = denseNorm({ ...layer, inputSize });
      expectAbove(any, truth);
      const sized = await boundConvolution(engine, toBounds({ ...layer, inputSize }, 'sized'), null);
      expectEncloses(sized, truth, singularValueError);
    }
    expect(denseNorm(layer)).toBeGreaterThan(1.2 * anySizeNorm(layer));
  });

  it('knows a matrix kernel of which no output reads inputs alone', async () => {
    // Per line 3 x_1 and x_2 + 2 x_3: norm 3, where the whole kernel would have 14^(1/2).
    const layer: ConvolutionLayer = {
      ...plain,
      weight: Float32Array.from({ length: many * 3 }, (_, at) => (at % 3) + 1),
      ...{ shape: [many, 1, 3, 1], strides: [3, 1], groups: many },
      ...{ pads: [2, 0, 1, 0], inputSize: [3, 300] },
    };
    const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expectEncloses(found, 3, 0);
    expect(found.upper).toBeLessThanOrEqual(promised * Math.sqrt(14));
  });

  it('keeps groups of very different sizes apart', async () => {
    const layer: ConvolutionLayer = {
      ...plain,
      shape: [6, 1, 3, 3],
      groups: 3,
      weight: Float64Array.from(plain.weight, (value, at) => value * [1, 1e-25, 1e25][Math.floor(at / 18)]),
    };
    for (const one of [engine, float32]) {
      const any = await boundConvolution(one, toBounds(layer, 'any size'), null);
      const sized = await boundConvolution(one, toBounds(layer, 'sized'), null);
      anySizeGroupNorms(layer).forEach((norm, index) => {
        expectEncloses(any.groups[index], norm, searchError);
        expect(any.groups[index].upper).toBeLessThanOrEqual(promised * norm);
      });
      groupNorms(layer).forEach((norm, index) => {
        expectEncloses(sized.groups[index], norm, singularValueError);
        expect(sized.groups[index].upper).toBeLessThanOrEqual(promised * norm);
      });
    }
  });

  it.each([
    ['zeros', [40, 40]],
    ['zeros', [7, 9]],
    ['circular', [9, 8]],
    ['circular', [40, 40]],
    ['circular', [30_000, 30_000]],
  ] as const)('knows the norm 1 of orthogonal layers to the last digits: %s, %j', async (mode, inputSize) => {
    const weight = orthogonalKernel(seeded(5), 8, 8, [3, 3]);
    const layer: ConvolutionLayer = { ...plain, weight, shape: [8, 8, 3, 3], mode, inputSize };
    const { lower, upper } = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expect(upper).toBeGreaterThanOrEqual(1 - 1e-13);
    expect(upper).toBeLessThanOrEqual(1 + 1e-10);
    expect(lower).toBeGreaterThanOrEqual(mode === 'zeros' ? 0.99 : 1 - 1e-6);
    expect(lower).toBeLessThanOrEqual(1 + 1e-13);
  });

  it.each(['outputs', 'inputs'])(
    'knows the norm of orthogonal layers with scaled %s to the last digits',
    async (side) => {
      const random = seeded(8);
      const scales = Array.from({ length: 9 }, () => 0.5 + random());
      const isometry = orthogonalKernel(random, 9, 9, [3, 3]);
      for (const dead of [0, 1]) {
        // With a dead channel besides, whose place among the others says nothing.
        const weight = new Float64Array((9 + dead) * 9 * 9);
        isometry.forEach((x, at) => {
          const [output, input] = [Math.floor(at / 81), Math.floor(at / 9) % 9];
          weight[81 * dead + at] = x * scales[side === 'outputs' ? output : input];
        });
        const layer = { ...plain, weight, shape: [9 + dead, 9, 3, 3] };
        const { lower, upper } = await boundConvolution(engine, toBounds(layer, 'any size'), 1e-5);
        const norm = Math.max(...scales);
        expect(upper).toBeGreaterThanOrEqual(norm * (1 - 1e-13));
        expect(upper).toBeLessThanOrEqual(norm * (1 + 1e-6));
        expect(lower).toBeLessThanOrEqual(norm * (1 + 1e-13));
        expect(lower).toBeGreaterThanOrEqual(norm * (1 - 1e-5));
      }
    },
  );

  it.each([
    ['outputs', 3, 1e-4],
    ['inputs', 3, 1e-4],
    ['outputs', 0.05, 1e-3],
    ['both', 0.5, 1e-4],
  ] as const)(
    'reaches 1e-5 where %s are scaled by up to 1 + %d, with noise of %d',
    async (side, most, noise) => {
      const random = seeded(7);
      const scales = Array.from({ length: 24 }, () => 1 + most * random());
      const weight = orthogonalKernel(random, 24, 24, [3, 3]).map((x, at) => {
        const [output, input] = [Math.floor(at / 216), Math.floor(at / 9) % 24];
        const scale = (side === 'inputs' ? 1 : scales[output]) * (side === 'outputs' ? 1 : scales[input]);
        return x * scale + noise * gaussian(random);
      });
      const layer = { ...plain, weight, shape: [24, 24, 3, 3] };
      const { lower, upper } = await boundConvolution(engine, toBounds(layer, 'any size'), 1e-5);
      expect(upper).toBeLessThanOrEqual((1 + 1e-5) * lower);
      const sampled = sampledNorm(layer, 1e-2);
      expect(upper).toBeGreaterThanOrEqual(sampled.lower * (1 - 1e-12));
      expect(lower).toBeLessThanOrEqual(sampled.upper);
    },
  );

  it('takes one tap among zeros for the matrix that it is', async () => {
    const matrix = matrixFamilies.clustered(seeded(3), 20, 20);
    const weight = new Float64Array(20 * 20 * 9);
    matrix.values.forEach((x, entry) => (weight[9 * entry + 2] = x));
    const layer = { ...plain, weight, shape: [20, 20, 3, 3] };
    const norm = largestSingularValue(matrix);
    for (const scope of ['any size', 'sized'] as const) {
      const found = await boundConvolution(engine, toBounds({ ...layer, inputSize: [40, 40] }, scope), null);
      expectEncloses(found, norm, singularValueError);
      expect(found.upper).toBeLessThanOrEqual((1 + 1e-6) * found.lower);
    }
  });

  it('knows what copying pads add to an orthogonal layer on a small map', async () => {
    // Each channel by itself: the first and the last position are copied once.
    const layer: ConvolutionLayer = {
      ...plain,
      ...{ weight: Float32Array.of(1, 0, 0, 1), shape: [2, 2, 1], mode: 'replicate' },
      ...{ strides: [1], dilations: [1], outputPadding: [0], pads: [1, 1], inputSize: [100] },
    };
    const { lower, upper } = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expectEncloses({ lower, upper }, Math.SQRT2, singularValueError);
    expect(upper).toBeLessThanOrEqual(Math.SQRT2 * (1 + 1e-10));
  });

  it('attains the norm on a ring with too many positions to look at the symbol at each', async () => {
    const random = seeded(9);
    for (const dilation of [1, 3]) {
      const layer: ConvolutionLayer = {
        ...plain,
        ...{ weight: Float64Array.from({ length: 3 * 2 * 9 }, () => random() - 0.5), shape: [3, 2, 3, 3] },
        ...{ mode: 'circular', dilations: [dilation, dilation] },
        ...{ pads: new Array<number>(4).fill(dilation), inputSize: [100_000, 99_999] },
      };
      const { lower, upper } = await boundConvolution(engine, toBounds(layer, 'sized'), 1e-4);
      expect(upper).toBeLessThanOrEqual((1 + 1e-4) * lower);
      expectEncloses({ lower, upper }, anySizeNorm(layer), 1e-8);
    }
  });

  it('refuses weights that are not finite, in any group', async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const scope of ['sized', 'any size'] as const) {
        const layer = withWeight({ ...plain, shape: [6, 1, 3, 3], groups: 3 }, (at) =>
          at === 30 ? value : 1,
        );
        const found = boundConvolution(engine, toBounds(layer, scope), null);
        await expect(found).rejects.toBeInstanceOf(NotFiniteError);
      }
    }
  });

  it('refuses an input into which the kernel does not fit', async () => {
    const layer = { ...toBounds({ ...plain, pads: [0, 0, 0, 0] }, 'sized'), inputSize: [6, 2] };
    await expect(boundConvolution(engine, layer, null)).rejects.toBeInstanceOf(InputTooSmallError);
    await expect(boundConvolution(engine, layer, null)).rejects.toThrow('6x2');
    const fitting = { ...layer, inputSize: [3, 3] };
    expectEncloses(
      await boundConvolution(engine, fitting, null),
      denseNorm({ ...plain, pads: [0, 0, 0, 0], inputSize: [3, 3] }),
      singularValueError,
    );
  });

  it('takes unknown pads as those that keep the size', async () => {
    for (const mode of modes) {
      for (const taps of [2, 3, 4]) {
        const weight = Float32Array.from({ length: taps }, (_, tap) => tap + 1);
        const pads = [Math.floor((taps - 1) / 2), Math.ceil((taps - 1) / 2)];
        const layer: ConvolutionLayer = {
          ...plain,
          ...{ weight, shape: [1, 1, taps], strides: [1], dilations: [1], outputPadding: [0] },
          ...{ mode, pads, inputSize: [9] },
        };
        expect(outputSize(layer)).toEqual([9]);
        for (const scope of ['sized', 'any size'] as const) {
          const known = toBounds(layer, scope);
          const unknown = { ...known, padding: { mode, amounts: null } };
          const found = await boundConvolution(engine, unknown, null);
          expect(found).toEqual(await boundConvolution(engine, known, null));
        }
      }
    }
  });

  it('holds on a large input with cropped copying pads', async () => {
    // The outputs read only the second half: the first one has no part in the norm.
    const random = seeded(8);
    const layer: ConvolutionLayer = {
      ...plain,
      ...{ weight: Float64Array.from({ length: 5 * 5 * 3 }, random), shape: [5, 5, 3], strides: [1] },
      ...{ dilations: [1], outputPadding: [0], mode: 'replicate', inputSize: [400], pads: [-397, 2] },
    };
    expectEncloses(await boundConvolution(engine, toBounds(layer, 'sized'), null), denseNorm(layer), 1e-12);
  });

  it.each(['zeros', 'circular', 'replicate'] as const)(
    'holds on a large input of which one axis is cropped to a few positions: %s',
    async (mode) => {
      const axis = (inputSize: number, begin: number, end: number): ConvolutionLayer => ({
        ...plain,
        ...{ weight: Float64Array.of(1, 1, 1), shape: [1, 1, 3], strides: [1], dilations: [1] },
        ...{ outputPadding: [0], mode, inputSize: [inputSize], pads: [begin, end] },
      });
      const layer: ConvolutionLayer = {
        ...plain,
        ...{ weight: new Float64Array(9).fill(1), shape: [1, 1, 3, 3], mode },
        ...{ inputSize: [600, 40], pads: [0, -33, 0, -2] },
      };
      const truth = denseNorm(axis(600, 0, 0)) * denseNorm(axis(40, -33, -2));
      const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
      expectEncloses(found, truth, 1e-12);
      if (mode === 'zeros') expect(found.upper).toBeLessThan(1.05 * truth);
    },
  );
});
