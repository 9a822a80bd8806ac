import { describe, expect, it } from 'vitest';
import { secondsOfSpectrum, spectrumOf } from '../../../src/analysis/spectrum';
import { describeSpectrum } from '../../../src/analysis/spectrum-report';
import { exact } from '../../../src/bounds/spectra/spectrum';
import type { LowRankOperator, Operator } from '../../../src/model/model';
import { type ConvolutionLayer, frobenius } from '../truth/layer';
import { gaussian, multiply, orthogonalMatrix, seeded } from '../truth/random';
import { type Matrix, singularValues } from '../truth/singular-values';
import { DEFAULT_SETTINGS } from '../report/sample';
import { convolutionOf, FakeRangedTensor, FakeTensor, matrixOf } from './fakes';

const spectrum = (operator: Operator) => spectrumOf(operator, DEFAULT_SETTINGS);

function randomMatrix(seed: number, rows: number, columns: number): Matrix {
  const random = seeded(seed);
  return { rows, columns, values: Float64Array.from({ length: rows * columns }, () => gaussian(random)) };
}

function tensorOf({ rows, columns, values }: Matrix): FakeTensor {
  return new FakeTensor([rows, columns], values);
}

function lowRank(up: Matrix, down: Matrix, scale: number): LowRankOperator {
  return {
    ...{ kind: 'lowRank', up: tensorOf(up), down: tensorOf(down) },
    ...{ rows: up.rows, rank: up.columns, columns: down.columns, scale },
  };
}

function expectClose(found: readonly number[] | null, truth: ArrayLike<number>): void {
  expect(found).toHaveLength(truth.length);
  found?.forEach((value, i) => expect(Math.abs(value - truth[i])).toBeLessThan(1e-10 * truth[0]));
}

const convolution: ConvolutionLayer = {
  weight: Float64Array.from({ length: 3 * 2 * 9 }, (_, i) => Math.sin(i + 1)),
  shape: [3, 2, 3, 3],
  transposed: false,
  strides: [1, 1],
  dilations: [1, 1],
  groups: 1,
  mode: 'zeros',
  pads: [1, 1, 1, 1],
  inputSize: [6, 4],
  outputPadding: [0, 0],
  scale: -2,
};

describe('the spectrum of an operator', () => {
  it('is that of all of its blocks, scaled', async () => {
    const matrix = randomMatrix(1, 12, 5);
    const tensor = new FakeRangedTensor([2, 6, 5], matrix.values);
    const found = await spectrum(matrixOf(tensor, 6, 5, { blocks: 2, scale: -3 }));
    const half = (block: number) => ({
      rows: 6,
      columns: 5,
      values: matrix.values.slice(block * 30, (block + 1) * 30),
    });
    const truth = [...singularValues(half(0)), ...singularValues(half(1))]
      .map((value) => 3 * value)
      .sort((a, b) => b - a);
    expect(found).toMatchObject({ kind: 'exact', count: 10, frequencies: null });
    expectClose(found.values, truth);
    expect(found.largest).toBe(found.values?.[0]);
    expect(found.median).toBe(found.values?.[4]);
    expect(found.smallest).toBe(found.values?.[9]);
    expect(tensor.ranges).toHaveLength(2);
  });

  it('of a low-rank update is that of the product, without its zeros', async () => {
    const [up, down] = [randomMatrix(2, 20, 3), randomMatrix(3, 3, 15)];
    const truth = singularValues(multiply(up, down))
      .slice(0, 3)
      .map((value) => value / 2);
    const { kind, count, values } = await spectrum(lowRank(up, down, 0.5));
    expect({ kind, count }).toEqual({ kind: 'exact', count: 3 });
    expectClose(values, truth);
  });

  it('of a Kronecker product has the products of both', async () => {
    const [a, b] = [randomMatrix(4, 3, 2), randomMatrix(5, 2, 4)];
    const found = await spectrum({
      kind: 'kronecker',
      left: matrixOf(tensorOf(a), 3, 2),
      right: matrixOf(tensorOf(b), 2, 4),
      scale: -2,
    });
    const [x, y] = [singularValues(a), singularValues(b)];
    const truth = [...x].flatMap((p) => [...y].map((q) => 2 * p * q)).sort((p, q) => q - p);
    expectClose(found.values, truth);
  });

  it('of a frozen normalisation is that of its diagonal', async () => {
    const found = await spectrum({
      kind: 'diagonal',
      gain: new FakeTensor([3], Float64Array.of(1, -6, 2)),
      variance: new FakeTensor([3], Float64Array.of(3, 8, 0)),
      epsilon: 1,
    });
    expect(found.values).toEqual([2, 2, 0.5]);
  });

  it('of a convolution has a course over the frequencies', async () => {
    const found = await spectrum(convolutionOf(convolution, true));
    const { frequencies, histogram } = found;
    expect(found.kind).toBe('exact');
    expect(found.method).toContain('grid of 6x4 frequencies');
    expect(frequencies?.grid).toEqual([6, 4]);
    for (const course of [frequencies?.largest, frequencies?.median, frequencies?.smallest]) {
      expect(course).toHaveLength(24);
    }
    expect(Math.max(...(frequencies?.largest ?? []))).toBe(found.largest);
    expect(Math.min(...(frequencies?.smallest ?? []))).toBe(found.smallest);
    // The frequency zero: the sum of the taps.
    const sums = Array.from({ length: 6 }, (_, pair) =>
      [...convolution.weight.slice(pair * 9, (pair + 1) * 9)].reduce((sum, x) => sum + x, 0),
    );
    const [largest] = singularValues({ rows: 3, columns: 2, values: Float64Array.from(sums) });
    expect(frequencies?.largest[0]).toBeCloseTo(2 * largest, 12);
    // The opposite of (1, 1) is (5, 3).
    expect(frequencies?.largest[1 * 4 + 1]).toBe(frequencies?.largest[5 * 4 + 3]);
    expect(found.count).toBe(48);
    expect(found.values).toHaveLength(48);
    expect((histogram?.counts ?? []).reduce((sum, count) => sum + count, histogram?.zeros ?? 0)).toBe(48);
    // Sum of squares over the frequencies (Parseval).
    const squares = (found.values ?? []).reduce((sum, value) => sum + value ** 2, 0);
    const kernel = frobenius(convolution.weight) ** 2;
    expect(squares).toBeCloseTo(4 * 24 * kernel, 8);
  });

  it('of a factored convolution is that of its kernel', async () => {
    const [up, down] = [randomMatrix(6, 5, 2), randomMatrix(7, 2, 4)];
    const core = new FakeTensor(
      [2, 2, 3],
      Float64Array.from({ length: 12 }, (_, i) => Math.cos(i)),
    );
    const kernel = new Float64Array(5 * 4 * 3);
    for (let tap = 0; tap < 3; tap++) {
      const middle = Float64Array.from({ length: 4 }, (_, i) => Math.cos(i * 3 + tap));
      const { values } = multiply(multiply(up, { rows: 2, columns: 2, values: middle }), down);
      values.forEach((value, i) => (kernel[i * 3 + tap] = value));
    }
    const layer: ConvolutionLayer = {
      ...convolution,
      ...{ weight: kernel, shape: [5, 4, 3], strides: [1], dilations: [1], pads: [1, 1] },
      ...{ inputSize: [8], outputPadding: [0], scale: 3 },
    };
    const whole = await spectrum(convolutionOf(layer, true));
    const found = await spectrum({
      kind: 'factoredConvolution',
      convolution: convolutionOf(layer, true),
      ...{ up: tensorOf(up), core, down: tensorOf(down) },
    });
    expect(found.count).toBe(16);
    // The kernel multiplied out has two zeros more at every frequency.
    expectClose(found.values, (whole.values ?? []).slice(0, 16));
  });

  it('is refused where there is none', async () => {
    const operator: Operator = {
      ...{ kind: 'normalization', gain: new FakeTensor([2], Float64Array.of(1, 1)) },
      ...{ epsilon: 1e-5, centered: true, size: 2 },
    };
    await expect(spectrum(operator)).rejects.toThrow('depends on its input');
    expect(secondsOfSpectrum(operator)).toBe(0);
  });

  it('is estimated to take longer where there is more to do, and never long', () => {
    const seconds = (rows: number, columns: number) =>
      secondsOfSpectrum(matrixOf(new FakeTensor([rows, columns], new Float64Array(0)), rows, columns));
    expect(seconds(64, 64)).toBeLessThan(seconds(512, 512));
    expect(seconds(1024, 1024)).toBeLessThan(4);
    expect(seconds(4096, 4096)).toBeLessThan(10);
  });
});

describe('the report of a spectrum', () => {
  it('counts zeros beside the histogram', () => {
    const { histogram, median, smallest } = describeSpectrum(
      exact(Float64Array.of(100, 10, 1, 1e-14, 0)),
      'by hand',
    );
    expect(histogram?.zeros).toBe(2);
    expect(histogram?.counts[0]).toBe(1);
    expect(histogram?.counts.at(-1)).toBe(1);
    expect(histogram?.counts.reduce((sum, count) => sum + count)).toBe(3);
    expect(histogram?.edges[0]).toBeLessThanOrEqual(1);
    expect(histogram?.edges.at(-1)).toBeGreaterThanOrEqual(100);
    expect({ median, smallest }).toEqual({ median: 1, smallest: 0 });
  });

  it('has one bar where all values are the same, and none where they are zero', () => {
    const values = orthogonalMatrix(seeded(8), 6, 6).values.slice(0, 6).fill(0.5);
    const { histogram } = describeSpectrum(exact(values), 'by hand');
    expect(histogram?.counts.filter((count) => count > 0)).toEqual([6]);
    expect(describeSpectrum(exact(new Float64Array(3)), 'by hand')).toMatchObject({
      ...{ histogram: null, count: 3, largest: 0, values: [0, 0, 0] },
    });
  });

  it('lists no more than 1024 values', () => {
    const report = describeSpectrum(exact(new Float64Array(1025).fill(1)), 'by hand');
    expect(report).toMatchObject({ count: 1025, values: null, largest: 1 });
  });
});
