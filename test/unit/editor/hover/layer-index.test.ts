import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LayerIndex } from '../../../../src/editor/hover/layer-index';
import { layer } from '../../report/sample';

const module = (name: string) => layer({ name, weight: `${name}.weight` });
const indexOf = (...names: string[]) => LayerIndex.build(names.map(module));
const RESNET = ['conv1', 'bn1', 'layer1.0.conv1', 'layer1.0.conv2', 'layer1.1.conv1', 'layer1.1.conv2', 'fc'];

describe('LayerIndex.find', () => {
  it.each([
    ['layer1.0.conv1', 'layer1.0.conv1', true],
    ['layer1.0.conv1.weight', 'layer1.0.conv1', true],
    ['layer1.0.conv1.bias', 'layer1.0.conv1', true],
    ['bn1.running_mean', 'bn1', true],
    ['module.model.fc.weight', 'fc', true],
    ['conv1', 'conv1', true],
    ['1.conv2', 'layer1.1.conv2', false],
    ['1.conv2.weight', 'layer1.1.conv2', false],
  ])('%s is %s', async (name, expected, exact) => {
    const match = (await indexOf(...RESNET)).find(name);
    expect(match?.rows.map((row) => row.name)).toEqual([expected]);
    expect(match?.exact).toBe(exact);
  });

  it.each([
    '',
    'conv2',
    'layer1',
    'layer1.0',
    '0.conv',
    'weight',
    '0.1',
    'er1.0.conv1',
    '__proto__',
    'a'.repeat(10_000),
  ])('%s is none', async (name) => {
    expect((await indexOf(...RESNET)).find(name)).toBeNull();
  });

  it('takes a beginning that one module has, a wrapper in front of it or not', async () => {
    const index = await indexOf('model.head.dense.proj', 'model.body.a', 'model.body.b');
    expect(index.find('model.head.dense')?.rows[0].name).toBe('model.head.dense.proj');
    expect(index.find('module.model.head.dense')?.rows[0].name).toBe('model.head.dense.proj');
    expect(index.find('model.body')).toBeNull();
  });

  it('finds the nodes of exporters by the modules they come from', async () => {
    const index = await LayerIndex.build([
      layer({ name: '/layer1/layer1.0/conv1/Conv', op: 'Conv', weight: 'onnx::Conv_193' }),
    ]);
    for (const name of ['/layer1/layer1.0/conv1/Conv', 'layer1.0.conv1.weight', 'onnx::Conv_193']) {
      expect(index.find(name)?.exact).toBe(true);
    }
  });

  it('gives all rows of a weight that has several', async () => {
    const gates = ['i', 'f', 'g', 'o'].map((gate) =>
      layer({ name: `lstm.weight_ih_l0/${gate}`, weight: 'lstm.weight_ih_l0' }),
    );
    const index = await LayerIndex.build(gates);
    expect(index.find('lstm.weight_ih_l0')?.rows).toEqual(gates);
    expect(index.find('lstm.bias_ih_l0')?.rows).toEqual(gates);
    expect(index.findAttribute('lstm', new Set(['lstm']))).toEqual(gates);
  });

  it('takes names of any kind', async () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('.', '/', 'a', 'weight', '_', '__proto__')).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, name)), name, async (names, wanted) => {
        const rows = names.map(([name, weight]) => layer({ name, weight }));
        const index = await LayerIndex.build(rows);
        index.find(wanted);
        index.findAttribute(wanted, new Set(['a']));
        for (const row of rows) {
          if (row.name !== '') expect(index.find(row.name)?.rows).toContain(row);
        }
      }),
    );
  });
});

describe('LayerIndex.findAttribute', () => {
  const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name);

  it('takes the module beside which the attributes of the class are', async () => {
    const index = await indexOf(...RESNET);
    expect(names(index.findAttribute('conv1', new Set(['conv1', 'bn1', 'layer1', 'fc'])))).toEqual(['conv1']);
    expect(names(index.findAttribute('conv1', new Set(['conv1', 'conv2'])))).toEqual([
      'layer1.0.conv1',
      'layer1.1.conv1',
    ]);
    expect(names(index.findAttribute('layer1.0.conv1.weight', new Set(['layer1'])))).toEqual([
      'layer1.0.conv1',
    ]);
  });

  it('is silent where more than three are as likely', async () => {
    const index = await indexOf('a.fc', 'b.fc', 'c.fc', 'd.fc');
    expect(index.findAttribute('fc', new Set(['fc']))).toEqual([]);
    expect(index.findAttribute('other', new Set(['other']))).toEqual([]);
  });
});

it('does not hold others up while it indexes 20,000 layers', async () => {
  const layers = Array.from({ length: 20_000 }, (_, i) => module(`model.layers.${i}.self_attn.q_proj`));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const index = await LayerIndex.build(layers);
  clearInterval(timer);
  expect(index.find('layers.19999.self_attn.q_proj.weight')?.rows).toEqual([layers[19_999]]);
  expect(turns).toBeGreaterThan(3);
});
