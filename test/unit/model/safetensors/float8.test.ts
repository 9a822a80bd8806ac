import { describe, expect, it } from 'vitest';
import { Folder } from '../../folder';
import { f32, raw, type TensorContent } from '../../safetensors-builder';
import { layer, matrix, Models, names, reasons, type Surroundings } from './models';

const folder = new Folder();
const models = new Models(folder);

/** E4M3: 1, 2, 0.5, -1. */
const codes = [0x38, 0x40, 0x30, 0xb8];

function float8(shape: readonly number[]): TensorContent {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  return raw(
    'F8_E4M3',
    shape,
    1,
    Array.from({ length: count }, (_, i) => codes[i % codes.length]),
  );
}

async function values(
  content: Record<string, TensorContent>,
  surroundings?: Surroundings,
): Promise<number[]> {
  const model = await models.of(content, surroundings);
  expect(model.skipped).toEqual([]);
  return [...(await matrix(layer(model, 'fc')).tensor.read())];
}

const stored = [1, 2, 0.5, -1, 1, 2, 0.5, -1];

describe('8-bit weights', () => {
  it('are taken as they are where there is no scale', async () => {
    const model = await models.of({ 'fc.weight': float8([4, 2]), 'fc.input_scale': f32([1]) });
    expect(layer(model, 'fc').notes).toEqual([expect.stringContaining('without a scale')]);
    expect([...(await matrix(layer(model, 'fc')).tensor.read())]).toEqual(stored);
    expect(Object.keys(reasons(model))).toEqual(['fc.input_scale']);
  });

  it.each([
    ['fc.weight_scale', [] as number[]],
    ['fc.weight_scale', [1]],
    ['fc.weight_scale_inv', [1, 1]],
    ['fc.scale_weight', []],
    ['fc.scale', [1]],
  ])('are multiplied by %s of shape %j', async (name, shape) => {
    const content = { 'fc.weight': float8([4, 2]), [name]: f32(shape, [3]) };
    expect(await values(content)).toEqual(stored.map((value) => value * 3));
    expect(layer(await models.of(content), 'fc')).toMatchObject({
      weight: 'fc.weight',
      dtype: 'f8_e4m3',
      shape: [4, 2],
    });
  });

  it('are multiplied row by row, or column by column', async () => {
    const rows = [1, 1, 2, 2, 3, 3, 4, 4];
    for (const shape of [[4], [4, 1]]) {
      const content = { 'fc.weight': float8([4, 2]), 'fc.weight_scale': f32(shape, [1, 2, 3, 4]) };
      expect(await values(content)).toEqual(stored.map((value, i) => value * rows[i]));
    }
    const content = { 'fc.weight': float8([4, 2]), 'fc.weight_scale': f32([1, 2], [1, 10]) };
    expect(await values(content)).toEqual(stored.map((value, i) => value * [1, 10][i % 2]));
  });

  it('are multiplied block by block', async () => {
    const blocks = {
      'fc.weight': float8([200, 300]),
      'fc.weight_scale_inv': f32([2, 3], [1, 2, 3, 4, 5, 6]),
    };
    const result = await values(blocks);
    const scale = (row: number, column: number) => 1 + 3 * Math.floor(row / 128) + Math.floor(column / 128);
    expect(result).toEqual(
      Array.from(
        { length: 60_000 },
        (_, i) => codes.map((_, c) => stored[c])[i % 4] * scale(Math.floor(i / 300), i % 300),
      ),
    );
    expect(layer(await models.of(blocks), 'fc').notes).toEqual([expect.stringContaining('block of 128x128')]);
  });

  it('take the size of blocks from config.json', async () => {
    const content = { 'fc.weight': float8([4, 2]), 'fc.weight_scale_inv': f32([2, 1], [1, 10]) };
    const config = { quantization_config: { weight_block_size: [2, 2] } };
    const scale = [1, 1, 1, 1, 10, 10, 10, 10];
    expect(await values(content, { beside: { 'config.json': config } })).toEqual(
      stored.map((value, i) => value * scale[i]),
    );
    for (const beside of [undefined, { 'config.json': {} }, { 'config.json': { quantization_config: [] } }]) {
      expect((await models.of(content, beside === undefined ? {} : { beside })).layers).toEqual([]);
    }
  });

  it('belong to experts, stacked', async () => {
    const model = await models.of(
      { 'experts.up_proj': float8([2, 2, 2]), 'experts.up_proj_scale_inv': f32([2, 1, 1], [1, 10]) },
      { beside: { 'config.json': { quantization_config: { weight_block_size: [2, 2] } } } },
    );
    expect(model.skipped).toEqual([]);
    const operator = matrix(layer(model, 'experts.up_proj'));
    expect(operator).toMatchObject({ blocks: 2, rows: 2, columns: 2 });
    expect([...(await operator.tensor.read())]).toEqual([1, 2, 0.5, -1, 10, 20, 5, -10]);
  });

  it.each<[string, Record<string, TensorContent>]>([
    ['a scale of another shape', { 'fc.weight_scale': f32([3]) }],
    ['a scale for each column in one dimension', { 'fc.weight_scale': f32([2]) }],
    ['two scales', { 'fc.weight_scale': f32([1]), 'fc.weight_scale_2': f32([1]) }],
    ['a second scale of the whole', { 'fc.weight_scale': f32([4]), 'fc.weight_global_scale': f32([1]) }],
    ['a zero point', { 'fc.weight_scale': f32([1]), 'fc.weight_zero_point': f32([1]) }],
    ['an integer scale', { 'fc.weight_scale': raw('U8', [1], 1) }],
  ])('are skipped with %s', async (_, scales) => {
    const content = { 'fc.weight': float8([4, 2]), ...scales };
    const model = await models.of(content);
    expect(names(model)).toEqual([]);
    expect(Object.keys(reasons(model))).toEqual(Object.keys(content));
    expect(reasons(model)['fc.weight']).toContain('quantised');
  });

  it('only they are multiplied: a scale beside other weights is mentioned', async () => {
    const model = await models.of({ 'fc.weight': f32([2, 2]), 'fc.weight_scale': f32([1]) });
    expect(layer(model, 'fc').notes).toEqual([expect.stringContaining('without the scale')]);
    expect(Object.keys(reasons(model))).toEqual(['fc.weight_scale']);
  });
});
