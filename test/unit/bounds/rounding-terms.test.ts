/** Each allowance for rounding, where nothing but that one covers what is lost. */
import { describe, expect, it } from 'vitest';
import { Allowance } from '../../../src/bounds/symbols/allowance';
import { boundAnySize } from '../../../src/bounds/symbols/any-size';
import { autocorrelate, lagsBeyondZero } from '../../../src/bounds/symbols/autocorrelation';
import { boundByCholesky } from '../../../src/bounds/matrices/cholesky';
import { cosineOf, coverOfHalfTorus, reachOf, split } from '../../../src/bounds/symbols/cells';
import { normAt } from '../../../src/bounds/symbols/climb';
import { shiftBelow } from '../../../src/bounds/symbols/definite';
import { deviationOf } from '../../../src/bounds/symbols/deviation';
import { gramMatrix } from '../../../src/bounds/matrices/gram-matrix';
import { boundOnGrid } from '../../../src/bounds/symbols/grid';
import { symbolNorms } from '../../../src/bounds/symbols/hermitian';
import { boundByTaps, type PolyphaseKernel } from '../../../src/bounds/kernel';
import { boundLowRank } from '../../../src/bounds/matrices/low-rank';
import { boundMatrix } from '../../../src/bounds/matrices/matrix';
import { lowerBounds, paddedOperator } from '../../../src/bounds/padded/padded-operator';
import { gamma, roundDown, roundUp, UNIT_ROUNDOFF } from '../../../src/bounds/rounding';
import { stableRank } from '../../../src/bounds/stable-rank';
import { symbolError, symbolsAt } from '../../../src/bounds/symbols/symbol';
import { toDense } from '../../../src/bounds/matrices/symmetric';
import { sumOfSquares } from '../../../src/bounds/values';
import { Engine } from '../../../src/compute/engine';
import { compareWithEigenvalue, exactly, fractionOf, times } from '../truth/exact';
import { seeded } from '../truth/random';
import { Float32Engine, UnluckyEngine, oppositeRows, UnluckySquareEngine } from './rounding-engine';

const engine = new Engine('cpu');

/** pi times 10^60. */
const PI = 3141592653589793238462643383279502884197169399375105820974944n;
const UNIT = 10n ** 60n;

/** A kernel of one row and one column. */
function line(positions: readonly (readonly number[])[], values: readonly number[]): PolyphaseKernel {
  return { rows: 1, columns: 1, positions, values: Float64Array.from(values), fullRank: 1 };
}

/** 1, and `count` values that are lost one by one when they are added to it. */
function oneAnd(count: number, value: number): Float64Array {
  return new Float64Array(count + 1).fill(value).fill(1, 0, 1);
}

describe('outward rounding', () => {
  it.each([1, 3.7, 1e-300, 5e-324, 1e300])('leaves %d behind', (x) => {
    expect(roundUp(x)).toBeGreaterThan(x);
    expect(roundDown(x)).toBeLessThan(x);
  });
});

describe('cells', () => {
  it('have cosines below those of their reach, however small', () => {
    expect(cosineOf({ centre: [0], extent: [1e-9] }, [1])).toBeLessThan(1);
  });

  it('reach as far as their centres are off', () => {
    const tau = 127;
    const random = seeded(3);
    let largest = 0;
    const cover = coverOfHalfTorus([tau], 0.47);
    const [first] = cover[0].extent;
    const count = BigInt(Math.round((Math.PI * tau) / first));
    cover.forEach((start, place) => {
      // Where the centre is in real arithmetic: 2 pi place / count, then to either side by halves of halves of the extent.
      let exact = (2n * PI * BigInt(place)) / count;
      let half = PI / count;
      let cell = start;
      for (let level = 0; level < 14; level++) {
        const side = random() < 0.5 ? 0 : 1;
        half /= 2n;
        exact += side === 0 ? -half : half;
        cell = split(cell, [tau])[side];
      }
      const { numerator, shift } = fractionOf(cell.centre[0]);
      const off = Number((numerator * UNIT) / (1n << BigInt(shift)) - exact) / 1e60;
      largest = Math.max(largest, tau * Math.abs(off));
      expect(reachOf(cell, [tau]) - cell.extent[0]).toBeGreaterThanOrEqual(tau * Math.abs(off));
    });
    expect(largest).toBeGreaterThan(1e-14);
  });
});

describe('the error of a symbol', () => {
  it('covers angles of far positions', async () => {
    const far = 1_000_000;
    const kernel = line([[0], [far]], [1, 1]);
    const random = seeded(5);
    let largest = 0;
    for (let k = 0; k < 40; k++) {
      const w = 3 + random() / 3;
      const { numerator, shift } = fractionOf(w);
      const angle = Number(((BigInt(far) * numerator * UNIT) / (1n << BigInt(shift))) % (2n * PI)) / 1e60;
      const { real, imaginary } = await symbolsAt(engine, kernel, kernel.values, [[w]]);
      const off = Math.hypot(real[0] - 1 - Math.cos(angle), imaginary[0] + Math.sin(angle));
      largest = Math.max(largest, off);
      expect(off).toBeLessThanOrEqual(symbolError(kernel, UNIT_ROUNDOFF));
    }
    expect(largest).toBeGreaterThan(1e-12);
  });

  it('covers the sums of a device', async () => {
    const count = 64;
    const kernel = line(
      Array.from({ length: count }, (_, at) => [at]),
      new Array<number>(count).fill(1),
    );
    const unlucky = new UnluckyEngine(1, 'float32');
    const { real } = await symbolsAt(unlucky, kernel, Float32Array.from(kernel.values), [[0]]);
    expect(real[0]).toBeGreaterThan(count);
    expect(real[0] - count).toBeLessThanOrEqual(symbolError(kernel, 2 ** -24));
  });
});

describe('the error of an autocorrelation', () => {
  it('covers long products', async () => {
    // 1 + 4095 2^-54: every addition is lost.
    const values = new Float64Array(2 * 4096);
    values.set(oneAnd(4095, 2 ** -27));
    const found = await autocorrelate(engine, { ...line([[0], [1]], []), rows: 4096, values });
    expect(found.even[0]).toBe(1);
    expect(found.error).toBeGreaterThanOrEqual(4095 * 2 ** -54);
  });

  it('covers as many sums as there are lags', async () => {
    const random = seeded(1);
    const positions = Array.from({ length: 150 }, () => [0, 0, 0].map(() => Math.floor(20 * random())));
    const found = await autocorrelate(engine, line(positions, new Array<number>(150).fill(1)));
    const lags = found.lags.length;
    expect(lags).toBeGreaterThan(7000);
    expect(found.error).toBeGreaterThanOrEqual(Math.SQRT2 * gamma(lags + 1) * 150 ** 2);
  });

  it('covers angles of far lags, and of grids', async () => {
    // The angle is off by the product's rounding, and the frequency 2 pi k / n by four of its own.
    const found = await autocorrelate(engine, line([[0], [1_000_000]], [1, 1]));
    expect(found.error).toBeGreaterThanOrEqual(Math.SQRT2 * 5 * 2 * Math.PI * 1e6 * UNIT_ROUNDOFF);
  });

  it('is symmetric at lag 0, whatever the order of the sums', async () => {
    const random = seeded(2);
    const [rows, columns] = [70, 40];
    const values = Float64Array.from({ length: 3 * rows * columns }, random);
    const kernel = { rows, columns, positions: [[0], [1], [2]], values, fullRank: columns };
    const { central, even } = await autocorrelate(engine, kernel);
    for (let r = 0, k = 0; r < columns; r++) {
      for (let c = 0; c <= r; c++, k++) {
        expect(central[r * columns + c]).toBe(even[k]);
        expect(central[c * columns + r]).toBe(even[k]);
      }
    }
  });
});

describe('the bound by lags', () => {
  it('covers the rounding of its own sum', async () => {
    // Differences that are all distinct: 2 for one pair, 2^-53 each for 56 others.
    const far = Array.from({ length: 28 }, (_, at) => [3 * 2 ** (at + 1)]);
    const found = await autocorrelate(engine, line([[0], [1], ...far], [1, 1, ...far.map(() => 2 ** -54)]));
    expect(lagsBeyondZero(found)).toBeGreaterThanOrEqual(2 + 56 * 2 ** -53);
  });

  it('covers what the coefficients have lost', async () => {
    // Two taps of 1 and 4095 times 2^-27: twice 1 + 4095 2^-54 beside the mean, and every addition is lost.
    const values = Float64Array.of(...oneAnd(4095, 2 ** -27), ...oneAnd(4095, 2 ** -27));
    const kernel = { ...line([[0], [1]], []), rows: 4096, values };
    const found = await autocorrelate(engine, kernel);
    expect(lagsBeyondZero(found)).toBeLessThan(2 + 8190 * 2 ** -54);
    const known = { peak: 2, mean: 4, width: 1e-2, time: new Allowance(1) };
    const { below, above } = await deviationOf(engine, kernel, found, known);
    expect(Math.min(below, above)).toBeGreaterThanOrEqual(2 + 8190 * 2 ** -54);
  });

  it('covers the rounding of the lags', async () => {
    // Two taps with ranges that have nothing in common: norm 2^(1/2) at every frequency.
    const [rows, columns] = [2048, 64];
    const values = new Float64Array(2 * rows * columns);
    for (let tap = 0; tap < 2; tap++) {
      for (let c = 0; c < columns; c++) values[(tap * rows + tap * columns + c) * columns + c] = 1;
    }
    const kernel = { rows, columns, positions: [[0], [1]], values, fullRank: columns };
    for (const direction of [1, -1] as const) {
      const { lower, upper } = await boundAnySize(new UnluckyEngine(direction), kernel, 1e-3);
      const square = (x: number) => compareWithEigenvalue(times(exactly(x), exactly(x)), [2n], 1);
      expect(square(upper).atLeast).toBe(true);
      expect(square(lower).above).toBe(false);
      expect(upper).toBeLessThan(lower * (1 + 1e-9));
    }
  });
});

describe('what cannot be shown', () => {
  /** Symbols that are lost on the way. */
  class BrokenEngine extends Engine {
    private readonly lost = new Float64Array(2 ** 22).fill(NaN);

    override onOneCore(): Engine {
      return this;
    }

    override multiply(...[, , m, , n]: Parameters<Engine['multiply']>): Promise<Float64Array> {
      return Promise.resolve(this.lost.subarray(0, m * n));
    }
  }
  const order = 300;
  const random = seeded(6);
  const values = Float64Array.from({ length: 2 * order * order }, () => random() - 0.5);
  const kernel: PolyphaseKernel = {
    rows: order,
    columns: order,
    positions: [[0], [1]],
    values,
    fullRank: order,
  };

  it('is not taken for shown, for any size', async () => {
    const attained = await normAt(kernel, [0], 20, 0);
    expect(attained).toBeGreaterThan(5);
    const { upper } = await boundAnySize(new BrokenEngine('cpu'), kernel, 1e-12, 0.5);
    expect(upper).toBeGreaterThanOrEqual(attained);
  });

  it('is not taken for shown, on a grid', async () => {
    const sound = await boundOnGrid(engine, kernel, [5], 1e-3);
    const broken = await boundOnGrid(new BrokenEngine('cpu'), kernel, [5], 1e-3);
    expect(sound.lower).toBeGreaterThan(5);
    expect(broken.upper).toBeGreaterThanOrEqual(sound.lower);
  });
});

describe('a factorisation', () => {
  it('covers rounding as large as its factor, which may be far larger than the matrix', async () => {
    // [[I, X^T], [X, X X^T + 128 I - J]], X of signs with rows in pairs of opposites: definite but for ones in the second half.
    const half = 128;
    const n = 2 * half;
    const x = oppositeRows(half);
    const g = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      g[i * n + i] = 1024;
      if (i < half) g[i * n + i] -= 1;
      for (let j = 0; j < half; j++) {
        if (i < half) {
          g[i * n + half + j] -= x[j * half + i];
          g[(half + j) * n + i] -= x[j * half + i];
          continue;
        }
        let sum = i - half === j ? half - 1 : -1;
        for (let l = 0; l < half; l++) sum += x[(i - half) * half + l] * x[j * half + l];
        g[i * n + half + j] -= sum;
      }
    }
    const one = new UnluckySquareEngine('cpu');
    let answers = 0;
    for (const deficit of [2e-11, 1e-10, 1.5e-10, 2e-10, 1e-9]) {
      const bound = await boundByCholesky(one, g, n, 1024 - deficit);
      if (bound !== null && deficit > 1.2e-10) answers++;
      expect(bound === null || bound >= 1024, `${deficit}`).toBe(true);
    }
    expect(answers).toBeGreaterThan(0);
  });
});

describe('squares of symbols', () => {
  it('may be off by as much as float32 allows', async () => {
    /** The largest entry of every square is too small. */
    class UnluckySquareEngine extends Float32Engine {
      override async hermitianSquare(
        ...operands: Parameters<Engine['hermitianSquare']>
      ): ReturnType<Engine['hermitianSquare']> {
        const [real, , scales, n] = operands;
        const squares = sumOfSquares(real);
        const answer = await super.hermitianSquare(...operands);
        answer.real[0] -= 3.5 * gamma(n + 4, 2 ** -24) * squares * scales[0];
        return answer;
      }
    }
    const symbols = { real: Float32Array.of(1, 0, 0, 0.9999), imaginary: new Float32Array(4) };
    const question = { thresholds: null, tolerance: 1e-9 };
    const [{ lower, upper }] = await symbolNorms(new UnluckySquareEngine(), symbols, 2, 2, 0, question);
    expect(lower).toBeLessThanOrEqual(1);
    expect(upper).toBeGreaterThanOrEqual(1);
  });
});

describe('shiftBelow', () => {
  it.each([
    ['by rows', 90, 1, 0],
    ['by panels, which are solved by their inverses', 1000, 2, 2 ** -22],
  ])(
    'leaves room for the error of the matrix in what the factorisation rounds, %s',
    (_, order, times, off) => {
      const [bound, error] = [3, 1];
      const theta = shiftBelow(bound, order, error) ?? Infinity;
      const growth = times * Math.SQRT2 * gamma(2 * order + 4) * order;
      expect(bound - error - theta).toBeGreaterThanOrEqual(growth * (theta + error) + off * theta);
    },
  );
});

describe('norms from vectors', () => {
  it('are below the norm of the symbol', async () => {
    for (let rows = 1; rows < 300; rows++) {
      const values = Float64Array.from({ length: rows }, (_, at) => 1 + (at % 7));
      const square = values.reduce((sum, x) => sum + x * x, 0);
      const norm = await normAt({ ...line([[0]], []), rows, values }, [0], 4, 0);
      expect(compareWithEigenvalue(times(exactly(norm), exactly(norm)), [BigInt(square)], 1).above).toBe(
        false,
      );
      expect(norm).toBeGreaterThan(Math.sqrt(square) * (1 - 1e-11));
    }
  });

  it('leave room for the error of the symbol', async () => {
    expect(await normAt(line([[0]], [3]), [0], 4, 0.5)).toBeLessThanOrEqual(2.5);
  });

  it('are below the norm of a padded operator', async () => {
    // One input, which 4096 taps read.
    const taps = 4096;
    const shape = {
      ...{ outChannels: 1, inChannelsPerGroup: 1, groups: 1 },
      ...{ size: [taps], strides: [1], dilations: [1] },
    };
    const axis = {
      inputSize: 1,
      begin: taps - 1,
      end: 0,
      extent: taps,
      stride: 1,
      mode: 'circular',
    } as const;
    const operator = paddedOperator(new Float64Array(taps).fill(1), shape, [axis]);
    const [bound] = await lowerBounds(new UnluckyEngine(1), operator, taps, 4, Float64Array.of(1));
    expect(bound).toBeLessThanOrEqual(taps);
    expect(bound).toBeGreaterThan(taps * (1 - 1e-9));
  });
});

describe('lengths', () => {
  it('cover the rounding of their squares', async () => {
    const values = oneAnd(1023, 2 ** -27);
    const { lower, upper } = await boundMatrix(engine, { values, rows: 1, columns: values.length }, 1e-6);
    const truth = Math.sqrt(1 + 1023 * 2 ** -54);
    expect(lower).toBeLessThanOrEqual(truth);
    expect(upper).toBeGreaterThanOrEqual(truth);
  });

  it('cover the rounding of their sum', () => {
    const values = oneAnd(1000, 2 ** -54);
    const kernel = line(
      Array.from(values, (_, at) => [at]),
      Array.from(values),
    );
    expect(boundByTaps(kernel)).toBeGreaterThanOrEqual(1 + 1000 * 2 ** -54);
  });

  it('cover the rounding of a QR factorisation', async () => {
    const up = oneAnd(40_000, 2 ** -27);
    const found = await boundLowRank(engine, up, Float64Array.of(1), up.length, 1, 1, 1e-6);
    expect(found.upper).toBeGreaterThanOrEqual(Math.sqrt(1 + 40_000 * 2 ** -54));
    expect(found.lower).toBeLessThanOrEqual(1);
  });

  it('are known to 1e-9 in a stable rank', () => {
    const { lower, upper } = stableRank([{ lower: 1, upper: 1, frobenius: 1, fullRank: 1 }]);
    expect(lower).toBeLessThanOrEqual(1 - 1e-9);
    expect(upper).toBeGreaterThanOrEqual(1 + 1e-9);
  });
});

describe('slices', () => {
  it('are larger together than what they are slices of', async () => {
    // 2^-9 is sliced into 2^-8 - 2^-9.
    const [rows, columns] = [2048, 512];
    const values = new Float64Array(rows * columns).fill(2 ** -9).fill(1, 0, 1);
    const { error, squares } = await gramMatrix(new Float32Engine(), values, rows, columns, 1);
    expect(squares).toBeCloseTo(5, 4);
    const sliced = 9 * (squares - 1) + 1;
    expect(error).toBeGreaterThanOrEqual(gamma((9 * rows) / 64) * sliced);
  });

  it('leave a remainder', async () => {
    // (1 + 2^-40)^2: no slice holds 2^-40.
    const [rows, columns] = [2048, 512];
    const values = new Float64Array(rows * columns);
    values[0] = 1 + 2 ** -40;
    const { error, matrix } = await gramMatrix(new Float32Engine(), values, rows, columns, 1);
    expect(toDense(matrix, new Float64Array(columns ** 2))[0]).toBe(1);
    expect(error).toBeGreaterThanOrEqual(2 ** -39);
  });
});
