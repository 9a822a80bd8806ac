import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  circularGrid,
  type ConvolutionLayer as BoundedLayer,
  axesOf,
  splitGroups,
} from '../../../../src/bounds/convolution';
import { waveAt } from '../../../../src/bounds/symbols/climb';
import { boundOnGrid, gridCount, halfGrid } from '../../../../src/bounds/symbols/grid';
import { bestShift, waveSquares } from '../../../../src/bounds/symbols/wave';
import { polyphase, product, unravel } from '../../../../src/bounds/kernel';
import { denseMatrix, lowerBounds, paddedOperator } from '../../../../src/bounds/padded/padded-operator';
import { waveStart } from '../../../../src/bounds/padded/wave-start';
import { circulantSize, largestCopies } from '../../../../src/bounds/padded/padding';
import { Engine } from '../../../../src/compute/engine';
import { anySizeGroupNorms } from '../../truth/any-size';
import { denseOperator, groupNorms } from '../../truth/dense-operator';
import { adjoint, type ConvolutionLayer, groupAlone, outputSize } from '../../truth/layer';
import { convolutions, everyConvolution, seeded } from '../../truth/random';
import { expectEncloses, searchError, singularValueError, toBounds } from '../layers';
import { Float32Engine, UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');
const engines: [string, Engine][] = [
  ['float64', engine],
  ['float32', new Float32Engine()],
  ['unlucky float64', new UnluckyEngine(-1)],
  ['unlucky float32', new UnluckyEngine(-1, 'float32')],
];

/** The layer without its scale, and as the bounds take it: with the input size that they need. */
function prepared(drawn: ConvolutionLayer): {
  layer: ConvolutionLayer;
  bounded: BoundedLayer;
  inputSize: readonly number[];
} {
  const direct = { ...(drawn.transposed ? adjoint(drawn) : drawn), scale: 1 };
  return { layer: direct, bounded: toBounds(direct, 'sized'), inputSize: direct.inputSize };
}

describe('halfGrid', () => {
  it('holds one of every pair of opposite frequencies', () => {
    for (const counts of [[1], [2], [5], [3, 4], [4, 4], [1, 6], [2, 3, 4]]) {
      const half = halfGrid(counts);
      const key = (w: readonly number[], sign: number) =>
        w
          .map((angle, axis) => Math.round((sign * angle * counts[axis]) / (2 * Math.PI)))
          .map((index, axis) => (index + counts[axis]) % counts[axis])
          .join();
      const both = new Set(half.flatMap((w) => [key(w, 1), key(w, -1)]));
      expect(both.size).toBe(product(counts));
      expect(half.length).toBeLessThanOrEqual(product(counts) / 2 + 2 ** (counts.length - 1));
      expect(gridCount(counts)).toBeLessThanOrEqual(half.length);
    }
  });
});

describe('boundOnGrid', () => {
  it.each(engines)('encloses the norm of a circular layer: %s', async (_, one) => {
    const circular = convolutions({ modes: ['circular'], axes: [1, 1, 2, 3], transposed: [false] });
    let exact = 0;
    await fc.assert(
      fc.asyncProperty(circular, async ({ layer: drawn }) => {
        // Inputs that the stride divides, and pads for as many outputs as there are positions of the torus.
        const inputSize = drawn.inputSize.map(
          (size, axis) => Math.ceil(size / drawn.strides[axis]) * drawn.strides[axis],
        );
        const axes = inputSize.length;
        const surplus = inputSize.map((size, axis) => {
          const extent = (drawn.shape[axis + 2] - 1) * drawn.dilations[axis] + 1;
          return { begin: Math.min(drawn.pads[axis], size), all: extent - drawn.strides[axis] };
        });
        const pads = [...surplus.map(({ begin }) => begin), ...surplus.map(({ begin, all }) => all - begin)];
        fc.pre(pads.every((pad, at) => pad >= 0 && pad <= inputSize[at % axes]));
        const { layer, bounded } = prepared({ ...drawn, inputSize, pads });
        const grid = circularGrid(axesOf(bounded, inputSize));
        expect(grid).toMatchObject({ counts: outputSize(layer), factor: 1, exact: true });
        exact++;
        const truths = groupNorms(layer);
        for (const [index, group] of splitGroups(bounded).entries()) {
          const found = await boundOnGrid(one, group.kernel, outputSize(layer), 1e-3);
          const norm = truths[index] / group.scale;
          expectEncloses(found, norm, singularValueError);
          expect(found.upper - found.lower).toBeLessThanOrEqual(2e-3 * norm);
        }
      }),
      { numRuns: 60 },
    );
    expect(exact).toBe(60);
  });

  it('wraps taps beyond the torus', async () => {
    // Five taps on two positions: (1 + 3 + 5, 2 + 4), symbols 15 and 3.
    const shape = {
      outChannels: 1,
      inChannelsPerGroup: 1,
      size: [5],
      strides: [1],
      dilations: [1],
      groups: 1,
    };
    const found = await boundOnGrid(engine, polyphase(Float64Array.of(1, 2, 3, 4, 5), shape, 0), [2], 1e-6);
    expectEncloses(found, 15, 0);
  });

  it.each(engines)('bounds every layer with zero padding by a circulant operator: %s', async (_, one) => {
    await fc.assert(
      fc.asyncProperty(
        convolutions({ ...everyConvolution, modes: ['zeros'] }),
        fc.constantFrom(0, 1, 5),
        async ({ layer: drawn }, more) => {
          const { layer, bounded, inputSize } = prepared(drawn);
          const counts = axesOf(bounded, inputSize).map((axis) => circulantSize(axis) / axis.stride + more);
          const truths = groupNorms(layer);
          const suprema = anySizeGroupNorms(layer);
          for (const [index, group] of splitGroups(bounded).entries()) {
            const found = await boundOnGrid(one, group.kernel, counts, 1e-3);
            expect(found.upper * group.scale).toBeGreaterThanOrEqual(
              truths[index] * (1 - singularValueError),
            );
            expect(found.lower * group.scale).toBeLessThanOrEqual(suprema[index] * (1 + searchError));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('bounds every layer with zero padding by a circulant operator with any phase', async () => {
    await fc.assert(
      fc.asyncProperty(
        convolutions({ ...everyConvolution, modes: ['zeros'] }),
        fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 }),
        async ({ layer: drawn }, angles) => {
          const { layer, bounded, inputSize } = prepared(drawn);
          const counts = axesOf(bounded, inputSize).map((axis) => circulantSize(axis) / axis.stride);
          const truths = groupNorms(layer);
          for (const [index, group] of splitGroups(bounded).entries()) {
            const shift = counts.map((_, axis) => angles[axis]);
            const { upper } = await boundOnGrid(engine, group.kernel, counts, 1e-3, shift);
            expect(upper * group.scale).toBeGreaterThanOrEqual(truths[index] * (1 - singularValueError));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('knows a wave at every frequency of a grid', () => {
    const random = seeded(12);
    for (const counts of [[7], [4, 6], [3, 2, 5]]) {
      const positions = [
        counts.map(() => 0),
        counts.map((_, axis) => axis + 1),
        counts.map((count) => count + 1),
      ];
      const [re, im] = [0, 1].map(() => Float64Array.from(positions, () => random() - 0.5));
      const squares = waveSquares({ positions, re, im }, counts);
      expect(squares.length).toBe(product(counts));
      squares.forEach((square, index) => {
        const w = unravel(index, counts).map((k, axis) => (2 * Math.PI * k) / counts[axis]);
        let [x, y] = [0, 0];
        positions.forEach((position, p) => {
          const angle = position.reduce((sum, a, axis) => sum + a * w[axis], 0);
          x += re[p] * Math.cos(angle) + im[p] * Math.sin(angle);
          y += im[p] * Math.cos(angle) - re[p] * Math.sin(angle);
        });
        expect(square).toBeCloseTo(x * x + y * y, 12);
      });
    }
  });

  it('finds the phase that makes the bound of a box kernel the norm itself', async () => {
    // 1 + 2 cos(pi / (n + 1)) is the norm of the tridiagonal matrix of ones.
    const shape = {
      outChannels: 1,
      inChannelsPerGroup: 1,
      size: [3],
      strides: [1],
      dilations: [1],
      groups: 1,
    };
    const kernel = polyphase(Float64Array.of(1, 1, 1), shape, 0);
    for (const n of [3, 7, 20]) {
      const shift = bestShift(await waveAt(kernel, [0]), [n + 1]);
      const { upper } = await boundOnGrid(engine, kernel, [n + 1], 1e-9, shift);
      const norm = 1 + 2 * Math.cos(Math.PI / (n + 1));
      expect(upper).toBeGreaterThanOrEqual(norm);
      expect(upper).toBeLessThan(norm * (1 + 1e-8));
    }
  });

  it.each(engines)('answers numbers where the symbol all but vanishes: %s', async (_, one) => {
    const shape = {
      outChannels: 2,
      inChannelsPerGroup: 2,
      size: [2],
      strides: [1],
      dilations: [1],
      groups: 1,
    };
    for (const tiny of [1e-10, 1e-15, 1e-20, 1e-30, 1e-40]) {
      // diag(1 - z, tiny): at frequency 0 only the tiny entry is left.
      const kernel = polyphase(Float64Array.of(1, -1, 0, 0, 0, 0, tiny, 0), shape, 0);
      expectEncloses(await boundOnGrid(one, kernel, [4], 1e-3), 2, 0);
      expectEncloses(await boundOnGrid(one, kernel, [1], 1e-3), tiny, 1e-12);
    }
  });
});

describe('the padded operator', () => {
  it('is the operator of the definition', () => {
    fc.assert(
      fc.property(convolutions(), ({ layer: drawn }) => {
        const { layer, bounded, inputSize } = prepared(drawn);
        const operator = paddedOperator(Float64Array.from(layer.weight), bounded, axesOf(bounded, inputSize));
        for (let group = 0; group < layer.groups; group++) {
          const { rows, columns, values } = denseMatrix(operator, group);
          expect({ rows, columns, values }).toEqual(
            denseOperator(groupAlone({ ...layer, weight: Float64Array.from(layer.weight) }, group)),
          );
        }
      }),
      { numRuns: 150 },
    );
  });

  it('gives lower bounds, close ones after as many steps as it has columns', async () => {
    await fc.assert(
      fc.asyncProperty(convolutions(), fc.constantFrom(1, 4, 200), async ({ layer: drawn }, steps) => {
        const { layer, bounded, inputSize } = prepared(drawn);
        const axes = axesOf(bounded, inputSize);
        const kernel = new Float64Array(layer.weight.length);
        const groups = splitGroups(bounded);
        groups.forEach(({ values }, index) => kernel.set(values, index * values.length));
        const found = await lowerBounds(
          engine,
          paddedOperator(kernel, bounded, axes),
          product(axes.map(largestCopies)),
          steps,
          waveStart(bounded, axes, []),
        );
        groupNorms(layer).forEach((norm, index) => {
          const truth = norm / groups[index].scale;
          expect(found[index]).toBeLessThanOrEqual(truth * (1 + singularValueError));
          // Norms below the rounding of the whole kernel are not told from zero.
          const rounding = 1e-13 * Math.hypot(...groups[index].values);
          if (steps === 200) expect(found[index]).toBeGreaterThanOrEqual(0.9 * truth - rounding);
        });
      }),
      { numRuns: 150 },
    );
  });
});
