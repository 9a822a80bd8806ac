import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundConvolutionByGram } from '../../../../src/bounds/gram/gram-convolution';
import { gramMatrixBound } from '../../../../src/bounds/gram/gram';
import { Engine } from '../../../../src/compute/engine';
import { anySizeGroupNorms, symbolOf } from '../../truth/any-size';
import { groupNorms } from '../../truth/dense-operator';
import { goldenCircular, goldenConvolutions } from '../../truth/golden';
import { correlationBound, schattenNorm } from '../../truth/gram';
import { type ConvolutionLayer, groupAlone, kernelExtents, product } from '../../truth/layer';
import { convolutions, everyConvolution, kernelFamilies, matrices, seeded } from '../../truth/random';
import { singularValues } from '../../truth/singular-values';
import { copies, expectMaximumOfGroups, searchError, toBounds } from '../layers';

const engine = new Engine('cpu');
/** Rounding, which the method does not account for, nor the tests' own truths. */
const rounding = 1e-11;

function expectClose(actual: number, expected: number, relative: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * expected);
}

describe('gramMatrixBound', () => {
  it('is the Schatten norm of its definition: an upper bound, lower with every iteration', async () => {
    await fc.assert(
      fc.asyncProperty(matrices(24), async ({ rows, columns, values }) => {
        const spectrum = [...singularValues({ rows, columns, values: Float64Array.from(values) })];
        let before = Infinity;
        for (const iterations of [1, 2, 3, 6, 10, 14]) {
          const found = await gramMatrixBound(engine, { values, rows, columns }, iterations);
          expectClose(found, schattenNorm(spectrum, iterations), 1e-9);
          expect(found).toBeGreaterThanOrEqual(spectrum[0] * (1 - rounding));
          expect(found).toBeLessThanOrEqual(before * (1 + rounding));
          before = found;
        }
      }),
      { numRuns: 150 },
    );
  });

  it('does not overflow with many iterations', async () => {
    const values = Float32Array.from([3e30, 4e30, 0, 0]);
    for (const iterations of [20, 40]) {
      expectClose(await gramMatrixBound(engine, { values, rows: 2, columns: 2 }, iterations), 5e30, 1e-6);
    }
  });
});

/** A circular layer of stride 1 with as many outputs as inputs. */
function circularSame(layer: ConvolutionLayer): ConvolutionLayer {
  const surplus = kernelExtents(layer).map((extent) => extent - 1);
  return {
    ...layer,
    mode: 'circular',
    strides: layer.strides.map(() => 1),
    pads: [...surplus.map((value) => Math.floor(value / 2)), ...surplus.map((value) => Math.ceil(value / 2))],
  };
}

describe('boundConvolutionByGram', () => {
  const circular = convolutions({ modes: ['circular'], axes: [1, 2], transposed: [false] });

  it('is the largest Schatten norm over the frequencies of a circular layer', async () => {
    await fc.assert(
      fc.asyncProperty(circular, fc.constantFrom(1, 3, 6), async ({ layer: drawn }, iterations) => {
        const layer = circularSame({ ...drawn, scale: 1 });
        const found = await boundConvolutionByGram(engine, toBounds(layer, 'sized'), iterations);
        expect(found.sized).toBe(true);
        found.groups.forEach((group, index) => {
          const symbol = symbolOf(groupAlone(layer, index));
          let expected = 0;
          for (let at = 0; at < product(layer.inputSize); at++) {
            let rest = at;
            const frequency = layer.inputSize.map((size) => {
              const angle = (2 * Math.PI * (rest % size)) / size;
              rest = Math.floor(rest / size);
              return angle;
            });
            expected = Math.max(expected, schattenNorm(symbol.spectrum(frequency), iterations));
          }
          expectClose(group.upper, expected, 1e-9);
        });
      }),
      { numRuns: 80 },
    );
  });

  it('encloses the norm of a circular layer, tighter with every iteration', async () => {
    await fc.assert(
      fc.asyncProperty(circular, async ({ layer: drawn }) => {
        const layer = circularSame({ ...drawn, scale: 1 });
        const exact = groupNorms(layer);
        let before = exact.map(() => Infinity);
        for (const iterations of [1, 2, 5, 10]) {
          const found = await boundConvolutionByGram(engine, toBounds(layer, 'sized'), iterations);
          expectMaximumOfGroups(found);
          found.groups.forEach(({ lower, upper }, index) => {
            expect(lower).toBeLessThanOrEqual(exact[index] * (1 + rounding));
            expect(upper).toBeGreaterThanOrEqual(exact[index] * (1 - rounding));
            expect(upper).toBeLessThanOrEqual(before[index] * (1 + rounding));
          });
          before = found.groups.map(({ upper }) => upper);
        }
        // 5 singular values: 5^(1 / 2048).
        exact.forEach((norm, index) => expect(before[index]).toBeLessThanOrEqual(norm * 1.001));
      }),
      { numRuns: 80 },
    );
  });

  it('is the bound of the correlated kernel for other padding', async () => {
    const shapes = fc.record({
      outputs: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 3 }),
      kernel: fc.constantFrom([2], [5], [2, 3], [3, 2], [1, 4], [3, 3], [2, 1, 2]),
      dilation: fc.integer({ min: 1, max: 2 }),
      family: fc.constantFrom('gaussian', 'integer', 'constant', 'wave', 'rankOne', 'graded', 'zero'),
      seed: fc.integer(),
    } as const);
    await fc.assert(
      fc.asyncProperty(shapes, async ({ outputs, inputs, kernel, dilation, family, seed }) => {
        const ones = kernel.map(() => 1);
        const layer: ConvolutionLayer = {
          weight: kernelFamilies[family](seeded(seed), outputs, inputs, kernel),
          shape: [outputs, inputs, ...kernel],
          transposed: false,
          strides: ones,
          dilations: kernel.map(() => dilation),
          groups: 1,
          mode: 'zeros',
          pads: [...ones, ...ones],
          inputSize: kernel.map((size) => 2 * size),
          outputPadding: kernel.map(() => 0),
          scale: 1,
        };
        for (const iterations of [1, 2, 3]) {
          const found = await boundConvolutionByGram(engine, toBounds(layer, 'any size'), iterations);
          if (product(kernel) > 1) expectClose(found.upper, correlationBound(layer, iterations), 1e-8);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('encloses the supremum over all input sizes, tighter with every iteration', async () => {
    await fc.assert(
      fc.asyncProperty(convolutions({ ...everyConvolution, axes: [1, 1, 2] }), async ({ layer: drawn }) => {
        const layer = { ...drawn, scale: 1 };
        const suprema = anySizeGroupNorms(layer);
        const sized = groupNorms(layer);
        const factor = Math.sqrt(layer.transposed ? 1 : copies(layer, 'any size'));
        let before = suprema.map(() => Infinity);
        for (const iterations of [1, 2, 4]) {
          const found = await boundConvolutionByGram(engine, toBounds(layer, 'any size'), iterations);
          expectMaximumOfGroups(found);
          found.groups.forEach(({ lower, upper }, index) => {
            const truth = suprema[index];
            expect(lower).toBeLessThanOrEqual(truth * (1 + searchError));
            expect(upper).toBeGreaterThanOrEqual(Math.max(truth, sized[index]) * (1 - rounding));
            expect(upper).toBeLessThanOrEqual(before[index] * (1 + rounding));
            // 15 channels after polyphase, 9 taps: what the largest row sum may add.
            if (iterations === 4) expect(upper).toBeLessThanOrEqual(1.6 * truth * factor);
          });
          before = found.groups.map(({ upper }) => upper);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('answers 0 for zeros', async () => {
    for (const golden of goldenCircular()) {
      const layer = { ...golden.layer, weight: new Float32Array(golden.layer.weight.length) };
      for (const scope of ['sized', 'any size'] as const) {
        const found = await boundConvolutionByGram(engine, toBounds(layer, scope), 3);
        expect([found.lower, found.upper]).toEqual([0, 0]);
      }
    }
  });
});

describe('method gram answers what the reference answers', () => {
  // Where it knows no other stride than the kernel size, its answer is of another layer.
  const comparable = goldenConvolutions().filter(
    ({ reference, layer }) =>
      reference?.how === 'rko' || (reference !== null && layer.strides.every((stride) => stride === 1)),
  );

  it('on enough layers', () => {
    expect(comparable.length).toBe(12);
  });

  it.each(comparable)('$name', async ({ layer, reference }) => {
    const found = await boundConvolutionByGram(
      engine,
      toBounds(layer, 'any size'),
      reference?.iterations ?? null,
    );
    reference?.sigmaPerGroup.forEach((sigma, index) => expectClose(found.groups[index].upper, sigma, 1e-4));
  });

  it.each(goldenCircular())('$name', async ({ layer, reference }) => {
    const found = await boundConvolutionByGram(
      engine,
      toBounds(layer, 'sized'),
      reference?.iterations ?? null,
    );
    reference?.sigmaPerGroup.forEach((sigma, index) => expectClose(found.groups[index].upper, sigma, 1e-4));
  });
});
