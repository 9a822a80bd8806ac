/** Names of updates and of the weights that they belong to, as the libraries write them. */
import { describe, expect, it } from 'vitest';
import { BaseWeights } from '../../../src/model/adapter-base';
import type { Adapter, Layer } from '../../../src/model/model';
import { FakeTensor, matrixOf } from '../analysis/fakes';

const tensor = new FakeTensor([3, 2], new Float32Array(6));

function layer(name: string): Layer {
  return {
    ...{
      name,
      op: 'Linear',
      weight: `${name}.weight`,
      shape: [3, 2],
      dtype: 'f32',
      parameters: 6,
      notes: [],
    },
    operator: matrixOf(tensor, 3, 2),
  };
}

function update(module: string): Adapter {
  const whole = { tensor, factors: [tensor], roundings: 0 };
  const nothing = { transposed: false, magnitude: null, geometryNotes: [] };
  return { kind: 'LoRA', module, rank: 1, scale: 1, whole, ...nothing };
}

function found(module: string, ...names: readonly string[]): string {
  const weight = new BaseWeights(names.map(layer)).find(update(module));
  return typeof weight === 'string' ? weight : weight.name.replace(/\.weight$/, '');
}

describe('the weight that an update belongs to', () => {
  it.each([
    ['model.layers.0.q_proj', 'model.layers.0.q_proj'],
    // PEFT, of a model with and without its head.
    ['base_model.model.model.layers.0.q_proj', 'model.layers.0.q_proj'],
    ['base_model.model.model.layers.0.q_proj', 'layers.0.q_proj'],
    ['base_model.model.layers.0.q_proj', 'model.layers.0.q_proj'],
    ['base_model.model.layers.0.q_proj', 'model.language_model.layers.0.q_proj'],
    // kohya's scripts, of the network alone and of a whole checkpoint.
    ['lora_unet_down_blocks_0_attentions_1_proj_in', 'down_blocks.0.attentions.1.proj_in'],
    ['lora_unet_double_blocks_0_img_attn_qkv', 'model.diffusion_model.double_blocks.0.img_attn.qkv'],
    ['lora_te1_text_model_encoder_layers_0_mlp_fc1', 'text_model.encoder.layers.0.mlp.fc1'],
    ['lycoris_blocks_0_attn_q', 'blocks.0.attn.q'],
    // diffusers.
    ['unet.down_blocks.0.attn1.to_q', 'down_blocks.0.attn1.to_q'],
    ['transformer.blocks.0.to_q', 'transformer.blocks.0.to_q'],
    ['unet.mid_block.attn1.processor.to_q', 'mid_block.attn1.to_q'],
    ['unet.mid_block.attn1.processor.to_out', 'mid_block.attn1.to_out.0'],
    ['text_encoder.text_model.layers.0.fc1', 'text_model.layers.0.fc1'],
    // PyTorch's wrappers.
    ['module.fc', 'fc'],
    ['fc', '_orig_mod.fc'],
  ])('of %s is %s', (module, name) => {
    expect(found(module, 'other', name, `${name}_2`)).toBe(name);
  });

  it.each([
    ['rows', true],
    ['columns', false],
    [undefined, false],
  ] as const)(
    'is turned where it is square and the file says that the inputs are on the %s',
    (inputSide, turned) => {
      const square = new FakeTensor([2, 2], new Float32Array(4));
      const operator = matrixOf(square, 2, 2, inputSide && { inputSide });
      const whole = { tensor: square, factors: [square], roundings: 0 };
      const weight = new BaseWeights([{ ...layer('fc'), operator }]).find({ ...update('fc'), whole });
      expect(weight).toMatchObject({ transposed: turned });
    },
  );

  it('is not guessed', () => {
    expect(found('q', 'a.q', 'b.q')).toBe('both "a.q" and "b.q" of the base could be meant');
    expect(found('a_b', 'a.b', 'a_b')).toBe('both "a.b" and "a_b" of the base could be meant');
    expect(found('layers.1.q', 'layers.0.q', 'layers.11.q', '1.q.layers')).toContain(
      'no weight of that name',
    );
    expect(found('q')).toContain('no weight of that name');
  });

  it('is found at once however long and many the names are', () => {
    const long = 'a.'.repeat(5000);
    const names = Array.from({ length: 2000 }, (_, i) => `${long}${i}`);
    const base = new BaseWeights(names.map(layer));
    for (let i = 0; i < 200; i++) expect(base.find(update(`lora_unet_${long}${i}x`))).toContain('no weight');
  });
});
