import { describe, expect, it } from 'vitest';
import { CyclicGraphError, LimitExceededError, MalformedFileError } from '../../../../src/model/errors';
import {
  AttributeType,
  DataType,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
} from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import {
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
import { convolution, microsoft, names, Networks, only, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const x = value('x', [1, 4, 8, 8]);
const kernel = tensor('w', [4, 4, 3, 3]);
const conv = (output: string, name?: string, input = 'x'): NodeProto =>
  node('Conv', [input, 'w'], [output], {}, name === undefined ? {} : { name });
const call = (fn: string, input: string, output: string, name?: string): NodeProto =>
  node(fn, [input], [output], {}, { domain: 'local', ...(name !== undefined && { name }) });
const local = (name: string, nodes: NodeProto[], rest: Partial<FunctionProto> = {}): FunctionProto => ({
  name,
  domain: 'local',
  input: ['a'],
  output: ['b'],
  node: nodes,
  ...rest,
});

describe('the rows of a model', () => {
  it('are in the order of the nodes, under the name of the node or of its first output', async () => {
    const model = await networks.of({
      node: [
        conv('later', 'second', 'y'),
        conv('y'),
        node('MatMul', ['x', 'v'], ['z'], {}, { name: 'third' }),
      ],
      initializer: [kernel, tensor('v', [8, 2])],
      input: [x],
    });
    expect(names(model)).toEqual(['second', 'y', 'third']);
    // Nodes need not be in the order of their dependence.
    expect(convolution(model.layers[0]).inputSize).toEqual([6, 6]);
  });

  it('have names of their own', async () => {
    const model = await networks.of({
      node: [conv('a', 'same'), conv('b', 'same#2'), conv('c', 'same'), conv('d', 'same')],
      initializer: [kernel],
      input: [x],
    });
    expect(names(model)).toEqual(['same', 'same#2', 'same#3', 'same#4']);
  });

  it('that share a weight share its key', async () => {
    const { layers } = await networks.of({
      node: [conv('a'), conv('b', 'other', 'a')],
      initializer: [kernel, { ...kernel, name: 'unused' }],
      input: [x],
    });
    expect(new Set(layers.map((layer) => convolution(layer).tensor.key)).size).toBe(1);
  });

  it('come with the size of the file, and close it', async () => {
    const path = await folder.write('closed.onnx', '');
    await networks.of({ node: [conv('a')], initializer: [kernel], input: [x] }).then(async (model) => {
      expect(model.format).toBe('onnx');
      expect(model.bytes).toBeGreaterThan(4 * 4 * 9 * 4);
      await model.close();
      await expect(convolution(model.layers[0]).tensor.read()).rejects.toThrow(/closed/);
    });
    await expect(networks.at(path)).rejects.toThrow(/closed\.onnx: /);
  });
});

describe('bodies', () => {
  it('are part of the model, under the path of the nodes that run them', async () => {
    const inner = { name: 'inner', node: [conv('deep')], output: [value('deep')] };
    const outer = {
      name: 'outer',
      node: [
        conv('first', 'one'),
        node('If', ['c'], ['r'], { then_branch: graphAttribute(inner) }, { name: 'nested' }),
      ],
      output: [value('r')],
    };
    const loop = {
      name: 'loop',
      node: [conv('state', 'step', 'previous')],
      input: [value('i', []), value('go', []), value('previous', [1, 4, 8, 8])],
      output: [value('go'), value('state')],
    };
    const model = await networks.of({
      node: [
        node('If', ['c'], ['y'], { then_branch: graphAttribute(outer), else_branch: graphAttribute(inner) }),
        node('Loop', ['', 'c', 'x'], ['z'], { body: graphAttribute(loop) }, { name: 'loop' }),
        conv('last'),
      ],
      initializer: [kernel],
      input: [x, value('c', [], DataType.BOOL)],
    });
    expect(names(model)).toEqual([
      'y/then_branch/one',
      'y/then_branch/nested/then_branch/deep',
      'y/else_branch/deep',
      'loop/body/step',
      'last',
    ]);
    expect(model.skipped).toEqual([]);
  });

  it('use their own weights before those around them', async () => {
    const body = {
      name: 'body',
      node: [conv('r')],
      initializer: [tensor('w', [2, 4, 1, 1])],
      output: [value('r')],
    };
    const model = await networks.of({
      node: [node('If', ['c'], ['y'], { then_branch: graphAttribute(body) }, { name: 'if' }), conv('z')],
      initializer: [kernel],
      input: [x, value('c', [], DataType.BOOL)],
    });
    expect(model.layers.map(({ shape }) => shape)).toEqual([
      [2, 4, 1, 1],
      [4, 4, 3, 3],
    ]);
  });

  it('that choose between weights leave them to the node that chooses', async () => {
    const choice = (name: string) => ({
      node: [node('Identity', [name], [`${name}_chosen`])],
      output: [value(`${name}_chosen`)],
    });
    const branches = { then_branch: graphAttribute(choice('a')), else_branch: graphAttribute(choice('b')) };
    const model = await networks.of({
      node: [
        node('If', ['c'], ['w'], branches, { name: 'if' }),
        node('MatMul', ['x', 'w'], ['y'], {}, { name: 'product' }),
      ],
      initializer: [tensor('a', [8, 8]), tensor('b', [8, 8])],
      input: [x, value('c', [], DataType.BOOL)],
    });
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toEqual({
      if: 'hands constants on to or from its bodies, not analysed',
      product: 'both factors are activations',
    });
    expect(model.skipped[0].weight).toBe('a, b');
  });

  it('do not share what a loop hands from step to step', async () => {
    const body = {
      node: [node('MatMul', ['x', 'v'], ['y'], {}, { name: 'product' }), node('Add', ['v', 'v'], ['next'])],
      input: [value('i', []), value('go', []), value('v', [8, 8])],
      output: [value('go'), value('next')],
    };
    const model = await networks.of({
      node: [node('Loop', ['', 'c', 'start'], ['z'], { body: graphAttribute(body) }, { name: 'loop' })],
      initializer: [tensor('start', [8, 8])],
      input: [x, value('c', [], DataType.BOOL)],
    });
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toEqual({
      loop: 'hands constants on to or from its bodies, not analysed',
      'loop/body/product': 'both factors are activations',
    });
  });
});

describe('local functions', () => {
  it('are inlined at each call, with its weights and attributes', async () => {
    const block = local(
      'Block',
      [
        node(
          'Conv',
          ['a', 'weight'],
          ['t'],
          { strides: reference('s', AttributeType.INTS) },
          { name: 'inner' },
        ),
        node('Relu', ['t'], ['b']),
      ],
      { input: ['a', 'weight'], attribute: ['s'] },
    );
    const use = (input: string, weight: string, output: string, stride: number, name?: string): NodeProto =>
      node(
        'Block',
        [input, weight],
        [output],
        { s: ints(stride, stride) },
        { domain: 'local', ...(name && { name }) },
      );
    const model = await networks.of(
      {
        node: [use('x', 'w', 'm', 2, 'first'), use('m', 'v', 'y', 1)],
        initializer: [kernel, tensor('v', [2, 4, 1, 1])],
        input: [x],
      },
      null,
      { ...microsoft, functions: [block] },
    );
    expect(model.layers.map((layer) => [layer.name, layer.weight, convolution(layer).strides])).toEqual([
      ['first/inner', 'w', [2, 2]],
      ['y/inner', 'v', [1, 1]],
    ]);
    expect(model.layers.map((layer) => convolution(layer).inputSize)).toEqual([
      [8, 8],
      [3, 3],
    ]);
    expect(model.skipped).toEqual([]);
  });

  it('hand their attributes to the bodies inside of them', async () => {
    const body = {
      name: 'body',
      node: [node('Conv', ['a', 'k'], ['r'], { strides: reference('s', AttributeType.INTS) }, { name: 'c' })],
      output: [value('r')],
    };
    const fn = local(
      'Maybe',
      [
        node('Constant', [], ['k'], { value: tensorAttribute(tensor('', [1, 4, 1, 1])) }),
        node('If', ['flag'], ['b'], { then_branch: graphAttribute(body) }, { name: 'if' }),
      ],
      { input: ['a', 'flag'], attributeProto: [{ name: 's', type: AttributeType.INTS, ints: [3, 3] }] },
    );
    const model = await networks.of(
      {
        node: [node('Maybe', ['x', 'f'], ['y'], {}, { domain: 'local', name: 'maybe' })],
        input: [x, value('f', [], DataType.BOOL)],
      },
      null,
      { ...microsoft, functions: [fn] },
    );
    expect(only(model)).toMatchObject({
      name: 'maybe/if/then_branch/c',
      weight: 'k',
      operator: { strides: [3, 3] },
    });
  });

  it('that are given a weight and do not use it leave it unused', async () => {
    const model = await networks.of(
      {
        node: [node('Ignore', ['x', 'w'], ['y'], {}, { domain: 'local' })],
        initializer: [kernel],
        input: [x],
      },
      null,
      {
        ...microsoft,
        functions: [local('Ignore', [node('Relu', ['a'], ['b'])], { input: ['a', 'weight'] })],
      },
    );
    expect(reasons(model)).toEqual({ w: 'no node computes with it' });
  });
});

describe('what no row can be made of', () => {
  it('has the reason for which it is skipped', async () => {
    const vector = tensor('v', [8], [1, 2]);
    const cases: Record<string, NodeProto> = {
      bias: node('Add', ['x', 'v'], ['a']),
      minus: node('Sub', ['v', 'x'], ['b']),
      scaling: node('Mul', ['v', 'x'], ['c']),
      divided: node('Div', ['x', 'v'], ['d']),
      dividing: node('Div', ['v', 'x'], ['e']),
      slopes: node('PRelu', ['x', 'v'], ['f']),
      joined: node('Concat', ['x', 'four'], ['g'], { axis: int(1) }),
      bounds: node('Max', ['x', 'v'], ['h']),
      choice: node('Where', ['condition', 'x', 'v'], ['i']),
      power: node('Pow', ['x', 'v'], ['j']),
      custom: node('Magic', ['x', 'v', 'wide'], ['k'], {}, { domain: 'local' }),
      attributes: node(
        'LinearRegressor',
        ['x'],
        ['l'],
        { coefficients: floats(1, 2, 3) },
        { domain: 'ai.onnx.ml' },
      ),
      other: node('Hypot', ['x', 'v'], ['m']),
      format: node('MatMulBnb4', ['x', 'bytes', 'v'], ['n'], {}, { domain: 'com.microsoft' }),
      deformed: node('DeformConv', ['x', 'w', 'x'], ['o']),
      computed: node('Conv', ['x', 'x'], ['p']),
    };
    const model = await networks.of({
      node: Object.entries(cases).map(([name, proto]) => ({ ...proto, name })),
      initializer: [
        vector,
        kernel,
        tensor('four', [1, 1, 8, 8]),
        { name: 'wide', dims: [2, 2], dataType: DataType.INT32, int32Data: [1, 2, 3, 4] },
        rawTensor('bytes', [4], DataType.UINT8, new Uint8Array(4)),
      ],
      input: [x, value('condition', [8], DataType.BOOL)],
    });
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toEqual({
      bias: 'adds a constant: no effect on the Lipschitz constant',
      minus: 'adds a constant: no effect on the Lipschitz constant',
      scaling: 'an elementwise scaling by constants, not analysed',
      divided: 'an elementwise scaling by constants, not analysed',
      dividing: 'divides constants by an activation, not analysed',
      slopes: 'the slopes of an activation function, not analysed',
      joined: 'puts constants beside an activation: no effect on the Lipschitz constant',
      bounds: 'bounds an activation by constants: its Lipschitz constant is at most 1',
      choice: 'chooses between constants and activations, not analysed',
      power: 'powers of or with constants, not analysed',
      custom: 'an operator of the domain "local" that is not analysed',
      attributes: 'an operator of the domain "ai.onnx.ml" that is not analysed',
      other: 'its constants are no weights of a linear layer',
      format: 'its weights are in a format that is not decoded',
      deformed: 'its weight "w" is moved by offsets that the network computes',
      computed: 'its weight is computed by the network',
    });
    const weights = Object.fromEntries(model.skipped.map(({ name, weight }) => [name, weight]));
    expect(weights).toMatchObject({
      bias: 'v',
      custom: 'v, wide',
      attributes: 'attributes.coefficients',
      format: 'bytes, v',
      deformed: 'w',
      computed: null,
    });
  });

  it('is not mentioned where it has no weights', async () => {
    const model = await networks.of({
      node: [
        node('Relu', ['x'], ['a']),
        node('Mul', ['a', 'number'], ['b']),
        node('Reshape', ['b', 'shape'], ['c']),
        node('Resize', ['x', '', 'scales'], ['d']),
        node('Add', ['a', 'indices'], ['e']),
      ],
      initializer: [
        tensor('number', [], [2]),
        integers('shape', [1, -1]),
        tensor('scales', [4], [1, 1, 2, 2]),
        integers('indices', [1, 2, 3]),
      ],
      input: [x],
    });
    expect(model).toMatchObject({ layers: [], skipped: [] });
  });

  it('is mentioned where it leads nowhere', async () => {
    const model = await networks.of({
      node: [
        conv('y', 'conv'),
        node('Transpose', ['turned'], ['t']),
        node('Constant', [], ['c'], { value: tensorAttribute(tensor('', [2])) }),
        node('Identity', ['shown'], ['output']),
      ],
      initializer: [
        kernel,
        tensor('turned', [2, 3]),
        tensor('alone', [2]),
        tensor('shown', [2]),
        integers('sizes', [1, 2]),
      ],
      input: [x],
      output: [value('output')],
    });
    expect(names(model)).toEqual(['conv']);
    const nowhere = 'no node computes with it';
    expect(reasons(model)).toEqual({ turned: nowhere, alone: nowhere, shown: nowhere, c: nowhere });
    expect(model.skipped.map(({ op }) => op)).toEqual([
      'Initializer',
      'Initializer',
      'Initializer',
      'Constant',
    ]);
  });

  it('does not take other layers with it', async () => {
    const model = await networks.of({
      node: [conv('y', 'good'), node('Conv', ['x', 'missing'], ['z'], {}, { name: 'bad' })],
      initializer: [kernel],
      input: [x],
    });
    expect(names(model)).toEqual(['good']);
    expect(reasons(model)).toEqual({ bad: 'its weight "missing" is defined nowhere in the file' });
  });
});

describe('a graph that is none', () => {
  const open = (graph: GraphProto, functions: FunctionProto[] = []) =>
    networks.of(graph, null, { ...microsoft, functions });

  it('depends on itself', async () => {
    const graph = {
      node: [
        node('Relu', ['b'], ['a'], {}, { name: 'one' }),
        node('Add', ['a', 'x'], ['b'], {}, { name: 'two' }),
      ],
      input: [x],
    };
    await expect(open(graph)).rejects.toThrow(CyclicGraphError);
    await expect(open(graph)).rejects.toThrow(/\.onnx: the node "(one|two)" depends on its own output$/);
  });

  it('depends on itself through a body', async () => {
    const body = { node: [node('Relu', ['after'], ['r'])], output: [value('r')] };
    const graph = {
      node: [
        node('If', ['c'], ['y'], { then_branch: graphAttribute(body) }, { name: 'if' }),
        node('Relu', ['y'], ['after']),
      ],
      input: [value('c', [])],
    };
    await expect(open(graph)).rejects.toThrow(CyclicGraphError);
  });

  it('has functions that call themselves', async () => {
    const graph = { node: [call('F', 'x', 'y')], input: [x] };
    const itself = local('F', [call('F', 'a', 'b')]);
    await expect(open(graph, [itself])).rejects.toThrow(/\.onnx: the function "F" calls itself$/);
    const other = local('F', [call('G', 'a', 'b')]);
    await expect(open(graph, [other, local('G', [call('F', 'a', 'b')])])).rejects.toThrow(CyclicGraphError);
    // Twice is not within itself.
    const twice = { node: [call('F', 'x', 'm'), call('F', 'm', 'y')], input: [x] };
    await expect(open(twice, [local('F', [node('Relu', ['a'], ['b'])])])).resolves.toMatchObject({
      layers: [],
    });
  });

  it('has functions that multiply without end', async () => {
    const functions = Array.from({ length: 40 }, (_, i) =>
      local(
        `F${i}`,
        i === 0 ? [node('Relu', ['a'], ['b'])] : [call(`F${i - 1}`, 'a', 't'), call(`F${i - 1}`, 't', 'b')],
      ),
    );
    const graph = { node: [call('F39', 'x', 'y')], input: [x] };
    await expect(open(graph, functions)).rejects.toThrow(LimitExceededError);
    await expect(open({ node: [call('F9', 'x', 'y')], input: [x] }, functions)).resolves.toMatchObject({
      layers: [],
    });
  });

  it('has functions inside each other without end', async () => {
    const functions = Array.from({ length: 300 }, (_, i) =>
      local(`F${i}`, [i === 0 ? node('Relu', ['a'], ['b']) : call(`F${i - 1}`, 'a', 'b')]),
    );
    await expect(open({ node: [call('F299', 'x', 'y')], input: [x] }, functions)).rejects.toThrow(
      LimitExceededError,
    );
  });

  it('defines a value or a function twice', async () => {
    const twice = { node: [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['y'])], input: [x] };
    await expect(open(twice)).rejects.toThrow(MalformedFileError);
    await expect(open(twice)).rejects.toThrow(/\.onnx: the value "y" is defined twice$/);
    const fn = local('F', [node('Relu', ['a'], ['b'])]);
    await expect(open({ node: [], input: [x] }, [fn, fn])).rejects.toThrow(
      /the function "F" is defined twice$/,
    );
  });

  it('has names that multiply without end', async () => {
    const body = {
      node: Array.from({ length: 200 }, (_, i) => conv(`z${i}`)),
      output: [value('z0')],
    };
    const graph = {
      node: [node('If', ['c'], ['y'], { then_branch: graphAttribute(body) }, { name: 'n'.repeat(400_000) })],
      initializer: [kernel],
      input: [x, value('c', [])],
    };
    await expect(open(graph)).rejects.toThrow(LimitExceededError);
  });

  it('is opened in time, however long its chains are', async () => {
    const length = 20_000;
    const chain = Array.from({ length }, (_, i) =>
      node('Identity', [i === 0 ? 'x' : `v${i}`], [`v${i + 1}`]),
    );
    const model = await open({
      node: [...chain, conv('y', 'conv', `v${length}`)],
      initializer: [kernel],
      input: [x],
    });
    expect(convolution(only(model)).inputSize).toEqual([8, 8]);
  });
});
