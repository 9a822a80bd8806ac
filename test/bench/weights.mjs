// The weights of the benchmarks: seeded, and written as safetensors files, so that every program reads the very same.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Where weights and whatever else can be made again are kept. */
export const CACHE = process.env.BENCH_CACHE ?? 'node_modules/.cache/lipschitz-lens';

export const MATRICES = ['4096x4096', '4096x14336', '14336x4096'];

/** A Gaussian matrix of a shape like `4096x14336`. */
export function matrixOf(shape) {
  const [rows, columns] = shape.split('x').map(Number);
  return { rows, columns, values: gaussians(rows * columns, uniform(1)) };
}

/** Each of `MATRICES` as the layer of that name. */
export function matricesFile() {
  return file(
    'matrices',
    MATRICES.map((name) => ({
      name,
      shape: name.split('x').map(Number),
      values: () => matrixOf(name).values,
    })),
  );
}

/** 16 Gaussian matrices of 4096 x 4096 float32, 1 GiB. */
export function gigabyteFile() {
  const order = 4096;
  const next = uniform(1);
  return file(
    'gigabyte',
    Array.from({ length: 16 }, (_, i) => ({
      name: `layers.${i}`,
      shape: [order, order],
      values: () => gaussians(order * order, next).map((x) => x / Math.sqrt(order)),
    })),
  );
}

/** One convolution of 512 x 512 x 3 x 3. */
export function largeKernelFile() {
  const layer = { name: 'large', shape: [512, 512, 3, 3], stride: 1 };
  const next = uniform(2);
  return file('large-kernel', [{ ...layer, values: () => kernel(layer.shape, next, 0) }]);
}

const SHAPES = [
  [100, 100],
  [300, 200],
  [700, 700],
  [1000, 2000],
  [2000, 500],
  [1536, 6144],
  [64, 256, 1, 1],
  [1024, 256, 1, 1],
  [192, 96, 2, 2],
  [160, 160, 3, 3],
  [256, 64, 3, 3],
  [96, 48, 5, 5],
  [32, 32, 7, 7],
  [48, 1, 7, 7],
  [24, 24, 11, 11],
  [80, 40, 1, 7],
  [384, 384, 3],
  [128, 128, 9],
  [16, 16, 3, 3, 3],
];

/** Gaussian layers of many shapes: matrices, and convolutions of one, two and three dimensions. */
export function shapesFile() {
  const next = uniform(4);
  return file(
    'shapes',
    SHAPES.map((shape) => ({
      name: shape.join('x'),
      shape,
      values: () => gaussians(product(shape), next),
    })),
  );
}

/** Layers that are drawn, and the kernel sizes that they may have. */
const DRAWN = 80;
const SIZES = [
  [3],
  [5],
  [9],
  [25],
  [1, 1],
  [2, 2],
  [3, 3],
  [3, 3],
  [5, 5],
  [7, 7],
  [1, 7],
  [2, 2, 2],
  [3, 3, 3],
];
const MOST_CHANNELS = [384, 384, 64];
const STRUCTURES = ['flat', 'flat', 'smooth', 'decaying'];

/** Convolutions of shapes that are drawn, of a few channels as often as of many: flat ones, smooth ones, and ones whose outputs decay. */
export function drawnFile() {
  const next = uniform(5);
  const pick = (list) => list[Math.floor(next() * list.length)];
  return file(
    'drawn',
    Array.from({ length: DRAWN }, (_, i) => {
      const size = pick(SIZES);
      const most = product(size) > 20 ? 128 : MOST_CHANNELS[size.length - 1];
      const [outputs, inputs] = [next(), next()].map((x) => Math.round(most ** ((1 + 3 * x) / 4)));
      const structure = pick(STRUCTURES);
      const shape = [outputs, inputs, ...size];
      return { name: `${i}.${structure}`, shape, values: () => structured(shape, structure, next) };
    }),
  );
}

function structured([outputs, inputs, ...size], structure, next) {
  const values = gaussians(outputs * inputs * product(size), next);
  const of = values.length / outputs;
  if (structure === 'decaying')
    return values.map((x, i) => x * Math.exp((-3 * Math.floor(i / of)) / outputs));
  if (structure === 'flat') return values;
  const [u, v] = [gaussians(outputs, next), gaussians(inputs, next)];
  const height = DOMINANCE / Math.sqrt(Math.min(outputs, inputs));
  return values.map((x, i) => x + height * u[Math.floor(i / of)] * v[Math.floor((i % of) / product(size))]);
}

/** How much higher than the rest the smooth direction of a kernel is, about. */
const DOMINANCE = 2;

/** The kinds of weights that the convolutions of ResNet18 get here. */
export const KINDS = { kaiming: 0, smooth: DOMINANCE };

/**
 * The convolutions of ResNet18 as PyTorch begins to train them (Kaiming, fan out); `smooth`: with one smooth direction that
 * dominates, as training leaves it. `strided: false` leaves out the side file with the strides.
 */
export function resnetFile(kind, { strided = true } = {}) {
  const next = uniform(3);
  const layers = resnet18();
  return file(
    `resnet18-${kind}${strided ? '' : '-stride-1'}`,
    layers.map((layer) => ({ ...layer, values: () => kernel(layer.shape, next, KINDS[kind]) })),
    strided ? Object.fromEntries(layers.map(({ name, stride }) => [name, { strides: stride }])) : null,
  );
}

/** The 20 convolutions of ResNet18 for images of 224 x 224: `input` is the side of the layer's input. */
export function resnet18() {
  const layers = [convolution('conv1', 64, 3, 7, 2, 224)];
  let [channels, side] = [64, 56];
  [64, 128, 256, 512].forEach((width, stage) => {
    for (const block of [0, 1]) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const name = `layer${stage + 1}.${block}`;
      layers.push(convolution(`${name}.conv1`, width, channels, 3, stride, side));
      layers.push(convolution(`${name}.conv2`, width, width, 3, 1, side / stride));
      if (stride > 1) layers.push(convolution(`${name}.downsample.0`, width, channels, 1, stride, side));
      channels = width;
      side /= stride;
    }
  });
  return layers;
}

function convolution(name, outputs, inputs, size, stride, input) {
  return { name, shape: [outputs, inputs, size, size], stride, input };
}

/**
 * Gaussian weights of variance 2 / fan out, and `dominance` times about their norm in one direction: one pair of channel
 * mixtures, with a bump over the positions.
 */
function kernel([outputs, inputs, height, width], next, dominance) {
  const deviation = Math.sqrt(2 / (outputs * height * width));
  const values = gaussians(outputs * inputs * height * width, next).map((x) => x * deviation);
  if (dominance === 0) return values;
  const u = unit(gaussians(outputs, next));
  const v = unit(gaussians(inputs, next));
  const bump = Float64Array.from({ length: height * width }, (_, at) => {
    const [y, x] = [Math.floor(at / width) - (height - 1) / 2, (at % width) - (width - 1) / 2];
    return Math.exp((-2 * (x * x + y * y)) / (height * width));
  });
  const mass = bump.reduce((sum, x) => sum + x, 0);
  const norm = deviation * Math.sqrt(height * width) * (Math.sqrt(outputs) + Math.sqrt(inputs));
  return values.map((x, i) => {
    const pair = Math.floor(i / bump.length);
    const direction = u[Math.floor(pair / inputs)] * v[pair % inputs];
    return x + (dominance * norm * direction * bump[i % bump.length]) / mass;
  });
}

function product(sides) {
  return sides.reduce((all, side) => all * side, 1);
}

function unit(values) {
  const length = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return values.map((x) => x / length);
}

function gaussians(length, next) {
  return Float32Array.from(
    { length },
    () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** mulberry32, in (0, 1): a congruential generator leaves a pattern in rows of a power of two. */
function uniform(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** The path of a file of float32 layers, written one at a time where there is none yet. */
function file(name, layers, settings = null) {
  const path = join(CACHE, `${name}.safetensors`);
  mkdirSync(CACHE, { recursive: true });
  if (settings !== null) writeFileSync(`${path}.lipschitz.json`, JSON.stringify({ layers: settings }));
  if (existsSync(path)) return path;
  process.stderr.write(`writing ${path} ...\n`);
  let end = 0;
  const header = {};
  for (const { name: layer, shape } of layers) {
    const begin = end;
    end += 4 * product(shape);
    header[`${layer}.weight`] = { dtype: 'F32', shape, data_offsets: [begin, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const target = openSync(`${path}.part`, 'w');
  writeSync(target, length);
  writeSync(target, json);
  for (const { values } of layers) writeSync(target, new Uint8Array(values().buffer));
  closeSync(target);
  renameSync(`${path}.part`, path);
  return path;
}
