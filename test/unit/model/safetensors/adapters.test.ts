import { describe, expect, it } from 'vitest';
import { MalformedFileError } from '../../../../src/model/errors';
import type { Layer } from '../../../../src/model/model';
import { Folder } from '../../folder';
import { f32, raw, type TensorContent } from '../../safetensors-builder';
import { convolution, lowRank, Models, names, reasons, type Surroundings } from './models';

const folder = new Folder();
const models = new Models(folder);

const a = f32([2, 5]);
const b = f32([3, 2]);

async function only(content: Record<string, TensorContent>, surroundings?: Surroundings): Promise<Layer> {
  const model = await models.of(content, surroundings);
  expect(model.skipped).toEqual([]);
  expect(model.layers).toHaveLength(1);
  return model.layers[0];
}

async function scaleOf(config: unknown, module = 'base_model.model.layers.1.q_proj'): Promise<number> {
  const content = { [`${module}.lora_A.weight`]: a, [`${module}.lora_B.weight`]: b };
  const { operator } = await only(content, { beside: { 'adapter_config.json': config } });
  if (operator.kind !== 'lowRank') throw new Error(operator.kind);
  return operator.scale;
}

describe('low-rank adapters', () => {
  it.each([
    ['layer.q', 'layer.q.lora_A.weight', 'layer.q.lora_B.weight'],
    ['layer.q', 'layer.q.lora_A.default.weight', 'layer.q.lora_B.default.weight'],
    ['layer.q.style', 'layer.q.lora_A.style.weight', 'layer.q.lora_B.style.weight'],
    ['emb', 'emb.lora_embedding_A', 'emb.lora_embedding_B'],
    ['emb', 'emb.lora_embedding_A.default', 'emb.lora_embedding_B.default'],
    ['lora_unet_mid_to_q', 'lora_unet_mid_to_q.lora_down.weight', 'lora_unet_mid_to_q.lora_up.weight'],
    ['unet.attn.to_q', 'unet.attn.to_q.lora.down.weight', 'unet.attn.to_q.lora.up.weight'],
    [
      'unet.attn.processor.to_q',
      'unet.attn.processor.to_q_lora.down.weight',
      'unet.attn.processor.to_q_lora.up.weight',
    ],
    ['te.q_proj', 'te.q_proj.lora_linear_layer.down.weight', 'te.q_proj.lora_linear_layer.up.weight'],
  ])('makes one row named %s of %s and %s', async (name, down, up) => {
    for (const content of [
      { [down]: a, [up]: b },
      { [up]: b, [down]: a },
    ]) {
      const row = await only(content);
      expect(row).toMatchObject({ name, op: 'LoRA', weight: down, shape: [2, 5], parameters: 16 });
      const operator = lowRank(row);
      expect(operator).toMatchObject({ rows: 3, rank: 2, columns: 5, scale: 1 });
      expect([...(await operator.up.read())]).toEqual([1, -2, 3, -4, 5, -6]);
      expect([...(await operator.down.read())].slice(0, 3)).toEqual([1, -2, 3]);
      expect(row.notes).toEqual([expect.stringContaining('the interval is for scale 1')]);
    }
  });

  it('keeps several adapters of one module apart', async () => {
    const model = await models.of({
      'q.lora_A.one.weight': a,
      'q.lora_A.two.weight': a,
      'q.lora_B.two.weight': b,
      'q.lora_B.one.weight': b,
      'q.lora_B.one.bias': f32([3]),
    });
    expect(names(model)).toEqual(['q.one', 'q.two']);
    expect(model.skipped).toEqual([]);
  });

  it('takes alpha from the tensor beside the pair', async () => {
    for (const alpha of [f32([], [8]), f32([1], [8]), raw('F16', [], 2, [0x4800]), raw('I8', [], 1, [8])]) {
      const row = await only({ 'q.lora_down.weight': a, 'q.lora_up.weight': b, 'q.alpha': alpha });
      expect(lowRank(row).scale).toBe(4);
      expect(row.notes).toEqual([]);
    }
    const model = await models.of({
      'q.lora_down.weight': a,
      'q.lora_up.weight': b,
      'q.alpha': f32([], [NaN]),
    });
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toMatchObject({ 'q.lora_down.weight': 'its alpha is not a finite number' });
    expect(model.skipped).toHaveLength(3);
  });

  it('takes alpha from adapter_config.json', async () => {
    expect(await scaleOf({ peft_type: 'LORA', lora_alpha: 16, r: 2 })).toBe(8);
    expect(await scaleOf({ lora_alpha: 16 })).toBe(8);
    expect(await scaleOf({ lora_alpha: 16, r: 2, use_rslora: true })).toBe(16 / Math.SQRT2);
    expect(await scaleOf({ lora_alpha: 16, r: 2, alpha_pattern: { q_proj: 4 } })).toBe(2);
    expect(await scaleOf({ lora_alpha: 16, r: 2, alpha_pattern: { proj: 4 } })).toBe(8);
    expect(await scaleOf({ lora_alpha: 16, r: 2, alpha_pattern: { 'layers.1.q_proj': 4, q_proj: 6 } })).toBe(
      2,
    );
    expect(await scaleOf({ lora_alpha: 16, r: 2, alpha_pattern: { '^layers.1.q_proj': 4 } })).toBe(2);
    expect(await scaleOf({ lora_alpha: 16, r: 2, alpha_pattern: { '^q_proj': 4 } })).toBe(8);
    expect(await scaleOf({ lora_alpha: 16, r: 8, rank_pattern: { q_proj: 2 } })).toBe(8);
  });

  it('does not guess a scale that a regular expression decides', async () => {
    const config = { lora_alpha: 16, r: 2, alpha_pattern: { '.*q_proj|(a+)+$': 4 } };
    const row = await only(
      { 'q_proj.lora_A.weight': a, 'q_proj.lora_B.weight': b },
      { beside: { 'adapter_config.json': config } },
    );
    expect(lowRank(row).scale).toBe(1);
    expect(row.notes).toEqual([expect.stringContaining('the interval is for scale 1')]);
  });

  it('skips what the configuration makes another thing', async () => {
    for (const [config, part] of [
      [{ lora_alpha: 16, r: 4 }, 'its rank 2 is not the 4'],
      [{ peft_type: 'ADALORA', lora_alpha: 16 }, '"ADALORA"'],
      [{ lora_alpha: 16, use_qalora: true }, 'QA-LoRA'],
    ] as const) {
      const model = await models.of(
        { 'q.lora_A.weight': a, 'q.lora_B.weight': b },
        { beside: { 'adapter_config.json': config } },
      );
      expect(model.layers).toEqual([]);
      expect(Object.values(reasons(model))).toEqual([
        expect.stringContaining(part),
        expect.stringContaining(part),
      ]);
    }
  });

  it.each([
    [{ lora_alpha: '16' }, '"lora_alpha" is not a number'],
    [{ r: [] }, '"r" is not a number'],
    [{ alpha_pattern: [] }, '"alpha_pattern" is not a JSON object'],
    [{ rank_pattern: { q: 'x' } }, '"q" is not a number'],
    [[], 'not a JSON object'],
  ])('refuses a configuration %j', async (config, part) => {
    const error: unknown = await scaleOf(config).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MalformedFileError);
    expect((error as Error).message).toMatch(/adapter_config\.json: /);
    expect((error as Error).message).toContain(part);
  });

  it.each([
    ['q.lora_magnitude_vector.weight', [3], 0],
    ['q.lora_magnitude_vector', [1, 3, 1, 1], 0],
    ['q.dora_scale', [3, 1], 0],
    ['q.dora_scale', [1, 5], 1],
  ] as const)('takes the magnitudes %s %j of a DoRA', async (name, shape, axis) => {
    const row = await only({ 'q.lora_A.weight': a, 'q.lora_B.weight': b, [name]: f32(shape) });
    expect(row).toMatchObject({ op: 'DoRA', parameters: 16 + (axis === 0 ? 3 : 5) });
    expect(row.adapter?.magnitude).toMatchObject({ axis, tensor: { shape: [axis === 0 ? 3 : 5] } });
  });

  it('skips a DoRA whose magnitudes do not fit', async () => {
    const content = { 'q.lora_A.weight': a, 'q.lora_B.weight': b, 'q.dora_scale': f32([4, 1]) };
    const model = await models.of(content);
    expect(model.layers).toEqual([]);
    expect(reasons(model)['q.lora_A.weight']).toContain('magnitudes');
    expect(Object.keys(reasons(model))).toEqual(Object.keys(content));
  });

  it('takes a pair of kernels of size 1 for matrices', async () => {
    const row = await only({
      'c.lora_down.weight': f32([2, 5, 1, 1]),
      'c.lora_up.weight': f32([3, 2, 1, 1]),
    });
    expect(lowRank(row)).toMatchObject({ rows: 3, rank: 2, columns: 5 });
    expect(lowRank(row).up.shape).toEqual([3, 2]);
  });

  it('keeps the kernels of a convolution apart', async () => {
    const content = {
      'c.lora_down.weight': f32([2, 1, 1, 3], [1, 2, 3, 10, 20, 30]),
      'c.lora_up.weight': f32([2, 2, 1, 1], [1, 1, 2, -1]),
      'c.alpha': f32([], [6]),
    };
    const row = await only(content, {
      side: { layers: { c: { strides: 2, groups: 1, padding: { amounts: 0 } } } },
    });
    expect(row).toMatchObject({ op: 'LoRA', parameters: 10, shape: [2, 1, 1, 3], rounded: false });
    expect(row.operator).toMatchObject({
      kind: 'factoredConvolution',
      up: { shape: [2, 2] },
      core: { shape: [2, 1, 1, 3] },
      down: null,
      convolution: { strides: [2, 2], scale: 3, groups: 1, tensor: { shape: [2, 1, 1, 3] } },
    });
    expect([...((await row.adapter?.whole.tensor.read()) ?? [])]).toEqual([11, 22, 33, -8, -16, -24]);
    expect((await only(content)).notes).toContainEqual(
      expect.stringContaining('stride and number of groups'),
    );
  });

  it('multiplies the kernel of a convolution with groups out', async () => {
    const content = {
      'c.lora_down.weight': f32([2, 1, 3], [1, 2, 3, 10, 20, 30]),
      'c.lora_up.weight': f32([2, 2, 1], [1, 1, 2, -1]),
      'c.alpha': f32([], [6]),
    };
    const row = await only(content, { side: { layers: { c: { groups: 2 } } } });
    expect(row.rounded).toBe(true);
    expect(row.notes).toContainEqual(expect.stringContaining('multiplied out'));
    const operator = convolution(row);
    expect(operator).toMatchObject({ groups: 2, scale: 3 });
    expect([...(await operator.tensor.read())]).toEqual([11, 22, 33, -8, -16, -24]);
  });

  it('does not multiply out what is larger than any kernel', async () => {
    const large = { 'c.lora_down.weight': f32([1, 20_000, 3]), 'c.lora_up.weight': f32([20_000, 1, 1]) };
    expect((await only(large)).operator.kind).toBe('factoredConvolution');
    const model = await models.of(large, { side: { layers: { c: { groups: 2 } } } });
    expect(model.layers).toEqual([]);
    expect(reasons(model)['c.lora_up.weight']).toContain('too large');
  });

  it.each<[string, Record<string, TensorContent>]>([
    ['ranks that differ', { 'q.lora_A.weight': a, 'q.lora_B.weight': f32([3, 3]) }],
    ['a vector', { 'q.lora_A.weight': f32([2]), 'q.lora_B.weight': f32([3, 2]) }],
    ['kernels on the wrong side', { 'q.lora_A.weight': a, 'q.lora_B.weight': f32([3, 2, 3, 3]) }],
    ['integers', { 'q.lora_A.weight': raw('I8', [2, 5], 1), 'q.lora_B.weight': b }],
    ['no elements', { 'q.lora_A.weight': f32([0, 5]), 'q.lora_B.weight': f32([3, 0]) }],
    ['a core', { 'q.lora_down.weight': a, 'q.lora_up.weight': b, 'q.lora_mid.weight': f32([2, 2]) }],
    ['AdaLoRA', { 'q.lora_A.weight': a, 'q.lora_B.weight': b, 'q.lora_E': f32([2, 1]) }],
    ['one half', { 'q.lora_A.weight': a }],
    ['halves of two naming schemes', { 'q.lora_A.weight': a, 'q.lora_up.weight': b }],
    ['halves of two modules', { 'q.lora_A.weight': a, 'k.lora_B.weight': b }],
  ])('skips %s', async (_, content) => {
    const model = await models.of(content);
    expect(model.layers).toEqual([]);
    expect(Object.keys(reasons(model))).toEqual(Object.keys(content));
  });

  it('leaves out what the side file leaves out', async () => {
    const model = await models.of(
      { 'q.lora_A.weight': a, 'q.lora_B.weight': b },
      { side: { layers: { q: { op: 'skip' } } } },
    );
    expect(Object.values(reasons(model))).toEqual(['left out by the side file', 'left out by the side file']);
  });
});
