import { describe, expect, it } from 'vitest';
import type { Model } from '../../../../src/model/model';
import {
  AttributeType,
  DataType,
  type FunctionProto,
  type NodeProto,
  type TensorProto,
} from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import {
  float,
  floats,
  graphAttribute,
  int,
  integers,
  ints,
  node,
  rawTensor,
  reference,
  tensor,
  tensorAttribute,
  value,
} from '../../onnx-builder';
import { matrix, microsoft, Networks, only, reasons, type Rest } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

/** The model of a MatMul whose weight is the value `w` that these nodes make. */
function behind(nodes: NodeProto[], initializer: TensorProto[], rest: Rest = microsoft): Promise<Model> {
  const product = node('MatMul', ['x', 'w'], ['y'], {}, { name: 'product' });
  const input = [value('x', ['n', null])];
  return networks.of({ node: [...nodes, product], initializer, input, output: [value('y')] }, null, rest);
}

interface Found {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Shape and values of the weight. */
async function found(model: Model): Promise<Found> {
  const { tensor } = matrix(only(model));
  return { shape: tensor.shape, values: [...(await tensor.read())] };
}

const six = tensor('a', [2, 3], [1, 2, 3, 4, 5, 6]);
const scalar = (name: string, number: number): TensorProto => tensor(name, [], [number]);
const int8 = (name: string, dims: number[], numbers: number[]): TensorProto => ({
  name,
  dims,
  dataType: DataType.INT8,
  int32Data: numbers,
});

describe('the weight of a product', () => {
  it.each<[string, NodeProto[], TensorProto[], Found]>([
    [
      'an initializer',
      [node('Identity', ['a'], ['w'])],
      [six],
      { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
    ],
    ['Transpose', [node('Transpose', ['a'], ['w'])], [six], { shape: [3, 2], values: [1, 4, 2, 5, 3, 6] }],
    [
      'Reshape with 0 and -1',
      [node('Reshape', ['a', 's'], ['w'])],
      [{ ...six, dims: [1, 2, 3] }, integers('s', [0, -1])].map((t) =>
        t.name === 'a' ? { ...t, dims: [3, 2, 1] } : t,
      ),
      { shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
    ],
    [
      'Flatten',
      [node('Flatten', ['a'], ['w'], { axis: int(2) })],
      [{ ...six, dims: [1, 2, 3] }],
      { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
    ],
    [
      'Squeeze by input',
      [node('Squeeze', ['a', 's'], ['w'])],
      [{ ...six, dims: [2, 1, 3, 1] }, integers('s', [1, -1])],
      { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
    ],
    [
      'Squeeze by attribute',
      [node('Squeeze', ['a'], ['w'], { axes: ints(0) })],
      [{ ...six, dims: [1, 2, 3] }],
      { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
    ],
    [
      'Squeeze of all',
      [node('Squeeze', ['a'], ['w'])],
      [{ ...six, dims: [1, 2, 1, 3] }],
      { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
    ],
    [
      'Unsqueeze by input',
      [node('Unsqueeze', ['a', 's'], ['w'])],
      [{ ...six, dims: [6] }, integers('s', [-1])],
      { shape: [6, 1], values: [1, 2, 3, 4, 5, 6] },
    ],
    [
      'Unsqueeze by attribute',
      [node('Unsqueeze', ['a'], ['w'], { axes: ints(0) })],
      [{ ...six, dims: [6] }],
      { shape: [1, 6], values: [1, 2, 3, 4, 5, 6] },
    ],
    [
      'Slice by inputs',
      [node('Slice', ['a', 'b', 'e', 's'], ['w'])],
      [six, integers('b', [-2]), integers('e', [2 ** 62]), integers('s', [1])],
      { shape: [2, 2], values: [2, 3, 5, 6] },
    ],
    [
      'Slice by attributes',
      [node('Slice', ['a'], ['w'], { starts: ints(0, 1), ends: ints(1, -1) })],
      [six],
      { shape: [1, 1], values: [2] },
    ],
    [
      'Split by sizes',
      [node('Split', ['a', 's'], ['v', 'w'], { axis: int(1) })],
      [six, integers('s', [1, 2])],
      { shape: [2, 2], values: [2, 3, 5, 6] },
    ],
    [
      'Split evenly, the rest last',
      [node('Split', ['a'], ['v', 'w'], { axis: int(-1), num_outputs: int(2) })],
      [six],
      { shape: [2, 1], values: [3, 6] },
    ],
    [
      'Concat',
      [node('Concat', ['a', 'b'], ['w'], { axis: int(1) })],
      [six, tensor('b', [2, 1], [7, 8])],
      { shape: [2, 4], values: [1, 2, 3, 7, 4, 5, 6, 8] },
    ],
    [
      'Gather at constant positions',
      [node('Gather', ['a', 'i'], ['w'], { axis: int(1) })],
      [six, integers('i', [2, -3])],
      { shape: [2, 2], values: [3, 1, 6, 4] },
    ],
    [
      'Gather of one matrix',
      [node('Gather', ['a', 'i'], ['w'])],
      [tensor('a', [2, 1, 3], [1, 2, 3, 4, 5, 6]), integers('i', [1], [])],
      { shape: [1, 3], values: [4, 5, 6] },
    ],
    [
      'Mul by a number, on either side',
      [node('Mul', ['s', 'a'], ['v']), node('Mul', ['v', 's'], ['w'])],
      [six, scalar('s', 0.5)],
      { shape: [2, 3], values: [0.25, 0.5, 0.75, 1, 1.25, 1.5] },
    ],
    [
      'Div by a number',
      [node('Div', ['a', 's'], ['w'])],
      [six, scalar('s', 3)],
      { shape: [2, 3], values: [1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2] },
    ],
    [
      'Mul by a vector',
      [node('Mul', ['a', 'v'], ['w'])],
      [six, tensor('v', [2, 1], [1, 10])],
      { shape: [2, 3], values: [1, 2, 3, 40, 50, 60] },
    ],
    [
      'Sub and Add',
      [node('Sub', ['a', 'v'], ['b']), node('Add', ['b', 'b'], ['w'])],
      [six, tensor('v', [3], [1, 2, 3])],
      { shape: [2, 3], values: [0, 0, 0, 6, 6, 6] },
    ],
    [
      'a Cast that rounds',
      [
        node('Cast', ['a'], ['h'], { to: int(DataType.FLOAT16) }),
        node('Cast', ['h'], ['w'], { to: int(DataType.FLOAT) }),
      ],
      [tensor('a', [1, 3], [0.1, 2049, 1e-9])],
      { shape: [1, 3], values: [0.0999755859375, 2048, 0] },
    ],
    [
      'CastLike',
      [node('CastLike', ['a', 'v'], ['w'])],
      [tensor('a', [1, 1], [0.1]), { name: 'v', dims: [1], dataType: DataType.FLOAT16, int32Data: [0] }],
      { shape: [1, 1], values: [0.0999755859375] },
    ],
    [
      'DequantizeLinear',
      [node('DequantizeLinear', ['q', 's', 'z'], ['w'])],
      [int8('q', [2, 2], [1, -2, 3, 127]), scalar('s', 0.5), int8('z', [], [3])],
      { shape: [2, 2], values: [-1, -2.5, 0, 62] },
    ],
    [
      'DequantizeLinear along an axis',
      [node('DequantizeLinear', ['q', 's'], ['w'], { axis: int(0) })],
      [int8('q', [2, 2], [1, -2, 3, 127]), tensor('s', [2], [1, 10])],
      { shape: [2, 2], values: [1, -2, 30, 1270] },
    ],
    [
      'DequantizeLinear in blocks',
      [node('DequantizeLinear', ['q', 's', 'z'], ['w'], { axis: int(1), block_size: int(2) })],
      [int8('q', [1, 3], [1, -2, 3]), tensor('s', [1, 2], [2, 10]), int8('z', [1, 2], [1, 0])],
      { shape: [1, 3], values: [0, -6, 30] },
    ],
    [
      'integers with their zero point and scale as nodes',
      [
        node('Cast', ['q'], ['f'], { to: int(DataType.FLOAT) }),
        node('Sub', ['f', 'z'], ['c']),
        node('Mul', ['c', 's'], ['w']),
      ],
      [int8('q', [1, 3], [1, -2, 3]), scalar('z', 1), scalar('s', 0.25)],
      { shape: [1, 3], values: [0, -0.75, 0.5] },
    ],
    [
      'floats that the network rounds to integers',
      [node('QuantizeLinear', ['a', 's', 'z'], ['q']), node('DequantizeLinear', ['q', 's', 'z'], ['w'])],
      [tensor('a', [1, 5], [0.25, 0.75, -0.24, 100, -100]), scalar('s', 0.5), int8('z', [], [0])],
      { shape: [1, 5], values: [0, 1, 0, 63.5, -64] },
    ],
    [
      'floats whose quotient is rounded to a float first',
      [
        node('QuantizeLinear', ['a', 's', 'z'], ['q']),
        node('Cast', ['q'], ['w'], { to: int(DataType.FLOAT) }),
      ],
      // 0.75 over the float32 next to 0.1 is less than 7.5, until it is rounded to a float32.
      [tensor('a', [1, 2], [0.75, 0.35]), scalar('s', 0.1), int8('z', [], [0])],
      { shape: [1, 2], values: [8, 4] },
    ],
    [
      'floats that the network rounds, each channel with its own scale',
      [
        node('QuantizeLinear', ['a', 's'], ['q'], { axis: int(1), output_dtype: int(DataType.UINT4) }),
        node('DequantizeLinear', ['q', 's'], ['w'], { axis: int(1) }),
      ],
      [tensor('a', [2, 2], [1.4, 22, 99, -3]), tensor('s', [2], [1, 10])],
      { shape: [2, 2], values: [1, 20, 15, 0] },
    ],
  ])('%s', async (_, nodes, initializer, expected) => {
    expect(await found(await behind(nodes, initializer))).toEqual(expected);
  });

  it.each<[string, NodeProto]>([
    ['value', node('Constant', [], ['w'], { value: tensorAttribute(tensor('', [1, 2], [3, 4])) })],
    ['value_floats', node('Constant', [], ['f'], { value_floats: floats(3, 4) })],
  ])('a Constant node with %s', async (_, constant) => {
    const nodes =
      constant.output?.[0] === 'w'
        ? [constant]
        : [constant, node('Unsqueeze', ['f'], ['w'], { axes: ints(0) })];
    const model = await behind(nodes, []);
    expect(await found(model)).toEqual({ shape: [1, 2], values: [3, 4] });
    expect(model.layers[0].weight).toBe(constant.output?.[0]);
  });

  it('a Constant node with value_float, value_int or value_ints', async () => {
    const nodes = [
      node('Constant', [], ['s'], { value_float: float(2) }),
      node('Constant', [], ['axis'], { value_int: int(0) }),
      node('Constant', [], ['shape'], { value_ints: ints(3, 2) }),
      node('Mul', ['a', 's'], ['b']),
      node('Reshape', ['b', 'shape'], ['c']),
      node('Unsqueeze', ['c', 'axis'], ['w']),
    ];
    expect(await found(await behind(nodes, [six]))).toEqual({
      shape: [1, 3, 2],
      values: [2, 4, 6, 8, 10, 12],
    });
  });

  it('keeps name, shape and type of the tensor in the file', async () => {
    const nodes = [node('DequantizeLinear', ['q', 's'], ['d']), node('Transpose', ['d'], ['w'])];
    const layer = only(await behind(nodes, [int8('q', [2, 3], [1, 2, 3, 4, 5, 6]), scalar('s', 2)]));
    expect(layer).toMatchObject({ weight: 'q', shape: [2, 3], dtype: 'int8', parameters: 6 });
  });

  it('that is put together from several tensors has the name of the whole', async () => {
    const nodes = [node('Concat', ['a', 'b'], ['w'], { axis: int(0) })];
    const layer = only(await behind(nodes, [six, tensor('b', [1, 3])]));
    expect(layer).toMatchObject({ weight: 'w', shape: [3, 3], parameters: 9 });
    const parts = [
      node('Split', ['a'], ['one', 'two'], { num_outputs: int(2) }),
      node('Concat', ['two', 'one'], ['w'], { axis: int(0) }),
    ];
    expect(only(await behind(parts, [six]))).toMatchObject({ weight: 'a', shape: [2, 3] });
  });

  it('has one key for the same values, and others for others', async () => {
    const key = async (nodes: NodeProto[]): Promise<string> =>
      matrix((await behind(nodes, [six, scalar('s', 2), scalar('t', 3), tensor('b', [2, 3])])).layers[0])
        .tensor.key;
    const joined = (first: string, second: string, axis: number): NodeProto =>
      node('Concat', [first, second], ['w'], { axis: int(axis) });
    const keys = await Promise.all([
      key([node('Identity', ['a'], ['w'])]),
      key([node('Transpose', ['a'], ['w'])]),
      key([node('Mul', ['a', 's'], ['w'])]),
      key([node('Mul', ['a', 't'], ['w'])]),
      key([node('Div', ['a', 's'], ['w'])]),
      key([joined('a', 'b', 0)]),
      key([joined('b', 'a', 0)]),
      key([joined('a', 'b', 1)]),
    ]);
    // The first part of a key tells the files apart.
    expect(new Set(keys.map((text) => text.replaceAll(/\d+\.onnx/g, ''))).size).toBe(keys.length);
    const twice = await networks.of({
      node: [
        node('Transpose', ['a'], ['w']),
        node('Transpose', ['a'], ['v']),
        node('MatMul', ['x', 'w'], ['y']),
        node('MatMul', ['x', 'v'], ['z']),
      ],
      initializer: [six],
      input: [value('x', [1, 3])],
    });
    const [first, second] = twice.layers.map((layer) => matrix(layer).tensor.key);
    expect(first).toBe(second);
  });

  it('may come through a local function, with its attributes', async () => {
    const turn: FunctionProto = {
      name: 'Turn',
      domain: 'local',
      input: ['in', 'factor'],
      output: ['out'],
      attribute: ['p'],
      attributeProto: [{ name: 'q', type: AttributeType.INTS, ints: [1, 0] }],
      node: [
        node('Transpose', ['in'], ['t'], { perm: reference('p', AttributeType.INTS) }),
        node('Transpose', ['t'], ['u'], { perm: reference('q', AttributeType.INTS) }),
        node('Mul', ['u', 'factor'], ['out']),
      ],
    };
    const call = node('Turn', ['a', 's'], ['w'], { p: ints(0, 1) }, { domain: 'local' });
    const model = await behind([call], [six, scalar('s', 2)], { ...microsoft, functions: [turn] });
    expect(await found(model)).toEqual({ shape: [3, 2], values: [2, 8, 4, 10, 6, 12] });
    expect(model.layers[0].weight).toBe('a');
  });

  it('of a body may be outside of it', async () => {
    const body = {
      name: 'body',
      node: [node('Transpose', ['a'], ['t']), node('MatMul', ['x', 't'], ['y'], {}, { name: 'inner' })],
      output: [value('y')],
    };
    const model = await networks.of({
      node: [
        node(
          'If',
          ['c'],
          ['z'],
          { then_branch: graphAttribute(body), else_branch: graphAttribute(body) },
          { name: 'if' },
        ),
      ],
      initializer: [six],
      input: [value('x', [1, 3]), value('c', [], DataType.BOOL)],
    });
    expect(model.layers.map(({ name, weight }) => [name, weight])).toEqual([
      ['if/then_branch/inner', 'a'],
      ['if/else_branch/inner', 'a'],
    ]);
    expect(model.skipped).toEqual([]);
  });

  it('is a constant although it is a graph input too', async () => {
    const model = await networks.of({
      node: [node('MatMul', ['x', 'a'], ['y'])],
      initializer: [six],
      input: [value('x', [1, 2]), value('a', [2, 3])],
    });
    expect(only(model).weight).toBe('a');
  });
});

describe('a chain that is no constant', () => {
  it.each<[string, NodeProto[], TensorProto[], Record<string, string>]>([
    [
      'a shape that the network computes',
      [
        node('Shape', ['x'], ['s'], { start: int(0), end: int(1) }),
        node('Reshape', ['a', 's'], ['w'], {}, { name: 'r' }),
      ],
      [six],
      {
        r: 'the Reshape "r" cannot be followed, the input "shape" is not constant',
        product:
          'its weight is unknown: the Reshape "r" cannot be followed, the input "shape" is not constant',
      },
    ],
    [
      'a shape with other elements',
      [node('Reshape', ['a', 's'], ['w'], {}, { name: 'r' })],
      [six, integers('s', [4, 2])],
      {
        r: 'the Reshape "r" cannot be followed, (2, 3) cannot take the shape',
        product: 'its weight is unknown: the Reshape "r" cannot be followed, (2, 3) cannot take the shape',
      },
    ],
    [
      'scales of another number',
      [node('DequantizeLinear', ['q', 's'], ['w'], { axis: int(0) }, { name: 'd' })],
      [int8('q', [2, 3], [1, 2, 3, 4, 5, 6]), tensor('s', [3])],
      {
        d: 'the DequantizeLinear "d" cannot be followed, 3 scales for an axis of 2',
        product:
          'its weight is unknown: the DequantizeLinear "d" cannot be followed, 3 scales for an axis of 2',
      },
    ],
    [
      'a scale that the network computes',
      [
        node('ReduceMax', ['x'], ['s'], { keepdims: int(0) }),
        node('DequantizeLinear', ['q', 's'], ['w'], {}, { name: 'd' }),
      ],
      [int8('q', [2, 3], [1, 2, 3, 4, 5, 6])],
      { d: 'changes the number format of an activation', product: 'both factors are activations' },
    ],
    [
      'another operator',
      [node('Exp', ['a'], ['b'], {}, { name: 'e' }), node('Transpose', ['b'], ['w'], {}, { name: 't' })],
      [six],
      {
        e: 'computes a constant from constants, which is not followed',
        product: 'its weight is computed from constants by "e" (Exp), which is not followed',
      },
    ],
    [
      'integer arithmetic',
      [
        node('Mul', ['i', 'i'], ['j'], {}, { name: 'm' }),
        node('Cast', ['j'], ['w'], { to: int(DataType.FLOAT) }),
      ],
      [int8('i', [2, 2], [100, 1, 1, 1])],
      {
        m: 'computes a constant from constants, which is not followed',
        product: 'its weight is computed from constants by "m" (Mul), which is not followed',
      },
    ],
  ])('%s', async (_, nodes, initializer, expected) => {
    const model = await behind(nodes, initializer);
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toEqual(expected);
  });

  it('of complex or sparse elements is skipped', async () => {
    const complex = rawTensor('w', [1, 2], DataType.COMPLEX64, new Uint8Array(16));
    expect(reasons(await behind([], [complex]))).toEqual({ product: 'its weight "w" has complex elements' });
    const sparse = await networks.of({
      node: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'product' })],
      sparseInitializer: [{ values: tensor('w', [1]), indices: integers('', [0]), dims: [2, 2] }],
      input: [value('x', [1, 2])],
    });
    expect(reasons(sparse)).toEqual({
      product: 'its weight "w" is a sparse tensor, which is not read',
      w: 'it is a sparse tensor, which is not read',
    });
    const sparseValue = {
      type: AttributeType.SPARSE_TENSOR,
      sparseTensor: { values: tensor('', [1]), indices: integers('', [0]), dims: [2, 2] },
    };
    const constant = node('Constant', [], ['w'], { sparse_value: sparseValue }, { name: 'c' });
    const known = 'the Constant "c" cannot be followed, its value is a sparse tensor, which is not read';
    expect(reasons(await behind([constant], []))).toEqual({
      c: known,
      product: `its weight is unknown: ${known}`,
    });
  });

  it('ends where it grows without end', async () => {
    const doubling = Array.from({ length: 60 }, (_, i) =>
      node('Concat', [i === 0 ? 'a' : `v${i}`, i === 0 ? 'a' : `v${i}`], [i === 59 ? 'w' : `v${i + 1}`], {
        axis: int(0),
      }),
    );
    const model = await behind(doubling, [six]);
    expect(model.layers).toEqual([]);
    expect(reasons(model).product).toMatch(/^its weight is computed from constants by "v\d+" \(Concat\)/);

    // Thirty times fewer, and still more than a file of this size can hold.
    const large = doubling.slice(0, 29).concat(node('Concat', ['v29', 'v29'], ['w'], { axis: int(0) }));
    expect((await behind(large, [six])).layers).toEqual([]);

    const long = Array.from({ length: 500 }, (_, i) =>
      node('Transpose', [i === 0 ? 'a' : `v${i}`], [i === 499 ? 'w' : `v${i + 1}`]),
    );
    expect(reasons(await behind(long, [six])).v101).toBe(
      'the Transpose "v101" cannot be followed, too many nodes make it',
    );
  });
});
