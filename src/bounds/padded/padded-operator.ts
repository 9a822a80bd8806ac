import type { Engine } from '../../compute/engine';
import { type KernelShape, product, unravel } from '../kernel';
import { lanczos } from '../matrices/lanczos';
import type { Matrix } from '../matrices/matrix';
import { type Axis, outputSize, paddedSources } from './padding';
import { gamma } from '../rounding';

/** A convolution on an input of known size as a linear map, group by group, in float64. */
export interface PaddedOperator {
  readonly groups: number;
  readonly outChannels: number;
  readonly inChannels: number;
  readonly taps: number;
  /** Number of positions of the input and of the output. */
  readonly inputs: number;
  readonly outputs: number;
  /** Input position that tap t of output p reads, at `t * outputs + p`; -1 for a zero. */
  readonly sources: Int32Array;
  /** (groups, outChannels, inChannels * taps), channels per group. */
  readonly kernel: Float64Array;
}

/** @param kernel values (co, ci / groups, k_1 .. k_d) */
export function paddedOperator(
  kernel: Float64Array,
  shape: KernelShape,
  axes: readonly Axis[],
): PaddedOperator {
  const inputSizes = axes.map((axis) => axis.inputSize);
  const outputSizes = axes.map(outputSize);
  const maps = axes.map(paddedSources);
  const taps = product(shape.size);
  const outputs = product(outputSizes);
  const sources = new Int32Array(taps * outputs);
  for (let t = 0; t < taps; t++) {
    const tap = unravel(t, shape.size);
    for (let p = 0; p < outputs; p++) {
      const out = unravel(p, outputSizes);
      let index = 0;
      for (let axis = 0; axis < axes.length && index >= 0; axis++) {
        const source = maps[axis][out[axis] * shape.strides[axis] + tap[axis] * shape.dilations[axis]];
        index = source < 0 ? -1 : index * inputSizes[axis] + source;
      }
      sources[t * outputs + p] = index;
    }
  }
  return {
    groups: shape.groups,
    outChannels: shape.outChannels / shape.groups,
    inChannels: shape.inChannelsPerGroup,
    taps,
    inputs: product(inputSizes),
    outputs,
    sources,
    kernel,
  };
}

/** A matrix whose entries may be rounded sums. */
export interface DenseMatrix extends Matrix {
  /** Bound on the spectral norm of what rounding took from it: 0 where every sum is exact. */
  readonly error: number;
}

/**
 * The matrix of one group: rows (outChannels, outputs), columns (inChannels, inputs). Taps that read copies of one input are
 * added up; they may cancel, so that what is lost is counted (TwoSum, Knuth) rather than bounded by their size.
 */
export function denseMatrix(operator: PaddedOperator, group: number): DenseMatrix {
  const { outChannels, inChannels, taps, inputs, outputs, sources, kernel } = operator;
  const columns = inChannels * inputs;
  const values = new Float64Array(outChannels * outputs * columns);
  const base = group * outChannels * inChannels * taps;
  let error = 0;
  for (let o = 0; o < outChannels; o++) {
    for (let c = 0; c < inChannels; c++) {
      for (let t = 0; t < taps; t++) {
        const weight = kernel[base + (o * inChannels + c) * taps + t];
        for (let p = 0; p < outputs; p++) {
          const source = sources[t * outputs + p];
          if (source < 0) continue;
          const at = (o * outputs + p) * columns + c * inputs + source;
          const before = values[at];
          const sum = before + weight;
          const added = sum - before;
          error += Math.abs(before - (sum - added)) + Math.abs(weight - added);
          values[at] = sum;
        }
      }
    }
  }
  return { values, rows: outChannels * outputs, columns, error: error * (1 + 1e-6) };
}

/** Products of T and of its adjoint with vectors of all groups, (groups, channels, positions). */
export interface Products {
  readonly forward: (x: Float64Array) => Promise<Float64Array>;
  readonly adjoint: (y: Float64Array) => Promise<Float64Array>;
}

export function productsOf(engine: Engine, operator: PaddedOperator): Products {
  const { groups, outChannels, inChannels, taps, outputs, kernel } = operator;
  const width = inChannels * taps;
  const transposed = new Float64Array(kernel.length);
  for (let g = 0; g < groups; g++) {
    for (let o = 0; o < outChannels; o++) {
      for (let k = 0; k < width; k++) {
        transposed[(g * width + k) * outChannels + o] = kernel[(g * outChannels + o) * width + k];
      }
    }
  }
  return {
    forward: (x) => engine.batchMultiply(kernel, patches(operator, x), groups, outChannels, width, outputs),
    adjoint: async (y) => {
      const back = await engine.batchMultiply(transposed, y, groups, width, outChannels, outputs);
      return scattered(operator, back);
    },
  };
}

/**
 * Lower bounds of the norms of all groups: Rayleigh quotients of Lanczos vectors of `T^T T`.
 *
 * @param copies largest number of padded positions that hold the same input
 * @param start what the iteration begins with, (groups, channels, positions)
 */
export async function lowerBounds(
  engine: Engine,
  operator: PaddedOperator,
  copies: number,
  steps: number,
  start: Float64Array,
): Promise<number[]> {
  const { groups, inChannels, inputs } = operator;
  const products = productsOf(engine, operator);
  const normal = async (x: Float64Array) => products.adjoint(await products.forward(x));
  const size = inChannels * inputs;
  const pairs = await lanczos(normal, groups, size, { maxSteps: steps, tolerance: 1e-5, seed: 5, start });
  const v = new Float64Array(groups * size);
  pairs.forEach(({ vector }, g) => v.set(vector, g * size));
  return attainedNorms(operator, products, copies, v);
}

/**
 * `||T v|| / ||v||` of every group, less the rounding of `T v`, at most `gamma |T| |v|` with `||  |T|  || <= sum |K|` times the root
 * of the largest number of copies.
 */
export async function attainedNorms(
  { groups, outChannels, inChannels, taps, inputs, outputs, kernel }: PaddedOperator,
  { forward }: Products,
  copies: number,
  v: Float64Array,
): Promise<number[]> {
  const size = inChannels * inputs;
  const width = inChannels * taps;
  const y = await forward(v);
  return Array.from({ length: groups }, (_, g) => {
    let numerator = 0;
    let denominator = 0;
    let weights = 0;
    for (let i = g * outChannels * outputs; i < (g + 1) * outChannels * outputs; i++)
      numerator += y[i] * y[i];
    for (let i = g * size; i < (g + 1) * size; i++) denominator += v[i] * v[i];
    for (let i = g * outChannels * width; i < (g + 1) * outChannels * width; i++)
      weights += Math.abs(kernel[i]);
    if (denominator === 0) return 0;
    const quotient = Math.sqrt(numerator / denominator) * (1 - gamma(outChannels * outputs + size + 8));
    return Math.max(0, quotient - gamma(width + 4) * weights * Math.sqrt(copies) * (1 + 1e-9));
  });
}

/** (groups, inChannels * taps, outputs): what every output reads. */
function patches(
  { groups, inChannels, taps, inputs, outputs, sources }: PaddedOperator,
  x: Float64Array,
): Float64Array {
  const out = new Float64Array(groups * inChannels * taps * outputs);
  for (let c = 0, k = 0; c < groups * inChannels; c++) {
    const base = c * inputs;
    for (let s = 0; s < sources.length; s++, k++) {
      const source = sources[s];
      if (source >= 0) out[k] = x[base + source];
    }
  }
  return out;
}

/** The adjoint of `patches`. */
function scattered({ groups, inChannels, inputs, sources }: PaddedOperator, y: Float64Array): Float64Array {
  const out = new Float64Array(groups * inChannels * inputs);
  for (let c = 0, k = 0; c < groups * inChannels; c++) {
    const base = c * inputs;
    for (let s = 0; s < sources.length; s++, k++) {
      const source = sources[s];
      if (source >= 0) out[base + source] += y[k];
    }
  }
  return out;
}
