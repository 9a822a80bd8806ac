import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceOf, NoDifferenceError, signatureOf } from '../../../../src/analysis/compare/difference';
import { Engine } from '../../../../src/compute/engine';
import type { DiagonalOperator, Layer, LowRankOperator, Operator } from '../../../../src/model/model';
import { DEFAULT_SETTINGS } from '../../report/sample';
import { denseNorm } from '../../truth/dense-operator';
import { type ConvolutionLayer, product } from '../../truth/layer';
import { convolutions, gaussian, multiply, seeded } from '../../truth/random';
import { largestSingularValue, transpose } from '../../truth/singular-values';
import { convolutionOf, FakeTensor, layerOf, matrixOf } from '../fakes';

const engine = new Engine('cpu');

function gaussians(seed: number, length: number): Float64Array {
  const random = seeded(seed);
  return Float64Array.from({ length }, () => gaussian(random));
}

const tensor = (shape: readonly number[], values: Float32Array | Float64Array) =>
  new FakeTensor(shape, values);

async function difference(a: Operator, b: Operator, ops: readonly string[] = ['Gemm', 'Gemm']) {
  const [left, right] = [a, b].map((operator, i): Layer => ({ ...layerOf('w', operator), op: ops[i] }));
  expect(signatureOf(left)).toBe(signatureOf(right));
  const found = await differenceOf({ layer: left, format: 'onnx' }, { layer: right, format: 'onnx' });
  return { ...found, enclosure: await found.enclose(engine, DEFAULT_SETTINGS) };
}

function expectAround(
  { lower, upper }: { lower: number; upper: number },
  truth: number,
  slack = 1e-13,
): void {
  expect(lower).toBeLessThanOrEqual(truth * (1 + slack) + Number.MIN_VALUE);
  expect(upper).toBeGreaterThanOrEqual(truth * (1 - slack));
}

describe('the difference of two matrices', () => {
  it('is that of the maps, where the files say on which side of a square weight the inputs are', async () => {
    const [n, values] = [3, gaussians(7, 9)];
    const one = { rows: n, columns: n, values };
    const minusTransposed = values.map((value, at) => value - transpose(one).values[at]);
    const truth = largestSingularValue({ ...one, values: minusTransposed });
    const stored = (stored: Float64Array, inputSide: 'rows' | 'columns') =>
      matrixOf(tensor([n, n], stored), n, n, { inputSide });
    const sameStored = await difference(stored(values, 'columns'), stored(values, 'rows'));
    expectAround(sameStored.enclosure, truth);
    expect(truth).toBeGreaterThan(0.1);
    const sameMap = await difference(stored(values, 'columns'), stored(transpose(one).values, 'rows'));
    expect(sameMap.enclosure).toMatchObject({ lower: 0, upper: 0 });
    const same = await difference(stored(values, 'rows'), stored(values, 'rows'));
    expect(same.enclosure).toMatchObject({ lower: 0, upper: 0 });
  });

  it('is enclosed, also where the weight of B is stored as the transpose', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 1e-12, max: 10, noNaN: true }),
        fc.constantFrom(1, -0.5, 3),
        fc.integer(),
        async (rows, columns, step, scale, seed) => {
          const a = gaussians(seed, rows * columns);
          const b = a.map((value, i) => value + step * gaussians(seed + 1, rows * columns)[i]);
          const values = a.map((value, i) => value - b[i]);
          const truth = Math.abs(scale) * largestSingularValue({ rows, columns, values });
          const turned = transpose({ rows, columns, values: b });
          const left = matrixOf(tensor([rows, columns], a), rows, columns, { scale });
          const found = await difference(
            left,
            matrixOf(tensor([rows, columns], b), rows, columns, { scale }),
          );
          expectAround(found.enclosure, truth);
          expect(found.transposed).toBe(false);
          const right = matrixOf(tensor([columns, rows], turned.values), columns, rows, { scale });
          const other = await difference(left, right, ['Gemm', 'MatMul']);
          expectAround(other.enclosure, truth);
          // A vector of one element is its own transpose.
          expect(other.transposed).toBe(rows * columns > 1);
          expect(found.enclosure.upper).toBeLessThanOrEqual(truth * (1 + 1e-5) + 1e-14);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('allows for what rounding takes from it', async () => {
    // 1 - 2^-60 rounds to 1: the difference is below its nearest float64 number.
    const left = matrixOf(tensor([1, 1], Float64Array.of(1)), 1, 1);
    const right = matrixOf(tensor([1, 1], Float64Array.of(2 ** -60)), 1, 1);
    const { enclosure } = await difference(left, right);
    expect(enclosure.lower).toBeLessThan(1);
    expect(enclosure.upper).toBeGreaterThanOrEqual(1);
    // What is left of it alone is found, too: large entries that are alike hide it.
    const big = matrixOf(tensor([2, 2], Float64Array.of(2 ** 60, 0, 0, 1)), 2, 2);
    const near = matrixOf(tensor([2, 2], Float64Array.of(2 ** 60, 0, 0, -(2 ** -54))), 2, 2);
    expectAround((await difference(big, near)).enclosure, 1 + 2 ** -54, 0);
  });

  it('is exactly zero for equal weights in different files', async () => {
    const values = gaussians(3, 12);
    const of = () => matrixOf(tensor([3, 4], values), 3, 4, { scale: 0.3, embedding: true });
    const { enclosure } = await difference(of(), of());
    expect(enclosure).toMatchObject({ lower: 0, upper: 0, frobenius: 0, largestRowNorm: 0 });
  });

  it('reads nothing where both are one tensor', async () => {
    const shared = tensor([2, 2], gaussians(4, 4));
    const { enclosure } = await difference(matrixOf(shared, 2, 2), matrixOf(shared, 2, 2));
    expect(enclosure).toMatchObject({ lower: 0, upper: 0 });
    expect(shared.reads).toBe(0);
  });

  it('says that differing scales are rounded', async () => {
    const [a, b] = [gaussians(5, 6), gaussians(6, 6)];
    const found = await difference(
      matrixOf(tensor([2, 3], a), 2, 3, { scale: 0.1 }),
      matrixOf(tensor([2, 3], b), 2, 3, { scale: -0.7 }),
    );
    expect(found.rounded).toBe(true);
    const values = a.map((value, i) => 0.1 * value + 0.7 * b[i]);
    expectAround(found.enclosure, largestSingularValue({ rows: 2, columns: 3, values }), 1e-12);
  });
});

describe('the difference of two convolutions', () => {
  it('is the operator with the difference of the kernels', async () => {
    await fc.assert(
      fc.asyncProperty(convolutions(), fc.integer(), async ({ layer: drawn }, seed) => {
        const a: ConvolutionLayer = { ...drawn, weight: Float64Array.from(drawn.weight) };
        const b = { ...a, weight: gaussians(seed, product(a.shape)) };
        const apart = { ...a, weight: b.weight.map((value, i) => a.weight[i] - value) };
        const { enclosure } = await difference(convolutionOf(a, true), convolutionOf(b, true));
        const truth = denseNorm(apart);
        const slack = 1e-12 * Math.hypot(...a.weight, ...b.weight) * Math.abs(a.scale) * product(a.shape);
        expect(enclosure.lower).toBeLessThanOrEqual(truth + slack);
        expect(enclosure.upper).toBeGreaterThanOrEqual(truth - slack);
      }),
      { numRuns: 40 },
    );
  });

  const square: ConvolutionLayer = {
    weight: gaussians(7, 36),
    shape: [2, 2, 3, 3],
    transposed: false,
    strides: [1, 1],
    dilations: [1, 1],
    groups: 1,
    mode: 'zeros',
    pads: [1, 1, 1, 1],
    inputSize: [8, 8],
    outputPadding: [0, 0],
    scale: 1,
  };

  it.each([
    ['strides', { strides: [2, 2] }, 'strides is 1,1 in A, 2,2 in B'],
    ['dilations', { dilations: [2, 2] }, 'dilations is 1,1 in A, 2,2 in B'],
    ['padding', { mode: 'circular' as const }, 'the padding is zeros in A, circular in B'],
  ])('is none where %s differ', async (_, change, reason) => {
    const run = difference(convolutionOf(square, true), convolutionOf({ ...square, ...change }, true));
    await expect(run).rejects.toThrow(NoDifferenceError);
    await expect(run).rejects.toThrow(reason);
  });

  it('is for any input size where the sizes differ', async () => {
    const b = { ...square, weight: gaussians(8, 36), inputSize: [9, 9] };
    const found = await difference(convolutionOf(square, true), convolutionOf(b, true));
    expect(found.enclosure.inputSize).toBeNull();
    expect(found.isOneNorm).toBe(false);
    expect(found.notes).toEqual(['input sizes or padding differ: the difference is for any input size']);
  });

  it('has the geometry of the file that tells it', async () => {
    const onnx = layerOf('w', convolutionOf({ ...square, strides: [2, 2] }, true));
    const tensors = layerOf('w', convolutionOf({ ...square, weight: gaussians(9, 36) }, false));
    const found = await differenceOf(
      { layer: tensors, format: 'safetensors' },
      { layer: onnx, format: 'onnx' },
    );
    expect(found.operator).toMatchObject({ strides: [2, 2], inputSize: [8, 8] });
    expect(found.isOneNorm).toBe(false);
    expect(found.notes[0]).toMatch(/those of B: A does not say them/);
  });
});

describe('the difference of other layers', () => {
  const diagonal = (gain: Float64Array, variance: Float64Array, epsilon: number): DiagonalOperator => ({
    kind: 'diagonal',
    gain: tensor([gain.length], gain),
    variance: tensor([variance.length], variance),
    epsilon,
  });

  it('is the largest difference of the entries of two frozen normalisations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer(), async (channels, seed) => {
        const gains = [gaussians(seed, channels), gaussians(seed + 1, channels)];
        const variances = [seed + 2, seed + 3].map((each) => gaussians(each, channels).map(Math.abs));
        const entries = gains.map((gain, i) => gain.map((g, c) => g / Math.sqrt(variances[i][c] + 1e-5)));
        const truth = Math.max(...entries[0].map((entry, c) => Math.abs(entry - entries[1][c])));
        const { enclosure } = await difference(
          diagonal(gains[0], variances[0], 1e-5),
          diagonal(gains[1], variances[1], 1e-5),
        );
        const size = Math.max(...entries.flatMap((each) => [...each.map(Math.abs)]));
        expect(Math.abs(enclosure.lower - truth)).toBeLessThanOrEqual(1e-13 * size);
        expect(Math.abs(enclosure.upper - truth)).toBeLessThanOrEqual(1e-13 * size);
        expect(enclosure.upper).toBeGreaterThanOrEqual(truth);
        expect(enclosure.lower).toBeLessThanOrEqual(truth);
      }),
    );
  });

  it('counts the rounding of entries that nearly agree, and none of entries that do', async () => {
    const variance = Float64Array.of(0.7, 0.3);
    const a = diagonal(Float64Array.of(1, 1), variance, 1e-5);
    const same = await difference(a, diagonal(Float64Array.of(1, 1), variance, 1e-5));
    expect(same.enclosure).toMatchObject({ lower: 0, upper: 0, frobenius: 0 });
    const near = await difference(a, diagonal(Float64Array.of(1, 1 + 2 ** -52), variance, 1e-5));
    expect(near.enclosure.lower).toBe(0);
    // 2^-52 / sqrt(0.30001), and what both quotients may be off by.
    expect(near.enclosure.upper).toBeGreaterThan(2 ** -52 / Math.sqrt(0.30001));
    expect(near.enclosure.upper).toBeLessThan(2 ** -48);
  });

  it('is that of the gains where two layers normalise alike', async () => {
    const of = (gain: Float64Array, epsilon = 1e-6): Operator => ({
      kind: 'normalization',
      gain: tensor([gain.length], gain),
      epsilon,
      centered: false,
      size: gain.length,
    });
    const { enclosure } = await difference(of(Float64Array.of(1, 2)), of(Float64Array.of(1.5, 2.25)));
    expectAround(enclosure, 500);
    await expect(difference(of(Float64Array.of(1)), of(Float64Array.of(2), 1e-5))).rejects.toThrow(
      'epsilon is 0.000001 in A, 0.00001 in B',
    );
  });

  it('is of the sum of both ranks for two low-rank updates', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(...[9, 9, 4, 4].map((max) => fc.integer({ min: 1, max }))),
        fc.constantFrom([2, 2], [2, 0.3]),
        fc.integer(),
        async ([rows, columns, rankA, rankB], scales, seed) => {
          const update = (rank: number, scale: number, own: number): LowRankOperator => ({
            ...{ kind: 'lowRank', rows, columns, rank, scale },
            up: tensor([rows, rank], gaussians(own, rows * rank)),
            down: tensor([rank, columns], gaussians(own + 1, rank * columns)),
          });
          const dense = (rank: number, scale: number, own: number) =>
            multiply(
              { rows, columns: rank, values: gaussians(own, rows * rank) },
              { rows: rank, columns, values: gaussians(own + 1, rank * columns) },
            ).values.map((value) => scale * value);
          const [a, b] = [dense(rankA, scales[0], seed), dense(rankB, scales[1], seed + 2)];
          const truth = largestSingularValue({ rows, columns, values: a.map((value, i) => value - b[i]) });
          const found = await difference(update(rankA, scales[0], seed), update(rankB, scales[1], seed + 2));
          expectAround(found.enclosure, truth, 1e-10);
          expect(found.rounded).toBe(scales[0] !== scales[1]);
          const same = await difference(update(rankA, 2, seed), update(rankA, 2, seed));
          expect(same.enclosure).toMatchObject({ lower: 0, upper: 0 });
        },
      ),
      { numRuns: 40 },
    );
  });
});
