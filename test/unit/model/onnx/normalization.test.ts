import { describe, expect, it } from 'vitest';
import type { Layer } from '../../../../src/model/model';
import type { AttributeProto, TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { float, int, node, tensor, value } from '../../onnx-builder';
import { microsoft, Networks, only, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const ofChannels = ['gain', 'bias', 'mean', 'variance'].map((name) => tensor(name, [4], [1, 2, 3, 4]));
const opset = (version: number) => ({ opsetImport: [{ domain: '', version }] });

describe('BatchNormalization', () => {
  const graph = (attributes: Record<string, AttributeProto> = {}, outputs = ['y']) => ({
    node: [
      node('BatchNormalization', ['x', ...ofChannels.map(({ name }) => name ?? '')], outputs, attributes, {
        name: 'bn',
      }),
    ],
    initializer: ofChannels,
    input: [value('x', [1, 4, 5, 5])],
  });

  it('is a diagonal of gain and variance', async () => {
    const layer = only(await networks.of(graph({ epsilon: float(0.25) })));
    expect(layer).toMatchObject({
      weight: 'gain',
      shape: [4],
      parameters: 4,
      operator: { kind: 'diagonal', epsilon: 0.25 },
    });
    if (layer.operator.kind !== 'diagonal') throw new Error(layer.operator.kind);
    expect([layer.operator.gain?.name, layer.operator.variance.name]).toEqual(['gain', 'variance']);
    expect(only(await networks.of(graph())).operator).toMatchObject({ epsilon: Math.fround(1e-5) });
  });

  it('is skipped in training mode, as each opset says it', async () => {
    const reason = async (
      ...[content, rest]: [ReturnType<typeof graph>, { opsetImport: { domain: string; version: number }[] }]
    ) => reasons(await networks.of(content, null, rest)).bn;
    const training = 'it is in training mode: its statistics are those of the batch';
    expect(await reason(graph({ training_mode: int(1) }), opset(15))).toBe(training);
    expect(await reason(graph({}, ['y', 'm', 'v', 'sm', 'sv']), opset(9))).toBe(training);
    expect(await reason(graph(), opset(6))).toBe(training);
    expect(await reason(graph({ is_test: int(1) }), opset(6))).toBeUndefined();
    expect(await reason(graph(), opset(9))).toBeUndefined();
  });

  it('is skipped where its parts differ or are computed', async () => {
    const differing = { ...graph(), initializer: [...ofChannels.slice(0, 3), tensor('variance', [3])] };
    expect(reasons(await networks.of(differing)).bn).toBe(
      'its gain "gain" of shape (4) and its variance "variance" of shape (3) differ',
    );
    const computed = graph();
    computed.input.push(value('gain', [4]));
    computed.initializer = ofChannels.slice(1);
    expect(reasons(await networks.of(computed)).bn).toBe('its gain is computed by the network');
    expect(reasons(await networks.of(graph({ epsilon: float(-1) }))).bn).toBe(
      'its attribute "epsilon" is -1',
    );
  });
});

describe('normalisations by the statistics of the input', () => {
  async function open(
    op: string,
    inputs: string[],
    gain: TensorProto,
    shape: readonly (number | string)[] | null,
    attributes: Record<string, AttributeProto> = {},
    inputSize: 'any' | null = null,
  ): Promise<Layer> {
    const [domain, name] = op.includes(':') ? op.split(':') : ['', op];
    const graph = {
      node: [node(name, inputs, ['y'], attributes, { domain, name: 'norm' })],
      initializer: inputs.includes('bias') ? [gain, tensor('bias', [4])] : [gain],
      input: [value('x', shape), value('skip', shape)],
    };
    return only(await networks.of(graph, inputSize, microsoft));
  }

  const gain = tensor('gain', [4], [1, 2, 3, 4]);
  const plain = ['x', 'gain', 'bias'];
  const batch = ['n', 4, 3, 5] as const;

  it.each<
    [
      string,
      string[],
      boolean,
      number,
      number | null,
      Record<string, AttributeProto>,
      readonly (number | string)[] | null,
    ]
  >([
    ['LayerNormalization', plain, true, 1e-5, 4, {}, ['n', 's', 4]],
    ['LayerNormalization', plain, true, 1e-5, 4, {}, null],
    ['LayerNormalization', plain, true, 1e-5, 20, { axis: int(2) }, ['n', 's', 5, 4]],
    ['LayerNormalization', plain, true, 1e-5, null, { axis: int(1) }, ['n', 's', 4]],
    ['RMSNormalization', plain, false, 1e-5, 4, {}, ['n', 's', 4]],
    ['SimplifiedLayerNormalization', plain, false, 1e-5, 4, {}, ['n', 's', 4]],
    [
      'com.microsoft:SkipLayerNormalization',
      ['x', 'skip', 'gain', 'bias'],
      true,
      1e-12,
      4,
      {},
      ['n', 's', 4],
    ],
    [
      'com.microsoft:SkipSimplifiedLayerNormalization',
      ['x', 'skip', 'gain'],
      false,
      1e-12,
      4,
      {},
      ['n', 's', 4],
    ],
    ['InstanceNormalization', plain, true, 1e-5, 15, {}, batch],
    ['InstanceNormalization', plain, true, 1e-5, null, {}, ['n', 4, 'h', 5]],
    ['GroupNormalization', plain, true, 1e-5, 30, { num_groups: int(2) }, batch],
    ['com.microsoft:GroupNorm', plain, true, 1e-5, 30, { groups: int(2) }, ['n', 3, 5, 4]],
    ['com.microsoft:GroupNorm', plain, true, 1e-5, 30, { groups: int(2), channels_last: int(0) }, batch],
  ])('%s', async (op, inputs, centered, epsilon, size, attributes, shape) => {
    const layer = await open(op, inputs, gain, shape, attributes);
    expect(layer).toMatchObject({ weight: 'gain', parameters: 4, op: op.split(':').at(-1) });
    expect(layer.operator).toMatchObject({
      kind: 'normalization',
      centered,
      epsilon: Math.fround(epsilon),
      size,
    });
    expect(
      (await open(op, inputs, gain, shape, { ...attributes, epsilon: float(0.5) })).operator,
    ).toMatchObject({
      epsilon: 0.5,
    });
  });

  it('have no size where the sizes in the file are ignored', async () => {
    expect((await open('InstanceNormalization', plain, gain, batch, {}, 'any')).operator).toMatchObject({
      size: null,
    });
    const grouped = { num_groups: int(2) };
    expect((await open('GroupNormalization', plain, gain, batch, grouped, 'any')).operator).toMatchObject({
      size: null,
    });
    expect((await open('LayerNormalization', plain, gain, ['n', 4], {}, 'any')).operator).toMatchObject({
      size: 4,
    });
  });

  it('say what else the node does', async () => {
    const skip = await open('com.microsoft:SkipLayerNormalization', ['x', 'skip', 'gain'], gain, [
      'n',
      's',
      4,
    ]);
    expect(skip.notes).toEqual(['It normalises the sum of its inputs: the constant is for that sum.']);
    const silu = await open('com.microsoft:GroupNorm', plain, gain, ['n', 3, 5, 4], {
      groups: int(2),
      activation: int(1),
    });
    expect(silu.notes).toEqual(['The activation that is fused into it (SiLU) is not part of the row.']);
  });

  it('GroupNormalization without groups is skipped', async () => {
    const graph = {
      node: [node('GroupNormalization', plain, ['y'], {}, { name: 'norm' })],
      initializer: [gain, tensor('bias', [4])],
      input: [value('x', batch)],
    };
    expect(reasons(await networks.of(graph)).norm).toBe('its attribute "num_groups" is 0');
  });
});
