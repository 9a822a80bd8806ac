import { type BulkArray, type Engine, UNIT_ROUNDOFF_OF } from '../../compute/engine';
import { type Enclosure, gamma, roundDown, roundUp, UNIT_ROUNDOFF } from '../rounding';
import type { Symbols } from './symbol';
import { powerOfTwoBelow } from '../values';

/** After so many squarings even a flat spectrum of order 4096 is enclosed to `4096^(2^-15)`, 2.5e-4. */
const MAX_SQUARINGS = 14;

/** `||M||_F^2` below which a matrix can no longer be scaled: it is zero beside weights of about one. */
export function vanishing(values: BulkArray): number {
  return values instanceof Float64Array ? 2 ** -900 : 2 ** -80;
}

/** Products of float32 numbers that are lost, times the weights' size of about one. */
const UNDERFLOW = 2 ** -120;

/** What is asked about a batch of norms. */
export interface Question {
  /** For each matrix: it is settled once its norm is known to be above or not above this. Null: the norms themselves. */
  readonly thresholds: readonly number[] | null;
  /** Or once its enclosure is of this relative width. */
  readonly tolerance: number;
}

/**
 * Enclosures of the largest singular values of a batch of complex matrices, by Gram iteration (Delattre et al. 2023,
 * algorithm 3) with two-sided bounds: for `H = F^H F` and `M = H^(2^t)`, with `s_1 = tr M`, `s_2 = ||M||_F^2` and order r,
 *
 *     s_2 / s_1  <=  lambda_1(M)  <=  (s_1 + sqrt((r - 1)(r s_2 - s_1^2))) / r      (Wolkowicz and Styan 1980),
 *
 * with the rounding of every product carried along. A matrix leaves the batch as soon as the question is answered for it.
 *
 * @param error bound on the Frobenius norm of the error of each given symbol
 */
export async function symbolNorms(
  engine: Engine,
  symbols: Symbols,
  rows: number,
  columns: number,
  error: number,
  { thresholds, tolerance }: Question,
): Promise<Enclosure[]> {
  const entries = rows * columns;
  const count = symbols.real.length / entries;
  const norms: Enclosure[] = Array.from({ length: count }, () => ({ lower: 0, upper: Infinity }));
  const widened = (lambda: Enclosure): Enclosure => ({
    lower: Math.max(0, roundDown(Math.sqrt(Math.max(0, lambda.lower))) - error),
    upper: roundUp(Math.sqrt(lambda.upper)) + error,
  });

  if (columns === 1) {
    for (let i = 0; i < count; i++) {
      const square =
        squares(symbols.real, i * entries, entries) + squares(symbols.imaginary, i * entries, entries);
      norms[i] = widened({
        lower: square * (1 - gamma(2 * rows + 2)),
        upper: square * (1 + gamma(2 * rows + 2)),
      });
    }
    return norms;
  }

  const u = UNIT_ROUNDOFF_OF[symbols.real instanceof Float64Array ? 'float64' : 'float32'];
  const underflow = symbols.real instanceof Float64Array ? 0 : entries * UNDERFLOW;
  const order = columns;
  const size = order * order;
  // ||F||_F^2 bounds the error of the Gram product: its entries are sums of 2 rows products.
  const gramErrors = Array.from({ length: count }, (_, i) => {
    const square =
      squares(symbols.real, i * entries, entries) + squares(symbols.imaginary, i * entries, entries);
    return 2 * gamma(2 * rows + 4, u) * square * (1 + gamma(2 * entries + 2)) + (square > 0 ? underflow : 0);
  });
  let { real, imaginary } = await engine.hermitianGram(symbols.real, symbols.imaginary, count, rows, columns);
  let active = Array.from({ length: count }, (_, i) => i);
  // What undoes squaring t for each matrix: lambda_1(M_t)^2 is within `error` of `scale` lambda_1(M_{t+1}).
  const undo: { scale: number; error: number }[][] = active.map(() => []);

  for (let t = 0; ; t++) {
    const keep: number[] = [];
    const scales: number[] = [];
    active.forEach((index, place) => {
      const moments = momentsOf(real, imaginary, place * size, order);
      const last = undo[index].at(-1);
      const stepError = last === undefined ? gramErrors[index] : last.error / last.scale;
      const lambda = unwind(lambdaOf(moments, order, stepError), undo[index], gramErrors[index]);
      const norm = widened(lambda);
      norms[index] = {
        lower: Math.max(norms[index].lower, norm.lower),
        upper: Math.min(norms[index].upper, norm.upper),
      };
      const { lower, upper } = norms[index];
      const settled =
        (thresholds !== null && (upper <= thresholds[index] || lower > thresholds[index])) ||
        upper <= lower * (1 + tolerance);
      if (moments.squares < vanishing(real) || t === MAX_SQUARINGS || settled) return;
      const scale = powerOfTwoBelow(moments.squares);
      // Two real products give the square of a Hermitian matrix; their rounding is at most 4 gamma_{r+4} ||M||_F^2.
      undo[index].push({ scale, error: 4 * gamma(order + 4, u) * moments.squares * (1 + 1e-6) });
      keep.push(place);
      scales.push(1 / scale);
    });
    if (keep.length === 0) break;
    if (keep.length < active.length) {
      real = gather(real, keep, size);
      imaginary = gather(imaginary, keep, size);
      active = keep.map((place) => active[place]);
    }
    ({ real, imaginary } = await engine.hermitianSquare(real, imaginary, scales, order));
  }
  return norms.map(({ lower, upper }) => ({ lower: Math.min(lower, upper), upper }));
}

interface Moments {
  readonly trace: number;
  readonly squares: number;
}

function momentsOf(real: BulkArray, imaginary: BulkArray, from: number, order: number): Moments {
  let trace = 0;
  for (let i = 0; i < order; i++) trace += real[from + i * (order + 1)];
  return { trace, squares: squares(real, from, order * order) + squares(imaginary, from, order * order) };
}

/**
 * Enclosure of the largest eigenvalue from the moments of a Hermitian matrix that is positive semidefinite but for an
 * error of Frobenius norm `error`: its negative eigenvalues sum to at most `sqrt(order)` times that (Hoffman-Wielandt).
 */
function lambdaOf({ trace, squares }: Moments, order: number, error: number): Enclosure {
  if (!(squares > 0) || !(trace > 0))
    return { lower: 0, upper: Math.sqrt(squares) * (1 + gamma(order * order)) };
  const rounding = gamma(2 * order * order + 8);
  const s1 = trace * (1 + gamma(order));
  const s2 = squares * (1 + rounding);
  const radicand = order * s2 - trace * trace * (1 - 2 * gamma(order));
  const upper = (s1 + Math.sqrt((order - 1) * Math.max(0, radicand))) / order;
  return {
    lower: (squares * (1 - rounding)) / (s1 + 2 * Math.sqrt(order) * error) / (1 + 16 * UNIT_ROUNDOFF),
    upper: Math.min(upper, Math.sqrt(s2)) * (1 + 16 * UNIT_ROUNDOFF),
  };
}

/** From an enclosure of `lambda_1(M_t)` back to `lambda_1(F^H F)`. */
function unwind(
  lambda: Enclosure,
  undo: readonly { scale: number; error: number }[],
  gramError: number,
): Enclosure {
  let { lower, upper } = lambda;
  for (let t = undo.length - 1; t >= 0; t--) {
    const { scale, error } = undo[t];
    upper = roundUp(Math.sqrt(scale * upper + error));
    lower = roundDown(Math.sqrt(Math.max(0, scale * lower - error)));
  }
  return { lower: Math.max(0, lower - gramError), upper: upper + gramError };
}

function squares(x: BulkArray, from: number, length: number): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += x[i] * x[i];
  return sum;
}

function gather(x: BulkArray, places: readonly number[], size: number): BulkArray {
  const out =
    x instanceof Float64Array
      ? new Float64Array(places.length * size)
      : new Float32Array(places.length * size);
  places.forEach((place, i) => out.set(x.subarray(place * size, (place + 1) * size), i * size));
  return out;
}
