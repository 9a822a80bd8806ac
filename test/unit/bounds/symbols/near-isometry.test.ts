import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { polyphase, type PolyphaseKernel, halfExtent } from '../../../../src/bounds/kernel';
import { Allowance } from '../../../../src/bounds/symbols/allowance';
import { boundAnySize } from '../../../../src/bounds/symbols/any-size';
import { autocorrelate, complement, gramSymbolInto } from '../../../../src/bounds/symbols/autocorrelation';
import { coverSize, limitOf, thresholdOf } from '../../../../src/bounds/symbols/cells';
import { highestPeak } from '../../../../src/bounds/symbols/climb';
import { boundByLags } from '../../../../src/bounds/symbols/lags';
import { eigenvalueRange } from '../../../../src/bounds/symbols/near-isometry';
import { type SymbolNorms, symbolNormsOf } from '../../../../src/bounds/symbols/symbol-norms';
import { Engine } from '../../../../src/compute/engine';
import { fractionOf } from '../../truth/exact';
import { gaussian, orthogonalKernel, orthogonalMatrix, seeded } from '../../truth/random';

const engine = new Engine('cpu');

function kernelOf(values: ArrayLike<number>, channels: number, size: readonly number[]): PolyphaseKernel {
  const ones = size.map(() => 1);
  const shape = {
    outChannels: channels,
    inChannelsPerGroup: channels,
    groups: 1,
    strides: ones,
    dilations: ones,
  };
  return polyphase(Float64Array.from(values), { ...shape, size }, 0);
}

async function rangeOf(kernel: PolyphaseKernel, width = 1e-5, seconds = 10) {
  const autocorrelation = await autocorrelate(engine, kernel);
  const norms = symbolNormsOf(engine, kernel, autocorrelation);
  const { norm: peak } = await highestPeak(kernel);
  const most = await boundByLags(engine, autocorrelation, width);
  const known = { peak, most, width, time: new Allowance(seconds) };
  return eigenvalueRange(engine, kernel, autocorrelation, norms, known);
}

/**
 * `I + b R(phi) exp(-i <k, w>)`, R a rotation by phi, on two channels, and g on a third one: the singular values of the first are
 * `|1 + b exp(i (+-phi - <k, w>))|`, from 1 - b to 1 + b.
 */
function turned(b: number, phi: number, k: readonly number[], g: number): PolyphaseKernel {
  const size = k.map((length) => length + 1);
  const taps = size.reduce((a, c) => a * c, 1);
  const values = new Float64Array(9 * taps);
  const add = (row: number, column: number, tap: number, value: number) => {
    values[(row * 3 + column) * taps + tap] += value;
  };
  for (const channel of [0, 1]) {
    add(channel, channel, 0, 1);
    add(channel, channel, taps - 1, b * Math.cos(phi));
    add(channel, 1 - channel, taps - 1, (channel === 0 ? -b : b) * Math.sin(phi));
  }
  add(2, 2, 0, g);
  return kernelOf(values, 3, size);
}

const angles = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true });
const lags = fc.constantFrom([1], [3], [1, 0], [1, 1], [2, 1], [1, 1, 1]);

describe('thresholdOf', () => {
  it('is what |a + b exp(i t)| is at a distance t from its peak: nothing larger would be true', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0, max: Math.PI / 2, noNaN: true }),
        (b, t) => {
          // Half the extent of two taps is one half.
          const threshold = thresholdOf((1 + b) ** 2, Math.cos(t / 2), (1 - b) ** 2);
          const truth = Math.hypot(1 + b * Math.cos(t), b * Math.sin(t));
          expect(threshold).toBeLessThanOrEqual(truth * (1 + 2 ** -52));
          expect(threshold).toBeGreaterThan(truth * (1 - 1e-13));
          const limit = limitOf(threshold, Math.cos(t / 2), (1 - b) ** 2);
          expect(limit).toBeGreaterThanOrEqual((1 + b) ** 2 * (1 - 2 ** -52));
          expect(limit).toBeLessThan((1 + b) ** 2 * (1 + 1e-12));
        },
      ),
    );
  });

  it('is the cosine of the reach where nothing is known of the least', () => {
    expect(thresholdOf(4, 0.25, 0)).toBeCloseTo(0.5, 14);
    expect(limitOf(0.5, 0.25, 0)).toBeCloseTo(4, 13);
  });

  it('is rounded down, and its converse up', () => {
    const one = 1n << 90n;
    const exactly = (x: number) => {
      const { numerator, shift } = fractionOf(x);
      return numerator << BigInt(90 - shift);
    };
    const numbers = fc.double({ min: 2 ** -9, max: 1, noNaN: true });
    fc.assert(
      fc.property(numbers, numbers, numbers, numbers, (limit, cosine, share, bound) => {
        const least = share * limit;
        const threshold = thresholdOf(limit, cosine, least);
        const square = exactly(cosine) ** 2n;
        const sum = (most: number) => exactly(most) * square + exactly(least) * (one ** 2n - square);
        expect(exactly(threshold) ** 2n * one <= sum(limit)).toBe(true);
        expect(sum(limitOf(bound, cosine, least)) >= exactly(bound) ** 2n * one).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('says nothing beyond a quarter turn', () => {
    expect(thresholdOf(1, -0.5, 0.9)).toBe(0);
    expect(thresholdOf(1, 0, 0.9)).toBe(0);
    expect(limitOf(0.1, -0.5, 0)).toBe(Infinity);
    expect(limitOf(0, 0, 0)).toBe(Infinity);
  });

  it('does not answer less than the least', () => {
    expect(limitOf(1, 0.5, 2)).toBe(2);
  });
});

describe('complement', () => {
  it('has the eigenvalues that are left of the shift', async () => {
    const random = seeded(2);
    const kernel = kernelOf(
      Float64Array.from({ length: 2 * 2 * 3 }, () => gaussian(random)),
      2,
      [3],
    );
    const ours = await autocorrelate(engine, kernel);
    const others = complement(ours, 50);
    for (const w of [[0], [0.7], [-2.1]]) {
      const [a, b, c, d] = Array.from({ length: 4 }, () => new Float64Array(3));
      gramSymbolInto(ours, w, a, b);
      gramSymbolInto(others, w, c, d);
      [50, 0, 50].forEach((shift, at) => {
        expect(a[at] + c[at]).toBeCloseTo(shift, 12);
        expect(b[at] + d[at]).toBeCloseTo(0, 12);
      });
    }
  });

  it('counts what the shift rounds away', async () => {
    const tiny = await autocorrelate(engine, kernelOf([2 ** -30], 1, [1]));
    expect(tiny.error).toBeLessThan(2 ** -62);
    const { central, error } = complement(tiny, 1);
    expect(central[0]).toBe(1);
    expect(error).toBeGreaterThanOrEqual(2 ** -60);
    // And what the sums over lags do to a diagonal that is larger than the kernel.
    const { error: ofSums } = complement(
      await autocorrelate(engine, kernelOf([2 ** -30, 0, 0, 2 ** -30], 1, [4])),
      1,
    );
    expect(ofSums).toBeGreaterThanOrEqual(2 ** -60 + 4 * 2 ** -53);
  });
});

describe('eigenvalueRange', () => {
  it('holds the eigenvalues of all symbols, wherever they are smallest and largest, and is narrow', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1e-4, max: 0.1, noNaN: true }), angles, lags, async (b, phi, k) => {
        const { least, most } = await rangeOf(turned(b, phi, k, 1));
        expect(least).toBeLessThanOrEqual((1 - b) ** 2 * (1 + 1e-14));
        expect(most).toBeGreaterThanOrEqual((1 + b) ** 2 * (1 - 1e-14));
        if (k.length < 3) expect(most - least).toBeLessThanOrEqual(12 * b);
      }),
      { numRuns: 60 },
    );
  });

  it('does not take a needle between the centres of cells for more than it is', async () => {
    // What is expected is above the truth: where an end is tried it is now and then just beyond it.
    for (let step = 0; step < 400; step++) {
      const b = 0.02 + 0.0012 * step;
      const { least, most } = await rangeOf(turned(b, 0.5 + step, [1, 1], 1.3), 1e-4);
      expect(least).toBeLessThanOrEqual(Math.min(1.69, (1 - b) ** 2) * (1 + 1e-14));
      expect(most).toBeGreaterThanOrEqual(Math.max(1.69, (1 + b) ** 2) * (1 - 1e-14));
    }
  });

  it('is not narrowed ever more slowly', async () => {
    // 2 channels and 9 taps, among whose symbols' singular values the largest come close together.
    const [b, w] = [0.34180602028965956, 1.2289498247206212];
    const values = new Float64Array(4 * 9);
    for (let tap = 0; tap < 9; tap++) {
      const [cosine, sine] = [Math.cos(tap * w), tap === 0 ? 0 : Math.sin(tap * w)];
      const turn = [cosine, -sine, sine, cosine].map((x) => (b / 9) * x);
      turn.forEach((x, at) => (values[at * 9 + tap] = x + (tap === 0 && at % 3 === 0 ? 1 : 0)));
    }
    const kernel = kernelOf(values, 2, [9]);
    const autocorrelation = await autocorrelate(engine, kernel);
    const norms = symbolNormsOf(engine, kernel, autocorrelation);
    const { norm: peak } = await highestPeak(kernel);
    const most = await boundByLags(engine, autocorrelation, 1e-5);
    let comparisons = 0;
    const counted: SymbolNorms = {
      ...{ seconds: norms.seconds, floor: norms.floor },
      resolution: (norm) => norms.resolution(norm),
      upperBounds: (frequencies, thresholds) => {
        comparisons += frequencies.length;
        return norms.upperBounds(frequencies, thresholds);
      },
    };
    const known = { peak, most, width: 1e-5, time: new Allowance(100) };
    await eigenvalueRange(engine, kernel, autocorrelation, counted, known);
    expect(comparisons).toBeLessThan(20 * coverSize(halfExtent(kernel), 0.25));
  });

  it('is left as it is for a kernel that is no isometry, where that would not pay, and where there is no time', async () => {
    const random = seeded(4);
    const rough = kernelOf(
      Float64Array.from({ length: 6 * 6 * 9 }, () => gaussian(random)),
      6,
      [3, 3],
    );
    expect((await rangeOf(rough)).least).toBe(0);
    expect((await rangeOf(turned(0.01, 1, [1, 1], 1), 1e-2)).least).toBe(0);
    expect((await rangeOf(turned(0.01, 1, [1, 1], 1))).least).toBeGreaterThan(0.9);
    expect((await rangeOf(turned(0.01, 1, [1, 1], 1), 1e-5, 1e-9)).least).toBe(0);
  });
});

describe('boundAnySize of what is nearly an isometry', () => {
  it('reaches narrow tolerances', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1e-5, max: 0.05, noNaN: true }), angles, lags, async (b, phi, k) => {
        const { lower, upper } = await boundAnySize(engine, turned(b, phi, k, 1), 1e-8);
        expect(lower).toBeLessThanOrEqual((1 + b) * (1 + 1e-14));
        expect(upper).toBeGreaterThanOrEqual((1 + b) * (1 - 1e-14));
        if (k.length < 3) expect(upper).toBeLessThanOrEqual((1 + 1e-8) * lower);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['rounded to float32', 1e-7, 1e-7],
    ['rounded to float16', 1e-4, 1e-5],
    ['with noise', 1e-3, 1e-5],
  ])('reaches them for an orthogonal layer %s', async (_, noise, tolerance) => {
    const random = seeded(6);
    const exact = orthogonalKernel(random, 16, 16, [3, 3]);
    const kernel = kernelOf(
      exact.map((x) => x + noise * 0.1 * gaussian(random)),
      16,
      [3, 3],
    );
    const { lower, upper, frequency } = await boundAnySize(engine, kernel, tolerance);
    expect(upper).toBeLessThanOrEqual((1 + tolerance) * lower);
    expect(frequency).toHaveLength(2);
    expect(lower).toBeGreaterThan(1);
  });

  it('reaches them for a matrix with a little noise around it', async () => {
    const random = seeded(3);
    const centre = orthogonalMatrix(random, 32, 32).values;
    const values = Float64Array.from({ length: 32 * 32 * 9 }, (_, at) =>
      at % 9 === 4 ? centre[Math.floor(at / 9)] : 1e-4 * gaussian(random),
    );
    const { lower, upper } = await boundAnySize(engine, kernelOf(values, 32, [3, 3]), 1e-5);
    expect(upper).toBeLessThanOrEqual((1 + 1e-5) * lower);
  });
});
