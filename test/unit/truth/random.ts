/** Random layers and matrices: small shapes of every kind, weights from families that are hard in different ways. */
import fc from 'fast-check';
import type { ConvolutionLayer, PaddingMode } from './layer';
import { outputSize, product } from './layer';
import type { Matrix } from './singular-values';
import { transpose } from './singular-values';

/** Uniform in [0, 1), reproducible from a seed (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal (Box-Muller). */
export function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function gaussians(random: Random, length: number): Float64Array {
  return Float64Array.from({ length }, () => gaussian(random));
}

/** Orthonormal rows if there are no more rows than columns, else orthonormal columns. */
export function orthogonalMatrix(random: Random, rows: number, columns: number): Matrix {
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = gaussians(random, length);
    for (let pass = 0; pass < 2; pass++) for (const other of basis) subtractProjection(vector, other);
    const size = Math.hypot(...vector);
    basis.push(vector.map((value) => value / size));
  }
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) values[i * columns + j] = rows <= columns ? basis[i][j] : basis[j][i];
  }
  return { rows, columns, values };
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  let along = 0;
  for (let k = 0; k < vector.length; k++) along += vector[k] * unit[k];
  for (let k = 0; k < vector.length; k++) vector[k] -= along * unit[k];
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  const values = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const value = a.values[i * a.columns + k];
      for (let j = 0; j < b.columns; j++) values[i * b.columns + j] += value * b.values[k * b.columns + j];
    }
  }
  return { rows: a.rows, columns: b.columns, values };
}

/** A matrix with these singular values and random singular vectors. */
export function withSpectrum(
  random: Random,
  rows: number,
  columns: number,
  spectrum: (index: number) => number,
): Matrix {
  const rank = Math.min(rows, columns);
  const left = orthogonalMatrix(random, rows, rank);
  const scaled = left.values.map((value, at) => value * spectrum(at % rank));
  return multiply({ rows, columns: rank, values: scaled }, orthogonalMatrix(random, rank, columns));
}

function fill(random: Random, rows: number, columns: number, value: (random: Random) => number): Matrix {
  return { rows, columns, values: Float64Array.from({ length: rows * columns }, () => value(random)) };
}

type MatrixFamily = (random: Random, rows: number, columns: number) => Matrix;

/** How the values of a random matrix are drawn. */
export const matrixFamilies = {
  gaussian: (random, rows, columns) => fill(random, rows, columns, gaussian),
  integer: (random, rows, columns) => fill(random, rows, columns, (r) => Math.floor(7 * r()) - 3),
  positive: (random, rows, columns) => fill(random, rows, columns, (r) => 0.5 + r()),
  constant: (random, rows, columns) => fill(random, rows, columns, () => 1.25),
  sparse: (random, rows, columns) => fill(random, rows, columns, (r) => (r() < 0.08 ? gaussian(r) : 0)),
  rankOne: (random, rows, columns) => withSpectrum(random, rows, columns, (index) => (index === 0 ? 2 : 0)),
  orthogonal: orthogonalMatrix,
  clustered: (random, rows, columns) => withSpectrum(random, rows, columns, (index) => 1 - 1e-5 * index),
  pair: (random, rows, columns) =>
    withSpectrum(random, rows, columns, (index) => (index < 2 ? 1 + 1e-9 * index : 0.3)),
  power: (random, rows, columns) => withSpectrum(random, rows, columns, (index) => 1 / (1 + index)),
  spiked: (random, rows, columns) => {
    const noise = fill(random, rows, columns, gaussian).values;
    const spike = withSpectrum(random, rows, columns, (index) =>
      index === 0 ? 10 * Math.sqrt(rows + columns) : 0,
    );
    return { rows, columns, values: spike.values.map((value, at) => value + noise[at]) };
  },
  /** Rows of very different sizes. */
  graded: (random, rows, columns) => {
    const { values } = fill(random, rows, columns, gaussian);
    return {
      rows,
      columns,
      values: values.map((value, at) => value * 10 ** -((Math.floor(at / columns) * 5) % 31)),
    };
  },
  zero: (random, rows, columns) => fill(random, rows, columns, () => 0),
} satisfies Record<string, MatrixFamily>;

/** Powers of ten that the weights are multiplied by; most are ordinary. */
const scales = [1, 1, 1, 1, 1, 1e-3, 1e-12, 1e8, 1e-30, 1e30];

/** Float32 values most of the time, as in most files. */
function store(values: Float64Array, scale: number, double: boolean): Float32Array | Float64Array {
  const scaled = values.map((value) => value * scale);
  return double ? scaled : Float32Array.from(scaled);
}

export interface RandomMatrix {
  readonly family: string;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array | Float64Array;
}

function keysOf<K extends string>(families: Record<K, unknown>): K[] {
  return Object.keys(families) as K[];
}

/** Matrices of up to `largest` rows and columns. */
export function matrices(largest: number): fc.Arbitrary<RandomMatrix> {
  return fc
    .record({
      family: fc.constantFrom(...keysOf(matrixFamilies)),
      rows: fc.integer({ min: 1, max: largest }),
      columns: fc.integer({ min: 1, max: largest }),
      scale: fc.constantFrom(...scales),
      double: fc.boolean(),
      seed: fc.integer(),
    })
    .map(({ family, rows, columns, scale, double, seed }) => ({
      family,
      rows,
      columns,
      values: store(matrixFamilies[family](seeded(seed), rows, columns).values, scale, double),
    }));
}

/** Writes one group of a kernel, (outputs, inputs, taps) row-major. */
type KernelFamily = (
  random: Random,
  outputs: number,
  inputs: number,
  kernel: readonly number[],
) => Float64Array;

function perEntry(
  outputs: number,
  inputs: number,
  kernel: readonly number[],
  value: (output: number, input: number, tap: readonly number[]) => number,
): Float64Array {
  const taps = product(kernel);
  const result = new Float64Array(outputs * inputs * taps);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let tap = 0; tap < taps; tap++) {
        result[(o * inputs + i) * taps + tap] = value(o, i, coordinates(tap, kernel));
      }
    }
  }
  return result;
}

function coordinates(flat: number, sizes: readonly number[]): number[] {
  const result: number[] = [];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    result.unshift(flat % sizes[axis]);
    flat = Math.floor(flat / sizes[axis]);
  }
  return result;
}

/**
 * A kernel whose symbol has orthonormal rows (or columns) at every frequency: a product of factors `P + z (I - P)`,
 * one for every step of every axis, P a random projection.
 */
export function orthogonalKernel(
  random: Random,
  outputs: number,
  inputs: number,
  kernel: readonly number[],
): Float64Array {
  const size = Math.max(outputs, inputs);
  const taps = product(kernel);
  let byTap: Float64Array[] = Array.from({ length: taps }, () => new Float64Array(size * size));
  byTap[0] = orthogonalMatrix(random, size, size).values;
  let place = taps;
  kernel.forEach((length) => {
    place /= length;
    for (let step = 1; step < length; step++) {
      const rank = Math.floor(random() * (size + 1));
      const basis = orthogonalMatrix(random, size, size);
      const kept = basis.values.map((value, at) => (at % size < rank ? value : 0));
      const stay = multiply({ rows: size, columns: size, values: kept }, transpose(basis)).values;
      const move = stay.map((value, at) => (at % (size + 1) === 0 ? 1 : 0) - value);
      const next = Array.from({ length: taps }, () => new Float64Array(size * size));
      byTap.forEach((block, tap) => {
        addProduct(next[tap], block, stay, size);
        const moved = tap + place;
        if (moved < taps) addProduct(next[moved], block, move, size);
      });
      byTap = next;
    }
  });
  return perEntry(outputs, inputs, [taps], (o, i, [tap]) => byTap[tap][o * size + i]);
}

function addProduct(target: Float64Array, a: Float64Array, b: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < n; j++) target[i * n + j] += a[i * n + k] * b[k * n + j];
    }
  }
}

/** How the values of a random kernel are drawn. */
export const kernelFamilies = {
  gaussian: (random, outputs, inputs, kernel) => perEntry(outputs, inputs, kernel, () => gaussian(random)),
  integer: (random, outputs, inputs, kernel) =>
    perEntry(outputs, inputs, kernel, () => Math.floor(7 * random()) - 3),
  /** A dominant direction at frequency zero. */
  smooth: (random, outputs, inputs, kernel) =>
    perEntry(outputs, inputs, kernel, () => 1 + 0.2 * gaussian(random)),
  constant: (_, outputs, inputs, kernel) => perEntry(outputs, inputs, kernel, () => 0.75),
  /** One tap only: the same matrix at every frequency. */
  delta: (random, outputs, inputs, kernel) => {
    const at = kernel.map((size) => Math.floor(random() * size));
    return perEntry(outputs, inputs, kernel, (_o, _i, tap) =>
      tap.every((value, axis) => value === at[axis]) ? gaussian(random) : 0,
    );
  },
  orthogonal: orthogonalKernel,
  /** An orthogonal one whose outputs or inputs are scaled, with a little noise: its symbols' Gram matrices hardly vary, seen from one side. */
  nearlyOrthogonal: (random, outputs, inputs, kernel) => {
    const taps = product(kernel);
    const scales = gaussians(random, Math.max(outputs, inputs)).map((x) => 1 + 0.1 * x);
    const byOutput = random() < 0.5;
    const noise = random() < 0.5 ? 0 : 1e-3;
    return orthogonalKernel(random, outputs, inputs, kernel).map((value, at) => {
      const entry = Math.floor(at / taps);
      const scale = scales[byOutput ? Math.floor(entry / inputs) : entry % inputs];
      return value * scale + noise * gaussian(random);
    });
  },
  /** Channels that are zero, of the outputs and of the inputs. */
  pruned: (random, outputs, inputs, kernel) => {
    const [output, input] = [outputs, inputs].map((count) => Math.floor(random() * (count + 1)));
    return perEntry(outputs, inputs, kernel, (o, i) => (o === output || i === input ? 0 : gaussian(random)));
  },
  rankOne: (random, outputs, inputs, kernel) => {
    const left = gaussians(random, outputs);
    const right = gaussians(random, inputs * product(kernel));
    return Float64Array.from({ length: outputs * right.length }, (_, at) => {
      return left[Math.floor(at / right.length)] * right[at % right.length];
    });
  },
  clustered: (random, outputs, inputs, kernel) => {
    const taps = product(kernel);
    return withSpectrum(random, outputs, inputs * taps, (index) => 1 - 1e-4 * index).values;
  },
  /** One wave per entry: the peak of the symbol falls between the points of every uniform grid. */
  wave: (random, outputs, inputs, kernel) => {
    const frequency = kernel.map(() => 2 * Math.PI * random());
    const amplitude = gaussians(random, outputs * inputs);
    const phase = 2 * Math.PI * random();
    return perEntry(outputs, inputs, kernel, (o, i, tap) => {
      const angle = tap.reduce((sum, value, axis) => sum + value * frequency[axis], phase);
      return amplitude[o * inputs + i] * Math.cos(angle);
    });
  },
  /** Output channels of very different sizes. */
  graded: (random, outputs, inputs, kernel) =>
    perEntry(outputs, inputs, kernel, (o) => gaussian(random) * 10 ** -(5 * o)),
  zero: (_, outputs, inputs, kernel) => perEntry(outputs, inputs, kernel, () => 0),
} satisfies Record<string, KernelFamily>;

export interface RandomConvolution {
  readonly family: string;
  readonly layer: ConvolutionLayer;
}

export interface ConvolutionChoices {
  readonly modes: readonly PaddingMode[];
  /** Numbers of spatial dimensions. */
  readonly axes: readonly number[];
  readonly transposed: readonly boolean[];
}

export const everyConvolution: ConvolutionChoices = {
  modes: ['zeros', 'zeros', 'circular', 'reflect', 'replicate'],
  axes: [1, 2, 2, 3],
  transposed: [false, false, true],
};

interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
  readonly extra: number;
  readonly outputPadding: number;
}

/** Largest kernel and largest surplus of the input over what the kernel needs, by number of axes. */
const limits = [
  { kernel: 9, extra: 12, dilation: 3 },
  { kernel: 5, extra: 4, dilation: 2 },
  { kernel: 3, extra: 2, dilation: 2 },
];

function axisOf(axes: number, mode: PaddingMode): fc.Arbitrary<Axis> {
  const limit = limits[axes - 1];
  const pad = fc.oneof(
    fc.constantFrom(0, 1),
    fc.integer({ min: mode === 'zeros' ? -1 : 0, max: limit.kernel }),
  );
  return fc.record({
    kernel: fc.integer({ min: 1, max: limit.kernel }),
    stride: fc.constantFrom(1, 1, 1, 2, 3),
    dilation: fc.constantFrom(...[1, 1, 1, 2, 3].filter((value) => value <= limit.dilation)),
    begin: pad,
    end: pad,
    extra: fc.integer({ min: 0, max: limit.extra }),
    outputPadding: fc.constantFrom(0, 0, 1, 2),
  });
}

/** The least input for which the layer has an output and its padding is defined. */
function leastInput(axis: Axis, mode: PaddingMode, transposed: boolean): number {
  const extent = (axis.kernel - 1) * axis.dilation + 1;
  const pads = axis.begin + axis.end;
  if (transposed) return Math.max(1, Math.ceil((pads - extent + 1) / axis.stride) + 1);
  const largest = Math.max(axis.begin, axis.end);
  const defined = mode === 'reflect' ? largest + 1 : mode === 'circular' ? largest : 1;
  return Math.max(1, defined, extent - pads, 1 - axis.begin, 1 - axis.end);
}

/** Random layers whose matrix is small enough to be taken apart in milliseconds. */
export function convolutions(
  choices: ConvolutionChoices = everyConvolution,
): fc.Arbitrary<RandomConvolution> {
  return fc
    .tuple(
      fc.constantFrom(...choices.axes),
      fc.constantFrom(...choices.transposed),
      fc.constantFrom(...choices.modes),
    )
    .chain(([axes, transposed, drawn]) => {
      const mode = transposed ? 'zeros' : drawn;
      return fc.record({
        transposed: fc.constant(transposed),
        mode: fc.constant(mode),
        axes: fc.array(axisOf(axes, mode), { minLength: axes, maxLength: axes }),
        groups: fc.constantFrom(1, 1, 1, 2, 3),
        outputs: fc.integer({ min: 1, max: 5 }),
        inputs: fc.integer({ min: 1, max: 5 }),
        depthwise: fc.constantFrom(false, false, false, true),
        family: fc.constantFrom(...keysOf(kernelFamilies)),
        zeroGroup: fc.constantFrom(false, false, true),
        groupRatio: fc.constantFrom(1, 1, 1, 1e-5, 1e-30),
        magnitude: fc.constantFrom(...scales),
        scale: fc.constantFrom(1, 1, 1, -1, 0.5, 3),
        double: fc.boolean(),
        seed: fc.integer(),
      });
    })
    .map(({ transposed, mode, axes, family, seed, ...draw }) => {
      const groups = draw.depthwise ? Math.max(2, draw.inputs) : draw.groups;
      const inputs = draw.depthwise ? 1 : draw.inputs;
      const kernel = axes.map((axis) => axis.kernel);
      const random = seeded(seed);
      const values = new Float64Array(groups * draw.outputs * inputs * product(kernel));
      for (let group = draw.zeroGroup && groups > 1 ? 1 : 0; group < groups; group++) {
        const block = kernelFamilies[family](random, draw.outputs, inputs, kernel);
        const ratio = draw.groupRatio ** group;
        values.set(
          block.map((value) => value * ratio),
          group * block.length,
        );
      }
      const layer: ConvolutionLayer = {
        weight: store(values, draw.magnitude, draw.double),
        shape: [groups * draw.outputs, inputs, ...kernel],
        transposed,
        strides: axes.map((axis) => axis.stride),
        dilations: axes.map((axis) => axis.dilation),
        groups,
        mode,
        pads: [...axes.map((axis) => axis.begin), ...axes.map((axis) => axis.end)],
        inputSize: axes.map((axis) => leastInput(axis, mode, transposed) + axis.extra),
        outputPadding: axes.map((axis) =>
          transposed ? Math.min(axis.outputPadding, Math.max(axis.stride, axis.dilation) - 1) : 0,
        ),
        scale: draw.scale,
      };
      return { family, layer };
    })
    .filter(({ layer }) => isSmall(layer));
}

/** Whether the matrix of a group is small enough to be taken apart in milliseconds. */
export function isSmall(layer: ConvolutionLayer): boolean {
  const first =
    (layer.shape[0] / layer.groups) * product(layer.transposed ? layer.inputSize : outputSize(layer));
  const second = layer.shape[1] * product(layer.transposed ? outputSize(layer) : layer.inputSize);
  return Math.min(first, second) <= 200 && first * second <= 200_000;
}
