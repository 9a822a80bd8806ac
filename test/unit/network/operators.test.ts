/** Every operator of the table, as a network of one node: no slope that ONNX Runtime meets is above its constant. */
import { describe, expect, it } from 'vitest';
import type { AttributeProto, GraphProto, TensorProto } from '../../../src/schema/onnx';
import { Folder } from '../folder';
import { float, floats, int, integers, ints, node, tensor, text } from '../onnx-builder';
import { bounded, boundOf, graphOf, NORMS, single, steepest } from './networks';

const folder = new Folder();

type Attributes = Readonly<Record<string, AttributeProto>>;
interface Case {
  readonly title: string;
  readonly graph: GraphProto;
  readonly shape: readonly number[];
  /** The constant in L2, where it is worth saying. */
  readonly L2?: number;
  /** Of the elements of the points. */
  readonly reach?: number;
  readonly opset?: number;
}

const of = (
  op: string,
  shape: readonly number[],
  attributes: Attributes = {},
  constants: TensorProto[] = [],
  rest: Partial<Case> & { domain?: string } = {},
): Case => {
  const { domain = '', ...more } = rest;
  const written = Object.entries(attributes).map(
    ([name, { i, f, ints: list, s }]) =>
      `${name}=${s ? Buffer.from(s).toString() : (i ?? f ?? list?.join())}`,
  );
  return {
    title: [op, `of ${shape.join('x')}`, ...written].join(' '),
    graph: single(op, shape, attributes, constants, domain),
    shape,
    ...more,
  };
};

const cases: Case[] = [
  ...[
    'Identity',
    'Neg',
    'Relu',
    'Abs',
    'Sin',
    'Cos',
    'Atan',
    'Asinh',
    'Tanh',
    'Softsign',
    'Softplus',
    'Sigmoid',
    'Erf',
    'HardSwish',
    'HardSigmoid',
    'Mish',
    'Gelu',
    'LeakyRelu',
    'Elu',
    'Celu',
    'Selu',
  ].map((op) => of(op, [1, 6], {}, [], { reach: 4 })),
  of('Gelu', [1, 6], { approximate: text('tanh') }, [], { L2: 1.128993068658772, reach: 4 }),
  of('Gelu', [1, 6], {}, [], { L2: 1.1289041451851547, domain: 'com.microsoft', reach: 4 }),
  of('FastGelu', [1, 6], {}, [], { domain: 'com.microsoft', reach: 4 }),
  of('QuickGelu', [1, 6], { alpha: float(1.7) }, [], {
    L2: 1.0998393201288668,
    domain: 'com.microsoft',
    reach: 4,
  }),
  of('LeakyRelu', [1, 6], { alpha: float(-3) }, [], { L2: 3 }),
  of('Elu', [1, 6], { alpha: float(2.5) }, [], { L2: 2.5 }),
  of('Celu', [1, 6], { alpha: float(2.5) }, [], { L2: 1 }),
  of('Selu', [1, 6], {}, [], { L2: 1.75809934634303 }),
  of('HardSigmoid', [1, 6], { alpha: float(0.75) }, [], { L2: 0.75 }),
  of('ThresholdedRelu', [1, 6], { alpha: float(0) }, [], { L2: 1 }),
  of('Shrink', [1, 6], { bias: float(0.5), lambd: float(0.5) }, [], { L2: 1 }),
  of('PRelu', [2, 3], {}, [tensor('s', [3], [0.5, -2, 1])], { L2: 2 }),
  of('Clip', [1, 6], {}, [tensor('lo', [], [-0.5]), tensor('hi', [], [0.5])], { L2: 1 }),
  of('Reshape', [2, 6], {}, [integers('s', [3, 4])], { L2: 1 }),
  of('Flatten', [2, 3, 2], {}, [], { L2: 1 }),
  of('Transpose', [2, 3], { perm: ints(1, 0) }, [], { L2: 1 }),
  of('DepthToSpace', [1, 4, 2, 2], { blocksize: int(2) }, [], { L2: 1 }),
  of('SpaceToDepth', [1, 1, 4, 4], { blocksize: int(2) }, [], { L2: 1 }),
  of('Slice', [4, 4], {}, [integers('a', [0]), integers('b', [4]), integers('c', [1]), integers('d', [2])], {
    L2: 1,
  }),
  of('Trilu', [4, 4], {}, [], { L2: 1 }),
  of('Expand', [1, 3], {}, [integers('s', [4, 3])], { L2: 2 }),
  of('Tile', [1, 3], {}, [integers('s', [3, 3])], { L2: 3 }),
  of('Gather', [3, 4], { axis: int(1) }, [integers('i', [0, -4, 2, 0, 0])], { L2: 2 }),
  of('GatherElements', [2, 2], { axis: int(0) }, [integers('i', [1, 1, 1, 1], [2, 2])]),
  of('Pad', [1, 1, 4, 4], { mode: text('reflect') }, [integers('p', [0, 0, 3, 0, 0, 0, 3, 0])]),
  of('Pad', [1, 1, 4, 4], { mode: text('edge') }, [integers('p', [0, 0, 3, 0, 0, 0, 0, 0])], { L2: 2 }),
  of('Pad', [1, 1, 4, 4], {}, [integers('p', [0, 0, 1, -1, 0, 0, 0, 2])], { L2: 1 }),
  of('Mul', [2, 3], {}, [tensor('c', [3], [1, -4, 2])], { L2: 4 }),
  of('Mul', [2, 1], {}, [tensor('c', [4], [1, -4, 2, 3])], { L2: 8 }),
  of('Div', [2, 3], {}, [tensor('c', [3], [1, -0.25, 2])], { L2: 4 }),
  of('Add', [2, 1], {}, [tensor('c', [4], [1, 2, 3, 4])], { L2: 2 }),
  of('Sub', [2, 3], {}, [tensor('c', [3], [1, 2, 3])], { L2: 1 }),
  of('Max', [2, 1], {}, [tensor('c', [4], [0.1, 0.2])], { L2: 2 }),
  of('Min', [2, 3], {}, [tensor('c', [3], [0.1, 0.2, -0.1])], { L2: 1 }),
  of('Mean', [2, 3], {}, [tensor('c', [3], [0.1])], { L2: 0.5 }),
  of('Pow', [2, 3], {}, [tensor('p', [], [1])], { L2: 1 }),
  of('Softmax', [2, 5], {}, [], { L2: 0.5, reach: 3 }),
  of('LogSoftmax', [2, 5], {}, [], { L2: Math.sqrt(5), reach: 6 }),
  of('Softmax', [2, 2, 3], {}, [], { L2: 0.5, opset: 11, reach: 3 }),
  of('LogSoftmax', [2, 2, 3], {}, [], { L2: Math.sqrt(6), opset: 11, reach: 6 }),
  ...['ReduceMean', 'ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceMax', 'ReduceMin', 'ReduceLogSumExp'].map(
    (op) => of(op, [2, 4, 3], {}, [integers('axes', [1])]),
  ),
  of('ReduceMean', [2, 9], {}, [integers('axes', [1])], { L2: 1 / 3 }),
  of('ReduceSum', [2, 9], {}, [integers('axes', [1])], { L2: 3 }),
  of('ReduceSum', [2, 8], {}, [], { L2: 4 }),
  of('ReduceMean', [2, 8], { axes: ints(-1) }, [], { opset: 13 }),
  of('CumSum', [6], {}, [integers('axis', [0], [])], { L2: 0.5 / Math.sin(Math.PI / 26) }),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((op) => of(op, [1, 2, 4, 4])),
  of('MaxPool', [1, 1, 7, 7], { kernel_shape: ints(3, 3), strides: ints(2, 2) }, [], { L2: 2 }),
  of('MaxPool', [1, 1, 8, 8], { kernel_shape: ints(2, 2), strides: ints(2, 2) }, [], { L2: 1 }),
  of('MaxPool', [1, 1, 9], { kernel_shape: ints(3), strides: ints(2), dilations: ints(2) }),
  of('MaxPool', [1, 1, 9], { kernel_shape: ints(4), strides: ints(3), pads: ints(1, 1), ceil_mode: int(1) }),
  of('AveragePool', [1, 1, 8, 8], { kernel_shape: ints(2, 2), strides: ints(2, 2) }, [], { L2: 0.5 }),
  of('AveragePool', [1, 1, 7], { kernel_shape: ints(7) }, [], { L2: 1 / Math.sqrt(7) }),
  of('AveragePool', [1, 1, 9], { kernel_shape: ints(3), strides: ints(2) }, [], { L2: Math.sqrt(5) / 3 }),
  of('AveragePool', [1, 1, 6, 6], { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) }),
  of('AveragePool', [1, 1, 6, 6], {
    kernel_shape: ints(3, 3),
    pads: ints(1, 1, 1, 1),
    count_include_pad: int(1),
  }),
  of('AveragePool', [1, 1, 6], { kernel_shape: ints(4), strides: ints(3), ceil_mode: int(1) }),
  of('AveragePool', [1, 1, 7], { kernel_shape: ints(3), strides: ints(2), auto_pad: text('SAME_UPPER') }),
  of('LpPool', [1, 1, 7], { kernel_shape: ints(3), strides: ints(2), p: int(2) }),
  of('LpPool', [1, 1, 7], { kernel_shape: ints(3), strides: ints(1), p: int(1) }),
  ...['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'].flatMap((mode) =>
    ['nearest', 'linear'].flatMap((kind) =>
      [2, 3, 0.5, 1.7].map((scale) =>
        of(
          'Resize',
          [1, 1, 6, 6],
          {
            mode: text(kind),
            coordinate_transformation_mode: text(mode),
            ...(kind === 'nearest' && { nearest_mode: text('floor') }),
          },
          [tensor('roi', [0]), tensor('s', [4], [1, 1, scale, scale])],
        ),
      ),
    ),
  ),
  of(
    'Resize',
    [1, 1, 4, 4],
    {
      mode: text('nearest'),
      coordinate_transformation_mode: text('asymmetric'),
      nearest_mode: text('floor'),
    },
    [tensor('roi', [0]), tensor('s', [4], [1, 1, 2, 2])],
    { L2: 2 },
  ),
  of('LayerNormalization', [2, 8], { epsilon: float(0.1) }, [tensor('g', [8], [1, 2, -3, 1])], {
    L2: 3 / Math.sqrt(Math.fround(0.1)),
  }),
  of('SimplifiedLayerNormalization', [2, 8], { epsilon: float(0.1) }, [tensor('g', [8], [1, 2, -3, 1])]),
  of('InstanceNormalization', [1, 2, 8], { epsilon: float(0.1) }, [
    tensor('g', [2], [1, 2]),
    tensor('b', [2], [3]),
  ]),
  of('BatchNormalization', [2, 3, 4], {}, [
    tensor('g', [3], [1, 2, 3]),
    tensor('b', [3], [1]),
    tensor('m', [3], [1]),
    tensor('v', [3], [4, 1, 9]),
  ]),
  of('Gemm', [2, 3], { alpha: float(2), transA: int(1) }, [tensor('w', [2, 4], [1, -2, 3, 0.5, 1])]),
  of('Gemm', [2, 3], { transB: int(1) }, [tensor('w', [4, 3], [1, -2, 3, 0.5, 1])]),
  of('MatMul', [2, 3], {}, [tensor('w', [3, 4], [1, -2, 3, 0.5, 1])]),
  of('MatMul', [2, 1, 3], {}, [tensor('w', [2, 3, 4], [1, -2, 3, 0.5, 1])]),
  of('MatMul', [1, 3], {}, [tensor('w', [2, 3, 4], [1, -2, 3, 0.5, 1])]),
  of('Einsum', [2, 3], { equation: text('bi,ij->bj') }, [tensor('w', [3, 4], [1, -2, 3, 0.5, 1])]),
  of('Conv', [1, 2, 7], { strides: ints(2), dilations: ints(2), pads: ints(1, 2) }, [
    tensor('w', [4, 2, 3], [1, -2, 3, 0.5, 1]),
  ]),
  of('Conv', [1, 4, 5, 5], { group: int(2), strides: ints(2, 1), pads: ints(1, 1, 1, 1) }, [
    tensor('w', [4, 2, 3, 3], [1, -2, 3, 0.5, 1, -1]),
  ]),
  of('ConvTranspose', [1, 4, 4, 4], { group: int(2), strides: ints(2, 2) }, [
    tensor('w', [4, 3, 3, 3], [1, -2, 3, 0.5, 1, -1]),
  ]),
  of(
    'FusedConv',
    [1, 2, 5, 5],
    { activation: text('LeakyRelu'), activation_params: floats(3), pads: ints(1, 1, 1, 1) },
    [tensor('w', [2, 2, 3, 3], [1, -2, 3])],
    { domain: 'com.microsoft' },
  ),
];

/** Two nodes and more that make one function. */
const written: Case[] = [
  ...silus(),
  composite('TopK', [node('TopK', ['x', 'k'], ['y', 'places'])], 1),
  composite(
    'HardSwish with Clip',
    [
      node('Add', ['x', 'three'], ['a']),
      node('Clip', ['a', 'zero', 'six'], ['c']),
      node('Mul', ['x', 'c'], ['m']),
      node('Div', ['m', 'six'], ['y']),
    ],
    1.5,
  ),
  composite(
    'HardSwish with HardSigmoid',
    [node('HardSigmoid', ['x'], ['s'], { alpha: float(1 / 6) }), node('Mul', ['x', 's'], ['y'])],
    1.5,
  ),
  composite(
    'Mish',
    [node('Softplus', ['x'], ['p']), node('Tanh', ['p'], ['t']), node('Mul', ['x', 't'], ['y'])],
    1.0884981612517,
  ),
  composite(
    'GELU',
    [
      node('Div', ['x', 'root2'], ['d']),
      node('Erf', ['d'], ['e']),
      node('Add', ['e', 'one'], ['g']),
      node('Mul', ['x', 'g'], ['m']),
      node('Mul', ['m', 'half'], ['y']),
    ],
    1.1289041451851,
  ),
  composite(
    'GELU with Tanh',
    [
      node('Pow', ['x', 'three'], ['q']),
      node('Mul', ['q', 'cubic'], ['c']),
      node('Add', ['x', 'c'], ['u']),
      node('Mul', ['u', 'outer'], ['v']),
      node('Tanh', ['v'], ['t']),
      node('Add', ['t', 'one'], ['g']),
      node('Mul', ['half', 'x'], ['h']),
      node('Mul', ['h', 'g'], ['y']),
    ],
    1.129,
  ),
  composite(
    'length of two',
    [
      node('Pow', ['x', 'two'], ['a']),
      node('Mul', ['x', 'half'], ['h']),
      node('Mul', ['h', 'h'], ['b']),
      node('Add', ['a', 'b'], ['s']),
      node('Sqrt', ['s'], ['y']),
    ],
    Math.sqrt(1.25),
  ),
  composite('Max of two values', [node('Neg', ['x'], ['n']), node('Max', ['x', 'n'], ['y'])], Math.SQRT2),
  composite('Where with constant choice', [node('Where', ['mask', 'x', 'half'], ['y'])], 1),
];

function silus(): Case[] {
  return [1, 3].map((beta) =>
    composite(
      `SiLU of ${beta}`,
      [
        node('Mul', ['x', beta === 1 ? 'one' : 'three'], ['b']),
        node('Sigmoid', ['b'], ['s']),
        node('Mul', ['s', 'x'], ['y']),
      ],
      1.0998393201288,
    ),
  );
}

function composite(title: string, nodes: ReturnType<typeof node>[], L2: number): Case {
  const numbers = {
    zero: 0,
    half: 0.5,
    one: 1,
    two: 2,
    three: 3,
    six: 6,
    root2: Math.SQRT2,
    cubic: 0.044715,
    outer: Math.sqrt(2 / Math.PI),
  };
  const constants = Object.entries(numbers).map(([name, x]) => tensor(name, [], [x]));
  const mask = { name: 'mask', dims: [1, 6], dataType: 9, rawData: Uint8Array.of(1, 0, 1, 1, 0, 0) };
  return {
    title,
    graph: graphOf(nodes, [1, 6], [...constants, mask, integers('k', [2])]),
    shape: [1, 6],
    L2,
    reach: 5,
  };
}

describe('no slope is above the constant of', () => {
  it.each([...cases, ...written])('$title', async ({ graph, shape, L2, reach = 2, opset }) => {
    const found = await bounded(
      folder,
      graph,
      opset === undefined ? {} : { opsetImport: [{ domain: '', version: opset }] },
    );
    if (L2 !== undefined) expect(boundOf(found).upper).toBeCloseTo(L2, 3);
    const slopes = await steepest(found.path, shape, reach, 7);
    for (const norm of NORMS) {
      const { upper, domain } = boundOf(found, norm);
      expect(domain).toBeNull();
      expect(upper).not.toBeNull();
      expect(slopes[norm], norm).toBeLessThanOrEqual((upper ?? 0) * (1 + 1e-4));
    }
    expect(slopes.L2).toBeGreaterThan(0);
  });
});

describe('on inputs in [-1, 1], no slope is above the constant of', () => {
  const two = tensor('two', [], [2]);
  const domain: Case[] = [
    of('Exp', [1, 4]),
    of('Sinh', [1, 4]),
    of('Cosh', [1, 4]),
    of('Pow', [1, 4], {}, [two]),
    of('Pow', [1, 4], {}, [tensor('p', [], [3])]),
    of('ReduceSumSquare', [2, 4], {}, [integers('axes', [1])]),
    { title: 'x^2', graph: graphOf([node('Mul', ['x', 'x'], ['y'])], [1, 4]), shape: [1, 4], L2: 2 },
    {
      title: 'x x^T',
      graph: graphOf([node('Transpose', ['x'], ['t']), node('MatMul', ['x', 't'], ['y'])], [3, 4]),
      shape: [3, 4],
    },
    {
      title: 'x / (2 + tanh x)',
      graph: graphOf(
        [node('Tanh', ['x'], ['t']), node('Add', ['t', 'two'], ['d']), node('Div', ['x', 'd'], ['y'])],
        [1, 4],
        [two],
      ),
      shape: [1, 4],
    },
    {
      title: 'log (2 + x)',
      graph: graphOf([node('Add', ['x', 'two'], ['d']), node('Log', ['d'], ['y'])], [1, 4], [two]),
      shape: [1, 4],
      L2: 1,
    },
    {
      title: 'sqrt (2 + x)',
      graph: graphOf([node('Add', ['x', 'two'], ['d']), node('Sqrt', ['d'], ['y'])], [1, 4], [two]),
      shape: [1, 4],
      L2: 0.5,
    },
    {
      title: '1 / (2 + x)',
      graph: graphOf([node('Add', ['x', 'two'], ['d']), node('Reciprocal', ['d'], ['y'])], [1, 4], [two]),
      shape: [1, 4],
      L2: 1,
    },
  ];
  it.each(domain)('$title', async ({ graph, shape, L2 }) => {
    const found = await bounded(folder, graph);
    if (L2 !== undefined) expect(boundOf(found).upper).toBeCloseTo(L2, 3);
    // A step of the length of the reach stays inside.
    const slopes = await steepest(found.path, shape, 0.5, 7);
    for (const norm of NORMS) {
      const bound = boundOf(found, norm);
      expect(bound.domain).toBe('inputs in [-1, 1]');
      expect(bound.upper).not.toBeNull();
      expect(slopes[norm], norm).toBeLessThanOrEqual((bound.upper ?? 0) * (1 + 1e-4));
    }
  });
});

describe('there is no constant of', () => {
  it.each(
    [
      of('Sign', [1, 4]),
      of('Floor', [1, 4]),
      of('Round', [1, 4]),
      of('ThresholdedRelu', [1, 4], { alpha: float(1) }),
      of('Shrink', [1, 4]),
      of('Asin', [1, 4]),
      of('Reciprocal', [1, 4]),
      of('Sqrt', [1, 4]),
      of('TopK', [2, 5], { sorted: int(0) }, [integers('k', [2])]),
      of('LpNormalization', [2, 5]),
    ].map(({ title, graph }) => ({ title, graph })),
  )('$title', async ({ graph }) => {
    expect(boundOf(await bounded(folder, graph)).upper).toBeNull();
  });
});
