/** The tools that judge the bounds, judged against each other, closed forms and stored answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySizeGroupNorms, anySizeNorm, symbolOf } from './any-size';
import { denseNorm, denseOperator, groupNorms } from './dense-operator';
import { goldenCircular, goldenConvolutions, goldenMatrices } from './golden';
import type { ConvolutionLayer, PaddingMode } from './layer';
import { adjoint, frobenius, groupAlone, kernelExtents, outputSize, product } from './layer';
import { convolutions, everyConvolution, matrices, orthogonalMatrix, seeded, withSpectrum } from './random';
import { largestSingularValue, singularValues, transpose } from './singular-values';

function expectClose(actual: number, expected: number, relative: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected));
}

/** One channel, one axis. */
function line(weight: readonly number[], changes: Partial<ConvolutionLayer> = {}): ConvolutionLayer {
  return {
    weight: Float64Array.from(weight),
    shape: [1, 1, weight.length],
    transposed: false,
    strides: [1],
    dilations: [1],
    groups: 1,
    mode: 'zeros',
    pads: [0, 0],
    inputSize: [4],
    outputPadding: [0],
    scale: 1,
    ...changes,
  };
}

function rowsOf(layer: ConvolutionLayer): number[][] {
  const { rows, columns, values } = denseOperator(layer);
  return Array.from({ length: rows }, (_, row) => [...values.slice(row * columns, (row + 1) * columns)]);
}

describe('singular values', () => {
  it('are those a matrix was made of', () => {
    const expected = [5, 3, 3, 1, 1e-3, 0];
    for (const [rows, columns] of [
      [6, 40],
      [40, 6],
      [6, 6],
    ]) {
      const matrix = withSpectrum(seeded(rows), rows, columns, (index) => expected[index]);
      singularValues(matrix).forEach((value, index) => {
        expect(Math.abs(value - expected[index])).toBeLessThan(1e-14);
      });
      expectClose(largestSingularValue(matrix), 5, 1e-14);
    }
  });

  it('are those of the discrete Laplacian', () => {
    const n = 30;
    const values = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      values[i * n + i] = 2;
      if (i > 0) values[i * n + i - 1] = values[(i - 1) * n + i] = -1;
    }
    const matrix = { rows: n, columns: n, values };
    const expected = Array.from({ length: n }, (_, k) => 2 + 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    singularValues(matrix).forEach((value, k) => expect(Math.abs(value - expected[k])).toBeLessThan(4e-14));
    expectClose(largestSingularValue(matrix), expected[0], 1e-15);
  });

  it('agree between both methods, and with the transpose', () => {
    fc.assert(
      fc.property(matrices(30), ({ rows, columns, values }) => {
        const matrix = { rows, columns, values: Float64Array.from(values) };
        const largest = singularValues(matrix)[0];
        expectClose(largestSingularValue(matrix), largest, 1e-14);
        expectClose(largestSingularValue(transpose(matrix)), largest, 1e-14);
        const total = Math.hypot(...singularValues(matrix));
        expectClose(total, Math.hypot(...matrix.values), 1e-13);
      }),
      { numRuns: 300 },
    );
  });

  it('of a matrix of 800 x 300 take seconds at most', () => {
    const matrix = withSpectrum(seeded(1), 800, 300, (index) => 7 - index / 50);
    expectClose(largestSingularValue(matrix), 7, 1e-14);
  });

  it('are 0 for a zero matrix', () => {
    const zero = { rows: 3, columns: 2, values: new Float64Array(6) };
    expect([...singularValues(zero), largestSingularValue(zero)]).toEqual([0, 0, 0]);
  });
});

describe('the dense operator', () => {
  it.each<[PaddingMode, number[], number[][]]>([
    [
      'zeros',
      [1, 2],
      [
        [2, 3, 0],
        [1, 2, 3],
        [0, 1, 2],
        [0, 0, 1],
      ],
    ],
    [
      'circular',
      [1, 2],
      [
        [2, 3, 1],
        [1, 2, 3],
        [3, 1, 2],
        [2, 3, 1],
      ],
    ],
    [
      'replicate',
      [1, 2],
      [
        [3, 3, 0],
        [1, 2, 3],
        [0, 1, 5],
        [0, 0, 6],
      ],
    ],
    [
      'reflect',
      [1, 2],
      [
        [2, 4, 0],
        [1, 2, 3],
        [0, 4, 2],
        [3, 2, 1],
      ],
    ],
  ])('pads with %s', (mode, pads, expected) => {
    expect(rowsOf(line([1, 2, 3], { mode, pads, inputSize: [3] }))).toEqual(expected);
  });

  it('crops with negative pads', () => {
    expect(rowsOf(line([1, 2], { pads: [-1, 1], inputSize: [3] }))).toEqual([
      [0, 1, 2],
      [0, 0, 1],
    ]);
  });

  it('strides and dilates', () => {
    expect(rowsOf(line([1, 2], { strides: [3], dilations: [2], inputSize: [6] }))).toEqual([
      [1, 0, 2, 0, 0, 0],
      [0, 0, 0, 1, 0, 2],
    ]);
  });

  it('transposes, crops and pads the output', () => {
    const layer = line([1, 2, 3], {
      transposed: true,
      strides: [2],
      pads: [1, 1],
      outputPadding: [1],
      inputSize: [2],
    });
    expect(rowsOf(layer)).toEqual([
      [2, 0],
      [3, 1],
      [0, 2],
      [0, 3],
    ]);
  });

  it('scales, and keeps channels and axes apart', () => {
    const layer: ConvolutionLayer = {
      ...line([]),
      weight: Float64Array.of(1, 2, 3, 4),
      shape: [2, 1, 1, 2],
      groups: 2,
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      inputSize: [2, 2],
      outputPadding: [0, 0],
      scale: 10,
    };
    expect(rowsOf(layer)).toEqual([
      [10, 20, 0, 0, 0, 0, 0, 0],
      [0, 0, 10, 20, 0, 0, 0, 0],
      [0, 0, 0, 0, 30, 40, 0, 0],
      [0, 0, 0, 0, 0, 0, 30, 40],
    ]);
  });

  it('has the transpose of its adjoint, and the largest norm of its groups', () => {
    fc.assert(
      fc.property(convolutions({ ...everyConvolution, modes: ['zeros'] }), ({ layer }) => {
        const matrix = denseOperator(layer);
        const twin = adjoint(layer);
        expect(outputSize(twin)).toEqual(layer.inputSize);
        expect(denseOperator(twin)).toEqual(transpose(matrix));
        expectClose(largestSingularValue(matrix), Math.max(...groupNorms(layer)), 1e-13);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the norm over all input sizes', () => {
  it('has closed forms', () => {
    expectClose(anySizeNorm(line([1, -2, 1])), 4, 1e-14);
    expectClose(anySizeNorm(line([1, 1], { strides: [2] })), Math.SQRT2, 1e-14);
    // y[j] = x[2j] + x[2j + 2] + x[2j + 1]: phases 1 + e^iw and 1.
    expectClose(anySizeNorm(line([1, 1, 1], { strides: [2] })), Math.sqrt(5), 1e-14);
    expectClose(anySizeNorm(line([1, -1, 1.5])), 3.5, 1e-14);
    // |2 + z - z^2|^2 = 6 + 2 cos w - 4 cos 2w = 10 + 2 c - 8 c^2, largest at c = 1/8.
    expectClose(anySizeNorm(line([2, 1, -1])), Math.sqrt(10.125), 1e-13);
    expectClose(anySizeNorm(line([2, 1, -1], { dilations: [3], scale: -2 })), 2 * Math.sqrt(10.125), 1e-13);
  });

  it('is reached by circular convolutions at the frequencies of their size', () => {
    const choices = { modes: ['circular'], axes: [1, 2], transposed: [false] } as const;
    fc.assert(
      fc.property(convolutions(choices), ({ layer: drawn }) => {
        const layer = { ...drawn, pads: circularSame(drawn) };
        fc.pre(layer.inputSize.every((size, axis) => size % layer.strides[axis] === 0));
        const counts = outputSize(layer);
        groupNorms(layer).forEach((dense, group) => {
          const symbol = symbolOf(groupAlone(layer, group));
          let largest = 0;
          for (let at = 0; at < product(counts); at++) {
            let rest = at;
            const frequency = counts.map((count) => {
              const index = rest % count;
              rest = Math.floor(rest / count);
              return (2 * Math.PI * index) / count;
            });
            largest = Math.max(largest, symbol.norm(frequency));
          }
          expectClose(largest, dense, 1e-13);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('is the largest of the singular values at a frequency', () => {
    fc.assert(
      fc.property(convolutions({ ...everyConvolution, axes: [1, 2] }), fc.integer(), ({ layer }, seed) => {
        const random = seeded(seed);
        const symbol = symbolOf(groupAlone(layer, 0));
        const frequency = layer.strides.map(() => 2 * Math.PI * random());
        const spectrum = symbol.spectrum(frequency);
        expectClose(spectrum[0], symbol.norm(frequency), 1e-13);
        expect([...spectrum].sort((a, b) => b - a)).toEqual(spectrum);
      }),
      { numRuns: 100 },
    );
  });

  it('is the aliasing formula of a strided convolution', () => {
    // |F(w)|^2 = mean over the s aliases of the symbol without stride, one output channel.
    const weight = [0.3, -1.2, 2.5, 0.7, -0.4];
    for (const stride of [2, 3]) {
      const strided = symbolOf(line(weight, { strides: [stride] }));
      const plain = symbolOf(line(weight));
      for (const w of [0, 0.4, 1.7, 3]) {
        const aliases = Array.from(
          { length: stride },
          (_, k) => plain.norm([(w + 2 * Math.PI * k) / stride]) ** 2,
        );
        const mean = aliases.reduce((sum, value) => sum + value, 0) / stride;
        expectClose(strided.norm([w]) ** 2, mean, 1e-13);
      }
    }
  });

  it('is never below the norm on a size, and is its limit', () => {
    fc.assert(
      fc.property(convolutions({ ...everyConvolution, modes: ['zeros'] }), ({ layer }) => {
        const supremum = anySizeGroupNorms(layer);
        groupNorms(layer).forEach((norm, group) =>
          expect(norm).toBeLessThanOrEqual(supremum[group] * (1 + 1e-10)),
        );
      }),
      { numRuns: 80 },
    );
    for (const stride of [1, 2]) {
      const layer = line([0.3, -1.2, 2.5, 0.7, -0.4], { strides: [stride], pads: [2, 2], inputSize: [300] });
      expectClose(denseNorm(layer), anySizeNorm(layer), 1e-3);
    }
  });

  it('finds peaks between any samples', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }), (peak) => {
        // A rank-one symbol v(w) with a real and an imaginary part in two channels: |v|^2 = sum of 7 cos(t (w - peak)).
        const weight = [...Array(7).keys()].flatMap((t) => [Math.cos(t * peak), Math.sin(t * peak)]);
        const layer: ConvolutionLayer = {
          ...line([]),
          weight: Float64Array.from({ length: 14 }, (_, at) => weight[(at % 7) * 2 + Math.floor(at / 7)]),
          shape: [2, 1, 7],
        };
        const top = anySizeNorm(layer);
        let sampled = 0;
        const symbol = symbolOf(layer);
        for (let k = 0; k < 3000; k++) sampled = Math.max(sampled, symbol.norm([(k * Math.PI) / 3000]));
        expect(top).toBeGreaterThanOrEqual(sampled);
        expect(top).toBeLessThanOrEqual(sampled * (1 + 1e-4));
      }),
      { numRuns: 50 },
    );
  });

  it('is not beaten by a random search', () => {
    fc.assert(
      fc.property(convolutions(), fc.integer(), ({ layer }, seed) => {
        const random = seeded(seed);
        anySizeGroupNorms(layer).forEach((supremum, group) => {
          const symbol = symbolOf(groupAlone(layer, group));
          let frequency = layer.strides.map(() => 2 * Math.PI * random());
          let value = symbol.norm(frequency);
          let step = 0.5;
          for (let trial = 0; trial < 100; trial++) {
            const candidate = frequency.map((angle) => angle + step * (2 * random() - 1));
            const found = symbol.norm(candidate);
            step *= found > value ? 1.5 : 0.9;
            if (found > value) [value, frequency] = [found, candidate];
          }
          expect(value).toBeLessThanOrEqual(supremum * (1 + 1e-11));
        });
      }),
      { numRuns: 80 },
    );
  });

  it('is 1 for an orthogonal kernel', () => {
    const random = seeded(5);
    const layer = {
      ...line([]),
      weight: orthogonalMatrix(random, 4, 8).values,
      shape: [4, 4, 2],
      strides: [2],
    };
    expectClose(anySizeNorm(layer), 1, 1e-14);
  });
});

/** Pads that make the output of a circular convolution without stride as large as its input. */
function circularSame(layer: ConvolutionLayer): number[] {
  const surplus = kernelExtents(layer).map((extent) => extent - 1);
  return [...surplus.map((value) => Math.floor(value / 2)), ...surplus.map((value) => Math.ceil(value / 2))];
}

describe('golden answers', () => {
  it.each(goldenConvolutions())('$name', ({ layer, sigmaExact, sigmaAnySize, frobenius: expected }) => {
    expectClose(denseNorm(layer), sigmaExact, 1e-13);
    expectClose(anySizeNorm(layer), sigmaAnySize, 1e-12);
    expectClose(frobenius(layer.weight), expected, 1e-13);
  });

  it.each(goldenMatrices())('$name', ({ matrix, scale, sigmaExact, frobenius: expected }) => {
    expectClose(scale * largestSingularValue(matrix), sigmaExact, 1e-13);
    expectClose(scale * singularValues(matrix)[0], sigmaExact, 1e-13);
    expectClose(scale * frobenius(matrix.values), expected, 1e-13);
  });

  it.each(goldenCircular())('$name', ({ layer, sigmaExact, sigmaPerGroup }) => {
    expect(outputSize(layer)).toEqual(layer.inputSize);
    groupNorms(layer).forEach((norm, group) => expectClose(norm, sigmaPerGroup[group], 1e-13));
    expectClose(denseNorm(layer), sigmaExact, 1e-13);
  });
});
