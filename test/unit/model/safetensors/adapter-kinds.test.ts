/** LoHa, LoKr and LoRA with a core: names, scales, shapes, and what they are when they are multiplied out. */
import { describe, expect, it } from 'vitest';
import type { Layer } from '../../../../src/model/model';
import { Folder } from '../../folder';
import { f32, f64, type TensorContent } from '../../safetensors-builder';
import { lowRank, Models, reasons, type Surroundings } from './models';

const folder = new Folder();
const models = new Models(folder);

type Content = Record<string, TensorContent>;

async function only(content: Content, surroundings?: Surroundings): Promise<Layer> {
  const model = await models.of(content, surroundings);
  expect(model.skipped).toEqual([]);
  expect(model.layers).toHaveLength(1);
  return model.layers[0];
}

async function whole({ adapter }: Layer): Promise<{ shape: readonly number[]; values: number[] }> {
  if (adapter === undefined) throw new Error('no adapter');
  return { shape: adapter.whole.tensor.shape, values: [...(await adapter.whole.tensor.read())] };
}

function scaleOf({ operator }: Layer): number {
  return operator.kind === 'factoredConvolution'
    ? operator.convolution.scale
    : 'scale' in operator
      ? operator.scale
      : NaN;
}

const loha = (suffix = ''): Content => ({
  [`m.q.hada_w1_a${suffix}`]: f32([4, 1], [1, 2, 3, 4]),
  [`m.q.hada_w1_b${suffix}`]: f32([1, 4], [1, 10, 100, 1000]),
  [`m.q.hada_w2_a${suffix}`]: f32([4, 1], [1, -1, 1, -1]),
  [`m.q.hada_w2_b${suffix}`]: f32([1, 4], [2, 2, 2, 3]),
});

describe('LoHa', () => {
  it.each(['', '.default'])('is one low-rank product of the products of its factors%s', async (suffix) => {
    const row = await only(loha(suffix));
    expect(row).toMatchObject({ name: 'm.q', op: 'LoHa', parameters: 16, weight: `m.q.hada_w1_a${suffix}` });
    expect(row.adapter).toMatchObject({ kind: 'LoHa', module: 'm.q', rank: 1, scale: null });
    const operator = lowRank(row);
    expect(operator).toMatchObject({ rows: 4, rank: 1, columns: 4, scale: 1 });
    expect([...(await operator.up.read())]).toEqual([1, -2, 3, -4]);
    expect([...(await operator.down.read())]).toEqual([2, 20, 200, 3000]);
    expect((await whole(row)).values.slice(0, 8)).toEqual([2, 20, 200, 3000, -4, -40, -400, -6000]);
  });

  it('has its scale from alpha beside it, or from adapter_config.json', async () => {
    expect(scaleOf(await only({ ...loha(), 'm.q.alpha': f32([], [0.5]) }))).toBe(0.5);
    const config = { peft_type: 'LOHA', alpha: 6, r: 1, alpha_pattern: {}, use_rslora: true };
    expect(scaleOf(await only(loha(), { beside: { 'adapter_config.json': config } }))).toBe(6);
    const wrong = { peft_type: 'LORA', lora_alpha: 6, r: 1 };
    const model = await models.of(loha(), { beside: { 'adapter_config.json': wrong } });
    expect(model.layers).toEqual([]);
    expect(reasons(model)['m.q.hada_w1_a']).toContain('"LORA"');
  });

  it('is multiplied out where the product of the ranks is too large', async () => {
    const content = {
      'q.hada_w1_a': f32([3, 2]),
      'q.hada_w1_b': f32([2, 3]),
      'q.hada_w2_a': f32([3, 2]),
      'q.hada_w2_b': f32([2, 3]),
    };
    const row = await only(content);
    expect(row).toMatchObject({ operator: { kind: 'matrix', rows: 3, columns: 3 }, rounded: true });
    expect(row.notes).toContainEqual(expect.stringContaining('multiplied out'));
  });

  it('says where float64 factors make its products inexact', async () => {
    const double: Content = Object.fromEntries(
      Object.entries(loha()).map(([name, { shape }]) => [name, f64(shape)]),
    );
    expect((await only(double)).rounded).toBe(true);
    expect((await only(loha())).rounded).not.toBe(true);
  });

  it('is a factored convolution where it has cores', async () => {
    const row = await only({
      'c.hada_t1': f32([1, 1, 1, 3], [1, 2, 3]),
      'c.hada_w1_a': f32([1, 2], [1, 2]),
      'c.hada_w1_b': f32([1, 2], [1, 10]),
      'c.hada_t2': f32([1, 1, 1, 3], [1, 1, -1]),
      'c.hada_w2_a': f32([1, 2], [1, 1]),
      'c.hada_w2_b': f32([1, 2], [2, 1]),
      'c.alpha': f32([], [1]),
    });
    expect(row.operator).toMatchObject({
      kind: 'factoredConvolution',
      up: { shape: [2, 1] },
      core: { shape: [1, 1, 1, 3] },
      down: { shape: [1, 2] },
    });
    expect(await whole(row)).toEqual({
      shape: [2, 2, 1, 3],
      values: [2, 4, -6, 10, 20, -30, 4, 8, -12, 20, 40, -60],
    });
  });
});

describe('LoKr', () => {
  const w1 = f32([2, 1], [1, 2]);
  const product = { 'q.lokr_w2_a': f32([2, 1], [1, 3]), 'q.lokr_w2_b': f32([1, 2], [1, 10]) };

  it('is the Kronecker product of its factors, stored whole or as products', async () => {
    const row = await only({ 'q.lokr_w1': w1, ...product, 'q.alpha': f32([], [3]) });
    expect(row).toMatchObject({ name: 'q', op: 'LoKr', parameters: 6 });
    expect(row.operator).toMatchObject({
      kind: 'kronecker',
      left: { kind: 'matrix', rows: 2, columns: 1 },
      right: { kind: 'lowRank', rows: 2, rank: 1, columns: 2 },
      scale: 3,
    });
    expect(await whole(row)).toEqual({ shape: [4, 2], values: [1, 10, 3, 30, 2, 20, 6, 60] });
    const both = await only({
      'q.lokr_w1_a': f32([2, 2], [1, 0, 0, 1]),
      'q.lokr_w1_b': f32([2, 1], [1, 2]),
      ...product,
      'q.alpha': f32([], [4]),
    });
    expect(both.adapter).toMatchObject({ rank: 2, scale: 2 });
    expect((await whole(both)).values).toEqual([1, 10, 3, 30, 2, 20, 6, 60]);
  });

  it('has no scale of its own where both factors are whole, but what PEFT is configured to', async () => {
    const content = { 'q.lokr_w1': w1, 'q.lokr_w2': f32([1, 2], [1, 1]) };
    const lycoris = await only({ ...content, 'q.alpha': f32([], [8]) });
    expect(lycoris.adapter).toMatchObject({ rank: null, scale: 1 });
    const config = { peft_type: 'LOKR', alpha: 8, r: 4 };
    const peft = await only(content, { beside: { 'adapter_config.json': config } });
    expect(peft.adapter).toMatchObject({ rank: null, scale: 2 });
    expect((await only(content)).notes).toContainEqual(expect.stringContaining('for scale 1'));
  });

  it.each([
    ['a kernel', { 'c.lokr_w2': f32([1, 2, 1, 2], [1, 2, 3, 4]) }, 'convolution'],
    [
      'a kernel with a core',
      {
        'c.lokr_t2': f32([1, 1, 1, 2], [1, 2]),
        'c.lokr_w2_a': f32([1, 1], [1]),
        'c.lokr_w2_b': f32([1, 2], [1, 3]),
      },
      'factoredConvolution',
    ],
  ])('takes %s for the second factor', async (_, content, kind) => {
    const side = { layers: { c: { strides: [1, 2], groups: 1 } } };
    const row = await only({ 'c.lokr_w1': w1, ...content, 'c.alpha': f32([], [1]) }, { side });
    expect(row.operator).toMatchObject({ kind: 'kronecker', right: { kind } });
    const { shape, values } = await whole(row);
    expect(shape).toEqual([2, 2, 1, 2]);
    const first = kind === 'convolution' ? [1, 2, 3, 4] : [1, 2, 3, 6];
    expect(values).toEqual([...first, ...first.map((value) => 2 * value)]);
  });
});

describe('LoRA with a core', () => {
  it('is a factored convolution', async () => {
    const row = await only({
      'c.lora_down.weight': f32([1, 2, 1, 1], [1, 10]),
      'c.lora_mid.weight': f32([2, 1, 1, 2], [1, 2, 3, 4]),
      'c.lora_up.weight': f32([1, 2, 1, 1], [1, -1]),
      'c.alpha': f32([], [1]),
    });
    expect(row).toMatchObject({ op: 'LoRA', parameters: 8, operator: { kind: 'factoredConvolution' } });
    expect(await whole(row)).toEqual({ shape: [1, 2, 1, 2], values: [-2, -2, -20, -20] });
  });
});

describe('an adapter that makes no sense', () => {
  it.each<[string, Content]>([
    ['a LoHa without a factor', { 'q.hada_w1_a': f32([2, 1]), 'q.hada_w1_b': f32([1, 2]) }],
    ['a LoHa of two shapes', { ...loha(), 'm.q.hada_w2_b': f32([1, 5]) }],
    ['a LoHa of ranks that differ', { ...loha(), 'm.q.hada_w2_a': f32([4, 2]) }],
    ['a LoHa with one core', { ...loha(), 'm.q.hada_t1': f32([1, 1, 3, 3]) }],
    ['a LoKr without a factor', { 'q.lokr_w1': f32([2, 2]), 'q.lokr_w2_a': f32([2, 2]) }],
    ['a LoKr of a vector', { 'q.lokr_w1': f32([2]), 'q.lokr_w2': f32([2, 2]) }],
    [
      'a LoKr with a core that does not fit',
      {
        'q.lokr_w1': f32([2, 2]),
        'q.lokr_t2': f32([2, 1, 3]),
        'q.lokr_w2_a': f32([1, 2]),
        'q.lokr_w2_b': f32([1, 2]),
      },
    ],
    [
      'a LoRA with a core of another rank',
      {
        'q.lora_down.weight': f32([2, 5]),
        'q.lora_up.weight': f32([3, 2]),
        'q.lora_mid.weight': f32([2, 3, 3]),
      },
    ],
  ])('is skipped: %s', async (_, content) => {
    const model = await models.of(content);
    expect(model.layers).toEqual([]);
    expect(Object.keys(reasons(model)).sort()).toEqual(Object.keys(content).sort());
  });

  it('needs no memory for cores whose product no machine could hold', async () => {
    const model = await models.of({
      'c.hada_t1': f32([300, 300, 1]),
      'c.hada_w1_a': f32([300, 300]),
      'c.hada_w1_b': f32([300, 300]),
      'c.hada_t2': f32([300, 300, 1]),
      'c.hada_w2_a': f32([300, 300]),
      'c.hada_w2_b': f32([300, 300]),
    });
    expect(model.layers).toMatchObject([{ operator: { kind: 'convolution' }, rounded: true }]);
  });
});
