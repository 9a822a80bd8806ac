import { describe, expect, it } from 'vitest';
import { Folder } from '../../folder';
import { f32, f64, raw, safetensors, type TensorContent } from '../../safetensors-builder';
import { convolution, layer, matrix, Models, names, reasons } from './models';

const folder = new Folder();
const models = new Models(folder);

describe('layers by name and shape', () => {
  it('makes a row of every weight of two to five dimensions', async () => {
    const model = await models.of({
      'fc.weight': f32([3, 5]),
      'fc.bias': f32([3]),
      'encoder.conv1.weight': f32([4, 3, 7]),
      'encoder.conv2.weight': f64([4, 3, 3, 5]),
      'encoder.conv3.weight': raw('F16', [4, 3, 1, 1, 1], 2),
      weight: raw('BF16', [2, 2], 2),
    });
    expect(model.skipped).toEqual([]);
    expect(
      model.layers.map(({ name, op, weight, shape, dtype, parameters }) => [
        name,
        op,
        weight,
        shape,
        dtype,
        parameters,
      ]),
    ).toEqual([
      ['fc', 'Linear', 'fc.weight', [3, 5], 'f32', 15],
      ['encoder.conv1', 'Conv1d', 'encoder.conv1.weight', [4, 3, 7], 'f32', 84],
      ['encoder.conv2', 'Conv2d', 'encoder.conv2.weight', [4, 3, 3, 5], 'f64', 180],
      ['encoder.conv3', 'Conv3d', 'encoder.conv3.weight', [4, 3, 1, 1, 1], 'f16', 12],
      ['weight', 'Linear', 'weight', [2, 2], 'bf16', 4],
    ]);
    expect(matrix(layer(model, 'fc'))).toMatchObject({
      blocks: 1,
      rows: 3,
      columns: 5,
      scale: 1,
      embedding: false,
    });
    expect(convolution(layer(model, 'encoder.conv2'))).toMatchObject({
      transposed: false,
      strides: [1, 1],
      dilations: [1, 1],
      groups: 1,
      padding: { mode: 'zeros', amounts: null },
      inputSize: null,
      outputSize: null,
      scale: 1,
    });
    expect([...(await matrix(layer(model, 'fc')).tensor.read())].slice(0, 4)).toEqual([1, -2, 3, -4]);
  });

  it.each([
    'wte.weight',
    'transformer.wpe.weight',
    'model.embed_tokens.weight',
    'bert.embeddings.word_embeddings.weight',
    'embeddings.weight',
    'tok_embeddings.weight',
    'gpt_neox.embed_in.weight',
    'shared.weight',
    'embeddings',
  ])('takes %s for an embedding', async (name) => {
    const [row] = (await models.of({ [name]: f32([7, 4]) })).layers;
    expect(row.op).toBe('Embedding');
    expect(matrix(row)).toMatchObject({ rows: 7, columns: 4, embedding: true });
  });

  it.each([
    'class_embed.weight',
    'patch_embedding.weight',
    'embed_out.weight',
    'time_embedding.linear_1.weight',
    'proj',
  ])('does not take %s for an embedding', async (name) => {
    const [row] = (await models.of({ [name]: f32([7, 4]) })).layers;
    expect(row.op).toBe('Linear');
    expect(matrix(row).embedding).toBe(false);
  });

  it('takes stacked experts for one matrix each', async () => {
    const model = await models.of({
      'layers.0.mlp.experts.gate_up_proj': f32([4, 6, 10]),
      'layers.0.mlp.experts.gate_up_proj_bias': f32([4, 10]),
      'block_sparse_moe.input_linear.weight': f32([4, 10, 6]),
      'layers.0.mlp.experts.3.up_proj.weight': f32([10, 6]),
    });
    expect(model.skipped).toEqual([]);
    expect(layer(model, 'layers.0.mlp.experts.gate_up_proj').op).toBe('Experts');
    expect(matrix(layer(model, 'layers.0.mlp.experts.gate_up_proj'))).toMatchObject({
      blocks: 4,
      rows: 6,
      columns: 10,
    });
    expect(matrix(layer(model, 'block_sparse_moe.input_linear'))).toMatchObject({
      blocks: 4,
      rows: 10,
      columns: 6,
    });
    expect(matrix(layer(model, 'layers.0.mlp.experts.3.up_proj'))).toMatchObject({
      blocks: 1,
      rows: 10,
      columns: 6,
    });
  });

  it('takes other matrices for rows and says what that rests on', async () => {
    const model = await models.of({
      linear1: f32([2, 3]),
      q_proj_weight: f32([3, 3]),
      'visual.proj': f32([3, 2]),
    });
    expect(names(model)).toEqual(['linear1', 'q_proj_weight', 'visual.proj']);
    expect(layer(model, 'linear1').notes).toEqual([expect.stringContaining('two dimensions')]);
    expect(layer(model, 'q_proj_weight').notes).toEqual([]);
  });

  it('divides the stacked projection of attention', async () => {
    const model = await models.of({
      'attn.in_proj_weight': f32([9, 3]),
      'attn.in_proj_bias': f32([9]),
      'attn.out_proj.weight': f32([3, 3]),
      'odd.in_proj_weight': f32([8, 3]),
    });
    expect(model.skipped).toEqual([]);
    expect(names(model)).toEqual([
      'attn.in_proj_weight/q',
      'attn.in_proj_weight/k',
      'attn.in_proj_weight/v',
      'attn.out_proj',
      'odd.in_proj_weight',
    ]);
    const k = layer(model, 'attn.in_proj_weight/k');
    expect(k).toMatchObject({ op: 'MultiheadAttention', shape: [9, 3], parameters: 9 });
    expect([...(await matrix(k).tensor.read())]).toEqual([-3, 4, -5, 6, -7, 1, -2, 3, -4]);
  });

  const skipped: [string, TensorContent, string][] = [
    ['ln.weight', f32([8]), 'normalisation'],
    ['ln.bias', f32([8]), 'a bias'],
    ['model.q_norm.weight', f32([4, 8]), 'normalisation'],
    ['scale.weight', f32([8]), 'one-dimensional'],
    ['temperature', f32([]), 'a single number'],
    ['x.weight', f32([]), 'a single number'],
    ['x.weight', f32([1, 2, 1, 2, 1, 2]), '6 dimensions'],
    ['x.weight', f32([0, 5]), 'no elements'],
    ['x.weight', f32([5, 0]), 'no elements'],
    ['stack', f32([2, 3, 4]), '3 dimensions'],
    ['row', f32([1, 8]), 'a single row or column'],
    ['h.0.attn.bias', f32([1, 1, 4, 4]), 'a bias'],
    ['attn.relative_position_bias_table', f32([9, 3]), 'a bias'],
    ['pos_embed', f32([7, 3]), 'positions'],
    ['positional_embedding', f32([7, 3]), 'positions'],
    ['rope.cos_cached', f32([7, 3]), 'positions'],
    ['attn_mask', f32([7, 7]), 'a mask'],
    ['scale_shift_table', f32([6, 8]), 'a table'],
    ['query_tokens', f32([6, 8]), 'a learned input'],
    ['mixer.A_log', f32([6, 8]), 'elements one by one'],
    ['bn.running_mean', f32([8]), 'elements one by one'],
    ['fc.qweight', raw('I32', [4, 4], 4), 'type i32'],
    ['fc.weight', raw('I8', [4, 4], 1), 'type i8'],
    ['fc.weight', raw('U8', [4, 4], 1), 'type u8'],
    ['fc.weight', raw('BOOL', [4, 4], 1), 'type bool'],
    ['fc.weight', raw('C64', [4, 4], 8), 'complex'],
    ['fc.weight', raw('F8_E8M0', [4, 4], 1), 'scales of their blocks'],
    ['fc.weight', { dtype: 'F4', shape: [4, 4], bytes: new Uint8Array(8) }, 'scales of their blocks'],
    ['fc.weight', { dtype: 'F7_NEW', shape: [4, 4], bytes: new Uint8Array(8) }, 'not known'],
    ['fc.scales', raw('F16', [4, 4], 2), 'a scale'],
    ['fc.weight_scale', f32([4, 4]), 'a scale'],
    ['mlp.experts.down_proj_scales', f32([4, 4]), 'a scale'],
    ['mlp.experts.down_proj_blocks', f32([4, 4]), 'packed'],
    ['fc.weight.absmax', f32([4, 4]), 'packed'],
    ['fc.codebooks', f32([4, 4]), 'packed'],
    ['fc.SCB', f32([4]), 'packed'],
    ['fc.hada_w1_a', f32([4, 4]), 'adapter'],
    ['fc.lokr_w1', f32([4, 4]), 'adapter'],
    ['fc.lora_down.weight', f32([4, 4]), 'other half'],
    ['fc.lora_magnitude_vector.weight', f32([4]), 'DoRA'],
    ['fc.weight_v', f32([4, 4]), 'reparametrised'],
    ['fc.weight_orig', f32([4, 4]), 'reparametrised'],
    ['fc.parametrizations.weight.original', f32([4, 4]), 'reparametrised'],
  ];
  it.each(skipped)('lists %s %# as skipped, with the reason', async (name, content, part) => {
    const model = await models.of({ [name]: content, 'other.weight': f32([2, 2]) });
    expect(names(model)).toEqual(['other']);
    expect(model.skipped).toEqual([
      { name, op: 'Tensor', weight: name, reason: expect.stringContaining(part) as string },
    ]);
    expect(model.skipped[0].reason).not.toMatch(/\.$/);
  });

  it('loses no tensor and gives no name twice', async () => {
    const model = await models.of([
      ['a.weight', f32([2, 2])],
      ['a', f32([3, 3])],
      ['a (2)', f32([2, 2])],
      ['a.weight.weight', f32([2, 2])],
      ['a.bias', f32([2])],
      ['b.bias', f32([2])],
      ['', f32([2, 2])],
      ['.', f32([2, 2])],
      ['..weight', f32([2, 2])],
    ]);
    expect(new Set(names(model)).size).toBe(model.layers.length);
    expect(model.layers.map(({ weight }) => weight)).toEqual([
      'a.weight',
      'a',
      'a (2)',
      'a.weight.weight',
      '',
      '.',
      '..weight',
    ]);
    expect(Object.keys(reasons(model))).toEqual(['b.bias']);
  });

  it('gives a tensor the same key whenever it is opened, and no other tensor', async () => {
    const path = await folder.write(
      'same.safetensors',
      safetensors({ 'a.weight': f32([2, 2]), 'b.weight': f32([2, 2]) }),
    );
    const [one, two] = [await models.at(path), await models.at(path)];
    const key = (model: typeof one, name: string) => matrix(layer(model, name)).tensor.key;
    expect(key(one, 'a')).toBe(key(two, 'a'));
    expect(key(one, 'a')).not.toBe(key(one, 'b'));
  });
});
