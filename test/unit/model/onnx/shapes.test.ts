import { describe, expect, it } from 'vitest';
import type { Shape } from '../../../../src/model/onnx/shape';
import { DataType, type AttributeProto, type NodeProto, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import {
  floats,
  graphAttribute,
  int,
  integers,
  ints,
  node,
  tensor,
  tensorAttribute,
  text,
  value,
} from '../../onnx-builder';
import { Networks, type Rest } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

type Dimensions = readonly (number | string | null)[] | null;

/** The shapes of the outputs of one node; its inputs are given by their shapes, or as constants. */
async function outputs(
  op: string,
  inputs: readonly (Dimensions | TensorProto | '')[],
  attributes: Record<string, AttributeProto> = {},
  count = 1,
  rest?: Rest,
): Promise<(Shape | null)[]> {
  const [domain, name] = op.includes(':') ? op.split(':') : ['', op];
  const isConstant = (input: Dimensions | TensorProto | ''): input is TensorProto =>
    input !== null && typeof input === 'object' && 'dims' in input;
  const names = inputs.map((input, i) => (input === '' ? '' : `i${i}`));
  const made = Array.from({ length: count }, (_, i) => `o${i}`);
  const shapes = await networks.shapes(
    {
      node: [node(name, names, made, attributes, { domain })],
      initializer: inputs.flatMap((input, i) => (isConstant(input) ? [{ ...input, name: `i${i}` }] : [])),
      input: inputs.flatMap((input, i) => (isConstant(input) || input === '' ? [] : [value(`i${i}`, input)])),
    },
    null,
    rest,
  );
  return made.map((output) => shapes.get(output) ?? null);
}

const list = (...values: number[]): TensorProto => integers('', values);
const scales = (...values: number[]): TensorProto => tensor('', [values.length], values);

describe('the shape after', () => {
  it.each<[string, (Dimensions | TensorProto | '')[], Record<string, AttributeProto>, Shape | null]>([
    ['Relu', [[2, 'n', 3]], {}, [2, null, 3]],
    ['Softmax', [null], {}, null],
    ['PRelu', [[2, 3, 4, 4], tensor('', [3, 1, 1])], {}, [2, 3, 4, 4]],
    [
      'Add',
      [
        [2, 1, 'n'],
        [3, 4],
      ],
      {},
      [2, 3, 4],
    ],
    ['Add', [[2, 'n'], [1]], {}, [2, null]],
    ['Add', [[2, 3], [2]], {}, null],
    ['Add', [[2, 3], null], {}, null],
    ['Where', [[1, 3], [2, 1], []], {}, [2, 3]],
    ['Sum', [[3], [2, 1], [1, 1, 1]], {}, [1, 2, 3]],

    [
      'Conv',
      [[1, 3, 10, 'w'], tensor('', [8, 3, 3, 3])],
      { strides: ints(2, 1), pads: ints(1, 1, 1, 1) },
      [1, 8, 5, null],
    ],
    ['Conv', [[1, 3, 10], tensor('', [8, 3, 3])], { dilations: ints(3) }, [1, 8, 4]],
    ['Conv', [[1, 3, 2], tensor('', [8, 3, 3])], {}, [1, 8, null]],
    [
      'Conv',
      [[1, 3, 10], tensor('', [8, 3, 3])],
      { auto_pad: text('SAME_UPPER'), strides: ints(4) },
      [1, 8, 3],
    ],
    ['Conv', [[1, 3, 10, 10], tensor('', [8, 3, 3])], {}, null],
    ['Conv', [[1, 3, 10], tensor('', [8, 3, 3])], { strides: ints(0) }, null],
    ['com.microsoft:NhwcConv', [[1, 10, 3], tensor('', [8, 3, 3])], {}, [1, 8, 8]],
    ['ConvTranspose', [[1, 4, 5], tensor('', [4, 3, 3])], { strides: ints(2), group: int(2) }, [1, 6, 11]],
    ['MaxPool', [[1, 3, 7, 7]], { kernel_shape: ints(3, 3), strides: ints(2, 2) }, [1, 3, 3, 3]],
    ['MaxPool', [[1, 3, 6]], { kernel_shape: ints(3), strides: ints(2), ceil_mode: int(1) }, [1, 3, 3]],
    [
      'AveragePool',
      [[1, 3, 7]],
      { kernel_shape: ints(2), auto_pad: text('SAME_LOWER'), strides: ints(2) },
      [1, 3, 4],
    ],
    // The second window would start in the padding: versions of the operator differ.
    ['MaxPool', [[1, 3, 4]], { kernel_shape: ints(1), strides: ints(2), ceil_mode: int(1) }, [1, 3, null]],
    ['GlobalAveragePool', [[1, 3, 7, 'w']], {}, [1, 3, 1, 1]],
    ['SpaceToDepth', [[1, 3, 4, 6]], { blocksize: int(2) }, [1, 12, 2, 3]],
    ['DepthToSpace', [[1, 12, 2, 'w']], { blocksize: int(2) }, [1, 3, 4, null]],
    ['DepthToSpace', [[1, 10, 2, 3]], { blocksize: int(2) }, [1, null, 4, 6]],
    ['Resize', [[1, 3, 4, 5], '', scales(1, 1, 2, 1.5)], {}, [1, 3, 8, 7]],
    ['Resize', [[1, 3, 4, 5], '', '', list(1, 3, 9, 9)], {}, [1, 3, 9, 9]],
    ['Resize', [[1, 3, 4, 5], '', '', list(9, 8)], { axes: ints(2, 3) }, [1, 3, 9, 8]],
    ['Resize', [[1, 3, 4, 5], '', '', [4]], {}, [null, null, null, null]],
    ['Upsample', [[1, 3, 4, 5]], { scales: floats(1, 1, 2, 2) }, [1, 3, 8, 10]],
    ['Pad', [[1, 3, 4], list(0, 0, 1, 0, 0, 2)], {}, [1, 3, 7]],
    ['Pad', [[1, 3, 4], list(1, -2), '', list(-1)], {}, [1, 3, 3]],

    ['Reshape', [[2, 3, 4], list(0, -1)], {}, [2, 12]],
    ['Reshape', [['n', 3, 4], list(0, -1)], {}, [null, 12]],
    ['Reshape', [['n', 3, 4], list(-1, 6)], {}, [null, 6]],
    ['Reshape', [[2, 3, 4], list(5, -1)], {}, null],
    ['Reshape', [[2, 3, 4], list(5, 5)], {}, null],
    ['Reshape', [[2, 3, 4], list(-1, -1)], {}, null],
    ['Reshape', [[0, 3], list(0, 3)], { allowzero: int(1) }, [0, 3]],
    ['Flatten', [[2, 3, 4]], {}, [2, 12]],
    ['Flatten', [[2, 3, 4]], { axis: int(-1) }, [6, 4]],
    ['Transpose', [[2, 3, 4]], {}, [4, 3, 2]],
    ['Transpose', [[2, 3, 4]], { perm: ints(1, 0, 2) }, [3, 2, 4]],
    ['Transpose', [[2, 3]], { perm: ints(0, 0) }, null],
    ['Squeeze', [[1, 3, 1]], {}, [3]],
    ['Squeeze', [[1, 'n', 1]], {}, null],
    ['Squeeze', [[1, 'n', 1], list(-1)], {}, [1, null]],
    ['Unsqueeze', [[3, 4], list(0, -1)], {}, [1, 3, 4, 1]],
    ['Slice', [[10, 20], list(1, -5), list(2 ** 62, -1)], {}, [9, 4]],
    ['Slice', [[10, 20], list(-1), list(-100), list(1), list(-3)], {}, [10, 7]],
    ['Slice', [[10, 20], list(5), [1], list(1)], {}, [10, null]],
    // Backwards to the end: nothing by the specification, everything by the runtime.
    ['Slice', [[10, 20], list(-1), list(2 ** 62), list(1), list(-1)], {}, [10, null]],
    ['Split', [[2, 7]], { axis: int(1), num_outputs: int(1) }, [2, 7]],
    [
      'Concat',
      [
        [2, 3],
        [2, 'n'],
      ],
      { axis: int(1) },
      [2, null],
    ],
    [
      'Concat',
      [
        [2, 3],
        ['n', 4],
      ],
      { axis: int(-1) },
      [2, 7],
    ],
    [
      'Gather',
      [
        [5, 6, 7],
        [2, 'n'],
      ],
      { axis: int(1) },
      [5, 2, null, 7],
    ],
    [
      'GatherND',
      [
        [5, 6, 7],
        [4, 2],
      ],
      {},
      [4, 7],
    ],
    ['Expand', [[3, 1], list(2, 1, 4)], {}, [2, 3, 4]],
    ['Tile', [[3, 'n'], list(2, 2)], {}, [6, null]],
    ['ReduceMean', [[2, 3, 4], list(1, -1)], {}, [2, 1, 1]],
    ['ReduceMean', [[2, 3, 4]], { axes: ints(1), keepdims: int(0) }, [2, 4]],
    ['ReduceSum', [[2, 3]], { noop_with_empty_axes: int(1) }, [2, 3]],
    ['ArgMax', [[2, 3, 4]], { axis: int(1), keepdims: int(0) }, [2, 4]],
    ['OneHot', [[2, 3], list(7), tensor('', [2])], {}, [2, 3, 7]],
    ['Shape', [[2, 'n', 4]], { start: int(1) }, [2]],
    ['ConstantOfShape', [list(2, 3)], {}, [2, 3]],
    ['NonZero', [[2, 3]], {}, [2, null]],

    [
      'Gemm',
      [
        [2, 3],
        [4, 3],
      ],
      { transB: int(1) },
      [2, 4],
    ],
    [
      'Gemm',
      [
        [3, 'n'],
        [3, 4],
      ],
      { transA: int(1) },
      [null, 4],
    ],
    [
      'MatMul',
      [
        [5, 1, 2, 3],
        [6, 3, 4],
      ],
      {},
      [5, 6, 2, 4],
    ],
    ['MatMul', [[3], [6, 3, 4]], {}, [6, 4]],
    ['MatMul', [[2, 3], [3]], {}, [2]],
    [
      'MatMul',
      [
        [2, 3],
        [4, 5],
      ],
      {},
      null,
    ],
    [
      'com.microsoft:FusedMatMul',
      [
        [2, 3, 4],
        [2, 5, 4],
      ],
      { transB: int(1) },
      [2, 3, 5],
    ],
    ['com.microsoft:MatMulNBits', [['n', 32], tensor('', [8, 2, 8])], { N: int(8), K: int(32) }, [null, 8]],
    ['QLinearConv', [[1, 3, 10], [], [], tensor('', [8, 3, 3])], {}, [1, 8, 8]],
    ['QLinearMatMul', [[2, 3], [], [], [3, 4]], {}, [2, 4]],
    ['com.microsoft:QLinearAdd', [[2, 3], [], [], [3]], {}, [2, 3]],
    ['com.microsoft:QLinearConcat', [[], [], [2, 3], [], [], [2, 4], [], []], { axis: int(1) }, [2, 7]],
    ['com.microsoft:Attention', [['n', 's', 8], tensor('', [8, 24])], {}, [null, null, 8]],
    ['com.microsoft:EmbedLayerNormalization', [['n', 's'], '', tensor('', [100, 16])], {}, [null, null, 16]],
    [
      'Einsum',
      [
        ['n', 3, 4],
        [4, 5],
      ],
      { equation: text('bij,jk->bik') },
      [null, 3, 5],
    ],
    ['local:Unknown', [[2, 3]], {}, null],
  ])('%s of %j', async (op, inputs, attributes, expected) => {
    expect(await outputs(op, inputs, attributes)).toEqual([expected]);
  });

  it('operators with several outputs', async () => {
    expect(await outputs('Split', [[2, 7]], { axis: int(1), num_outputs: int(3) }, 3)).toEqual([
      [2, 3],
      [2, 3],
      [2, 1],
    ]);
    expect(await outputs('Split', [['n', 7], list(3, 4)], { axis: int(1) }, 2)).toEqual([
      [null, 3],
      [null, 4],
    ]);
    expect(await outputs('TopK', [[2, 7], list(3)], {}, 2)).toEqual([
      [2, 3],
      [2, 3],
    ]);
    const weights = [tensor('', [2, 20, 3]), tensor('', [2, 20, 5])];
    const direction = text('bidirectional');
    expect(await outputs('LSTM', [[7, 'n', 3], ...weights], { direction }, 3)).toEqual([
      [7, 2, null, 5],
      [2, null, 5],
      [2, null, 5],
    ]);
    expect(await outputs('DynamicQuantizeLinear', [[2, 3]], {}, 3)).toEqual([[2, 3], [], []]);
  });

  it('old operators, whose lists are attributes', async () => {
    const old = { opsetImport: [{ domain: '', version: 9 }] };
    expect(await outputs('Reshape', [[2, 6]], { shape: ints(3, -1) }, 1, old)).toEqual([[3, 4]]);
    expect(
      await outputs('Slice', [[4, 6]], { starts: ints(1), ends: ints(9), axes: ints(1) }, 1, old),
    ).toEqual([[4, 5]]);
    expect(await outputs('Unsqueeze', [[4]], { axes: ints(0, 2) }, 1, old)).toEqual([[1, 4, 1]]);
    expect(await outputs('Pad', [[4, 6]], { pads: ints(1, 0, 1, 0) }, 1, old)).toEqual([[6, 6]]);
    expect(await outputs('Upsample', [[1, 2, 4], scales(1, 1, 2)], {}, 1, old)).toEqual([[1, 2, 8]]);
  });
});

describe('shapes that the network computes', () => {
  const shape = (...nodes: NodeProto[]) =>
    networks
      .shapes({
        node: nodes,
        initializer: [
          integers('zero', [0], []),
          integers('one', [1], []),
          integers('first', [0]),
          integers('second', [1]),
          integers('third', [2]),
          integers('rest', [-1]),
          integers('pairs', [-1, 2]),
          integers('pads', [0, 0, 1, 2]),
          integers('four', [4]),
          integers('backwards', [-1]),
          integers('begin', [-1]),
          integers('end', [-9223372036854775000]),
          tensor('half', [], [0.5]),
        ],
        input: [value('x', ['n', 6, 8, 10])],
      })
      .then((shapes) => shapes.get('y'));

  it('from the shape of a value, part by part', async () => {
    expect(
      await shape(
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'one'], ['c']),
        node('Unsqueeze', ['c', 'first'], ['cs']),
        node('Slice', ['s', 'first', 'second'], ['b']),
        node('Concat', ['b', 'cs', 'rest'], ['t'], { axis: int(0) }),
        node('Reshape', ['x', 't'], ['y']),
      ),
    ).toEqual([null, 6, null]);
  });

  it('by arithmetic', async () => {
    expect(
      await shape(
        node('Shape', ['x'], ['s'], { start: int(2) }),
        node('Cast', ['s'], ['f'], { to: int(DataType.FLOAT) }),
        node('Mul', ['f', 'half'], ['g']),
        node('Floor', ['g'], ['h']),
        node('Cast', ['h'], ['size'], { to: int(DataType.INT64) }),
        node('Shape', ['x'], ['front'], { end: int(2) }),
        node('Concat', ['front', 'size'], ['sizes'], { axis: int(0) }),
        node('Resize', ['x', '', '', 'sizes'], ['y']),
      ),
    ).toEqual([null, 6, 4, 5]);
  });

  it('for Pad, as exporters of PyTorch reverse its list', async () => {
    expect(
      await shape(
        node('ConstantOfShape', ['four'], ['zeros'], { value: tensorAttribute(integers('', [0])) }),
        node('Concat', ['pads', 'zeros'], ['all'], { axis: int(0) }),
        node('Reshape', ['all', 'pairs'], ['p']),
        node('Slice', ['p', 'begin', 'end', 'first', 'backwards'], ['q']),
        node('Transpose', ['q'], ['r'], { perm: ints(1, 0) }),
        node('Reshape', ['r', 'rest'], ['t']),
        node('Pad', ['x', 't'], ['y']),
      ),
    ).toEqual([null, 6, 11, 10]);
  });

  it('for Expand, as exporters of PyTorch write it', async () => {
    expect(
      await shape(
        node('Shape', ['x'], ['s']),
        node('ConstantOfShape', ['four'], ['ones'], { value: tensorAttribute(integers('', [1])) }),
        node('Equal', ['s', 'ones'], ['same']),
        node('Where', ['same', 'ones', 's'], ['t']),
        node('ReduceMax', ['x'], ['m'], { axes: ints(1) }),
        node('Expand', ['m', 't'], ['y']),
      ),
    ).toEqual([null, 6, 8, 10]);
  });

  it('never from elements that are not all known', async () => {
    expect(
      await shape(
        node('Shape', ['x'], ['s'], { end: int(1) }),
        node('Concat', ['s', 'third'], ['t'], { axis: int(0) }),
        node('Tile', ['s', 't'], ['y']),
      ),
    ).toBeNull();
  });
});

describe('shapes that the file declares', () => {
  const graph = (declared: Dimensions, input: Dimensions = ['n', 3, 8, 8]) => ({
    node: [
      node('Relu', ['x'], ['a']),
      node('Unknown', ['a'], ['b'], {}, { domain: 'local' }),
      node('Relu', ['b'], ['y']),
    ],
    input: [value('x', input)],
    output: [value('y', ['n', 'c', 2, 2])],
    valueInfo: [value('a', declared), value('b', [1, 5, 'h', 0])],
  });

  it('fill in what cannot be inferred', async () => {
    const shapes = await networks.shapes(graph([7, 'c', 'h', 'w']));
    expect(shapes.get('a')).toEqual([7, 3, 8, 8]);
    // Zero and minus one mean that the writer did not know.
    expect(shapes.get('b')).toEqual([1, 5, null, null]);
    expect(shapes.get('y')).toEqual([1, 5, 2, 2]);
  });

  it('say nothing where they contradict what is inferred', async () => {
    const shapes = await networks.shapes(graph([1, 4, 8, 8]));
    expect(shapes.get('a')).toEqual([1, null, 8, 8]);
    expect((await networks.shapes(graph([1, 3]))).get('a')).toBeNull();
  });

  it('count no more behind an input whose size the user gives', async () => {
    const shapes = await networks.shapes(graph([1, 3, 8, 8]), [20, 30]);
    expect(shapes.get('a')).toEqual([null, 3, 20, 30]);
    expect(shapes.get('b')).toBeNull();
    expect(shapes.get('y')).toBeNull();
    expect((await networks.shapes(graph([1, 3, 8, 8]), [20])).get('b')).toEqual([1, 5, null, null]);
  });
});

describe('shapes in bodies', () => {
  const branch = (size: number) =>
    graphAttribute({
      node: [node('Conv', ['x', `w${size}`], ['inner'])],
      output: [value('inner')],
    });

  it('are those of values around them, and both branches of an If give what they share', async () => {
    const shapes = await networks.shapes({
      node: [node('If', ['c'], ['y'], { then_branch: branch(3), else_branch: branch(5) })],
      initializer: [tensor('w3', [4, 2, 3, 3]), tensor('w5', [4, 2, 5, 3])],
      input: [value('x', [1, 2, 9, 9]), value('c', [], DataType.BOOL)],
    });
    expect(shapes.get('y')).toEqual([1, 4, null, 7]);
  });

  it('of a loop are only those that the file declares', async () => {
    const body = graphAttribute({
      node: [
        node('Concat', ['state', 'state'], ['next'], { axis: int(0) }),
        node('Relu', ['state'], ['same']),
      ],
      input: [value('i', []), value('go', []), value('state', ['n', 4])],
      output: [value('go'), value('next')],
    });
    const loop = {
      node: [node('Loop', ['', 'c', 'x'], ['y'], { body })],
      input: [value('x', [2, 4]), value('c', [], DataType.BOOL)],
    };
    const shapes = await networks.shapes(loop);
    expect(shapes.get('same')).toEqual([null, 4]);
    // With another size of the input the loop may hand on something else.
    expect((await networks.shapes(loop, [5])).get('same')).toBeNull();
    expect(shapes.get('y')).toBeNull();
  });

  it('pass through local functions', async () => {
    const shapes = await networks.shapes(
      {
        node: [node('Half', ['x'], ['y'], {}, { domain: 'local' })],
        input: [value('x', [1, 2, 9, 9])],
      },
      null,
      {
        opsetImport: [{ domain: '', version: 21 }],
        functions: [
          {
            name: 'Half',
            domain: 'local',
            input: ['a'],
            output: ['b'],
            node: [node('MaxPool', ['a'], ['b'], { kernel_shape: ints(3, 3), strides: ints(2, 2) })],
          },
        ],
      },
    );
    expect(shapes.get('y')).toEqual([1, 2, 4, 4]);
  });
});
