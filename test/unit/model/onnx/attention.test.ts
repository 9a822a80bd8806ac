import { describe, expect, it } from 'vitest';
import { Folder } from '../../folder';
import { int, ints, node, tensor, value } from '../../onnx-builder';
import { matrix, names, Networks, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const domain = { domain: 'com.microsoft' };
const weight = tensor('w', [2, 6], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
const heads = { num_heads: int(1) };

describe('attention', () => {
  it.each(['Attention', 'PackedAttention', 'DecoderMaskedSelfAttention'])(
    '%s has rows for queries, keys and values',
    async (op) => {
      const model = await networks.of({
        node: [node(op, ['x', 'w', 'b'], ['y'], heads, { ...domain, name: 'a' })],
        initializer: [weight, tensor('b', [6])],
        input: [value('x', [1, 3, 2])],
      });
      expect(model.skipped).toEqual([]);
      expect(names(model)).toEqual(['a/Q', 'a/K', 'a/V']);
      for (const [i, layer] of model.layers.entries()) {
        expect(layer).toMatchObject({ op, weight: 'w', shape: [2, 6], parameters: 4 });
        expect(matrix(layer)).toMatchObject({ rows: 2, columns: 2 });
        expect([...(await matrix(layer).tensor.read())]).toEqual([0, 1, 6, 7].map((first) => first + 2 * i));
      }
    },
  );

  it('has parts of the sizes that the file gives', async () => {
    const model = await networks.of({
      node: [node('Attention', ['x', 'w'], ['y'], { ...heads, qkv_hidden_sizes: ints(1, 1, 4) }, domain)],
      initializer: [weight],
      input: [value('x', [1, 3, 2])],
    });
    expect(model.layers.map((layer) => matrix(layer).columns)).toEqual([1, 1, 4]);
    expect([...(await matrix(model.layers[2]).tensor.read())]).toEqual([2, 3, 4, 5, 8, 9, 10, 11]);
  });

  it.each([
    ['sizes that do not add up', { ...heads, qkv_hidden_sizes: ints(1, 1, 3) }, weight],
    ['sizes of another number', { ...heads, qkv_hidden_sizes: ints(3, 3) }, weight],
    ['columns that are no three parts', heads, { ...weight, dims: [3, 4] }],
    ['no columns', heads, { ...weight, dims: [12] }],
  ])('is skipped with %s', async (_, attributes, w) => {
    const model = await networks.of({
      node: [node('Attention', ['x', 'w'], ['y'], attributes, { ...domain, name: 'a' })],
      initializer: [w],
      input: [value('x', [1, 3, 2])],
    });
    expect(model.layers).toEqual([]);
    expect(reasons(model).a).toMatch(/^its weight "w" of shape \([\d, ]+\) is not made of Q, K, V$/);
  });

  it('of decoders and of Longformer has its other projections too', async () => {
    const model = await networks.of({
      node: [
        node('DecoderAttention', ['x', 'x', 'q', 'kv', 'b'], ['y'], heads, { ...domain, name: 'd' }),
        node('LongformerAttention', ['x', 'w', 'b', 'm', 'g', 'b', 'm'], ['z'], heads, {
          ...domain,
          name: 'l',
        }),
      ],
      initializer: [
        tensor('q', [2, 2]),
        tensor('kv', [2, 4]),
        weight,
        { ...weight, name: 'g' },
        tensor('b', [6]),
      ],
      input: [value('x', [1, 3, 2]), value('m', [1, 3])],
    });
    expect(names(model)).toEqual([
      'd/Q',
      'd/K',
      'd/V',
      'l/Q',
      'l/K',
      'l/V',
      'l/global_Q',
      'l/global_K',
      'l/global_V',
    ]);
    expect(model.layers.map(({ weight }) => weight)).toEqual(['q', 'kv', 'kv', 'w', 'w', 'w', 'g', 'g', 'g']);
    expect(model.skipped).toEqual([]);
  });
});
