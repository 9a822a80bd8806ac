import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTensorError } from '../../../../src/model/errors';
import { Folder } from '../../folder';
import { f32, f64, type TensorContent } from '../../safetensors-builder';
import { convolution, layer, matrix, Models, names, reasons } from './models';

const folder = new Folder();
const models = new Models(folder);

async function valuesOf(content: Record<string, TensorContent>, name: string): Promise<number[]> {
  const { operator } = layer(await models.of(content), name);
  if (operator.kind !== 'matrix' && operator.kind !== 'convolution') throw new Error(operator.kind);
  return [...(await operator.tensor.read())];
}

describe('weight normalisation', () => {
  it.each([
    ['fc.weight_g', 'fc.weight_v'],
    ['fc.parametrizations.weight.original0', 'fc.parametrizations.weight.original1'],
  ])('gives rows of the lengths in %s to the rows of %s', async (g, v) => {
    const content = { [g]: f32([2, 1], [10, -1]), [v]: f32([2, 2], [3, 4, 0, 2]), 'fc.bias': f32([2]) };
    const model = await models.of(content);
    expect(model.skipped).toEqual([]);
    expect(names(model)).toEqual(['fc']);
    expect(layer(model, 'fc')).toMatchObject({ op: 'Linear', weight: v, shape: [2, 2], parameters: 4 });
    expect(layer(model, 'fc').notes).toEqual([expect.stringContaining('Weight normalisation')]);
    const values = await matrix(layer(model, 'fc')).tensor.read();
    expect(values).toBeInstanceOf(Float64Array);
    expect([...values]).toEqual([6, 8, -0, -1]);
  });

  it('finds the axis from the shape of the gain', async () => {
    const v = f32([2, 2, 2], [1, 2, 2, 4, 0, 0, 0, 3]);
    const along = (shape: number[], gains: number[]) =>
      valuesOf({ 'c.weight_g': f64(shape, gains), 'c.weight_v': v }, 'c');
    // Norms of the slices along axis 0: 5, 3; along axis 1: sqrt(5), sqrt(29); along axis 2: sqrt(5), sqrt(29).
    expect((await along([2, 1, 1], [5, 6])).map((value) => Math.fround(value))).toEqual([
      1, 2, 2, 4, 0, 0, 0, 6,
    ]);
    const second = await along([1, 2, 1], [Math.sqrt(5), 2 * Math.sqrt(29)]);
    expect(second.map((value) => Math.fround(value))).toEqual([1, 2, 4, 8, 0, 0, 0, 6]);
    const third = await along([1, 1, 2], [Math.sqrt(5), 2 * Math.sqrt(29)]);
    expect(third.map((value) => Math.fround(value))).toEqual([1, 4, 2, 8, 0, 0, 0, 6]);
    // One gain: one norm of everything, sqrt(34).
    expect((await along([], [Math.sqrt(34)])).map((value) => Math.fround(value))).toEqual([
      1, 2, 2, 4, 0, 0, 0, 3,
    ]);
  });

  it('is accurate to a few units in the last place, for tiny and huge values too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 400 }),
        fc.constantFrom(1, 1e-160, 1e200),
        async (values, unit) => {
          fc.pre(values.some((value) => Math.abs(value) > 1e-3));
          const v = values.map((value) => value * unit);
          const result = await valuesOf(
            { 'c.weight_g': f64([1, 1], [1]), 'c.weight_v': f64([1, v.length], v) },
            'c',
          );
          expect(Math.abs(Math.hypot(...result) - 1)).toBeLessThan(1e-14);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('normalises the weights of recurrent layers, gate by gate', async () => {
    const model = await models.of({
      'lstm.weight_ih_l0_g': f32([4, 1]),
      'lstm.weight_ih_l0_v': f32([4, 3]),
      'lstm.weight_hh_l0': f32([4, 1]),
    });
    expect(names(model).slice(0, 4)).toEqual(['i', 'f', 'g', 'o'].map((gate) => `lstm.weight_ih_l0/${gate}`));
    expect(layer(model, 'lstm.weight_ih_l0/i').weight).toBe('lstm.weight_ih_l0_v');
  });

  it('cannot divide by the norm of zeros', async () => {
    const content = { 'c.weight_g': f32([2, 1]), 'c.weight_v': f32([2, 2], [1, 1, 0, 0]) };
    await expect(valuesOf(content, 'c')).rejects.toThrow(InvalidTensorError);
    await expect(valuesOf(content, 'c')).rejects.toThrow(
      /model\.safetensors: tensor "c\.weight_v" has norm 0 at index 1/,
    );
  });

  it('never takes raw parameters for the weight', async () => {
    const content = {
      'alone.weight_v': f32([2, 2]),
      'unfit.weight_g': f32([3, 1]),
      'unfit.weight_v': f32([2, 2]),
      'rank.weight_g': f32([2]),
      'rank.weight_v': f32([2, 2]),
      'more.parametrizations.weight.original0': f32([2, 1]),
      'more.parametrizations.weight.original1': f32([2, 2]),
      'more.parametrizations.weight.1.base': f32([2, 2]),
      'orthogonal.parametrizations.weight.original': f32([2, 2]),
      'orthogonal.parametrizations.weight.0.base': f32([2, 2]),
      'hidden.weight_orig': f32([2, 2]),
    };
    const model = await models.of(content);
    expect(model.layers).toEqual([]);
    expect(Object.keys(reasons(model))).toEqual(Object.keys(content));
  });
});

describe('spectral normalisation', () => {
  it.each([
    ['fc.weight_orig', 'fc.weight_u', 'fc.weight_v'],
    [
      'fc.parametrizations.weight.original',
      'fc.parametrizations.weight.0._u',
      'fc.parametrizations.weight.0._v',
    ],
  ])('divides %s by the stored estimate of its norm', async (original, u, v) => {
    const content = {
      [original]: f32([2, 3], [1, 2, 3, 4, 5, 6]),
      [u]: f32([2], [0, 1]),
      [v]: f32([3], [0.5, 0, 0.25]),
    };
    // (0 1) W (0.5 0 0.25)^T = 4 / 2 + 6 / 4.
    expect(await valuesOf(content, 'fc')).toEqual([1, 2, 3, 4, 5, 6].map((value) => value / 3.5));
    expect(layer(await models.of(content), 'fc')).toMatchObject({ op: 'Linear', weight: original });
  });

  it('unfolds along the second axis where the vectors are made for it', async () => {
    const kernel = f32(
      [2, 3, 2],
      Array.from({ length: 12 }, (_, i) => i),
    );
    const content = {
      'c.weight_orig': kernel,
      'c.weight_u': f32([3], [0, 1, 0]),
      'c.weight_v': f32([4], [1, 2, 3, 4]),
    };
    // Row 1 of the kernel unfolded along axis 1: (0,1,0), (0,1,1), (1,1,0), (1,1,1).
    const sigma = 2 * 1 + 3 * 2 + 8 * 3 + 9 * 4;
    expect(await valuesOf(content, 'c')).toEqual(Array.from({ length: 12 }, (_, i) => i / sigma));
  });

  it('tells from the vectors which axis it is where both fit', async () => {
    const entries = Array.from({ length: 192 }, (_, i) => Math.sin(1 + i * i));
    const at = (a: number, b: number, k: number) => entries[(a * 8 + b) * 3 + k];
    for (const transposed of [false, true]) {
      const row = (r: number) =>
        Array.from({ length: 24 }, (_, i) => {
          const other = Math.floor(i / 3);
          return transposed ? at(other, r, i % 3) : at(r, other, i % 3);
        });
      const v = row(0).map((value, i) => value - row(1)[i]);
      const image = [0, 1, 2, 3, 4, 5, 6, 7].map((r) =>
        row(r).reduce((sum, value, i) => sum + value * v[i], 0),
      );
      const length = Math.hypot(...image);
      const u = image.map((value) => value / length);
      const values = await valuesOf(
        { 'c.weight_orig': f64([8, 8, 3], entries), 'c.weight_u': f64([8], u), 'c.weight_v': f64([24], v) },
        'c',
      );
      expect(values[5] / (entries[5] / length)).toBeCloseTo(1, 12);
    }
    const vague = {
      'c.weight_orig': f64([4, 4, 3], entries),
      'c.weight_u': f32([4]),
      'c.weight_v': f32([12]),
    };
    await expect(valuesOf(vague, 'c')).rejects.toThrow(InvalidTensorError);
  });

  it('does not choose where the vectors could come from both axes', async () => {
    const outputs = Array.from({ length: 8 }, () => 1);
    const inputs = outputs.with(7, 2);
    const kernel = outputs.flatMap((a) => inputs.flatMap((b) => [a * b, 2 * a * b]));
    const content = {
      'c.weight_orig': f64([8, 8, 2], kernel),
      'c.weight_u': f64([8], outputs),
      'c.weight_v': f64(
        [16],
        inputs.flatMap((b) => [b, 2 * b]),
      ),
    };
    await expect(valuesOf(content, 'c')).rejects.toThrow(/"c\.weight_orig" cannot be spectrally normalised/);
  });

  it('cannot divide by zero', async () => {
    const content = { 'c.weight_orig': f32([2, 2]), 'c.weight_u': f32([2], [0, 0]), 'c.weight_v': f32([2]) };
    await expect(valuesOf(content, 'c')).rejects.toThrow(/"c\.weight_orig" cannot be spectrally normalised/);
  });

  it('is skipped where the vectors do not fit', async () => {
    const model = await models.of({
      'c.weight_orig': f32([2, 2]),
      'c.weight_u': f32([3]),
      'c.weight_v': f32([2]),
    });
    expect(model.layers).toEqual([]);
    expect(Object.keys(reasons(model))).toHaveLength(3);
  });
});

describe('pruning', () => {
  it('multiplies by the mask', async () => {
    const content = {
      'c.weight_orig': f32([2, 1, 2], [1, 2, 3, 4]),
      'c.weight_mask': f32([2, 1, 2], [1, 0, 0, 1]),
    };
    expect(await valuesOf(content, 'c')).toEqual([1, 0, 0, 4]);
    const row = layer(await models.of(content), 'c');
    expect(convolution(row).kind).toBe('convolution');
    expect(row.notes).toContainEqual(expect.stringContaining('Pruned'));
  });
});
