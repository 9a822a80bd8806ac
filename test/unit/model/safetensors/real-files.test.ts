import { copyFile, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Folder } from '../../folder';
import { goldenConvolutions, goldenMatrices } from '../../truth/golden';
import { convolution, layer, matrix, Models, names, reasons } from './models';

const folder = new Folder();
const models = new Models(folder);

const golden = fileURLToPath(new URL('../../../fixtures/golden/golden_zoo.safetensors', import.meta.url));
const shared = fileURLToPath(new URL('../../../../../shared/models/', import.meta.url));

describe('the golden layers', () => {
  it('are all rows, in the order of the file', async () => {
    const model = await models.at(golden);
    const known = [...goldenConvolutions(), ...goldenMatrices()];
    expect(names(model)).toEqual(known.map(({ name }) => name));
    expect(model.layers).toHaveLength(34);
    expect(model.skipped).toEqual([]);
    for (const { name, layer: known } of goldenConvolutions()) {
      const values = await convolution(layer(model, name)).tensor.read();
      expect(values).toEqual(known.weight);
    }
    for (const { name, matrix: known } of goldenMatrices()) {
      const values = await matrix(layer(model, name)).tensor.read();
      expect(Math.hypot(...values)).toBeCloseTo(Math.hypot(...known.values), 4);
    }
  });

  it('are known entirely with a side file', async () => {
    const known = goldenConvolutions();
    const settings = known.map(
      ({ name, layer: { transposed, strides, dilations, groups, pads, inputSize, outputPadding } }) => {
        const common = {
          transposed,
          strides,
          dilations,
          groups,
          padding: { mode: 'zeros', amounts: pads },
          inputSize,
        };
        return [name, transposed ? { ...common, outputPadding } : common] as const;
      },
    );
    await mkdir(folder.join('golden'));
    await copyFile(golden, folder.join('golden/zoo.safetensors'));
    await folder.write(
      'golden/zoo.safetensors.lipschitz.json',
      JSON.stringify({ layers: Object.fromEntries(settings) }),
    );
    const model = await models.at(folder.join('golden/zoo.safetensors'));
    for (const { name, layer: truth } of known) {
      const row = layer(model, name);
      expect(row.notes).toEqual([]);
      expect(convolution(row)).toMatchObject({
        transposed: truth.transposed,
        strides: truth.strides,
        dilations: truth.dilations,
        groups: truth.groups,
        padding: { mode: 'zeros', amounts: truth.pads },
        inputSize: truth.inputSize,
      });
    }
  });
});

describe.skipIf(!existsSync(shared))('published files', () => {
  it('silero VAD: convolutions, and the gates of an LSTM cell', async () => {
    const model = await models.at(`${shared}silero_vad_16k.safetensors`);
    expect(model.skipped).toEqual([]);
    expect(model.bytes).toBe(1_239_748);
    expect(names(model)).toEqual([
      'stft_conv',
      ...[1, 2, 3, 4].map((i) => `conv${i}`),
      ...['ih', 'hh'].flatMap((part) =>
        ['i', 'f', 'g', 'o'].map((gate) => `lstm_cell.weight_${part}/${gate}`),
      ),
      'final_conv',
    ]);
    expect(convolution(layer(model, 'conv2')).tensor.shape).toEqual([64, 128, 3]);
    expect(layer(model, 'stft_conv').notes).toContainEqual(expect.stringContaining('depthwise'));
    const gate = matrix(layer(model, 'lstm_cell.weight_hh/o'));
    expect(gate).toMatchObject({ rows: 128, columns: 128 });
    const all = await matrix({ ...layer(model, 'lstm_cell.weight_hh/o'), operator: gate }).tensor.read();
    expect(all).toHaveLength(128 * 128);
    expect(all.every(Number.isFinite)).toBe(true);
  });

  it('model2vec: embeddings in float32 and float16 agree; int8 is skipped', async () => {
    const single = await models.at(`${shared}model2vec-float32.safetensors`);
    const half = await models.at(`${shared}model2vec-float16.safetensors`);
    const [a, b] = await Promise.all(
      [single, half].map((model) => matrix(layer(model, 'embeddings')).tensor.read()),
    );
    expect(layer(half, 'embeddings')).toMatchObject({ op: 'Embedding', dtype: 'f16', parameters: 59_056 });
    // float16 has 11 bits; the published files were not rounded from each other.
    let largest = 0;
    let difference = 0;
    for (let i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i]));
      difference = Math.max(difference, Math.abs(a[i] - b[i]));
    }
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(largest / 512);

    const integers = await models.at(`${shared}model2vec-int8.safetensors`);
    expect(integers.layers).toEqual([]);
    expect(reasons(integers).embeddings).toContain('type i8');

    const quantized = await models.at(`${shared}model2vec-vocab-quantized.safetensors`);
    expect(names(quantized)).toEqual(['embeddings']);
    expect(Object.keys(reasons(quantized))).toEqual(['weights', 'mapping']);
  });
});
