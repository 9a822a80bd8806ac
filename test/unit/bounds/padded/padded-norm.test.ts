import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axesOf, boundConvolution, METHODS } from '../../../../src/bounds/convolution';
import { product } from '../../../../src/bounds/kernel';
import { boundMatrix } from '../../../../src/bounds/matrices/matrix';
import { gramLayout, type Side } from '../../../../src/bounds/padded/padded-gram';
import { boundPadded } from '../../../../src/bounds/padded/padded-norm';
import { denseMatrix, paddedOperator } from '../../../../src/bounds/padded/padded-operator';
import { largestCopies, outputSize } from '../../../../src/bounds/padded/padding';
import type { Enclosure } from '../../../../src/bounds/rounding';
import { exponentScale } from '../../../../src/bounds/values';
import { Engine } from '../../../../src/compute/engine';
import { groupNorms } from '../../truth/dense-operator';
import { adjoint, type ConvolutionLayer, groupAlone, type PaddingMode } from '../../truth/layer';
import { convolutions, everyConvolution, seeded } from '../../truth/random';
import { separableLayers } from '../../truth/separable';
import { expectEncloses, expectMaximumOfGroups, singularValueError, toBounds } from '../layers';
import { Float32Engine, UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');
const sides: readonly Side[] = ['inputs', 'outputs'];
const modes: readonly PaddingMode[] = ['zeros', 'circular', 'reflect', 'replicate'];

/** The enclosure of one group of a layer divided by a scale, and that scale. */
async function boundOf(
  one: Engine,
  layer: ConvolutionLayer,
  side: Side,
  outermost: number,
): Promise<{ found: Enclosure; scale: number }> {
  const bounded = toBounds(layer, 'sized');
  const axes = axesOf(bounded, bounded.inputSize ?? []);
  const scale = exponentScale(bounded.values);
  const values = Float64Array.from(bounded.values, (value) => value / scale);
  const operator = paddedOperator(values, bounded, axes);
  const sizes = axes.map((axis) => (side === 'inputs' ? axis.inputSize : outputSize(axis)));
  const layout = gramLayout(operator, side, sizes, outermost % axes.length);
  if (layout === null) throw new Error('too many terms');
  const copies = product(axes.map((axis) => largestCopies(axis)));
  return { found: await boundPadded(one, operator, layout, copies, { tolerance: 1e-6 }), scale };
}

describe('boundPadded', () => {
  describe.each(modes)('of random layers, %s', (mode) => {
    it.each(sides)('encloses the norm: %s', async (side) => {
      await fc.assert(
        fc.asyncProperty(
          convolutions({ ...everyConvolution, modes: [mode] }),
          fc.nat(),
          async ({ layer: drawn }, axis) => {
            const layer = { ...(drawn.transposed ? adjoint(drawn) : drawn), scale: 1 };
            const truths = groupNorms(layer);
            for (let g = 0; g < layer.groups; g++) {
              const { found, scale } = await boundOf(engine, groupAlone(layer, g), side, axis);
              const truth = truths[g] / scale;
              // What cancels leaves the rounding of what it was.
              expectEncloses(found, truth, singularValueError);
              expect(found.upper - found.lower).toBeLessThanOrEqual(2e-6 * truth + 1e-5);
              if (truth > 1e-2) expect(found.upper).toBeLessThanOrEqual(found.lower * (1 + 2e-6));
            }
          },
        ),
        { numRuns: 60 },
      );
    });

    it('encloses the norm of large ones', async () => {
      await fc.assert(
        fc.asyncProperty(
          separableLayers([mode]),
          fc.constantFrom(...sides),
          fc.nat(),
          async ({ layer, norms }, side, axis) => {
            for (let g = 0; g < layer.groups; g++) {
              const { found, scale } = await boundOf(engine, groupAlone(layer, g), side, axis);
              const truth = norms[g] / scale;
              expectEncloses(found, truth, 1e-12);
              if (truth > 1e-2) expect(found.upper).toBeLessThanOrEqual(found.lower * (1 + 2e-6));
            }
          },
        ),
        { numRuns: 12 },
      );
    });
  });

  it.each([1, -1] as const)('allows for rounding that is always in direction %i', async (direction) => {
    const unlucky = new UnluckyEngine(direction);
    await fc.assert(
      fc.asyncProperty(convolutions(), fc.constantFrom(...sides), async ({ layer: drawn }, side) => {
        const layer = groupAlone({ ...(drawn.transposed ? adjoint(drawn) : drawn), scale: 1 }, 0);
        const { found, scale } = await boundOf(unlucky, layer, side, 0);
        expectEncloses(found, groupNorms(layer)[0] / scale, singularValueError);
      }),
      { numRuns: 40 },
    );
  });

  it('allows for what the Gram matrix is off by', async () => {
    // One output channel after another, 1 and 4095 times 2^-27: norm (1 + 4095 2^-54)^(1/2), of whose square 1 is left.
    const layer: ConvolutionLayer = {
      ...{ weight: new Float64Array(4096).fill(2 ** -27).fill(1, 0, 1), shape: [4096, 1, 1] },
      ...{ transposed: false, strides: [1], dilations: [1], groups: 1, mode: 'zeros', pads: [0, 0] },
      ...{ inputSize: [1], outputPadding: [0], scale: 1 },
    };
    const { found } = await boundOf(engine, layer, 'inputs', 0);
    expect(found.upper).toBeGreaterThanOrEqual(Math.sqrt(1 + 4095 * 2 ** -54));
  });
});

describe('boundConvolution', () => {
  /** A layer whose operator is too large to be written out, and not to be enclosed. */
  function layerOf(mode: PaddingMode, change: Partial<ConvolutionLayer> = {}): ConvolutionLayer {
    const random = seeded(12);
    const shape = change.shape ?? [24, 24, 3, 3];
    return {
      weight: Float32Array.from({ length: product(shape) }, () => random() - 0.5),
      ...{ shape, transposed: false, strides: [1, 1], dilations: [1, 1], groups: 1, mode },
      ...{ pads: [1, 1, 1, 1], inputSize: [7, 7], outputPadding: [0, 0], scale: 1 },
      ...change,
    };
  }

  it.each([
    ['zeros', layerOf('zeros')],
    ['reflect', layerOf('reflect')],
    ['replicate', layerOf('replicate')],
    ['uneven circular', layerOf('circular', { pads: [0, 1, 0, 1] })],
    ['strided', layerOf('zeros', { strides: [2, 1], inputSize: [14, 7] })],
    ['dilated', layerOf('reflect', { dilations: [2, 1], pads: [2, 1, 2, 1] })],
    ['cropped', layerOf('zeros', { pads: [-1, 1, 0, 1], inputSize: [9, 7] })],
    ['groups', layerOf('replicate', { shape: [48, 24, 3, 3], groups: 2 })],
    ['fewer outputs', layerOf('zeros', { shape: [24, 60, 3, 3] })],
  ] as const)('encloses the padded operator itself: %s', async (_, layer) => {
    for (const one of [engine, new Float32Engine()]) {
      const found = await boundConvolution(one, toBounds(layer, 'sized'), null);
      expect(found.method).toBe(METHODS.dense);
      expectMaximumOfGroups(found);
      for (const [g, group] of found.groups.entries()) {
        // Too large for Jacobi rotations: its own matrix, enclosed as any other is.
        const alone = toBounds(groupAlone(layer, g), 'sized');
        const operator = paddedOperator(
          Float64Array.from(alone.values),
          alone,
          axesOf(alone, layer.inputSize),
        );
        const matrix = denseMatrix(operator, 0);
        const truth = await boundMatrix(engine, matrix, 1e-9);
        expect(group.lower).toBeLessThanOrEqual(truth.upper + matrix.error);
        expect(group.upper).toBeGreaterThanOrEqual(truth.lower - matrix.error);
        expect(group.upper).toBeLessThanOrEqual(group.lower * (1 + 1e-6));
      }
    }
  });

  it.each(modes)('looks closely at as many groups as it takes: %s', async (mode) => {
    const groups = 8;
    const change = { shape: [5 * groups, 5, 3, 3], groups, inputSize: [13, 14] };
    const drawn = layerOf(mode, mode === 'circular' ? { ...change, pads: [0, 1, 0, 1] } : change);
    // Norms of all sizes, the largest of them close together.
    const size = drawn.weight.length / groups;
    const weight = drawn.weight.map(
      (value, i) => value * [1, 0.1, 0.99, 0, 1.01, 0.5, 1, 0.7][Math.floor(i / size)],
    );
    const layer = { ...drawn, weight };
    const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expect(found.method).toBe(METHODS.dense);
    expectMaximumOfGroups(found);
    expect(found.upper).toBeLessThanOrEqual(found.lower * (1 + 1e-3));
    let largest = 0;
    for (const [g, group] of found.groups.entries()) {
      const alone = toBounds(groupAlone(layer, g), 'sized');
      const axes = axesOf(alone, layer.inputSize);
      const matrix = denseMatrix(paddedOperator(Float64Array.from(alone.values), alone, axes), 0);
      const truth = await boundMatrix(engine, matrix, 1e-9);
      expect(group.lower).toBeLessThanOrEqual(truth.upper + matrix.error);
      expect(group.upper).toBeGreaterThanOrEqual(truth.lower - matrix.error);
      largest = Math.max(largest, truth.lower);
    }
    expect(found.lower).toBeGreaterThanOrEqual(largest * (1 - 1e-3));
  });
});
