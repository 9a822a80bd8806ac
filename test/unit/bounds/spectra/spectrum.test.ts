import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bidiagonalSpectrum } from '../../../../src/bounds/spectra/bidiagonal';
import { boundConvolution } from '../../../../src/bounds/convolution';
import { halfGrid, mirrorOf } from '../../../../src/bounds/symbols/grid';
import { product } from '../../../../src/bounds/kernel';
import { boundMatrix } from '../../../../src/bounds/matrices/matrix';
import { singularValues } from '../../../../src/bounds/spectra/singular-values';
import {
  convolutionSpectrum,
  exact,
  kroneckerSpectrum,
  matrixSpectrum,
  merged,
  weightsOf,
} from '../../../../src/bounds/spectra/spectrum';
import { estimateSpectrum } from '../../../../src/bounds/spectra/stochastic-lanczos';
import { Engine } from '../../../../src/compute/engine';
import { denseOperator } from '../../truth/dense-operator';
import { type ConvolutionLayer, frobenius, kernelExtents } from '../../truth/layer';
import { convolutions, everyConvolution, isSmall, matrices, seeded, withSpectrum } from '../../truth/random';
import { singularValues as byJacobi, transpose } from '../../truth/singular-values';
import { toBounds } from '../layers';

const engine = new Engine('cpu');
/** Of the largest singular value. */
const ERROR = 1e-10;

function expectValues(found: ArrayLike<number>, truth: ArrayLike<number>): void {
  const error = ERROR * (truth[0] ?? 0);
  expect(found.length).toBeLessThanOrEqual(truth.length);
  // What is not there is zero.
  for (let i = 0; i < truth.length; i++) {
    expect(Math.abs((found[i] ?? 0) - truth[i])).toBeLessThanOrEqual(error);
  }
}

describe('the spectrum of a bidiagonal matrix', () => {
  it('has values and weights in closed form', () => {
    // B = [[3, 4], [0, 5]]: B^T B = [[9, 12], [12, 41]] has the eigenvalues 45 and 5, the vectors (1, 3) and (3, -1).
    const { values, weights } = bidiagonalSpectrum([3, 5], [4]);
    expect(values[0]).toBeCloseTo(Math.sqrt(45), 13);
    expect(values[1]).toBeCloseTo(Math.sqrt(5), 13);
    expect(weights[0]).toBeCloseTo(0.1, 13);
    expect(weights[1]).toBeCloseTo(0.9, 13);
  });

  it('holds zeros, single values, and none', () => {
    expect([...bidiagonalSpectrum([0, 0], [0]).values]).toEqual([0, 0]);
    expect(bidiagonalSpectrum([-2], []).values[0]).toBeCloseTo(2, 14);
    expect([...bidiagonalSpectrum([], []).values]).toEqual([]);
  });
});

describe('the spectrum of a matrix', () => {
  it('agrees with rotations that orthogonalise its rows', async () => {
    await fc.assert(
      fc.asyncProperty(matrices(40), async ({ values, rows, columns }) => {
        const truth = byJacobi({ rows, columns, values: Float64Array.from(values) });
        const found = await matrixSpectrum(engine, { values, rows, columns });
        expect(found).toMatchObject({ isExact: true, weights: null });
        expect(found.values).toHaveLength(truth.length);
        expectValues(found.values, truth);
      }),
      { numRuns: 400 },
    );
  });

  it('keeps small values that squares would lose', () => {
    const matrix = withSpectrum(seeded(1), 40, 30, (i) => 10 ** (-i / 2));
    const found = singularValues(matrix.values, 40, 30);
    found.forEach((value, i) => expect(Math.abs(value - 10 ** (-i / 2))).toBeLessThan(1e-14));
  });

  it('never contradicts the certified interval', async () => {
    await fc.assert(
      fc.asyncProperty(matrices(30), async (matrix) => {
        const { lower, upper } = await boundMatrix(engine, matrix, 1e-6);
        const [largest] = (await matrixSpectrum(engine, matrix)).values;
        expect(largest).toBeGreaterThanOrEqual(lower * (1 - 1e-12));
        expect(largest).toBeLessThanOrEqual(upper * (1 + 1e-12) + Number.MIN_VALUE);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what is not finite', async () => {
    const values = Float64Array.of(1, NaN, 0, 1);
    await expect(matrixSpectrum(engine, { values, rows: 2, columns: 2 })).rejects.toThrow('NaN');
  });
});

describe('stochastic Lanczos quadrature', () => {
  /** Sum over the values of their powers. */
  const moment = (values: ArrayLike<number>, weights: ArrayLike<number>, power: number) =>
    Array.from(values).reduce((sum, value, i) => sum + weights[i] * value ** power, 0);

  it.each([
    ['a decaying spectrum', (i: number) => 1 / (1 + i / 40)],
    ['two clusters', (i: number) => (i < 100 ? 1 : 0.1)],
    ['a low rank', (i: number) => (i < 20 ? 1 - i / 40 : 0)],
  ])('gives the distribution of %s', async (_, spectrum) => {
    const matrix = withSpectrum(seeded(2), 500, 400, spectrum);
    for (const { rows, columns, values } of [matrix, transpose(matrix)]) {
      const found = await estimateSpectrum(engine, values, rows, columns);
      const weights = weightsOf(found);
      const truth = Float64Array.from({ length: 400 }, (_, i) => spectrum(i));
      expect(found.isExact).toBe(false);
      expect(moment(found.values, weights, 0)).toBeCloseTo(400, 6);
      const squares = frobenius(values) ** 2;
      expect(Math.abs(moment(found.values, weights, 2) - squares)).toBeLessThan(0.1 * squares);
      // Shares of the values above a few thresholds.
      for (const threshold of [0.05, 0.3, 0.6]) {
        const share = moment(
          Array.from(found.values, (value) => (value > threshold ? 1 : 0)),
          weights,
          1,
        );
        expect(Math.abs(share - truth.filter((value) => value > threshold).length)).toBeLessThan(40);
      }
      expect(found.values[0]).toBeLessThanOrEqual(truth[0] * (1 + 1e-12));
      expect(found.values[0]).toBeGreaterThan(truth[0] * 0.99);
    }
  });

  it('answers the same each time, in the precision of the values', async () => {
    const { values } = withSpectrum(seeded(3), 60, 50, (i) => 1 / (1 + i));
    const once = await estimateSpectrum(engine, values, 60, 50);
    expect(await estimateSpectrum(engine, values, 60, 50)).toEqual(once);
    const rounded = await estimateSpectrum(engine, Float32Array.from(values), 60, 50);
    expect(rounded.values[0]).toBeCloseTo(1, 5);
  });

  it('has all values of a matrix of few, and zeros of a zero matrix', async () => {
    const small = await estimateSpectrum(engine, Float64Array.of(3, 0, 0, 4), 2, 2);
    expect(small.values[0]).toBeCloseTo(4, 12);
    expect(small.values.at(-1)).toBeCloseTo(3, 12);
    const zero = await estimateSpectrum(engine, new Float64Array(12), 4, 3);
    expect(Math.max(...zero.values)).toBe(0);
    expect(moment(zero.values, weightsOf(zero), 0)).toBeCloseTo(3, 12);
  });

  it('takes the place of exact values where the matrix is large', async () => {
    const matrix = { values: new Float32Array(1200 * 1200).fill(1 / 1200), rows: 1200, columns: 1200 };
    const found = await matrixSpectrum(engine, matrix);
    expect(found.isExact).toBe(false);
    expect(found.values[0]).toBeCloseTo(1, 5);
  });
});

/** Circular layers that are circulant: as many outputs as the stride leaves of the inputs. */
const circulant = convolutions({ ...everyConvolution, modes: ['circular'], transposed: [false] })
  .map(({ layer }): ConvolutionLayer => {
    const extents = kernelExtents(layer);
    return {
      ...layer,
      inputSize: layer.inputSize.map(
        (size, axis) => Math.ceil(size / layer.strides[axis]) * layer.strides[axis],
      ),
      pads: [...extents.map(() => 0), ...extents.map((extent, axis) => extent - layer.strides[axis])],
    };
  })
  .filter((layer) => layer.pads.every((pad) => pad >= 0) && isSmall(layer));

describe('the spectrum of a convolution', () => {
  it('on the grid of a circular input is that of its matrix', async () => {
    await fc.assert(
      fc.asyncProperty(circulant, async (layer) => {
        const truth = byJacobi(denseOperator({ ...layer, scale: 1 }));
        const found = await convolutionSpectrum(engine, toBounds(layer, 'sized'), () => undefined);
        const grid = layer.inputSize.map((size, axis) => size / layer.strides[axis]);
        const repeated = 'symbols' in found ? 1 : product(grid);
        const all =
          'symbols' in found
            ? found.symbols.flatMap(({ values }, i) => {
                const index = indexOf(i, found.counts);
                return mirrorOf(index, found.counts) === index ? [...values] : [...values, ...values];
              })
            : [...found.values].flatMap((value) => new Array<number>(repeated).fill(value));
        if ('symbols' in found) expect(found.counts).toEqual(grid);
        expectValues(
          all.sort((a, b) => b - a),
          truth,
        );
      }),
      { numRuns: 150 },
    );
  });

  it('never exceeds the bound for any input size', async () => {
    const layers = convolutions({ ...everyConvolution, modes: ['zeros'] });
    await fc.assert(
      fc.asyncProperty(layers, async ({ layer }) => {
        const bounded = toBounds(layer, 'any size');
        const { upper } = await boundConvolution(engine, bounded, null);
        const found = await convolutionSpectrum(engine, bounded, () => undefined);
        const all = 'symbols' in found ? merged(found.symbols) : found;
        expect(all.isExact).toBe(true);
        expect(all.values[0]).toBeLessThanOrEqual(upper * (1 + 1e-12) + Number.MIN_VALUE);
      }),
      { numRuns: 60 },
    );
  });

  it('is estimated on a coarse grid where the channels are many', async () => {
    const channels = 300;
    const values = new Float32Array(channels * channels * 3);
    // A multiple of a shift: every symbol has the singular values 2.
    for (let c = 0; c < channels; c++) values[(c * channels + ((c + 7) % channels)) * 3] = 2;
    const shares: number[] = [];
    const found = await convolutionSpectrum(
      engine,
      {
        ...{ values, outChannels: channels, inChannelsPerGroup: channels, size: [3] },
        ...{ strides: [1], dilations: [1], groups: 1, inputSize: null },
        padding: { mode: 'zeros', amounts: [1, 1] },
      },
      (share) => void shares.push(share),
    );
    if (!('symbols' in found)) throw new Error('it has one symbol');
    expect(found.counts).toEqual([64]);
    expect(found.symbols).toHaveLength(33);
    for (const { isExact, values, weights } of found.symbols) {
      expect(isExact).toBe(false);
      for (const value of values) expect(value).toBeCloseTo(2, 10);
      expect(weights?.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(channels, 6);
    }
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });
});

/** Index in the whole grid of a frequency of the half one. */
function indexOf(place: number, counts: readonly number[]): number {
  const w = halfGrid(counts)[place];
  return w.reduce(
    (sum, angle, axis) => sum * counts[axis] + Math.round((angle * counts[axis]) / (2 * Math.PI)),
    0,
  );
}

describe('spectra together', () => {
  it('of a Kronecker product are the products of both', () => {
    const found = kroneckerSpectrum(exact(Float64Array.of(3, 1)), exact(Float64Array.of(5, 2, 0)));
    expect([...found.values]).toEqual([15, 6, 5, 2, 0, 0]);
    expect(found).toMatchObject({ isExact: true, weights: null });
  });

  it('of a block diagonal are all of them, with the weights of estimates', () => {
    const estimate = { values: Float64Array.of(4, 0.5), weights: Float64Array.of(1.5, 2.5), isExact: false };
    const found = merged([exact(Float64Array.of(2, 1)), estimate]);
    expect([...found.values]).toEqual([4, 2, 1, 0.5]);
    expect([...weightsOf(found)]).toEqual([1.5, 1, 1, 2.5]);
    expect(found.isExact).toBe(false);
  });
});
