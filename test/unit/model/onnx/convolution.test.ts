import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openOnnx } from '../../../../src/model/onnx/layers';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { float, int, integers, ints, modelBytes, node, tensor, text, value } from '../../onnx-builder';
import { goldenConvolutions } from '../../truth/golden';
import { outputSize } from '../../truth/layer';
import { normByRuntime, normOf } from './jacobian';
import { convolution, microsoft, Networks, only, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

type Attributes = Record<string, AttributeProto>;

/** Values that leave no symmetry. */
const noise = Float32Array.from({ length: 1009 }, (_, i) => Math.sin(1 + 7.3 * i * i));

const kernel = (...dims: number[]): TensorProto => tensor('w', dims, noise);

describe('the golden convolutions', () => {
  it('have the strides, padding, dilations, groups and sizes of the file', async () => {
    const golden = fileURLToPath(new URL('../../../fixtures/golden/golden_zoo.onnx', import.meta.url));
    const model = await openOnnx(golden, { inputSize: null });
    const rows = model.layers.filter(({ operator }) => operator.kind === 'convolution');
    const known = goldenConvolutions();
    expect(model.skipped).toEqual([]);
    expect(rows.map(({ name }) => name)).toEqual(known.map(({ name }) => name));
    for (const [i, { name, layer }] of known.entries()) {
      const { tensor, ...operator } = convolution(rows[i]);
      expect({ name, ...operator }).toEqual({
        name,
        kind: 'convolution',
        transposed: layer.transposed,
        strides: layer.strides,
        dilations: layer.dilations,
        groups: layer.groups,
        padding: { mode: 'zeros', amounts: layer.pads },
        inputSize: layer.inputSize,
        outputSize: layer.transposed ? outputSize(layer) : null,
        scale: 1,
      });
      expect(tensor.shape).toEqual(layer.shape);
      expect(await tensor.read()).toEqual(layer.weight);
    }
    await model.close();
  });
});

describe('Conv', () => {
  const input = value('x', [1, 2, 9, 7]);

  it('has the defaults of the operator', async () => {
    const model = await networks.of({
      node: [node('Conv', ['x', 'w', 'b'], ['y'], {}, { name: 'conv' })],
      initializer: [kernel(4, 2, 3, 2), tensor('b', [4])],
      input: [input],
    });
    const layer = only(model);
    expect(layer).toMatchObject({
      name: 'conv',
      op: 'Conv',
      weight: 'w',
      shape: [4, 2, 3, 2],
      dtype: 'float',
      parameters: 48,
      notes: [],
      operator: { strides: [1, 1], dilations: [1, 1], groups: 1, inputSize: [9, 7], scale: 1 },
    });
    expect(convolution(layer).padding).toEqual({ mode: 'zeros', amounts: [0, 0, 0, 0] });
  });

  it.each([
    ['SAME_UPPER', [1, 2], [1, 0, 1, 1]],
    ['SAME_LOWER', [1, 2], [1, 1, 1, 0]],
    ['VALID', [1, 2], [0, 0, 0, 0]],
    // 9 rows in steps of 3: 3 positions of 4 rows, 1 row too few.
    ['SAME_UPPER', [3, 2], [0, 0, 0, 1]],
  ])('resolves auto_pad %s with strides %j', async (autoPad, strides, amounts) => {
    const model = await networks.of({
      node: [node('Conv', ['x', 'w'], ['y'], { auto_pad: text(autoPad), strides: ints(...strides) })],
      initializer: [kernel(4, 2, 3, 2)],
      input: [input],
    });
    expect(convolution(only(model)).padding.amounts).toEqual(amounts);
  });

  it('knows the padding of auto_pad without a size only where the stride is 1', async () => {
    const open = async (stride: number) =>
      convolution(
        only(
          await networks.of({
            node: [node('Conv', ['x', 'w'], ['y'], { auto_pad: text('SAME_LOWER'), strides: ints(stride) })],
            initializer: [kernel(4, 2, 4)],
            input: [value('x', [1, 2, 'length'])],
          }),
        ),
      );
    expect(await open(1)).toMatchObject({ inputSize: null, padding: { amounts: [2, 1] } });
    expect(await open(2)).toMatchObject({ inputSize: null, padding: { amounts: null } });
  });

  it('knows no size of an input that contradicts it', async () => {
    const model = await networks.of({
      node: [
        node('Conv', ['x', 'w'], ['y'], {}, { name: 'channels' }),
        node('Conv', ['z', 'w'], ['v'], {}, { name: 'small' }),
      ],
      initializer: [kernel(4, 2, 3, 3)],
      input: [value('x', [1, 3, 9, 9]), value('z', [1, 2, 2, 9])],
    });
    expect(model.layers.map((layer) => convolution(layer).inputSize)).toEqual([null, null]);
  });

  it('is skipped with the reason where weight and attributes do not go together', async () => {
    const cases: Record<string, [TensorProto, Attributes]> = {
      rank: [tensor('w', [4, 2], noise), {}],
      groups: [kernel(4, 2, 3, 3), { group: int(3) }],
      'no groups': [kernel(4, 2, 3, 3), { group: int(0) }],
      'stride zero': [kernel(4, 2, 3, 3), { strides: ints(0, 1) }],
      'strides of another length': [kernel(4, 2, 3, 3), { strides: ints(1) }],
      'dilation zero': [kernel(4, 2, 3, 3), { dilations: ints(1, 0) }],
      'pads of another length': [kernel(4, 2, 3, 3), { pads: ints(1, 1) }],
      'another kernel': [kernel(4, 2, 3, 3), { kernel_shape: ints(3, 5) }],
      auto_pad: [kernel(4, 2, 3, 3), { auto_pad: text('SAME') }],
      kind: [kernel(4, 2, 3, 3), { strides: float(1) }],
      empty: [kernel(4, 0, 3, 3), {}],
    };
    const entries = Object.entries(cases);
    const model = await networks.of({
      node: entries.map(([name, [, attributes]], i) =>
        node('Conv', ['x', `w${i}`], [`y${i}`], attributes, { name }),
      ),
      initializer: entries.map(([, [weight]], i) => ({ ...weight, name: `w${i}` })),
      input: [input],
    });
    expect(model.layers).toEqual([]);
    expect(model.skipped.map(({ weight }) => weight)).toEqual(entries.map((_, i) => `w${i}`));
    expect(reasons(model)).toEqual({
      rank: 'its weight "w0" has the shape (4, 2), not that of a kernel',
      groups: 'its weight "w1" of shape (4, 2, 3, 3) does not divide into 3 groups',
      'no groups': 'its weight "w2" of shape (4, 2, 3, 3) does not divide into 0 groups',
      'stride zero': 'its attribute "strides" is (0, 1) (for its weight "w3")',
      'strides of another length': 'its attribute "strides" has 1 values in place of 2 (for its weight "w4")',
      'dilation zero': 'its attribute "dilations" is (1, 0) (for its weight "w5")',
      'pads of another length': 'its attribute "pads" has 2 values in place of 4 (for its weight "w6")',
      'another kernel': 'its attribute "kernel_shape" is (3, 5), its kernel (3, 3) (for its weight "w7")',
      auto_pad: 'its attribute "auto_pad" is "SAME" (for its weight "w8")',
      kind: 'its attribute "strides" is of the wrong kind (for its weight "w9")',
      empty: 'its weight "w10" has no elements',
    });
  });

  it('has its channels last in the variants that say so', async () => {
    const model = await networks.of({
      node: [
        node(
          'NhwcConv',
          ['x', 'w'],
          ['y'],
          { pads: ints(1, 1, 1, 1) },
          { name: 'a', domain: 'com.microsoft' },
        ),
        node(
          'NhwcFusedConv',
          ['y', 'v'],
          ['z'],
          { activation: text('Relu') },
          { name: 'b', domain: 'com.microsoft' },
        ),
      ],
      initializer: [kernel(4, 2, 3, 3), tensor('v', [2, 4, 1, 1], noise)],
      input: [value('x', [1, 9, 7, 2])],
    });
    expect(model.layers.map((layer) => convolution(layer).inputSize)).toEqual([
      [9, 7],
      [9, 7],
    ]);
    expect(model.layers[1].notes).toEqual([
      'The activation that is fused into it (Relu) is not part of the row.',
    ]);
  });
});

/** A Pad node in front of a Conv node. */
function padded(
  pads: readonly number[],
  mode: string,
  attributes: Attributes,
  rest: readonly TensorProto[] = [],
): {
  node: NodeProto[];
  initializer: TensorProto[];
  input: ReturnType<typeof value>[];
  output: ReturnType<typeof value>[];
} {
  return {
    node: [
      node(
        'Pad',
        ['x', 'pads', ...rest.map(({ name }) => name ?? '')],
        ['p'],
        { mode: text(mode) },
        { name: 'pad' },
      ),
      node('Conv', ['p', 'w'], ['y'], attributes, { name: 'conv' }),
    ],
    initializer: [kernel(2, 2, 3, 2), integers('pads', [...pads]), ...rest],
    input: [value('x', [1, 2, 5, 4])],
    output: [value('y')],
  };
}

const isPart = 'The padding of "pad" in front of it is part of the row.';
const isNotPart = 'The padding of "pad" in front of it is not part of the row.';

describe('Pad in front of Conv', () => {
  it.each([
    ['constant', 'zeros', [1, 2, 3, 0]],
    ['reflect', 'reflect', [1, 2, 3, 0]],
    ['edge', 'replicate', [1, 2, 3, 0]],
    ['wrap', 'circular', [1, 2, 3, 0]],
    ['constant', 'zeros', [-1, 2, -1, 0]],
  ])('%s is the padding of the layer', async (mode, ours, [top, left, bottom, right]) => {
    const graph = padded([0, 0, top, left, 0, 0, bottom, right], mode, {});
    const layer = only(await networks.of(graph));
    expect(convolution(layer)).toMatchObject({
      padding: { mode: ours, amounts: [top, left, bottom, right] },
      inputSize: [5, 4],
    });
    expect(layer.notes).toEqual([isPart]);
    const known = await normByRuntime(modelBytes(graph), [1, 2, 5, 4]);
    expect(await normOf(layer)).toBeCloseTo(known, 4);
  });

  it('adds to zeros of the convolution', async () => {
    const layer = only(
      await networks.of(padded([0, 0, 1, 0, 0, 0, 0, 2], 'constant', { pads: ints(1, 1, 0, 1) })),
    );
    expect(convolution(layer)).toMatchObject({ padding: { amounts: [2, 1, 0, 3] }, inputSize: [5, 4] });
  });

  it('is not mixed with zeros that it is no one padding with', async () => {
    for (const [graph, amounts] of [
      // What is cut off does not come back as zeros.
      [padded([0, 0, -1, 0, 0, 0, 0, 0], 'constant', { pads: ints(1, 0, 0, 0) }), [1, 0, 0, 0]],
      [padded([0, 0, 1, 1, 0, 0, 1, 1], 'reflect', { pads: ints(0, 0, 0, 1) }), [0, 0, 0, 1]],
      [padded([0, 0, -1, 0, 0, 0, 0, 0], 'edge', {}), [0, 0, 0, 0]],
      // Channels are no positions.
      [padded([0, 1, 0, 0, 0, -1, 0, 0], 'constant', {}), [0, 0, 0, 0]],
    ] as const) {
      const layer = only(await networks.of(graph));
      expect(convolution(layer).padding).toEqual({ mode: 'zeros', amounts });
      expect(layer.notes).toEqual([isNotPart]);
      const known = (await networks.shapes(graph)).get('p');
      expect(convolution(layer).inputSize).toEqual(known?.slice(2));
    }
  });

  it('may be given by axes, by attributes, and with any constant', async () => {
    const byAxes = padded([1, 2, 0, 1], 'constant', {}, [
      tensor('constant', [], [5]),
      integers('axes', [-1, 2]),
    ]);
    expect(convolution(only(await networks.of(byAxes))).padding.amounts).toEqual([2, 1, 1, 0]);

    const attributes = {
      ...padded([], 'edge', {}),
      node: [
        node(
          'Pad',
          ['x'],
          ['p'],
          { mode: text('edge'), pads: ints(0, 0, 1, 1, 0, 0, 2, 2) },
          { name: 'pad' },
        ),
        node('Conv', ['p', 'w'], ['y']),
      ],
    };
    const old = await networks.of(attributes, null, { opsetImport: [{ domain: '', version: 9 }] });
    expect(convolution(old.layers[0]).padding).toEqual({ mode: 'replicate', amounts: [1, 1, 2, 2] });
  });

  it('is left out where the network computes what it adds', async () => {
    const graph = padded([0, 0, 1, 1, 0, 0, 1, 1], 'constant', {});
    graph.node[0] = node('Pad', ['x', 'pads', 'fill'], ['p'], {}, { name: 'pad' });
    graph.input.push(value('fill', []));
    const layer = only(await networks.of(graph));
    expect(layer.notes).toEqual([isNotPart]);
    expect(convolution(layer).inputSize).toEqual([7, 6]);
  });

  it('belongs to each convolution that it feeds', async () => {
    const graph = padded([0, 0, 1, 1, 0, 0, 1, 1], 'wrap', {});
    graph.node.push(node('Conv', ['p', 'w'], ['z'], { strides: ints(2, 2) }, { name: 'other' }));
    const { layers } = await networks.of(graph);
    expect(layers.map((layer) => convolution(layer).padding.mode)).toEqual(['circular', 'circular']);
    expect(new Set(layers.map((layer) => convolution(layer).tensor.key)).size).toBe(1);
  });
});

describe('ConvTranspose', () => {
  const open = async (attributes: Attributes, length: number | string = 4) =>
    convolution(
      only(
        await networks.of({
          node: [node('ConvTranspose', ['x', 'w'], ['y'], attributes)],
          initializer: [kernel(2, 3, 3)],
          input: [value('x', [1, 2, length])],
        }),
      ),
    );

  it.each<[string, Attributes, number[], number]>([
    ['no attributes', {}, [0, 0], 6],
    ['strides and pads', { strides: ints(2), pads: ints(1, 0) }, [1, 0], 8],
    ['output_padding', { strides: ints(2), output_padding: ints(1) }, [0, 0], 10],
    // The full output has 9 elements.
    ['output_shape', { strides: ints(2), output_shape: ints(8) }, [1, 0], 8],
    ['output_shape with batch and channels', { strides: ints(2), output_shape: ints(1, 3, 8) }, [1, 0], 8],
    [
      'output_shape, SAME_UPPER',
      { strides: ints(2), output_shape: ints(8), auto_pad: text('SAME_UPPER') },
      [0, 1],
      8,
    ],
    ['SAME_UPPER', { strides: ints(2), auto_pad: text('SAME_UPPER') }, [0, 1], 8],
    ['SAME_LOWER', { strides: ints(2), auto_pad: text('SAME_LOWER') }, [1, 0], 8],
    ['VALID', { strides: ints(2), auto_pad: text('VALID') }, [0, 0], 9],
    ['dilations', { dilations: ints(3) }, [0, 0], 10],
  ])('%s', async (_, attributes, amounts, output) => {
    expect(await open(attributes)).toMatchObject({
      transposed: true,
      padding: { mode: 'zeros', amounts },
      inputSize: [4],
      outputSize: [output],
    });
  });

  it('depends on the size only where an output is asked for', async () => {
    expect(await open({ auto_pad: text('SAME_UPPER') }, 'n')).toMatchObject({
      padding: { amounts: [1, 1] },
      inputSize: null,
      outputSize: null,
    });
    expect(await open({ output_shape: ints(5) }, 'n')).toMatchObject({ padding: { amounts: null } });
  });

  it('promises nothing about an output that is longer than the full one', async () => {
    expect(await open({ output_shape: ints(7) })).toMatchObject({ inputSize: null, outputSize: null });
  });

  it('is skipped where its groups do not divide the input channels', async () => {
    const model = await networks.of({
      node: [node('ConvTranspose', ['x', 'w'], ['y'], { group: int(2) }, { name: 'up' })],
      initializer: [kernel(3, 2, 3)],
      input: [value('x', [1, 3, 5])],
    });
    expect(reasons(model)).toEqual({ up: 'its weight "w" of shape (3, 2, 3) does not divide into 2 groups' });
  });
});

describe('inputSize', () => {
  const graph = {
    node: [
      node('Conv', ['x', 'w'], ['a'], { pads: ints(1, 0, 1, 1), strides: ints(2, 2) }),
      node('Conv', ['a', 'w'], ['y'], { auto_pad: text('SAME_UPPER'), strides: ints(2, 1) }),
    ],
    initializer: [kernel(2, 2, 3, 2)],
    input: [value('x', [1, 2, 9, 7])],
    valueInfo: [value('a', [1, 2, 5, 4])],
  };
  const sizes = async (inputSize: readonly number[] | 'any' | null) =>
    (await networks.of(graph, inputSize)).layers.map((layer) => convolution(layer).inputSize);

  it('is that of the file', async () => {
    expect(await sizes(null)).toEqual([
      [9, 7],
      [5, 4],
    ]);
  });

  it('can be given, and then counts in place of all that the file declares', async () => {
    expect(await sizes([20, 30])).toEqual([
      [20, 30],
      [10, 15],
    ]);
  });

  it('of another number of dimensions changes nothing', async () => {
    expect(await sizes([20])).toEqual([
      [9, 7],
      [5, 4],
    ]);
  });

  it('can be ignored, with the padding that depends on it', async () => {
    const { layers } = await networks.of(graph, 'any');
    expect(layers.map((layer) => convolution(layer).inputSize)).toEqual([null, null]);
    expect(layers.map((layer) => convolution(layer).padding.amounts)).toEqual([[1, 0, 1, 1], null]);
  });
});

describe('every row', () => {
  const small = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most });
  const list = (length: number, least: number, most: number): fc.Arbitrary<number[]> =>
    fc.array(small(least, most), { minLength: length, maxLength: length });

  const front = fc.oneof(
    fc.record({ mode: fc.constant('constant'), pads: list(4, -1, 2) }),
    fc.record({ mode: fc.constantFrom('reflect', 'edge', 'wrap'), pads: list(4, 0, 2) }),
  );
  const layers = fc.record({
    op: fc.constantFrom('Conv', 'Conv', 'ConvTranspose'),
    size: list(2, 4, 6),
    kernel: list(2, 1, 3),
    strides: list(2, 1, 3),
    group: fc.constantFrom(1, 2),
    padding: fc.oneof(
      fc.record({
        pads: list(4, 0, 1).map((pads) => ints(...pads)),
        dilations: list(2, 1, 2).map((d) => ints(...d)),
      }),
      fc.record({ auto_pad: fc.constantFrom('VALID', 'SAME_UPPER', 'SAME_LOWER').map(text) }),
      fc.constant({}),
    ),
    front: fc.option(front),
  });

  it('is the operator that ONNX Runtime computes', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(layers, async ({ op, size, kernel: taps, strides, group, padding, front }) => {
        const shape = [1, 2, ...size];
        const attributes: Attributes = { strides: ints(...strides), group: int(group), ...padding };
        const convolve = node(op, [front === null ? 'x' : 'p', 'w'], ['y'], attributes);
        const graph: GraphProto = {
          node: [convolve],
          initializer: [kernel(2, op === 'Conv' ? 2 / group : 2, ...taps)],
          input: [value('x', shape)],
          output: [value('y')],
        };
        if (front !== null) {
          const [top, left, bottom, right] = front.pads;
          graph.node?.unshift(node('Pad', ['x', 'pads'], ['p'], { mode: text(front.mode) }));
          graph.initializer?.push(integers('pads', [0, 0, top, left, 0, 0, bottom, right]));
        }
        const bytes = modelBytes(graph, microsoft);
        const layer = only(await networks.at(await folder.write('random.onnx', bytes)));
        // The row is not the whole of a Pad that it leaves out.
        const isWhole =
          front === null || layer.notes.includes('The padding of "p" in front of it is part of the row.');
        if (!isWhole || convolution(layer).inputSize === null) return;
        // Some combinations mean nothing: the runtime refuses them.
        const known = await normByRuntime(bytes, shape).catch(() => null);
        if (known === null) return;
        compared++;
        expect(await normOf(layer)).toBeCloseTo(known, 3);
      }),
      { numRuns: 200, seed: 1 },
    );
    expect(compared).toBeGreaterThan(80);
  });
});
