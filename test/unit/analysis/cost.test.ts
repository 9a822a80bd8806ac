import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costsOf, estimateCost } from '../../../src/analysis/cost';
import { Engine } from '../../../src/compute/engine';
import type { Operator } from '../../../src/model/model';
import { DEFAULT_SETTINGS } from '../report/sample';
import { bareConvolution, FakeTensor, matrixOf } from './fakes';

const size = fc.integer({ min: 1, max: 20_000 });
const none = new FakeTensor([1], new Float32Array(1));

/** Every size of an operator, and the operator of given ones. */
const kinds: Record<string, { sizes: fc.Arbitrary<number>[]; of: (...sizes: number[]) => Operator }> = {
  matrix: {
    sizes: [size, size, fc.integer({ min: 1, max: 256 })],
    of: (rows, columns, blocks) => matrixOf(none, rows, columns, { blocks }),
  },
  'low-rank update': {
    sizes: [size, fc.integer({ min: 1, max: 256 }), size],
    of: (rows, rank, columns) => ({ kind: 'lowRank', up: none, down: none, rows, rank, columns, scale: 1 }),
  },
  convolution: {
    sizes: [1, 2, 3].map(() => fc.integer({ min: 1, max: 1024 })),
    of: (outputs, inputs, taps) => bareConvolution([outputs, inputs, taps, 3], 1, 1),
  },
  'strided convolution': {
    sizes: [1, 2].map(() => fc.integer({ min: 1, max: 1024 })),
    of: (outputs, inputs) => bareConvolution([outputs, inputs, 3, 3], 1, 2),
  },
  'grouped convolution': {
    sizes: [fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 })],
    of: (groups, outputs) => bareConvolution([groups * outputs, 4, 3], groups, 1),
  },
};

it.each(Object.entries(kinds))('a larger %s costs more, never nothing', (_, { sizes, of }) => {
  fc.assert(
    fc.property(
      fc.tuple(...sizes),
      fc.nat({ max: sizes.length - 1 }),
      fc.integer({ min: 1, max: 50 }),
      (given, which, more) => {
        const cost = estimateCost(of(...given));
        expect(cost).toBeGreaterThan(0);
        expect(cost).toBeLessThan(Infinity);
        expect(estimateCost(of(...given.with(which, given[which] + more)))).toBeGreaterThan(cost);
      },
    ),
  );
});

it('a convolution costs more the flatter its symbol and the smaller the tolerance', () => {
  const operator = bareConvolution([64, 64, 3, 3], 1, 1);
  const flat = (ratio: number, deviation = 0.25, mean = 0.5) => ({
    flatness: { ratio, deviation, mean, taps: Infinity, close: null },
  });
  const costs = [0, 0.5, 0.8, 0.95, 1].map((ratio) => estimateCost(operator, flat(ratio)));
  expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  expect(costs[4]).toBeGreaterThan(2 * costs[0]);
  expect(estimateCost(operator, { ...flat(1), tolerance: 1e-4 })).toBeGreaterThan(
    estimateCost(operator, { ...flat(1), tolerance: 1e-2 }),
  );
  // Near an isometry with scaled channels, and at one.
  const near = estimateCost(operator, { ...flat(0.999, 0.001, 0.999), tolerance: 1e-5 });
  expect(near).toBeLessThan(estimateCost(operator, { ...flat(0.999), tolerance: 1e-5 }) / 3);
  expect(estimateCost(operator, flat(1, 0, 1))).toBeLessThan(near / 3);
});

it('a convolution with groups on a thin map costs more where many of them are close to its norm', () => {
  const padding = { mode: 'zeros', amounts: [2, 2, 2, 2] } as const;
  const operator = { ...bareConvolution([64, 1, 5, 5], 64, 1), inputSize: [4, 300], padding };
  const cost = (close: number) =>
    estimateCost(operator, {
      flatness: { ratio: 0.5, deviation: 0.2, mean: 0.5, taps: Infinity, close },
    });
  expect(cost(1)).toBeGreaterThan(2 * cost(1 / 64));
});

it('a convolution whose taps add up at one frequency is not searched', () => {
  const operator = bareConvolution([32, 32, 2, 2], 1, 1);
  const cost = (taps: number, tolerance: number) =>
    estimateCost(operator, {
      tolerance,
      flatness: { ratio: 0.5, deviation: 0.2, mean: 0.5, taps, close: null },
    });
  expect(cost(1.005, 1e-2)).toBeLessThan(cost(1.005, 1e-3) / 2);
  expect(cost(1.02, 1e-2)).toBeGreaterThan(1.2 * cost(1.005, 1e-2));
});

it('an explicit operator that repeats itself costs less', () => {
  const of = (size: readonly number[]) => {
    const padding = { mode: 'zeros', amounts: size.flatMap((k) => [(k - 1) / 2, (k - 1) / 2]) } as const;
    const operator = { ...bareConvolution([40, 1, ...size], 40, 2), inputSize: [24, 24], padding };
    return estimateCost(operator);
  };
  expect(of([1, 1])).toBeLessThan(of([3, 3]) / 1.5);
  expect(of([1, 3])).toBeLessThan(of([3, 3]));
});

it('a Gram matrix counts in part where it is not sure that it is written down', () => {
  const padding = { mode: 'zeros', amounts: [1, 1, 1, 1] } as const;
  const cost = (n: number, ratio: number, tolerance: number | null = null) => {
    const operator = { ...bareConvolution([16, 16, 3, 3], 1, 1), inputSize: [n, n], padding };
    const flatness = { ratio, deviation: 0.2, mean: 0.5, taps: Infinity, close: null };
    return estimateCost(operator, { flatness, tolerance });
  };
  // What is open is 2 (pi / (n + 2))^2 / 8, about, which is far below the tolerance, about as large, and far above.
  const [below, near, above] = [0.1, 5e-3, 1e-4].map((tolerance) => cost(20, 0.9, tolerance));
  expect(near).toBeGreaterThan(1.1 * below);
  expect(above).toBeGreaterThan(1.1 * near);
  // A circulant suits a kernel with one peak.
  expect(cost(14, 0.3)).toBeLessThan(cost(14, 0.9));
});

it('is positive and finite on any map, by any method', () => {
  const positive = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(
      fc.tuple(positive, positive, positive, positive, positive),
      fc.record({
        n: fc.integer({ min: 1, max: 600 }),
        stride: positive,
        dilation: positive,
        begin: fc.integer({ min: -20, max: 200 }),
        mode: fc.constantFrom('zeros', 'circular', 'reflect', 'replicate'),
        method: fc.constantFrom('auto', 'gram', 'quick'),
      }),
      ([groups, outputs, inputs, height, width], { n, stride, dilation, begin, mode, method }) => {
        const shape = [groups * outputs, inputs, height, width];
        const bare = bareConvolution(shape, groups, stride);
        const padding = { mode, amounts: [begin, 0, begin, 1] } as const;
        const operator = { ...bare, dilations: [dilation, 1], inputSize: [n, 20], padding };
        const cost = estimateCost(operator, { method });
        expect(cost).toBeGreaterThan(0);
        expect(cost).toBeLessThan(Infinity);
      },
    ),
    { numRuns: 500 },
  );
});

it('the explicit operator of a convolution costs what it costs where a probable interval of matrices is asked for', () => {
  const padding = { mode: 'circular', amounts: [2, 0] } as const;
  const operator = { ...bareConvolution([514, 30, 1], 257, 2), inputSize: [2], padding };
  expect(estimateCost(operator, { method: 'quick' })).toBe(estimateCost(operator));
});

it('circulants that are too large to be tried cost nothing', () => {
  const padding = { mode: 'zeros', amounts: [1, 1, 1, 1] } as const;
  const cost = (n: number) => {
    const operator = { ...bareConvolution([16, 1, 3, 3], 16, 1), inputSize: [n, n], padding };
    return estimateCost(operator);
  };
  expect(cost(512)).toBeLessThan(2 * cost(256));
});

it('pads that are too long for products cost nothing beyond', () => {
  const amounts = [1e9, 1e9, 1e9, 1e9];
  const operator = bareConvolution([4, 4, 3, 3], 1, 1);
  const long = { ...operator, inputSize: [8, 8], padding: { mode: 'reflect', amounts } as const };
  expect(estimateCost(long)).toBeLessThan(60);
});

it('the first convolution costs more, and the first large one', async () => {
  const [small, large] = [
    [8, 8, 3],
    [200, 200, 3],
  ];
  const matrices = [matrixOf(none, 8, 8), matrixOf(none, 8, 8)];
  const operators = [
    ...matrices,
    ...[small, small, large, large].map((shape) => bareConvolution(shape, 1, 1)),
  ];
  const { costOf } = await costsOf(new Engine('cpu'), operators, DEFAULT_SETTINGS);
  const costs = operators.map(costOf);
  expect(costs[0]).toBeGreaterThan(2 * costs[1]);
  expect(costs[1]).toBeLessThan(costs[3]);
  expect(costs[2]).toBeGreaterThan(1.1 * costs[3]);
  expect(costs[4]).toBeGreaterThan(costs[5]);
});

it('a machine that is slow in products takes longer for large matrices, and for convolutions that are such', () => {
  const ratio = (operator: Operator) =>
    estimateCost(operator, { slowness: { products: 3, loops: 1 } }) / estimateCost(operator);
  expect(ratio(matrixOf(none, 1024, 1024))).toBeCloseTo(3, 12);
  expect(ratio(bareConvolution([1024, 1024, 1, 1], 1, 1))).toBeCloseTo(3, 12);
  expect(ratio(bareConvolution([256, 256, 3, 3], 1, 1))).toBeCloseTo(Math.sqrt(3), 12);
  expect(ratio(bareConvolution([32, 32, 3, 3], 1, 1))).toBe(1);
});

it('a matrix costs less where a probable interval is asked for', () => {
  const operator = matrixOf(none, 4096, 4096);
  expect(estimateCost(operator, { method: 'quick' })).toBeLessThan(estimateCost(operator) / 2);
});

it('a normalisation costs as little as any layer', () => {
  const least = estimateCost({ kind: 'diagonal', gain: none, variance: none, epsilon: 0 });
  expect(least).toBeGreaterThan(0);
  expect(estimateCost({ kind: 'normalization', gain: none, epsilon: 1, centered: true, size: null })).toBe(
    least,
  );
  expect(estimateCost(matrixOf(none, 1, 1))).toBeGreaterThanOrEqual(least);
});
