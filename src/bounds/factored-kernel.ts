import type { Engine } from '../compute/engine';
import { householder } from './matrices/low-rank';
import { frobeniusOf } from './matrices/matrix';
import { gamma, roundUp } from './rounding';
import { exponentScale, scaled, type Values } from './values';

/** A kernel `up core down`: up (rows, p), core (p, q, taps), down (q, columns); without down q = columns, the identity. */
export interface FactoredKernel {
  readonly up: Values;
  readonly core: Values;
  readonly down: Values | null;
  readonly rows: number;
  readonly p: number;
  readonly q: number;
  readonly columns: number;
  readonly taps: number;
}

export interface ReducedKernel {
  /** (outChannels, inChannels, taps), all of it to be multiplied by each of `scales`. */
  readonly values: Float64Array;
  readonly outChannels: number;
  readonly inChannels: number;
  readonly scales: readonly number[];
  /** What `values` may be off by, in the Frobenius norm. */
  readonly error: number;
}

/**
 * A kernel of `min(rows, p)` and `min(columns, q)` channels with the norms of a factored one, as a convolution on any input with
 * any padding and as a matrix: with the QR factorisations `up = Q R` and `down^T = P S` it is `R core S^T`, as Q and P act on
 * channels alone, and their columns are orthonormal.
 *
 * @throws NotFiniteError
 */
export async function reduceKernel(engine: Engine, kernel: FactoredKernel): Promise<ReducedKernel> {
  const { rows, p, q, columns, taps } = kernel;
  const upScale = exponentScale(kernel.up);
  const coreScale = exponentScale(kernel.core);
  const up = scaled(kernel.up, upScale);
  const core = scaled(kernel.core, coreScale);
  const outChannels = Math.min(rows, p);
  const left = rows > p ? householder(up, rows, p) : up;
  const half = await engine.multiply(left, core, outChannels, p, q * taps);
  const size = frobeniusOf(up, 1) * frobeniusOf(core, 1);
  // The errors of the QR factorisation (docs/mathematics.md, Low rank) and of each product, relative to the factors.
  const relative = gamma(32 * rows * p) + gamma(p + 2);
  if (kernel.down === null) {
    const error = roundUp(size * relative * 1.01);
    return { values: half, outChannels, inChannels: q, scales: [upScale, coreScale], error };
  }
  const downScale = exponentScale(kernel.down);
  const down = scaled(kernel.down, downScale);
  const inChannels = Math.min(columns, q);
  const right = columns > q ? transpose(householder(transpose(down, q, columns), columns, q), q, q) : down;
  const byTap = await engine.multiply(
    swapLast(half, outChannels, q, taps),
    right,
    outChannels * taps,
    q,
    inChannels,
  );
  return {
    values: swapLast(byTap, outChannels, taps, inChannels),
    outChannels,
    inChannels,
    scales: [upScale, coreScale, downScale],
    error: roundUp(size * frobeniusOf(down, 1) * (relative + gamma(32 * columns * q) + gamma(q + 2)) * 1.01),
  };
}

/** (outer, a, b) as (outer, b, a). */
function swapLast(values: Float64Array, outer: number, a: number, b: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let o = 0; o < outer; o++) {
    const from = o * a * b;
    for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) out[from + j * a + i] = values[from + i * b + j];
  }
  return out;
}

function transpose(values: Float64Array, rows: number, columns: number): Float64Array {
  return swapLast(values, 1, rows, columns);
}
