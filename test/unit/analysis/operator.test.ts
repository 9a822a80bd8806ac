import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encloseOperator, type OperatorEnclosure } from '../../../src/analysis/operator';
import { stableRank } from '../../../src/bounds/stable-rank';
import { Engine } from '../../../src/compute/engine';
import type { Operator } from '../../../src/model/model';
import type { Settings } from '../../../src/report/report';
import { DEFAULT_SETTINGS } from '../report/sample';
import { anySizeGroupNorms, anySizeNorm } from '../truth/any-size';
import { denseNorm, groupNorms } from '../truth/dense-operator';
import { type ConvolutionLayer, frobenius, groupAlone, product } from '../truth/layer';
import { convolutions, everyConvolution, gaussian, multiply, seeded } from '../truth/random';
import { largestSingularValue, type Matrix } from '../truth/singular-values';
import { convolutionOf, FakeRangedTensor, FakeTensor, matrixOf } from './fakes';

const engine = new Engine('cpu');
/** Relative errors of the tests' own truths: of singular values, and of suprema that are found from below. */
const truthError = 1e-12;
const searchError = 1e-9;

function enclose(operator: Operator, changes: Partial<Settings> = {}): Promise<OperatorEnclosure> {
  return encloseOperator(engine, operator, { ...DEFAULT_SETTINGS, ...changes });
}

interface Ends {
  readonly lower: number;
  readonly upper: number;
}

/** Contains the truth and is not wider than it has to be. */
function expectEncloses({ lower, upper }: Ends, truth: number, error: number, width: number): void {
  expect(lower).toBeLessThanOrEqual(truth * (1 + error));
  expect(upper).toBeGreaterThanOrEqual(truth * (1 - error));
  expect(upper - lower).toBeLessThanOrEqual(width * upper);
}

function expectClose(actual: number | null, expected: number, relative: number): void {
  expect(Math.abs((actual ?? NaN) - expected)).toBeLessThanOrEqual(relative * Math.abs(expected));
}

function randomMatrix(seed: number, rows: number, columns: number): Matrix {
  const random = seeded(seed);
  return { rows, columns, values: Float64Array.from({ length: rows * columns }, () => gaussian(random)) };
}

function tensorOf({ rows, columns, values }: Matrix): FakeTensor {
  return new FakeTensor([rows, columns], values);
}

describe('a transposed convolution', () => {
  const layers = convolutions({ ...everyConvolution, transposed: [true] });

  it('on an input size has the norm of its matrix', async () => {
    await fc.assert(
      fc.asyncProperty(layers, async ({ layer }) => {
        const found = await enclose(convolutionOf(layer, true));
        expectEncloses(found, denseNorm(layer), truthError, 1e-5);
        expect(found.inputSize).toEqual(layer.inputSize);
      }),
      { numRuns: 150 },
    );
  });

  it('for any input size has the norm of the convolution with its kernel', async () => {
    await fc.assert(
      fc.asyncProperty(layers, async ({ layer }) => {
        const found = await enclose(convolutionOf(layer, false));
        expectEncloses(found, anySizeNorm(layer), searchError, 0.05);
        expect(found.inputSize).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it('of which the file does not give the output size is enclosed for any input size', async () => {
    const layer = { ...strided, transposed: true };
    for (const rest of [{ outputSize: null }, { padding: { mode: 'zeros', amounts: null } }] as const) {
      const found = await enclose(convolutionOf(layer, true, rest));
      expect(found.inputSize).toBeNull();
      expectEncloses(found, anySizeNorm(layer), searchError, 0.05);
    }
  });

  it('does not take the padding that is asked for', async () => {
    const operator = convolutionOf({ ...strided, transposed: true }, true);
    const { lower, upper } = await enclose(operator);
    expect(await enclose(operator, { padding: 'circular' })).toMatchObject({ lower, upper });
  });
});

describe('a convolution', () => {
  it('times a number has the norm of its matrix times that number', async () => {
    for (const scale of [1, -1, 0.5, -3, 1e-3, 0]) {
      const layer = { ...strided, scale };
      const found = await enclose(convolutionOf(layer, true));
      expectEncloses(found, denseNorm(layer), truthError, 1e-5);
      expectClose(found.frobenius, Math.abs(scale) * frobenius(layer.weight), 1e-9);
    }
  });

  it('has the norm of each group, their maximum, and the mean of their stable ranks', async () => {
    await fc.assert(
      fc.asyncProperty(
        convolutions({ ...everyConvolution, modes: ['zeros'] }).filter(({ layer }) => layer.groups > 1),
        async ({ layer }) => {
          for (const sized of [true, false]) {
            const found = await enclose(convolutionOf(layer, sized));
            const norms = sized ? groupNorms(layer) : anySizeGroupNorms(layer);
            const error = sized ? truthError : searchError;
            const groups = found.groups ?? [];
            expect(groups).toHaveLength(layer.groups);
            groups.forEach((group, index) => expectEncloses(group, norms[index], error, 0.05));
            expect(found.lower).toBe(Math.max(...groups.map(({ lower }) => lower)));
            expect(found.upper).toBe(Math.max(...groups.map(({ upper }) => upper)));

            const rank = stableRank(groups);
            const truth = rankOf(layer, norms);
            expect(rank.lower).toBeLessThanOrEqual(truth * (1 + 2 * error) + Number.MIN_VALUE);
            expect(rank.upper).toBeGreaterThanOrEqual(truth * (1 - 2 * error));
            expect(rank.value).toBe(rank.lower);
            expectClose(rank.normalized, rank.value / fullRankOf(layer), 1e-8);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes the padding that is asked for in place of its own', async () => {
    const layer: ConvolutionLayer = { ...strided, strides: [1, 1], pads: [1, 1, 1, 1] };
    const circular = { ...layer, mode: 'circular' as const };
    expect(denseNorm(circular)).not.toBeCloseTo(denseNorm(layer), 3);
    for (const [stored, padding, truth] of [
      [layer, 'circular', circular],
      [circular, 'zeros', layer],
      [circular, null, circular],
    ] as const) {
      expectEncloses(
        await enclose(convolutionOf(stored, true), { padding }),
        denseNorm(truth),
        truthError,
        1e-3,
      );
    }
  });

  it('says what padding can add where it copies', async () => {
    const notes = async (mode: ConvolutionLayer['mode'], sized: boolean) =>
      (await enclose(convolutionOf({ ...strided, mode }, sized))).notes;
    expect(await notes('reflect', false)).toEqual([expect.stringContaining('reflect padding')]);
    expect(await notes('replicate', false)).toEqual([expect.stringContaining('replicate padding')]);
    expect(await notes('zeros', false)).toEqual([]);
    expect(await notes('reflect', true)).toEqual([]);
  });
});

describe('a matrix', () => {
  it('times a number, in blocks: the largest norm of a block', async () => {
    const [rows, columns] = [12, 7];
    const blocks = [1, 2, 3].map((seed) => randomMatrix(seed, rows, columns));
    const values = Float64Array.from(blocks.flatMap((block) => [...block.values]));
    const norms = blocks.map(largestSingularValue);
    for (const scale of [1, -2.5]) {
      const tensor = new FakeTensor([3, rows, columns], values);
      const found = await enclose(matrixOf(tensor, rows, columns, { blocks: 3, scale }));
      const factor = Math.abs(scale);
      expectEncloses(found, factor * Math.max(...norms), truthError, 1e-6);
      found.groups?.forEach((group, index) => {
        expectEncloses(group, factor * norms[index], truthError, 1e-6);
        expectClose(group.frobenius, factor * frobenius(blocks[index].values), 1e-9);
        expect(group.fullRank).toBe(columns);
      });
      expect(found.groups).toHaveLength(3);
      expectClose(found.frobenius, factor * frobenius(values), 1e-9);
      expect(found.inputSize).toBeNull();
      expect(found.largestRowNorm).toBeNull();
      expect(tensor.reads).toBe(1);
      const ranks = blocks.map((block, index) => (frobenius(block.values) / norms[index]) ** 2);
      expectClose(stableRank(found.groups ?? []).value, ranks.reduce((a, b) => a + b) / 3, 1e-5);
    }
  });

  it('in blocks is read block by block where the file allows it', async () => {
    const values = Float32Array.from({ length: 3 * 6 }, (_, at) => at - 7);
    const tensor = new FakeRangedTensor([3, 2, 3], values);
    const found = await enclose(matrixOf(tensor, 2, 3, { blocks: 3 }));
    expect(tensor.ranges).toEqual([
      [0, 6],
      [6, 12],
      [12, 18],
    ]);
    expect(tensor.reads).toBe(0);
    const norms = [0, 6, 12].map((from) =>
      largestSingularValue({ rows: 2, columns: 3, values: Float64Array.from(values.slice(from, from + 6)) }),
    );
    expectEncloses(found, Math.max(...norms), truthError, 1e-6);
  });

  it('of which it is open whether its parts share an input is enclosed for both cases', async () => {
    const [rows, width, parts] = [5, 4, 3];
    const whole = randomMatrix(6, rows, width * parts);
    const norms = Array.from({ length: parts }, (_, part) =>
      largestSingularValue({
        rows,
        columns: width,
        values: whole.values.filter((_, at) => Math.floor((at % whole.columns) / width) === part),
      }),
    );
    const found = await enclose(matrixOf(tensorOf(whole), rows, whole.columns, { columnBlocks: parts }));
    expectEncloses({ ...found, upper: Math.max(...norms) }, Math.max(...norms), truthError, 1e-6);
    expectEncloses(
      { ...found, lower: largestSingularValue(whole) },
      largestSingularValue(whole),
      truthError,
      1e-6,
    );
  });

  it('whose rows are looked up has the length of the longest', async () => {
    const table = randomMatrix(4, 50, 6);
    const lengths = Array.from({ length: 50 }, (_, row) =>
      Math.hypot(...table.values.subarray(6 * row, 6 * row + 6)),
    );
    for (const scale of [1, -8]) {
      const found = await enclose(matrixOf(tensorOf(table), 50, 6, { embedding: true, scale }));
      expectClose(found.largestRowNorm, Math.abs(scale) * Math.max(...lengths), 1e-12);
      expectEncloses(found, Math.abs(scale) * largestSingularValue(table), truthError, 1e-6);
    }
    const tiny = new FakeTensor([2, 2], Float64Array.of(3e-200, 4e-200, 0, 0));
    const found = await enclose(matrixOf(tiny, 2, 2, { embedding: true }));
    expectClose(found.largestRowNorm, 5e-200, 1e-12);
  });

  it('by Gram iteration has the Schatten norm that it asks for as upper end', async () => {
    const identity = new FakeTensor([3, 3], Float32Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2));
    for (const iterations of [1, 4]) {
      const found = await enclose(matrixOf(identity, 3, 3), { method: 'gram', iterations });
      expectClose(found.upper, 2 * 3 ** (1 / 2 ** (iterations + 1)), 1e-9);
      expectClose(found.lower, 2, 1e-6);
      expect(found.method).toMatch(/^Gram iteration/);
    }
  });

  it('is enclosed to the width that is asked for', async () => {
    const matrix = randomMatrix(5, 40, 40);
    const found = await enclose(matrixOf(tensorOf(matrix), 40, 40), { tolerance: 1e-10 });
    expectEncloses(found, largestSingularValue(matrix), truthError, 1e-10);
  });

  it('of a large order is enclosed with probability where that is asked for', async () => {
    const matrix = randomMatrix(6, 600, 520);
    const quick = await enclose(matrixOf(tensorOf(matrix), 600, 520, { scale: -3 }), { method: 'quick' });
    const tight = await enclose(matrixOf(tensorOf(matrix), 600, 520, { scale: -3 }));
    expect([quick.certainty, tight.certainty]).toEqual(['probable', undefined]);
    expect(quick.method).toMatch(/Hochstenbach/);
    expect(quick.lower).toBeLessThanOrEqual(tight.upper);
    expect(quick.upper).toBeGreaterThanOrEqual(tight.lower);
    expect(quick.upper / quick.lower).toBeLessThan(1.05);
    expectClose(quick.frobenius, tight.frobenius ?? NaN, 1e-9);
    const small = await enclose(matrixOf(tensorOf(randomMatrix(6, 60, 50)), 60, 50), { method: 'quick' });
    expect(small.certainty).toBeUndefined();
  });

  it('of zeros has norm 0 and no rank', async () => {
    const zeros = new FakeTensor([2, 5, 4], new Float32Array(40));
    const found = await enclose(matrixOf(zeros, 5, 4, { blocks: 2, embedding: true, scale: 3 }));
    expect(found).toMatchObject({ lower: 0, upper: 0, frobenius: 0, largestRowNorm: 0 });
    expect(stableRank(found.groups ?? [])).toEqual({ value: 0, normalized: 0, lower: 0, upper: 0 });
  });
});

describe('a low-rank update', () => {
  it.each([
    [30, 4, 20],
    [20, 4, 30],
    [3, 8, 5],
    [9, 1, 7],
    [8, 8, 8],
  ])('of %i x %i x %i has the norm of the product', async (rows, rank, columns) => {
    for (const [seed, scale] of [
      [1, 1],
      [2, 0.25],
      [3, -16],
    ]) {
      const [up, down] = [randomMatrix(seed, rows, rank), randomMatrix(seed + 10, rank, columns)];
      const found = await enclose({
        kind: 'lowRank',
        up: tensorOf(up),
        down: tensorOf(down),
        ...{ rows, rank, columns, scale },
      });
      const whole = multiply(up, down);
      const norm = Math.abs(scale) * largestSingularValue(whole);
      expectEncloses(found, norm, truthError, 2e-6);
      expectClose(found.frobenius, Math.abs(scale) * frobenius(whole.values), 1e-9);
      expect(found.groups?.map(({ fullRank }) => fullRank)).toEqual([Math.min(rows, rank, columns)]);
    }
  });
});

describe('a normalisation', () => {
  it('with stored statistics has its largest factor as norm', async () => {
    const variance = new FakeTensor([3], Float32Array.of(0.25, 1, 4));
    const gain = new FakeTensor([3], Float32Array.of(-1, 3, 2));
    const found = await enclose({ kind: 'diagonal', gain, variance, epsilon: 0 });
    expectEncloses(found, 3, truthError, 1e-12);
    expectClose(found.frobenius, Math.hypot(2, 3, 1), 1e-12);
    expectClose(stableRank(found.groups ?? []).value, (4 + 9 + 1) / 9, 1e-8);

    const plain = await enclose({ kind: 'diagonal', gain: null, variance, epsilon: 0.75 });
    expectEncloses(plain, 1, truthError, 1e-12);
  });

  it('with the statistics of its input is limited by epsilon', async () => {
    const gain = new FakeTensor([4], Float32Array.of(1, -5, 2, 0));
    const found = await enclose({ kind: 'normalization', gain, epsilon: 1e-4, centered: false, size: 4 });
    expectEncloses(found, 500, truthError, 1e-12);
    expect(found.groups).toBeNull();
    expect(found.frobenius).toBeNull();
    expect(found.notes).toEqual([expect.stringMatching(/^limited by epsilon/)]);
  });

  it('that takes the mean away has the norm of what is left', async () => {
    const values = [1, -5, 2, 0, 4];
    const gain = new FakeTensor([5], Float32Array.from(values));
    const found = await enclose({ kind: 'normalization', gain, epsilon: 0.25, centered: true, size: 5 });
    // diag(gain) (I - 1 1^T / 5) / sqrt(epsilon)
    const matrix = Float64Array.from({ length: 25 }, (_, at) => {
      const [row, column] = [Math.floor(at / 5), at % 5];
      return (values[row] * ((row === column ? 1 : 0) - 1 / 5)) / 0.5;
    });
    expectEncloses(found, largestSingularValue({ rows: 5, columns: 5, values: matrix }), truthError, 0.2);
  });
});

const random = seeded(6);
const strided: ConvolutionLayer = {
  weight: Float32Array.from({ length: 3 * 2 * 9 }, () => gaussian(random)),
  shape: [3, 2, 3, 3],
  transposed: false,
  strides: [2, 1],
  dilations: [1, 1],
  groups: 1,
  mode: 'zeros',
  pads: [1, 1, 0, 1],
  inputSize: [4, 5],
  outputPadding: [0, 0],
  scale: 1,
};

/** The mean over the groups of `||K||_F^2 / norm^2`, 0 for a zero group. */
function rankOf(layer: ConvolutionLayer, norms: readonly number[]): number {
  const ranks = norms.map((norm, index) => {
    const size = Math.abs(layer.scale) * frobenius(groupAlone(layer, index).weight);
    return norm === 0 ? 0 : (size / norm) ** 2;
  });
  return ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
}

/** `min(co, ci s)` of a group, s the product of the strides; of a transposed one those of its adjoint. */
function fullRankOf({ shape: [outer, inner], groups, strides }: ConvolutionLayer): number {
  return Math.min(outer / groups, inner * product(strides));
}
