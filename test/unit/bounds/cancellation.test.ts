/** Weights whose sums, products or quotients vanish beside their own rounding. */
import { describe, expect, it } from 'vitest';
import { boundConvolution, type ConvolutionEnclosure } from '../../../src/bounds/convolution';
import { boundLowRank } from '../../../src/bounds/matrices/low-rank';
import { boundMatrix } from '../../../src/bounds/matrices/matrix';
import { boundDiagonal, boundNormalization } from '../../../src/bounds/normalization';
import type { PaddingMode } from '../../../src/bounds/padded/padding';
import { times } from '../../../src/bounds/rounding';
import { stableRank } from '../../../src/bounds/stable-rank';
import type { Values } from '../../../src/bounds/values';
import { Engine } from '../../../src/compute/engine';

const engine = new Engine('cpu');

function boundLine(values: Values, mode: PaddingMode, size: number): Promise<ConvolutionEnclosure> {
  const pad = (values.length - 1) / 2;
  return boundConvolution(
    engine,
    {
      values,
      ...{ outChannels: 1, inChannelsPerGroup: 1, groups: 1, size: [values.length] },
      ...{ strides: [1], dilations: [1], padding: { mode, amounts: [pad, pad] }, inputSize: [size] },
    },
    null,
  );
}

function expectHolds({ lower, upper }: { lower: number; upper: number }, truth: number): void {
  expect(lower).toBeLessThanOrEqual(truth);
  expect(upper).toBeGreaterThanOrEqual(truth);
}

describe('taps that read the same input', () => {
  it.each(['circular', 'replicate', 'reflect'] as const)('may cancel: %s', async (mode) => {
    // One input, which every tap reads: 1 + 2^-60 - 1.
    expectHolds(await boundLine(Float32Array.of(1, 2 ** -60, -1), mode, 1), 2 ** -60);
  });

  it('may cancel all but once', async () => {
    // [[e, e], [e, e]] with e = 2^-60.
    const kernel = Float32Array.of(1, 2 ** -61, 2 ** -60, 2 ** -61, -1);
    expectHolds(await boundLine(kernel, 'circular', 2), 2 ** -59);
  });

  it('may cancel exactly', async () => {
    const { lower, upper } = await boundLine(Float32Array.of(1, -3, 2), 'circular', 1);
    expect([lower, upper]).toEqual([0, 0]);
  });

  it('may leave what a common scale loses', async () => {
    expectHolds(await boundLine(Float64Array.of(2, 2 ** -1074, -2), 'circular', 1), 2 ** -1074);
  });

  it('are certain where every sum is exact', async () => {
    const { lower, upper } = await boundLine(Float32Array.of(1, 2 ** -20, -1), 'circular', 1);
    expectHolds({ lower, upper }, 2 ** -20);
    expect(upper).toBeLessThan(lower * (1 + 1e-12));
  });
});

describe('low rank', () => {
  it('has a column whose square is lost', async () => {
    const [rows, up] = [6, new Float64Array(12)];
    for (let r = 0; r < rows; r++) {
      up[2 * r] = (1 + r) * 3e-162;
      up[2 * r + 1] = 1 + ((7 * r) % 5);
    }
    // The second column, of squared length 56, times (1, 2, 3).
    const down = Float64Array.of(0, 0, 0, 1, 2, 3);
    expectHolds(await boundLowRank(engine, up, down, rows, 2, 3, 1e-6), 28);
  });

  it('is not zero where it is beyond float64', async () => {
    const tiny = Float64Array.of(1e-200, 1e-200);
    const { lower, upper } = await boundLowRank(engine, tiny, tiny, 2, 1, 2, 1e-6);
    expect(lower).toBe(0);
    expect(upper).toBeGreaterThan(0);
  });

  it('has a norm where the product of its scales overflows', async () => {
    const found = await boundLowRank(
      engine,
      Float64Array.of(2 ** 1000),
      Float64Array.of(2 ** -1000),
      1,
      1,
      1,
      1e-6,
    );
    expectHolds(found, 1);
  });

  it('knows by how much its Frobenius norm may be off', async () => {
    // Rows (2^-50, 2^-52), twice.
    const up = Float64Array.of(1, 1, 1, 1);
    const down = Float64Array.of(1, 0, -1 + 2 ** -50, 2 ** -52);
    const found = await boundLowRank(engine, up, down, 2, 2, 2, 1e-6);
    const truth = Math.SQRT2 * 2 ** -52 * Math.sqrt(17);
    expectHolds(found, truth);
    expect(Math.abs(found.frobenius - truth)).toBeLessThanOrEqual(found.frobeniusError);
    const rank = stableRank([{ ...found, fullRank: 2 }]);
    expectHolds(rank, 1);
  });
});

describe('what underflows', () => {
  it('is not zero', () => {
    expect(times({ lower: 1e-300, upper: 1e-300 }, 1e-300).upper).toBeGreaterThan(0);
    expect(times({ lower: 0, upper: 0 }, 1e-300)).toEqual({ lower: 0, upper: 0 });
    expect(times({ lower: 1, upper: 1 }, 0)).toEqual({ lower: 0, upper: 0 });
    const tiny = Float64Array.of(5e-324, 0);
    expect(boundDiagonal(tiny, Float64Array.of(1e10, 1), 0).upper).toBeGreaterThan(0);
    expect(boundNormalization(tiny, 1e10, false, 2).upper).toBeGreaterThan(0);
    expect(boundNormalization(new Float64Array(2), 1e10, false, 2)).toEqual({ lower: 0, upper: 0 });
  });

  it('leaves the stable rank of subnormal weights', async () => {
    const values = Float64Array.from({ length: 9 }, (_, at) => (at % 4 === 0 ? 2e-323 : 0));
    const found = await boundMatrix(engine, { values, rows: 3, columns: 3 }, 1e-6);
    expectHolds(found, 2e-323);
    expectHolds(stableRank([{ ...found, fullRank: 3 }]), 3);
  });

  it('is allowed for in a stable rank', () => {
    const one = { lower: 1, upper: 1, frobenius: 1, fullRank: 3 };
    const { lower, upper } = stableRank([{ ...one, frobeniusError: 0.1 }]);
    expect(lower).toBeLessThanOrEqual(0.81);
    expect(upper).toBeGreaterThanOrEqual(1.21);
  });
});
