import { describe, expect, it } from 'vitest';
import { DataType, type GraphProto, type NodeProto, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { int, ints, modelBytes, node, tensor, value } from '../../onnx-builder';
import { normByRuntime, normOf } from './jacobian';
import { convolution, matrix, microsoft, Networks, only, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const domain = { domain: 'com.microsoft' };

/** Integers without symmetry, from `least` up. */
function integersOf(name: string, dims: number[], type: 'int8' | 'uint8', spread = 90): TensorProto {
  const count = dims.reduce((product, length) => product * length, 1);
  const least = type === 'int8' ? -spread / 2 : 0;
  return {
    name,
    dims,
    dataType: type === 'int8' ? DataType.INT8 : DataType.UINT8,
    int32Data: Array.from({ length: count }, (_, i) => Math.floor(least + ((17 * i * i + 5 * i) % spread))),
  };
}

const scalar = (name: string, number: number): TensorProto => tensor(name, [], [number]);
const byte = (name: string, number: number, dataType: number = DataType.UINT8): TensorProto => ({
  name,
  dims: [],
  dataType,
  int32Data: [number],
});

const scales = tensor('ws', [3], [0.1, 0.3, 0.2]);
const zeros: TensorProto = { name: 'wz', dims: [3], dataType: DataType.INT8, int32Data: [1, -2, 0] };
const activation = [scalar('xs', 0.01), byte('xz', 0), scalar('ys', 2), byte('yz', 128)];

function graph(nodes: NodeProto[], shape: readonly number[], ...initializer: TensorProto[]): GraphProto {
  return { node: nodes, initializer, input: [value('x', shape)], output: [value('y')] };
}

const quantizeInput = node('QuantizeLinear', ['x', 'xs', 'xz'], ['xq']);
const dequantizeOutput = node('DequantizeLinear', ['yq', 'ys', 'yz'], ['y']);

/** The one row against ONNX Runtime, whose outputs are in whole steps. */
async function expectSameNorm(model: GraphProto, shape: readonly number[], digits: number): Promise<void> {
  const layer = only(await networks.of(model));
  expect(layer.notes).toEqual([]);
  const known = await normByRuntime(modelBytes(model, microsoft), shape, 2.55);
  expect((await normOf(layer)) / known).toBeCloseTo(1, digits);
}

describe('a weight with its scale and zero point beside it', () => {
  it('is that of QLinearConv, for each output channel', async () => {
    const model = graph(
      [
        quantizeInput,
        node('QLinearConv', ['xq', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz'], ['yq'], {
          strides: ints(2, 1),
          pads: ints(1, 0, 0, 1),
        }),
        dequantizeOutput,
      ],
      [1, 2, 5, 4],
      integersOf('w', [3, 2, 2, 2], 'int8'),
      scales,
      zeros,
      ...activation,
    );
    const layer = only(await networks.of(model));
    expect(layer).toMatchObject({ op: 'QLinearConv', weight: 'w', dtype: 'int8', parameters: 24 });
    expect(convolution(layer)).toMatchObject({ strides: [2, 1], inputSize: [5, 4] });
    const values = await convolution(layer).tensor.read();
    expect([...values.slice(0, 2)]).toEqual([(-45 - 1) * Math.fround(0.1), (-23 - 1) * Math.fround(0.1)]);
    await expectSameNorm(model, [1, 2, 5, 4], 1);
  });

  it('is that of QLinearMatMul, for each column', async () => {
    const operation = node('QLinearMatMul', ['xq', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz'], ['yq']);
    const model = graph(
      [quantizeInput, operation, dequantizeOutput],
      [2, 4],
      integersOf('w', [4, 3], 'int8'),
      scales,
      zeros,
      ...activation,
    );
    await expectSameNorm(model, [2, 4], 1);
    const { tensor: weight } = matrix(only(await networks.of(model)));
    expect([...(await weight.read()).slice(0, 3)]).toEqual(
      [-45 - 1, -23 + 2, -45 + 78].map((q, i) => q * Math.fround([0.1, 0.3, 0.2][i])),
    );
  });

  it('is that of QGemm, of DynamicQuantizeMatMul and of MatMulIntegerToFloat', async () => {
    for (const transB of [0, 1]) {
      const qGemm = node(
        'QGemm',
        ['xq', 'xs', 'xz', 'w', 'ws', 'wz'],
        ['y'],
        { transB: int(transB) },
        domain,
      );
      const dims = transB === 1 ? [3, 4] : [4, 3];
      const weight = integersOf('w', dims, 'int8');
      await expectSameNorm(
        graph([quantizeInput, qGemm], [2, 4], weight, scales, zeros, ...activation),
        [2, 4],
        4,
      );
    }
    const weight = integersOf('w', [4, 3], 'int8');
    const toFloat = node('MatMulIntegerToFloat', ['xq', 'w', 'xs', 'ws', 'xz', 'wz'], ['y'], {}, domain);
    await expectSameNorm(
      graph([quantizeInput, toFloat], [2, 4], weight, scales, zeros, ...activation),
      [2, 4],
      4,
    );

    const dynamic = node('DynamicQuantizeMatMul', ['x', 'w', 'ws', 'wz'], ['y'], {}, domain);
    const [first, second] = await Promise.all(
      [toFloat, dynamic].map(async (operation) => {
        const model = graph([quantizeInput, operation], [2, 4], weight, scales, zeros, ...activation);
        return matrix(only(await networks.of(model))).tensor.read();
      }),
    );
    expect(second).toEqual(first);
  });

  it('may have one zero point for many scales', async () => {
    const operation = node('DynamicQuantizeMatMul', ['x', 'w', 'ws', 'wz'], ['y'], {}, domain);
    const model = graph(
      [operation],
      [2, 2],
      integersOf('w', [2, 3], 'int8'),
      scales,
      byte('wz', 5, DataType.INT8),
    );
    const values = await matrix(only(await networks.of(model))).tensor.read();
    expect(values[0]).toBeCloseTo(-50 * 0.1, 6);
    expect(values[1]).toBeCloseTo(-28 * 0.3, 6);
  });

  it('is that of QAttention, by its columns', async () => {
    const operation = node(
      'QAttention',
      ['xq', 'w', 'b', 'xs', 'ws', '', 'xz', 'wz'],
      ['y'],
      { num_heads: int(1) },
      { ...domain, name: 'attention' },
    );
    const model = graph(
      [quantizeInput, operation],
      [1, 2, 2],
      integersOf('w', [2, 6], 'uint8'),
      tensor('b', [6]),
      scalar('ws', 0.5),
      byte('wz', 3),
      ...activation,
    );
    const { layers, skipped } = await networks.of(model);
    expect(skipped).toEqual([]);
    expect(layers.map(({ name }) => name)).toEqual(['attention/Q', 'attention/K', 'attention/V']);
    expect([...(await matrix(layers[1]).tensor.read())]).toEqual(
      // Columns 2 and 3 of 6: integers 78, 78 - 12 .. of the rows.
      [2, 3, 8, 9].map((i) => (((17 * i * i + 5 * i) % 90) - 3) / 2),
    );
  });

  it('is skipped where the parts do not go together', async () => {
    const conv = (name: string, inputs: string[]): NodeProto =>
      node('QLinearConv', ['xq', 'xs', 'xz', ...inputs, 'ys', 'yz'], [name], {}, { name });
    const { layers, ...model } = await networks.of(
      graph(
        [
          quantizeInput,
          conv('two scales', ['w', 'two', 'wz']),
          conv('computed scale', ['w', 'x', 'wz']),
          conv('floats', ['f', 'ws', 'wz']),
          conv('computed weight', ['xq', 'xs', 'xz']),
        ],
        [1, 2, 5, 4],
        integersOf('w', [3, 2, 2, 2], 'int8'),
        tensor('two', [2]),
        tensor('f', [3, 2, 2, 2]),
        scales,
        zeros,
        ...activation,
      ),
    );
    expect(layers).toEqual([]);
    expect(reasons({ layers, ...model })).toMatchObject({
      'two scales': 'its weight "w" does not fit its scale or zero point: 2 scales for an axis of 3',
      'computed scale': 'its scale is computed by the network',
      floats: 'its weight "f" is of type float',
      'computed weight': 'its weight is computed by the network',
    });
  });
});

describe('a weight whose scale follows the product', () => {
  const cast = node('Cast', ['yi'], ['yf'], { to: int(DataType.FLOAT) });
  const scaled = node('Mul', ['yf', 'c'], ['y']);
  const matMul = node('MatMulInteger', ['xq', 'w', 'xz', 'wz'], ['yi']);
  const weight = integersOf('w', [4, 3], 'int8');

  it('is found beside that of an activation measured at run time', async () => {
    const nodes = [
      node('DynamicQuantizeLinear', ['x'], ['xq', 'xs', 'xz']),
      matMul,
      cast,
      node('Mul', ['ws', 'xs'], ['c']),
      scaled,
    ];
    const model = graph(nodes, [2, 4], weight, scales, zeros);
    const layer = only(await networks.of(model));
    expect(layer).toMatchObject({ op: 'MatMulInteger', weight: 'w', dtype: 'int8', notes: [] });
    const values = await matrix(layer).tensor.read();
    expect(values[1]).toBe((-23 + 2) * Math.fround(0.3));
    await expectSameNorm(model, [2, 4], 2);
  });

  it('is found in the product with that of an activation', async () => {
    const conv = node('ConvInteger', ['xq', 'k', 'xz', 'kz'], ['yi'], { pads: ints(1, 0, 1, 0) });
    const kernel = integersOf('k', [3, 2, 2, 2], 'uint8');
    for (const dims of [[3, 1, 1], [1], []]) {
      const scale = tensor('c', dims, [0.01, 0.03, 0.02]);
      const model = graph(
        [quantizeInput, conv, cast, scaled],
        [1, 2, 4, 4],
        kernel,
        byte('kz', 7),
        scale,
        ...activation,
      );
      await expectSameNorm(model, [1, 2, 4, 4], 4);
    }
  });

  it('is in its own units, with a note, where no scale is found that belongs to it', async () => {
    const inSteps =
      'Its weights are in units of their quantisation step: no scale in the file belongs to them.';
    const largest = node('ReduceMax', ['x'], ['c'], { keepdims: int(0) });
    for (const nodes of [
      [quantizeInput, matMul, node('Cast', ['yi'], ['y'], { to: int(DataType.FLOAT) })],
      [quantizeInput, matMul, cast, largest, scaled],
      // Two readers: which of them has the scale?
      [quantizeInput, matMul, cast, node('Mul', ['yf', 'ws'], ['y']), node('Relu', ['yf'], ['z'])],
      // The scale of another activation.
      [
        node('DynamicQuantizeLinear', ['x'], ['xq', 'own', 'zero']),
        node('DynamicQuantizeLinear', ['other'], ['oq', 'os', 'oz']),
        matMul,
        cast,
        node('Mul', ['ws', 'os'], ['c']),
        scaled,
      ],
      // Not along the columns.
      [quantizeInput, matMul, cast, node('Mul', ['yf', 'rows'], ['y'])],
    ]) {
      const model = graph(
        nodes,
        [3, 4],
        weight,
        scales,
        zeros,
        tensor('rows', [3, 1], [1, 2, 3]),
        ...activation,
      );
      model.input?.push(value('other', [2, 4]));
      const { layers } = await networks.of(model);
      expect(layers.map(({ notes }) => notes)).toEqual([[inSteps]]);
      expect([...(await matrix(layers[0]).tensor.read()).slice(0, 2)]).toEqual([-46, -21]);
    }
  });

  it('is found in a local function behind the product', async () => {
    const model = graph(
      [quantizeInput, matMul, node('Scale', ['yi', 'c'], ['y'], {}, { domain: 'local' })],
      [2, 4],
      weight,
      zeros,
      tensor('c', [3], [0.01, 0.03, 0.02]),
      ...activation,
    );
    const body = [node('Cast', ['a'], ['f'], { to: int(DataType.FLOAT) }), node('Mul', ['f', 's'], ['b'])];
    const functions = [{ name: 'Scale', domain: 'local', input: ['a', 's'], output: ['b'], node: body }];
    const layer = only(await networks.of(model, null, { ...microsoft, functions }));
    expect(layer.notes).toEqual([]);
    expect((await matrix(layer).tensor.read())[0]).toBeCloseTo(-46, 4);
  });

  it('says so where the input is in steps', async () => {
    const model = graph(
      [matMul, cast, scaled],
      [2, 4],
      weight,
      zeros,
      byte('xz', 0),
      tensor('c', [3], [1, 2, 3]),
    );
    model.input?.push(value('xq', [2, 4], DataType.UINT8));
    const layer = only(await networks.of(model));
    expect(layer.notes).toEqual(['Its input is in units of its quantisation step.']);
    expect((await matrix(layer).tensor.read())[1]).toBe(-42);
  });

  it('of a vector is one number', async () => {
    const vector = integersOf('w', [4], 'int8');
    const zero = byte('wz', 0, DataType.INT8);
    // Four scales would be for the columns of something else.
    const scale = tensor('c', [4], [1, 2, 3, 4]);
    const model = graph([quantizeInput, matMul, cast, scaled], [4, 4], vector, zero, scale, ...activation);
    const { layers, skipped } = await networks.of(model);
    expect(layers[0].notes).toHaveLength(1);
    expect(skipped.map(({ weight }) => weight)).toEqual(['c']);
  });
});
