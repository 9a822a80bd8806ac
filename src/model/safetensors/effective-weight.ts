/** What reparametrised weights are, computed from their parameters when they are read. Each null where shapes do not fit. */
import { t } from '@vscode/l10n';
import type { Values } from '../elements';
import { InvalidTensorError } from '../errors';
import type { Tensor } from '../model';
import { derived, elementCount } from '../tensor';
import { quote } from '../quote';
import type { StoredTensor } from './stored-tensor';

/**
 * `g v / ||v||` (Salimans and Kingma, arXiv:1602.07868), with one norm for each index of the axis along which `g`
 * extends: `g` has the shape of `v` with the other axes 1. A `g` of one element belongs to one norm for all of `v`.
 */
export function weightNormalized(g: StoredTensor, v: StoredTensor): Tensor | null {
  const axis = g.shape.findIndex((dimension) => dimension !== 1);
  const fits =
    g.count === 1 ||
    (g.shape.length === v.shape.length && g.count === g.shape[axis] && g.count === v.shape[axis]);
  if (!fits) return null;
  const inner = g.count === 1 ? v.count : elementCount(v.shape.slice(axis + 1));
  return derived(v, v.shape, `weightNorm(${g.count}; ${inner}; ${g.key})`, async (values) => {
    const gains = await g.read();
    const norms = normsOfSlices(values, g.count, inner);
    const useless = norms.findIndex((norm) => !(norm > 0 && norm < Infinity));
    if (useless >= 0) {
      throw new InvalidTensorError(
        v.path,
        t`tensor ${quote(v.name)} has norm ${norms[useless]} at index ${useless}, by which weight normalisation divides`,
      );
    }
    const results = new Float64Array(values.length);
    for (let i = 0; i < results.length; i++) {
      const slice = Math.floor(i / inner) % g.count;
      results[i] = (values[i] / norms[slice]) * gains[slice];
    }
    return results;
  });
}

/**
 * Euclidean norms of the slices of an array seen as (.., slices, inner). Compensated summation keeps the rounding
 * independent of the number of elements; scaling keeps squares from overflow.
 */
export function normsOfSlices(values: Values, slices: number, inner: number): Float64Array {
  const largest = new Float64Array(slices);
  const sum = new Float64Array(slices);
  const lost = new Float64Array(slices);
  for (let i = 0; i < values.length; i++) {
    const slice = Math.floor(i / inner) % slices;
    largest[slice] = Math.max(largest[slice], Math.abs(values[i]));
  }
  for (let i = 0; i < values.length; i++) {
    const slice = Math.floor(i / inner) % slices;
    if (largest[slice] === 0) continue;
    const square = (values[i] / largest[slice]) ** 2 - lost[slice];
    const next = sum[slice] + square;
    lost[slice] = next - sum[slice] - square;
    sum[slice] = next;
  }
  return sum.map((total, slice) => Math.sqrt(total) * largest[slice]);
}

/**
 * `W / (u^T W v)` (Miyato et al., arXiv:1802.05957), as PyTorch evaluates it: the stored `u` and `v` are used as they
 * are. W is unfolded along the axis that `u` belongs to: the first, or the second for transposed convolutions.
 */
export function spectralNormalized(original: StoredTensor, u: StoredTensor, v: StoredTensor): Tensor | null {
  const { shape, count } = original;
  // A matrix is unfolded along its first axis; only kernels may be transposed.
  const axes = (shape.length > 2 ? [0, 1] : [0]).filter(
    (axis) => shape[axis] === u.count && count === u.count * v.count,
  );
  if (shape.length < 2 || axes.length === 0) return null;
  return derived(original, shape, `spectralNorm(${shape.join(',')}; ${u.key}; ${v.key})`, async (values) => {
    const left = await u.read();
    const right = await v.read();
    const candidates = axes.map((axis) => spectralEstimate(values, shape, axis, left, right));
    const sigma = agreedSigma(candidates);
    if (sigma === null || sigma === 0 || !Number.isFinite(sigma)) {
      throw new InvalidTensorError(
        original.path,
        t`tensor ${quote(original.name)} cannot be spectrally normalised: its vectors do not give a norm to divide by`,
      );
    }
    const results = new Float64Array(values.length);
    for (let i = 0; i < results.length; i++) results[i] = values[i] / sigma;
    return results;
  });
}

interface SpectralEstimate {
  readonly sigma: number;
  /** Cosine of the angle between u and W v: 1 where u and v come from this unfolding. */
  readonly alignment: number;
}

function spectralEstimate(
  values: Values,
  shape: readonly number[],
  axis: number,
  u: Values,
  v: Values,
): SpectralEstimate {
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const image = new Float64Array(shape[axis]);
  for (let row = 0; row < shape[axis]; row++) {
    let sum = 0;
    for (let o = 0; o < outer; o++) {
      const base = (o * shape[axis] + row) * inner;
      for (let i = 0; i < inner; i++) sum += values[base + i] * v[o * inner + i];
    }
    image[row] = sum;
  }
  const sigma = image.reduce((sum, value, row) => sum + u[row] * value, 0);
  return { sigma, alignment: sigma / Math.sqrt(sumOfSquares(u) * sumOfSquares(image)) };
}

/** Where both unfoldings fit the shapes, the one from which the vectors evidently come; null where that is open. */
function agreedSigma(candidates: readonly SpectralEstimate[]): number | null {
  if (candidates.length === 1) return candidates[0].sigma;
  const [first, second] = [...candidates].sort((a, b) => b.alignment - a.alignment);
  return first.alignment > 0.9 && second.alignment < 0.8 ? first.sigma : null;
}

function sumOfSquares(values: Values): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** A pruned weight: `original` times a mask of zeros and ones. */
export function masked(original: StoredTensor, mask: StoredTensor): Tensor | null {
  const { shape } = original;
  if (mask.shape.length !== shape.length || !mask.shape.every((dimension, axis) => dimension === shape[axis]))
    return null;
  return derived(original, shape, `masked(${mask.key})`, async (values) => {
    const factors = await mask.read();
    const results = new Float64Array(values.length);
    for (let i = 0; i < results.length; i++) results[i] = values[i] * factors[i];
    return results;
  });
}
