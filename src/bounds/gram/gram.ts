/**
 * Method `gram`: the Gram iterations of Delattre et al. 2023 (arXiv 2305.16173) and 2024 (arXiv 2402.00240) with a given number of
 * iterations. Upper bounds in exact arithmetic, computed in float64; every iterate is divided by its norm, whose
 * logarithm is carried along, so nothing overflows.
 */
import { t } from '@vscode/l10n';
import { type BulkArray, type Engine, UNIT_ROUNDOFF_OF } from '../../compute/engine';
import { halfGrid } from '../symbols/grid';
import { vanishing } from '../symbols/hermitian';
import { extentsOf, type PolyphaseKernel, product, transposed, unravel } from '../kernel';
import { gramMatrix } from '../matrices/gram-matrix';
import { frobeniusOf, type Matrix } from '../matrices/matrix';
import { symbolsAt } from '../symbols/symbol';
import { type Enclosure, gamma, ZERO } from '../rounding';
import { addProduct, toDense, zeros } from '../matrices/symmetric';
import { exponentScale, powerOfTwoBelow, scaled, sumOfSquares } from '../values';

/** Float64 values that the frequencies of one kernel may take up. */
const MAX_VALUES = 2 ** 27;

/** More iterations were asked for than fit into memory: the kernel's side doubles with each. */
export class TooManyIterationsError extends Error {
  constructor(iterations: number) {
    super(
      t`${iterations} Gram iterations of this kernel do not fit into memory; ask for fewer, or use method auto`,
    );
    this.name = 'TooManyIterationsError';
  }
}

/**
 * `||G_t||_F^(2^-t)` with `G_0 = A`, `G_{t+1} = G_t^T G_t` (2023, algorithm 1): at least `sigma_1(A)`, and at most
 * `rank(A)^(2^-(t+1))` times it.
 * @param iterations t >= 1
 */
export async function gramMatrixBound(engine: Engine, matrix: Matrix, iterations: number): Promise<number> {
  const { rows, columns, offset = 0 } = matrix;
  const values = matrix.values.subarray(offset, offset + rows * columns);
  const scale = exponentScale(values);
  if (frobeniusOf(values, scale) === 0) return 0;
  const { matrix: gram } = await gramMatrix(engine, values, rows, columns, scale);
  const { order } = gram;
  const iterate = toDense(gram, new Float64Array(order ** 2));
  // sigma_1(A / scale) = exp(logarithm * 2^-t) * sigma_1(iterate)^(2^-t)
  let logarithm = 0;
  for (let t = 1; t < iterations; t++) {
    const norm = powerOfTwoBelow(Math.sqrt(sumOfSquares(iterate)));
    logarithm = 2 * (logarithm + Math.log(norm));
    const factor = engine.toBulk(scaled(iterate, norm));
    const square = zeros(order);
    await addProduct(engine, square, factor, factor, order);
    toDense(square, iterate);
  }
  const bound = Math.exp(2 ** -iterations * (logarithm + Math.log(sumOfSquares(iterate)) / 2));
  return outward({ lower: 0, upper: scale * bound }, engine, rows + columns).upper;
}

/**
 * The largest bound over the frequencies of a torus with `counts` positions an axis (2023, algorithm 3): circular padding.
 * Taps beyond the torus wrap. The lower bound is that of `symbolNorms`, from the same iterates.
 */
export async function gramCircularBound(
  engine: Engine,
  kernel: PolyphaseKernel,
  counts: readonly number[],
  iterations: number,
): Promise<Enclosure> {
  const frequencies = halfGrid(counts);
  const order = kernel.columns;
  const chunk = Math.max(1, Math.floor(2 ** 21 / (kernel.rows * order)));
  let best: Enclosure = ZERO;
  for (let begin = 0; begin < frequencies.length; begin += chunk) {
    const some = frequencies.slice(begin, begin + chunk);
    const { real, imaginary, logarithms } = await iterateSymbols(engine, kernel, some, iterations);
    some.forEach((_, i) => {
      const from = i * order ** 2;
      const squares =
        sumOfSquares(real, from, from + order ** 2) + sumOfSquares(imaginary, from, from + order ** 2);
      if (squares === 0) return;
      let trace = 0;
      for (let k = 0; k < order; k++) trace += real[from + k * (order + 1)];
      const root = (lambda: number) => Math.exp(2 ** -iterations * (logarithms[i] + Math.log(lambda)));
      best = {
        lower: Math.max(best.lower, root(squares / trace)),
        upper: Math.max(best.upper, root(Math.sqrt(squares))),
      };
    });
  }
  return outward(best, engine, kernel.rows + kernel.columns);
}

/**
 * `max_o (sum_{o', shift} |K_t[o, o', shift]|)^(2^-t)` with `K_{t+1} = K_t * K_t^T` (2024, theorem on zero padding): valid for
 * every input size. The kernels are correlated at their frequencies, on a torus large enough that nothing wraps.
 *
 * As in the reference, K_t has the larger number of channels on both sides.
 */
export async function gramKernelBound(
  engine: Engine,
  kernel: PolyphaseKernel,
  iterations: number,
): Promise<number> {
  // More columns than rows: its Gram matrices are those of the larger side.
  const large = transposed(kernel);
  const { columns } = large;
  const extents = extentsOf(kernel.positions);
  const counts = extents.map((extent) => extent * 2 ** iterations + 1);
  const frequencies = halfGrid(counts);
  const size = columns ** 2;
  if (2 * frequencies.length * size > MAX_VALUES) throw new TooManyIterationsError(iterations);

  // One common logarithm: the frequencies are added up in the end.
  const real = new Float64Array(frequencies.length * size);
  const imaginary = new Float64Array(frequencies.length * size);
  const logarithms = new Float64Array(frequencies.length);
  const chunk = Math.max(1, Math.floor(2 ** 21 / (large.rows * columns)));
  for (let begin = 0; begin < frequencies.length; begin += chunk) {
    const some = frequencies.slice(begin, begin + chunk);
    const found = await iterateSymbols(engine, large, some, iterations);
    real.set(found.real, begin * size);
    imaginary.set(found.imaginary, begin * size);
    logarithms.set(found.logarithms, begin);
  }
  const logarithm = logarithms.reduce((a, b) => Math.max(a, b), -Infinity);
  if (logarithm === -Infinity) return 0;
  frequencies.forEach((_, f) => {
    const factor = Math.exp(logarithms[f] - logarithm);
    for (let e = f * size; e < (f + 1) * size; e++) {
      real[e] *= factor;
      imaginary[e] *= factor;
    }
  });
  const sums = await absoluteRowSums(engine, real, imaginary, columns, counts);
  const largest = sums.reduce((a, b) => Math.max(a, b), 0);
  return largest === 0
    ? 0
    : outward(
        { lower: 0, upper: Math.exp(2 ** -iterations * (logarithm + Math.log(largest))) },
        engine,
        kernel.rows + kernel.columns,
      ).upper;
}

/** A margin for rounding: of sums as long as the first product's, in the precision in which the iterates are computed. */
function outward({ lower, upper }: Enclosure, engine: Engine, length: number): Enclosure {
  const margin = Math.max(1e-12, gamma(length + 16, UNIT_ROUNDOFF_OF[engine.precision]));
  return { lower: lower * (1 - margin), upper: upper * (1 + margin) };
}

/** `(F^H F)^(2^(iterations - 1))` of a batch of symbols, each divided by the exponential of its logarithm. */
interface Iterates {
  readonly real: BulkArray;
  readonly imaginary: BulkArray;
  /** -Infinity for a zero symbol. */
  readonly logarithms: Float64Array;
}

async function iterateSymbols(
  engine: Engine,
  kernel: PolyphaseKernel,
  frequencies: readonly (readonly number[])[],
  iterations: number,
): Promise<Iterates> {
  const { rows, columns } = kernel;
  const size = columns ** 2;
  const count = frequencies.length;
  const symbols = await symbolsAt(engine, kernel, engine.toBulk(kernel.values), frequencies);
  let iterates = await engine.hermitianGram(symbols.real, symbols.imaginary, count, rows, columns);
  const logarithms = new Float64Array(count);
  for (let t = 1; t < iterations; t++) {
    const scales = Array.from({ length: count }, (_, i) => {
      const squares =
        sumOfSquares(iterates.real, i * size, (i + 1) * size) +
        sumOfSquares(iterates.imaginary, i * size, (i + 1) * size);
      if (squares < vanishing(iterates.real)) {
        logarithms[i] = -Infinity;
        return 1;
      }
      const scale = powerOfTwoBelow(squares);
      logarithms[i] = 2 * logarithms[i] + Math.log(scale);
      return 1 / scale;
    });
    iterates = await engine.hermitianSquare(iterates.real, iterates.imaginary, scales, columns);
  }
  return { ...iterates, logarithms };
}

/**
 * For every row o the sum over columns and shifts of the moduli of the kernel whose symbols are given on half of the grid:
 * an inverse DFT as one product with a table of cosines and sines, some rows at a time.
 */
async function absoluteRowSums(
  engine: Engine,
  real: Float64Array,
  imaginary: Float64Array,
  order: number,
  counts: readonly number[],
): Promise<number[]> {
  const frequencies = halfGrid(counts);
  const shifts = product(counts);
  const half = frequencies.length;
  const sums = new Array<number>(order).fill(0);
  const shiftChunk = Math.max(1, Math.floor(2 ** 22 / (2 * half)));
  for (let begin = 0; begin < shifts; begin += shiftChunk) {
    const end = Math.min(shifts, begin + shiftChunk);
    const table = new Float64Array((end - begin) * 2 * half);
    for (let s = begin; s < end; s++) {
      const shift = unravel(s, counts);
      frequencies.forEach((w, f) => {
        const angle = shift.reduce((sum, x, axis) => sum + x * w[axis], 0);
        // The counts are odd: every frequency but zero stands for its mirror image too.
        const weight = (f === 0 ? 1 : 2) / shifts;
        table[(s - begin) * 2 * half + f] = weight * Math.cos(angle);
        table[(s - begin) * 2 * half + half + f] = -weight * Math.sin(angle);
      });
    }
    for (let o = 0; o < order; o++) {
      const columns = new Float64Array(2 * half * order);
      for (let f = 0; f < half; f++) {
        columns.set(real.subarray((f * order + o) * order, (f * order + o + 1) * order), f * order);
        columns.set(
          imaginary.subarray((f * order + o) * order, (f * order + o + 1) * order),
          (half + f) * order,
        );
      }
      const taps = await engine.multiply(table, columns, end - begin, 2 * half, order);
      for (const tap of taps) sums[o] += Math.abs(tap);
    }
  }
  return sums;
}
