import { type Engine, precisionOf } from '../../compute/engine';
import { bidiagonalSpectrum } from './bidiagonal';
import { randomDirection } from '../matrices/probable';
import type { Spectrum } from './spectrum';
import type { Values } from '../values';
import { dot, normalize, subtract } from '../vectors';

/** Random directions, and products with the matrix and its transpose for each. */
export const PROBES = 8;
export const STEPS = 64;

/**
 * The distribution of the singular values of a matrix by stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017, Fast
 * estimation of tr(f(A)) via stochastic Lanczos quadrature, SIAM J. Matrix Anal. Appl. 38): an estimate.
 *
 * Golub-Kahan bidiagonalisation from a random direction v gives nodes (the singular values of the bidiagonal matrix) and weights
 * (the squared first components of its right singular vectors): the Gauss quadrature of the distribution that v sees, whose
 * mean over v is that of all singular values. The largest node is never above the largest singular value but for rounding.
 *
 * @param values (rows, columns), row-major, the largest of them about one; products are as precise as they are
 */
export async function estimateSpectrum(
  engine: Engine,
  values: Values,
  rows: number,
  columns: number,
): Promise<Spectrum> {
  const size = Math.min(rows, columns);
  const probes = Array.from({ length: PROBES }, (_, probe) => new Probe(size, probe + 1));
  const forward = products(engine, values, rows, columns, rows >= columns);
  const backward = products(engine, values, rows, columns, rows < columns);
  for (let step = 0; step < Math.min(STEPS, size); step++) {
    const active = probes.filter(({ isFinished }) => !isFinished);
    if (active.length === 0) break;
    const images = await forward(active.map((probe) => probe.right));
    active.forEach((probe, i) => probe.takeImage(images[i]));
    const nexts = await backward(active.map((probe) => probe.left));
    active.forEach((probe, i) => probe.takeNext(nexts[i]));
  }
  const atoms = probes
    .flatMap((probe) => {
      const { values, weights } = bidiagonalSpectrum(probe.diagonal, probe.superdiagonal);
      return [...values].map((value, i) => ({ value, weight: (weights[i] * size) / PROBES }));
    })
    .sort((a, b) => b.value - a.value);
  return {
    values: Float64Array.from(atoms, ({ value }) => value),
    weights: Float64Array.from(atoms, ({ weight }) => weight),
    isExact: false,
  };
}

/** Beside the largest entry of the bidiagonal matrix, what rounding leaves of an invariant subspace. */
const NEGLIGIBLE = 1e-13;

/** A Golub-Kahan bidiagonalisation: `A V = U B`, one step in two halves. */
class Probe {
  right: Float64Array;
  left: Float64Array = new Float64Array(0);
  isFinished = false;
  readonly diagonal: number[] = [];
  private readonly besides: number[] = [];
  private readonly basis: Float64Array[] = [];
  private largest = 0;

  constructor(size: number, seed: number) {
    this.right = randomDirection(size, `spectrum ${seed}`);
  }

  get superdiagonal(): readonly number[] {
    return this.besides.slice(0, this.diagonal.length - 1);
  }

  /** @param image `A v` */
  takeImage(image: Float64Array): void {
    this.basis.push(this.right);
    const beside = this.besides.at(-1);
    if (beside !== undefined) subtract(image, this.left, beside);
    const length = normalize(image);
    this.diagonal.push(length);
    this.left = image;
    this.end(length);
  }

  /** @param next `A^T u` */
  takeNext(next: Float64Array): void {
    if (this.isFinished) return;
    // Twice is enough, and so is one of the two bases (Parlett 1998, section 6.9; Simon and Zha 2000).
    for (let pass = 0; pass < 2; pass++) for (const v of this.basis) subtract(next, v, dot(v, next));
    const length = normalize(next);
    this.besides.push(length);
    this.right = next;
    this.end(length);
  }

  private end(length: number): void {
    this.largest = Math.max(this.largest, length);
    this.isFinished ||= !(length > NEGLIGIBLE * this.largest);
  }
}

/** Products of vectors with A, or where `transposed` with `A^T`, from the right: all of them at once. */
function products(
  engine: Engine,
  values: Values,
  rows: number,
  columns: number,
  transposed: boolean,
): (vectors: readonly Float64Array[]) => Promise<Float64Array[]> {
  const [from, to] = transposed ? [columns, rows] : [rows, columns];
  return async (vectors) => {
    const many = vectors.length;
    const stack = new Float64Array(many * from);
    vectors.forEach((vector, i) => stack.set(vector, i * from));
    const operand = engine.toBulk(stack, precisionOf(values));
    const answer = transposed
      ? await engine.multiplyTransposed(operand, values, many, from, to)
      : await engine.hostMultiply(operand, values, many, from, to);
    return vectors.map((_, i) => Float64Array.from(answer.subarray(i * to, (i + 1) * to)));
  };
}
