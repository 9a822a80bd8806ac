import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedFileError } from '../../../../src/model/errors';
import { Folder } from '../../folder';
import { f32 } from '../../safetensors-builder';
import { anySizeNorm } from '../../truth/any-size';
import { denseNorm } from '../../truth/dense-operator';
import { outputSize, product, type ConvolutionLayer } from '../../truth/layer';
import { convolution, layer, Models, type Surroundings } from './models';

const folder = new Folder();
const models = new Models(folder);

async function kernel(shape: readonly number[], surroundings: Surroundings = {}) {
  const row = layer(await models.of({ 'conv.weight': f32(shape) }, surroundings), 'conv');
  return { ...convolution(row), op: row.op, notes: row.notes.join('\n') };
}

function settings(conv: object): Surroundings {
  return { side: { layers: { conv } } };
}

describe('convolutions', () => {
  it('says what the interval is for where nothing is known', async () => {
    const { notes } = await kernel([8, 4, 3, 3]);
    expect(notes).toMatch(
      /stride and number of groups cannot be told .* stride 1 and one group; its upper end also holds/,
    );
    expect(notes).toMatch(/padding is not in the file/);
    expect(notes).not.toMatch(/depthwise|input size/);
    expect((await kernel([8, 1, 3, 3])).notes).toMatch(/may be that of a depthwise convolution/);
    expect((await kernel([1, 1, 3, 3])).notes).toMatch(/^The stride cannot be told/);
    expect((await kernel([4, 2, 1, 1])).notes).toMatch(/^The number of groups cannot be told/);
    expect((await kernel([1, 2, 1, 1])).notes).toMatch(/^The padding is not in the file: [^\n]*$/);
  });

  it('takes everything from the side file, and then assumes nothing', async () => {
    const all = {
      strides: [2, 1],
      dilations: 3,
      groups: 4,
      padding: { mode: 'circular', amounts: [1, 2] },
      inputSize: [20, 30],
      transposed: false,
    };
    expect(await kernel([8, 1, 3, 3], settings(all))).toMatchObject({
      op: 'Conv2d',
      notes: '',
      transposed: false,
      strides: [2, 1],
      dilations: [3, 3],
      groups: 4,
      padding: { mode: 'circular', amounts: [1, 2, 1, 2] },
      inputSize: [20, 30],
      outputSize: null,
    });
    expect(await kernel([8, 1, 3, 3], settings({ padding: { amounts: [1, 2, 3, 4] } }))).toMatchObject({
      padding: { mode: 'zeros', amounts: [1, 2, 3, 4] },
    });
    expect((await kernel([8, 4, 3], settings({ strides: 2 }))).notes).toMatch(
      /^The number of groups cannot be told/,
    );
    expect((await kernel([8, 4, 3], settings({ groups: 2 }))).notes).toMatch(/^The stride cannot be told/);
  });

  it('computes the size of the output of a transposed convolution', async () => {
    const all = {
      transposed: true,
      strides: [2, 3],
      padding: { amounts: [1, 0, 2, 1] },
      outputPadding: [1, 0],
      dilations: [1, 2],
      groups: 1,
      inputSize: [5, 4],
    };
    const row = await kernel([6, 2, 4, 3], settings(all));
    expect(row).toMatchObject({ op: 'ConvTranspose2d', transposed: true, inputSize: [5, 4], notes: '' });
    const twin: ConvolutionLayer = {
      weight: new Float32Array(),
      shape: [6, 2, 4, 3],
      transposed: true,
      strides: row.strides,
      dilations: row.dilations,
      groups: 1,
      mode: 'zeros',
      pads: all.padding.amounts,
      inputSize: all.inputSize,
      outputPadding: all.outputPadding,
      scale: 1,
    };
    expect(row.outputSize).toEqual(outputSize(twin));
    expect(row.outputSize).toEqual([10, 13]);
  });

  it('uses the size that the user gives for kernels of as many spatial dimensions', async () => {
    const sized = await kernel([4, 4, 3, 3], { inputSize: [20, 30] });
    expect(sized.inputSize).toEqual([20, 30]);
    expect(sized.notes).toMatch(
      /At this input size the interval is for a convolution that is not transposed/,
    );
    expect(sized.notes).toMatch(/at this input size the interval is for dilation 1/);
    expect((await kernel([4, 4, 3], { inputSize: [20, 30] })).inputSize).toBeNull();
    const side = settings({ inputSize: 9 });
    expect((await kernel([4, 4, 3, 3], { ...side, inputSize: [20, 30] })).inputSize).toEqual([20, 30]);
    expect((await kernel([4, 4, 3], { ...side, inputSize: [20, 30] })).inputSize).toEqual([9]);
    expect((await kernel([4, 4, 3, 3], side)).inputSize).toEqual([9, 9]);
    expect((await kernel([4, 4, 3, 3], { ...side, inputSize: 'any' })).inputSize).toBeNull();
  });

  it('does not use a size where it would be wrong', async () => {
    const spread = await kernel(
      [4, 4, 3],
      settings({ transposed: true, inputSize: 5, padding: { amounts: 1 } }),
    );
    expect(spread).toMatchObject({ inputSize: null, outputSize: null });
    expect(spread.notes).toMatch(/The input size is not used: the size of the output depends/);
    const cropped = await kernel([4, 4, 3], settings({ transposed: true, inputSize: 5, strides: 2 }));
    expect(cropped).toMatchObject({ inputSize: null, outputSize: null });
    const small = await kernel([4, 4, 7], settings({ inputSize: 4, padding: { amounts: 1 } }));
    expect(small.inputSize).toBeNull();
    expect(small.notes).toMatch(/too small for the kernel/);
    expect((await kernel([4, 4, 7], settings({ inputSize: 5, padding: { amounts: 1 } }))).inputSize).toEqual([
      5,
    ]);
  });

  it.each([
    [{ strides: [1, 2, 3] }, '"strides" for "conv" has 3 numbers, but the kernel has 2'],
    [{ dilations: [1] }, '"dilations" for "conv" has 1 numbers'],
    [{ inputSize: [1, 2, 3] }, '"inputSize" for "conv" has 3 numbers'],
    [{ padding: { amounts: [1, 2, 3] } }, '"padding" for "conv" has 3 amounts'],
    [{ padding: { mode: 'reflect' } }, '"padding" for "conv" needs "amounts"'],
    [{ groups: 3 }, '"groups" for "conv" does not divide the 8 channels'],
    [{ outputPadding: 1 }, '"outputPadding" for "conv" is for transposed convolutions'],
    [{ op: 'embedding' }, '"op" for "conv" does not fit its 4 dimensions'],
  ])('refuses settings that do not fit: %j', async (conv, part) => {
    const error: unknown = await kernel([8, 4, 3, 3], settings(conv)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MalformedFileError);
    expect((error as Error).message).toContain(`model.safetensors.lipschitz.json: ${part}`);
  });

  const values = fc.integer({ min: -4, max: 4 });
  const geometry = fc
    .record({
      groups: fc.integer({ min: 1, max: 3 }),
      outputs: fc.integer({ min: 1, max: 2 }),
      inputs: fc.integer({ min: 1, max: 2 }),
      kernel: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      transposed: fc.boolean(),
      mode: fc.constantFrom('zeros' as const, 'circular' as const),
      size: fc.integer({ min: 3, max: 5 }),
    })
    .chain((shape) => {
      const count = shape.groups * shape.outputs * shape.inputs * product(shape.kernel);
      return fc.tuple(fc.constant(shape), fc.array(values, { minLength: count, maxLength: count }));
    });

  /** What the notes of kernels without a side file say. */
  it('is right that the upper end holds for every stride, dilation, number of groups and direction', async () => {
    let slack = 0;
    let exact = 0;
    await fc.assert(
      fc.asyncProperty(geometry, async ([shape, weight]) => {
        const axes = shape.kernel.map(() => 1);
        const stored = [shape.groups * shape.outputs, shape.inputs, ...shape.kernel];
        const read = await kernel(stored);
        const assumed: ConvolutionLayer = {
          weight: Float64Array.from(weight),
          shape: stored,
          transposed: read.transposed,
          strides: read.strides,
          dilations: read.dilations,
          groups: read.groups,
          mode: 'zeros',
          pads: [...axes, ...axes].map(() => 0),
          inputSize: axes,
          outputPadding: axes.map(() => 0),
          scale: 1,
        };
        // Circular padding that keeps the size is for stride 1, and not for transposed convolutions.
        const circular = shape.mode === 'circular' && !shape.transposed;
        const reach = shape.kernel.map((k) => shape.dilation * (k - 1));
        const begins = reach.map((r) => Math.floor(r / 2));
        const ends = reach.map((r, axis) => r - begins[axis]);
        const real: ConvolutionLayer = {
          ...assumed,
          transposed: shape.transposed,
          strides: axes.map(() => shape.stride),
          dilations: axes.map(() => shape.dilation),
          groups: shape.groups,
          mode: circular ? 'circular' : 'zeros',
          pads: circular ? [...begins, ...ends] : shape.transposed ? assumed.pads : [...reach, ...reach],
          inputSize: axes.map(() => Math.max(shape.size, ...reach)),
        };
        const upper = anySizeNorm(assumed) * (1 + 1e-8) + 1e-12;
        const truth = denseNorm(real);
        slack = Math.max(slack, truth / upper);
        if (!read.notes.includes('its lower end does not')) {
          expect(anySizeNorm(real)).toBeCloseTo(anySizeNorm(assumed), 7);
          exact++;
        }
        expect(truth).toBeLessThanOrEqual(upper);
      }),
      { numRuns: 300 },
    );
    expect(slack).toBeGreaterThan(0.99);
    expect(exact).toBeGreaterThan(0);
  });
});
