import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataType, type NodeProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { float, int, modelBytes, node, tensor, text, value } from '../../onnx-builder';
import { normByRuntime, normOf } from './jacobian';
import { matrix, microsoft, Networks, only, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const noise = Float32Array.from({ length: 1009 }, (_, i) => Math.cos(2 + 5.1 * i * i));

/** The row of a node of a weight `w` and an input `x`, compared with ONNX Runtime. */
async function expectSameNorm(
  operation: NodeProto,
  weight: readonly number[],
  input: readonly number[],
): Promise<ReturnType<typeof matrix>> {
  const graph = {
    node: [operation],
    initializer: [tensor('w', [...weight], noise)],
    input: [value('x', input)],
    output: [value('y')],
  };
  const layer = only(await networks.of(graph));
  const known = await normByRuntime(modelBytes(graph, microsoft), input);
  expect(await normOf(layer)).toBeCloseTo(known, 4);
  expect(layer.notes).toEqual([]);
  return matrix(layer);
}

describe('Gemm', () => {
  it.each([
    ['right', { alpha: float(0.5) }, ['x', 'w', 'b'], [3, 4], [2, 3], 0.5],
    ['right, transposed', { transB: int(1) }, ['x', 'w'], [4, 3], [2, 3], 1],
    ['left', { alpha: float(-2), transA: int(1) }, ['w', 'x'], [3, 4], [3, 2], -2],
  ])('has its weight on the %s', async (_, attributes, inputs, weight, input, scale) => {
    const graph = {
      node: [node('Gemm', inputs, ['y'], attributes)],
      initializer: [tensor('w', weight, noise), tensor('b', [4], noise)],
      input: [value('x', input)],
      output: [value('y')],
    };
    const layer = only(
      await networks.of({ ...graph, initializer: graph.initializer.slice(0, inputs.length - 1) }),
    );
    const [rows, columns] = weight;
    expect(matrix(layer)).toMatchObject({ blocks: 1, rows, columns, scale, embedding: false });
    expect(await normOf(layer)).toBeCloseTo(await normByRuntime(modelBytes(graph, microsoft), input), 4);
  });

  it('is skipped where it has no constant factor, or two, or one of another rank', async () => {
    const model = await networks.of({
      node: [
        node('Gemm', ['x', 'x', 'w'], ['a'], {}, { name: 'none' }),
        node('Gemm', ['w', 'w'], ['b'], {}, { name: 'both' }),
        node('Gemm', ['x', 'v'], ['c'], {}, { name: 'rank' }),
        node('Gemm', ['x', 'w'], ['d'], { alpha: float(NaN) }, { name: 'alpha' }),
        node('Gemm', ['x', 'gone'], ['e'], {}, { name: 'gone' }),
        node('Gemm', ['x'], ['f'], {}, { name: 'missing' }),
      ],
      initializer: [tensor('w', [3, 3], noise), tensor('v', [3, 3, 3], noise)],
      input: [value('x', [3, 3])],
    });
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toEqual({
      none: 'both factors are activations',
      both: 'both factors are constants',
      rank: 'its weight "v" has the shape (3, 3, 3), not that of a matrix',
      alpha: 'its attribute "alpha" is NaN',
      gone: 'its weight "gone" is defined nowhere in the file',
      missing: 'one of its factors is missing',
    });
  });
});

describe('MatMul', () => {
  it.each<[string, number[], number[], Partial<ReturnType<typeof matrix>>]>([
    ['one matrix', [4, 3], [2, 4], { blocks: 1, rows: 4, columns: 3 }],
    ['one matrix for a batch', [4, 3], [5, 2, 4], { blocks: 1, rows: 4, columns: 3 }],
    ['a vector', [4], [5, 2, 4], { blocks: 1, rows: 4, columns: 1 }],
    ['a matrix for a vector', [4, 3], [4], { blocks: 1, rows: 4, columns: 3 }],
    [
      'a batch of matrices, each with its own input',
      [5, 4, 3],
      [5, 2, 4],
      { blocks: 5, rows: 4, columns: 3 },
    ],
    ['a batch of matrices with one input', [5, 4, 3], [2, 4], { blocks: 1, rows: 4, columns: 15 }],
    [
      'a batch of matrices with one input, batch of 1',
      [5, 4, 3],
      [1, 2, 4],
      { blocks: 1, rows: 4, columns: 15 },
    ],
    ['a batch of matrices with a vector', [5, 4, 3], [4], { blocks: 1, rows: 4, columns: 15 }],
    ['heads of a batch', [5, 4, 3], [2, 5, 2, 4], { blocks: 5, rows: 4, columns: 3 }],
    ['two batch axes, one shared', [2, 5, 4, 3], [2, 1, 2, 4], { blocks: 2, rows: 4, columns: 15 }],
    ['two batch axes, the other shared', [2, 5, 4, 3], [5, 2, 4], { blocks: 5, rows: 4, columns: 6 }],
  ])('%s', async (_, weight, input, expected) => {
    expect(await expectSameNorm(node('MatMul', ['x', 'w'], ['y']), weight, input)).toMatchObject(expected);
  });

  it.each<[string, number[], number[], Partial<ReturnType<typeof matrix>>]>([
    ['one matrix', [4, 3], [3, 2], { blocks: 1, rows: 4, columns: 3 }],
    ['a vector', [3], [5, 3, 2], { blocks: 1, rows: 3, columns: 1 }],
    [
      'a batch of matrices, each with its own input',
      [5, 4, 3],
      [5, 3, 2],
      { blocks: 5, rows: 4, columns: 3 },
    ],
    ['a batch of matrices with one input', [5, 4, 3], [3, 2], { blocks: 1, rows: 3, columns: 20 }],
  ])('%s on the left', async (_, weight, input, expected) => {
    expect(await expectSameNorm(node('MatMul', ['w', 'x'], ['y']), weight, input)).toMatchObject(expected);
  });

  it('leaves open whether a batch of unknown length is shared', async () => {
    const graph = {
      node: [node('MatMul', ['x', 'w'], ['y'])],
      initializer: [tensor('w', [5, 4, 3], noise)],
    };
    for (const shape of [['n', 2, 4], null]) {
      const layer = only(await networks.of({ ...graph, input: [value('x', shape)] }));
      expect(matrix(layer)).toMatchObject({ blocks: 1, rows: 4, columns: 15, columnBlocks: 5 });
      expect(layer.notes).toEqual([
        'The batch of its other factor is unknown: the upper end is for one input that all 5 matrices share, ' +
          'the lower end for an input of its own for each.',
      ]);
    }
    const single = { ...graph, initializer: [tensor('w', [1, 4, 3], noise)], input: [value('x', null)] };
    expect(only(await networks.of(single)).notes).toEqual([]);
  });

  it('is skipped with the reason where it has no weight', async () => {
    const model = await networks.of({
      node: [
        node('MatMul', ['x', 'x'], ['a'], {}, { name: 'activations' }),
        node('Sqrt', ['w'], ['root'], {}, { name: 'sqrt' }),
        node('MatMul', ['x', 'root'], ['b'], {}, { name: 'computed' }),
        node('MatMul', ['x', 'i'], ['c'], {}, { name: 'indices' }),
        node('MatMul', ['x', 'q'], ['d'], {}, { name: 'packed' }),
        node('MatMul', ['x', 's'], ['e'], {}, { name: 'scalar' }),
      ],
      initializer: [
        tensor('w', [4, 4], noise),
        { name: 'i', dims: [4, 4], dataType: DataType.INT64, int64Data: Array<number>(16).fill(1) },
        { name: 'q', dims: [4, 4], dataType: DataType.INT8, int32Data: Array<number>(16).fill(1) },
        tensor('s', [], [1]),
      ],
      input: [value('x', [4, 4])],
    });
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toEqual({
      activations: 'both factors are activations',
      sqrt: 'computes a constant from constants, which is not followed',
      computed: 'its weight is computed from constants by "sqrt" (Sqrt), which is not followed',
      indices: 'its weight "i" is of type int64',
      packed: 'its weight "q" has no scale',
      scalar: 'its weight "s" is a single number',
    });
  });
});

describe('the variants of ONNX Runtime', () => {
  const domain = { domain: 'com.microsoft' };

  it('FusedMatMul has a scale and transposed factors', async () => {
    for (const [attributes, inputs, weight, input] of [
      [{ alpha: float(1.5) }, ['x', 'w'], [5, 4, 3], [2, 4]],
      [{ transB: int(1) }, ['x', 'w'], [5, 3, 4], [2, 4]],
      [{ transA: int(1), transB: int(1) }, ['x', 'w'], [5, 3, 4], [5, 4, 2]],
      [{ transA: int(1), alpha: float(-2) }, ['w', 'x'], [5, 4, 3], [4, 2]],
      [{ transA: int(1) }, ['w', 'x'], [4, 3], [5, 4, 2]],
    ] as const) {
      await expectSameNorm(node('FusedMatMul', [...inputs], ['y'], attributes, domain), weight, input);
    }
  });

  it('FusedMatMul that exchanges batch and rows is skipped', async () => {
    const model = await networks.of({
      node: [node('FusedMatMul', ['x', 'w'], ['y'], { transBatchA: int(1) }, { ...domain, name: 'f' })],
      initializer: [tensor('w', [5, 4, 3], noise)],
      input: [value('x', [2, 5, 4])],
    });
    expect(reasons(model)).toEqual({
      f: 'it exchanges batch and rows of its factors, which is not followed',
    });
    expect(model.skipped[0].weight).toBe('w');
  });

  it('fused activations are named', async () => {
    const model = await networks.of({
      node: [
        node('FusedGemm', ['x', 'w'], ['a'], { activation: text('Relu') }, domain),
        node('GemmFastGelu', ['x', 'w'], ['b'], {}, domain),
      ],
      initializer: [tensor('w', [4, 3], noise)],
      input: [value('x', [2, 4])],
    });
    expect(model.layers.map(({ notes }) => notes)).toEqual([
      ['The activation that is fused into it (Relu) is not part of the row.'],
      ['The activation that is fused into it (FastGelu) is not part of the row.'],
    ]);
  });

  it('MoE has a block for each expert', async () => {
    const model = await networks.of({
      node: [node('MoE', ['x', 'r', 'up', '', 'down'], ['y'], { k: int(1) }, { ...domain, name: 'moe' })],
      initializer: [tensor('up', [3, 8, 4], noise), tensor('down', [3, 4, 8], noise)],
      input: [value('x', [2, 4]), value('r', [2, 3])],
    });
    expect(
      model.layers.map((layer) => [layer.name, layer.weight, matrix(layer).blocks, layer.parameters]),
    ).toEqual([
      ['moe/fc1', 'up', 3, 96],
      ['moe/fc2', 'down', 3, 96],
    ]);
    expect(model.skipped).toEqual([]);
  });
});

describe('Einsum', () => {
  it.each([
    ['bij,jk->bik', [2, 3, 4], [4, 5], { blocks: 1, rows: 4, columns: 5 }],
    ['bij,kj->bki', [2, 3, 4], [5, 4], { blocks: 1, rows: 4, columns: 5 }],
    ['bihj,hjk->bihk', [2, 3, 2, 4], [2, 4, 5], { blocks: 2, rows: 4, columns: 5 }],
    ['bij,hjk->bihk', [2, 3, 4], [2, 4, 5], { blocks: 1, rows: 4, columns: 10 }],
    ['bij,ijk->bk', [2, 3, 4], [3, 4, 5], { blocks: 1, rows: 12, columns: 5 }],
    ['bi,i->bi', [2, 3], [3], { blocks: 3, rows: 1, columns: 1 }],
    ['...j,jk->...k', [2, 3, 4], [4, 5], { blocks: 1, rows: 4, columns: 5 }],
  ])('%s', async (equation, input, weight, expected) => {
    const operation = node('Einsum', ['x', 'w'], ['y'], { equation: text(equation) });
    expect(await expectSameNorm(operation, weight, input)).toMatchObject(expected);
  });

  it('may have its weight on the left', async () => {
    const operation = node('Einsum', ['w', 'x'], ['y'], { equation: text('oi, bil -> bol') });
    await expectSameNorm(operation, [5, 4], [2, 4, 3]);
  });

  it.each([
    ['ij,jk->i', 'sums the weight by itself'],
    ['ij,jk->jk', 'sums the input by itself'],
    ['ij,jj->ij', 'takes a diagonal'],
    ['ij,jk', 'leaves the output open'],
    ['ij,...k->ik', 'has a weight of any rank'],
  ])('%s is skipped: it %s', async (equation) => {
    const model = await networks.of({
      node: [node('Einsum', ['x', 'w'], ['y'], { equation: text(equation) }, { name: 'e' })],
      initializer: [tensor('w', [4, 4], noise)],
      input: [value('x', [4, 4])],
    });
    expect(reasons(model)).toEqual({ e: `its equation "${equation}" is no plain product with a matrix` });
  });

  it.each([
    ['bi,bio->bo', ['n', 3]],
    ['bi,bio->bo', [4, 'k']],
    ['...i,bio->b...o', ['n', 'k']],
    ['bi,bio->bo', undefined],
  ])('%s is skipped on inputs %j: a length may be one that is repeated', async (equation, input) => {
    const model = await networks.of({
      node: [node('Einsum', ['x', 'w'], ['y'], { equation: text(equation) }, { name: 'e' })],
      initializer: [tensor('w', [4, 3, 2], Array<number>(24).fill(1))],
      input: [value('x', input)],
    });
    expect(reasons(model)).toEqual({
      e: 'the lengths of axes that its factors have in common are not known',
    });
  });

  it('of activations or of lengths that do not match is skipped', async () => {
    const model = await networks.of({
      node: [
        node('Einsum', ['x', 'x'], ['a'], { equation: text('ij,ij->i') }, { name: 'activations' }),
        node('Einsum', ['x', 'w'], ['b'], { equation: text('ij,jk->ik') }, { name: 'repeated' }),
        node('Einsum', ['x'], ['c'], { equation: text('ij->ji') }, { name: 'transposition' }),
      ],
      initializer: [tensor('w', [4, 4], noise)],
      input: [value('x', [4, 1])],
    });
    expect(reasons(model)).toEqual({
      activations: 'both factors are activations',
      repeated: 'its factors of shapes (4, 4) and (4, 1) do not fit together',
    });
  });
});

describe('every product', () => {
  const length = fc.integer({ min: 1, max: 3 });
  const products = fc.record({
    batch: fc.array(fc.tuple(length, fc.boolean(), fc.boolean()), { maxLength: 2 }),
    inner: length,
    free: length,
    other: length,
    isLeft: fc.boolean(),
    cut: fc.integer({ min: 0, max: 2 }),
    cutWeight: fc.boolean(),
  });

  it('is the operator that ONNX Runtime computes', async () => {
    await fc.assert(
      fc.asyncProperty(products, async ({ batch, inner, free, other, isLeft, cut, cutWeight }) => {
        const ofWeight = batch.map(([n, isOne]) => (isOne ? 1 : n)).slice(cutWeight ? cut : 0);
        const ofInput = batch.map(([n, , isOne]) => (isOne ? 1 : n)).slice(cutWeight ? 0 : cut);
        const weight = [...ofWeight, ...(isLeft ? [free, inner] : [inner, free])];
        const input = [...ofInput, ...(isLeft ? [inner, other] : [other, inner])];
        await expectSameNorm(node('MatMul', isLeft ? ['w', 'x'] : ['x', 'w'], ['y']), weight, input);
      }),
      { numRuns: 100, seed: 2 },
    );
  });
});
