/** The golden layers of test/fixtures/golden with their known answers. */
import { readFileSync } from 'node:fs';
import type { ConvolutionLayer } from './layer';
import type { Matrix } from './singular-values';

/** What another implementation answers; see `wrongAnswers` of the tests for where it is not to be believed. */
export interface ReferenceAnswer {
  /** `rko`, `gram-zeros` or `gram-circular`: which of its methods. */
  readonly how: 'rko' | 'gram-zeros' | 'gram-circular';
  /** Gram iterations; null for `rko`, which has none. */
  readonly iterations: number | null;
  readonly sigmaPerGroup: readonly number[];
  readonly stableRankNormalized: number;
}

interface Golden {
  readonly name: string;
  /** Largest singular value on the layer's input size. */
  readonly sigmaExact: number;
  readonly reference: ReferenceAnswer | null;
}

export interface GoldenConvolution extends Golden {
  readonly layer: ConvolutionLayer;
  /** Supremum over all frequencies, so over all input sizes. */
  readonly sigmaAnySize: number;
  readonly frobenius: number;
}

export interface GoldenMatrix extends Golden {
  readonly matrix: Matrix;
  /** What the node multiplies its matrix by. */
  readonly scale: number;
  /** Of the scaled matrix. */
  readonly frobenius: number;
}

export interface GoldenCircular extends Golden {
  readonly layer: ConvolutionLayer;
  readonly sigmaPerGroup: readonly number[];
}

interface StoredReference {
  readonly how: string;
  readonly sigmaPerGroup: readonly number[];
  readonly stableRankNormalized: number;
}

interface StoredTruth {
  readonly op: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
  readonly weight: string;
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
  readonly groups?: number;
  readonly inputSize?: readonly number[];
  readonly sigmaExact: number;
  readonly sigmaAnySize: number;
  readonly frobenius: number;
  readonly reference?: StoredReference | null;
}

interface StoredCircular {
  readonly shape: readonly number[];
  readonly groups: number;
  readonly inputSize: readonly number[];
  readonly sigmaExact: number;
  readonly sigmaPerGroup: readonly number[];
  readonly reference: StoredReference;
  readonly weight: readonly number[];
}

/** Attributes of the nodes in golden_zoo.onnx that the file of answers does not repeat. */
const outputPaddings: Readonly<Record<string, readonly number[]>> = { golden_21_convT2d: [1, 1] };
const alphas: Readonly<Record<string, number>> = { golden_28_gemm: 0.5 };

const folder = new URL('../../fixtures/golden/', import.meta.url);

function readJson<T>(name: string): Record<string, T> {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, T>;
}

/** Reads every F32 tensor of golden_zoo.safetensors: a length, a JSON header, the values. */
function readWeights(): ReadonlyMap<string, Float32Array> {
  const bytes = readFileSync(new URL('golden_zoo.safetensors', folder));
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { data_offsets: span }]) => [
        name,
        Float32Array.from({ length: (span[1] - span[0]) / 4 }, (_, index) =>
          bytes.readFloatLE(headerEnd + span[0] + 4 * index),
        ),
      ]),
  );
}

function toReference(stored: StoredReference | null | undefined): ReferenceAnswer | null {
  if (!stored) return null;
  const match = /^(rko|gram-zeros|gram-circular)(?:, n_iter (\d+))?$/.exec(stored.how);
  if (!match) throw new Error(`unknown method: ${stored.how}`);
  return {
    how: match[1] as ReferenceAnswer['how'],
    iterations: match[2] === undefined ? null : Number(match[2]),
    sigmaPerGroup: stored.sigmaPerGroup,
    stableRankNormalized: stored.stableRankNormalized,
  };
}

/** The convolutions of the zoo, zero padding, on their input sizes. */
export function goldenConvolutions(): GoldenConvolution[] {
  const weights = readWeights();
  return Object.entries(readJson<StoredTruth>('golden_zoo.truth.json')).flatMap(([name, stored]) => {
    const { stride, pads, dilations, groups, inputSize } = stored;
    const weight = weights.get(stored.weight);
    if (!weight) throw new Error(`no weight: ${stored.weight}`);
    if (!stride || !pads || !dilations || groups === undefined || !inputSize) return [];
    const layer: ConvolutionLayer = {
      weight,
      shape: stored.shape,
      transposed: stored.op === 'ConvTranspose',
      strides: stride,
      dilations,
      groups,
      mode: 'zeros',
      pads,
      inputSize,
      outputPadding: outputPaddings[name] ?? stride.map(() => 0),
      scale: 1,
    };
    return [
      {
        name,
        layer,
        sigmaExact: stored.sigmaExact,
        sigmaAnySize: stored.sigmaAnySize,
        frobenius: stored.frobenius,
        reference: toReference(stored.reference),
      },
    ];
  });
}

/** The dense layers of the zoo. */
export function goldenMatrices(): GoldenMatrix[] {
  const weights = readWeights();
  return Object.entries(readJson<StoredTruth>('golden_zoo.truth.json')).flatMap(([name, stored]) => {
    if (stored.op !== 'Gemm' && stored.op !== 'MatMul') return [];
    const weight = weights.get(stored.weight);
    if (!weight) throw new Error(`no weight: ${stored.weight}`);
    const [rows, columns] = stored.shape;
    return [
      {
        name,
        matrix: { rows, columns, values: Float64Array.from(weight) },
        scale: alphas[name] ?? 1,
        sigmaExact: stored.sigmaExact,
        frobenius: stored.frobenius,
        reference: toReference(stored.reference),
      },
    ];
  });
}

/** Convolutions with circular padding whose output is as large as their input. */
export function goldenCircular(): GoldenCircular[] {
  return Object.entries(readJson<StoredCircular>('golden_circular.json')).map(([name, stored]) => {
    const kernel = stored.shape.slice(2);
    const ones = kernel.map(() => 1);
    const layer: ConvolutionLayer = {
      weight: Float32Array.from(stored.weight),
      shape: stored.shape,
      transposed: false,
      strides: ones,
      dilations: ones,
      groups: stored.groups,
      mode: 'circular',
      pads: [
        ...kernel.map((size) => Math.floor((size - 1) / 2)),
        ...kernel.map((size) => Math.floor(size / 2)),
      ],
      inputSize: stored.inputSize,
      outputPadding: kernel.map(() => 0),
      scale: 1,
    };
    return {
      name,
      layer,
      sigmaExact: stored.sigmaExact,
      sigmaPerGroup: stored.sigmaPerGroup,
      reference: toReference(stored.reference),
    };
  });
}
