import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { polyphase, type PolyphaseKernel, halfExtent } from '../../../../src/bounds/kernel';
import { Allowance } from '../../../../src/bounds/symbols/allowance';
import { boundAnySize } from '../../../../src/bounds/symbols/any-size';
import { autocorrelate, deviation, gramSymbolInto } from '../../../../src/bounds/symbols/autocorrelation';
import { coverSize, limitOf, thresholdOf } from '../../../../src/bounds/symbols/cells';
import { highestPeak } from '../../../../src/bounds/symbols/climb';
import { deviationOf, swingOf } from '../../../../src/bounds/symbols/deviation';
import { largestOfMean } from '../../../../src/bounds/symbols/lags';
import { secondsPerSymbol } from '../../../../src/bounds/symbols/symbol-norms';
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

async function deviationFrom(kernel: PolyphaseKernel, width = 1e-5, seconds = 10) {
  const autocorrelation = await autocorrelate(engine, kernel);
  const { norm: peak } = await highestPeak(kernel);
  const mean = await largestOfMean(engine, autocorrelation, width);
  const time = new Allowance(seconds);
  const found = await deviationOf(engine, kernel, autocorrelation, { peak, mean, width, time });
  return { ...found, time };
}

/**
 * `I + b R(phi) exp(-i <k, w>)`, R a rotation by phi, on two channels each, and g on a last one: the singular values of a pair are
 * `|1 + b exp(i (+-phi - <k, w>))|`, from 1 - b to 1 + b, and the eigenvalues of `F^H F` there from `-2 b` to `2 b` beside their mean.
 */
function turned(
  pairs: readonly { readonly b: number; readonly phi: number; readonly k: readonly number[] }[],
  g: number,
): PolyphaseKernel {
  const size = pairs[0].k.map((_, axis) => 1 + Math.max(...pairs.map(({ k }) => k[axis])));
  const taps = size.reduce((a, c) => a * c, 1);
  const order = 2 * pairs.length + 1;
  const values = new Float64Array(order ** 2 * taps);
  const add = (row: number, column: number, tap: number, value: number) => {
    values[(row * order + column) * taps + tap] += value;
  };
  pairs.forEach(({ b, phi, k }, at) => {
    const tap = k.reduce((sum, x, axis) => sum * size[axis] + x, 0);
    const [first, second] = [2 * at, 2 * at + 1];
    for (const channel of [first, second]) {
      add(channel, channel, 0, 1);
      add(channel, channel, tap, b * Math.cos(phi));
    }
    add(first, second, tap, -b * Math.sin(phi));
    add(second, first, tap, b * Math.sin(phi));
  });
  add(order - 1, order - 1, 0, g);
  return kernelOf(values, order, size);
}

/** As many pairs as what the coefficients say is far from the truth. */
const LAGS = [
  [1, 0],
  [2, 0],
  [0, 1],
  [0, 2],
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
] as const;

function pairs(b: number, phi: number, others = b) {
  return LAGS.map((k, at) => ({ b: at === 4 ? b : others, phi: phi + at, k }));
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
          const threshold = thresholdOf((1 + b) ** 2, Math.cos(t / 2), 4 * b);
          const truth = Math.hypot(1 + b * Math.cos(t), b * Math.sin(t));
          expect(threshold).toBeLessThanOrEqual(truth * (1 + 2 ** -52));
          expect(threshold).toBeGreaterThan(truth * (1 - 1e-13));
          const limit = limitOf(threshold, Math.cos(t / 2), 4 * b);
          expect(limit).toBeGreaterThan((1 + b) ** 2 * (1 - 1e-13));
          expect(limit).toBeLessThan((1 + b) ** 2 * (1 + 1e-12));
        },
      ),
    );
  });

  it('is the cosine of the reach where nothing is known of the swing', () => {
    for (const swing of [4, 5, Infinity]) {
      expect(thresholdOf(4, 0.25, swing)).toBeCloseTo(0.5, 14);
      expect(limitOf(0.5, 0.25, swing)).toBeCloseTo(4, 13);
    }
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
        const swing = share * limit;
        const threshold = thresholdOf(limit, cosine, swing);
        const square = exactly(cosine) ** 2n;
        const least = (x: bigint) => {
          const swung = x < exactly(swing) ? x : exactly(swing);
          return x * one ** 2n - swung * (one ** 2n - square);
        };
        expect(exactly(threshold) ** 2n * one <= least(exactly(limit))).toBe(true);
        expect(least(exactly(limitOf(bound, cosine, swing))) >= exactly(bound) ** 2n * one).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('is not rounded up where hardly anything is left', () => {
    // The cosine's square is next to nothing, and so is what is left of the limit.
    for (let power = 20; power < 40; power += 0.01) {
      const cosine = 2 ** -power;
      expect(thresholdOf(1, cosine, 1)).toBeLessThanOrEqual(cosine);
    }
  });

  it('says nothing beyond a quarter turn', () => {
    expect(thresholdOf(1, -0.5, 0.1)).toBe(0);
    expect(thresholdOf(1, 0, 0.1)).toBe(0);
    expect(limitOf(0.1, -0.5, 1)).toBe(Infinity);
    expect(limitOf(0, 0, 1)).toBe(Infinity);
  });
});

describe('deviation', () => {
  it('has the eigenvalues that are beside the mean', async () => {
    const random = seeded(2);
    const kernel = kernelOf(
      Float64Array.from({ length: 2 * 2 * 3 }, () => gaussian(random)),
      2,
      [3],
    );
    const whole = await autocorrelate(engine, kernel);
    for (const sign of [1, -1] as const) {
      const ours = deviation(whole, sign, 50);
      for (const w of [[0], [0.7], [-2.1]]) {
        const [a, b, c, d] = Array.from({ length: 4 }, () => new Float64Array(3));
        gramSymbolInto(whole, w, a, b);
        gramSymbolInto(ours, w, c, d);
        [0, 2, 3].forEach((inMean, at) => {
          expect(c[at]).toBeCloseTo((at === 1 ? 0 : 50) + sign * (a[at] - whole.central[inMean]), 12);
          expect(d[at]).toBeCloseTo(sign * b[at], 12);
        });
      }
    }
  });

  it('counts what sums over lags lose of a shift that is larger than the kernel', async () => {
    const tiny = await autocorrelate(engine, kernelOf([2 ** -30, 0, 0, 2 ** -30], 1, [4]));
    expect(tiny.error).toBeLessThan(2 ** -57);
    const { central, error } = deviation(tiny, 1, 1);
    expect(central[0]).toBe(1);
    expect(error).toBeGreaterThanOrEqual(4 * 2 ** -53);
  });
});

describe('deviationOf', () => {
  it('holds the eigenvalues of all symbols beside the mean, wherever they are farthest, and is narrow', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1e-4, max: 0.04, noNaN: true }), angles, async (b, phi) => {
        const { below, above } = await deviationFrom(turned(pairs(b, phi), 1));
        expect(below).toBeGreaterThanOrEqual(2 * b * (1 - 1e-12));
        expect(above).toBeGreaterThanOrEqual(2 * b * (1 - 1e-12));
        expect(below + above).toBeLessThanOrEqual(12 * b);
      }),
      { numRuns: 60 },
    );
  });

  it('does not take a needle between the centres of cells for more than it is', async () => {
    // One pair is larger than the others: where an end is tried it is now and then just below that.
    for (let step = 0; step < 400; step++) {
      const b = 0.02 * (1 + 0.005 * step);
      const { below, above } = await deviationFrom(turned(pairs(b, 0.5 + step, 0.02), 1.3), 1e-4);
      expect(below).toBeGreaterThanOrEqual(2 * b * (1 - 1e-12));
      expect(above).toBeGreaterThanOrEqual(2 * b * (1 - 1e-12));
    }
  });

  it('is that of the channels that vary, however large others are that do not', async () => {
    const kernel = turned(pairs(1e-3, 1), 1.4);
    const { below, above } = await deviationFrom(kernel);
    expect(below + above).toBeLessThanOrEqual(12e-3);
    const { lower, upper } = await boundAnySize(engine, kernel, 1e-5);
    expect(lower).toBeLessThanOrEqual(1.4);
    expect(upper).toBeGreaterThanOrEqual(1.4);
    expect(upper).toBeLessThanOrEqual((1 + 1e-5) * lower);
  });

  it('ends where hardly anything varies, and is left at what rounding hides where nothing does', async () => {
    // Each tap has channels of its own.
    const apart = kernelOf(
      [1, ...new Array<number>(8).fill(0), ...new Array<number>(26).fill(0), 1],
      2,
      [3, 3],
    );
    const { below, above } = await deviationFrom(apart, 1e-8);
    expect(Math.max(below, above)).toBeLessThan(1e-12);
    for (const [least, width] of [
      [0, 1e-15],
      [1e-150, 1e-15],
      [1e-20, 1e-15],
      [1e-10, 1e-8],
    ]) {
      const hardly = { ...apart, values: apart.values.map((x) => Math.max(x, least)) };
      expect(swingOf(await deviationFrom(hardly, width))).toBeLessThan(1e-8);
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
    const comparison = secondsPerSymbol(engine, kernel);
    const { time } = await deviationFrom(kernel, 1e-5, 100);
    // Spent as estimated: nothing else is.
    expect(time.isOver((20 * coverSize(halfExtent(kernel), 0.25) * comparison) / 100)).toBe(false);
  });

  it('is what the coefficients say where symbols vary much, where less would not pay, and where there is no time', async () => {
    const random = seeded(4);
    const rough = kernelOf(
      Float64Array.from({ length: 6 * 6 * 9 }, () => gaussian(random)),
      6,
      [3, 3],
    );
    const { norm } = await highestPeak(rough);
    expect(swingOf(await deviationFrom(rough))).toBeGreaterThan(norm ** 2);
    const coefficients = 2 * LAGS.length * 2 * 0.01 * Math.SQRT2;
    const swing = async (width: number, seconds: number) =>
      swingOf(await deviationFrom(turned(pairs(0.01, 1), 1), width, seconds));
    expect(await swing(1e-2, 10)).toBeCloseTo(coefficients, 10);
    expect(await swing(1e-5, 1e-9)).toBeCloseTo(coefficients, 10);
    expect(await swing(1e-5, 10)).toBeLessThan(coefficients / 3);
  });
});

describe('boundAnySize of what is nearly an isometry', () => {
  it('reaches narrow tolerances', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1e-5, max: 0.05, noNaN: true }), angles, lags, async (b, phi, k) => {
        const { lower, upper } = await boundAnySize(engine, turned([{ b, phi, k }], 1), 1e-8);
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
