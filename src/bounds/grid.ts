import { type Engine, UNIT_ROUNDOFF_OF } from '../compute/engine';
import { symbolNorms } from './hermitian';
import { type PolyphaseKernel, product, unravel } from './kernel';
import { type Enclosure, ZERO } from './rounding';
import { type Frequency, symbolError, symbolsAt } from './symbol';

const CHUNK_ELEMENTS = 2 ** 21;
/** Few at first: their largest norm lets most of the others be dismissed early. */
const FIRST_CHUNK = 8;

/** Number of frequencies that `boundOnGrid` looks at. */
export function gridCount(counts: readonly number[]): number {
  return Math.ceil((product(counts) + 1) / 2);
}

/**
 * Enclosure of the largest `sigma_1(F(w))` over the grid `w_j = 2 pi k_j / counts_j`: the norm of the circulant operator on
 * a torus of that size, which block-diagonalises in the DFT (Delattre et al. 2023, section 3). Taps beyond the torus wrap.
 */
export async function boundOnGrid(
  engine: Engine,
  kernel: PolyphaseKernel,
  counts: readonly number[],
  tolerance: number,
): Promise<Enclosure> {
  const { rows, columns } = kernel;
  const frequencies = halfGrid(counts);
  const error = symbolError(kernel, UNIT_ROUNDOFF_OF[engine.precision]);
  const taps = engine.toBulk(kernel.values);
  const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / (rows * columns)));
  let best: Enclosure = ZERO;
  for (let begin = 0; begin < frequencies.length;) {
    const end = Math.min(frequencies.length, begin + (begin === 0 ? Math.min(chunk, FIRST_CHUNK) : chunk));
    const some = frequencies.slice(begin, end);
    const norms = async (asked: readonly Frequency[], thresholds: number[] | null) =>
      symbolNorms(engine, await symbolsAt(engine, kernel, taps, asked), rows, columns, error, {
        thresholds,
        tolerance: tolerance / 4,
      });
    const threshold = best.lower * (1 + tolerance / 2);
    const compared =
      begin === 0
        ? null
        : await norms(
            some,
            some.map(() => threshold),
          );
    const open = some.filter((_, i) => compared === null || compared[i].upper > threshold);
    const found = open.length > 0 ? await norms(open, null) : [];
    for (const norm of [...(compared ?? []).filter(({ upper }) => upper <= threshold), ...found]) {
      best = { lower: Math.max(best.lower, norm.lower), upper: Math.max(best.upper, norm.upper) };
    }
    begin = end;
  }
  return best;
}

/** One of each pair `w`, `-w` of the grid, whose symbols are conjugate. */
export function halfGrid(counts: readonly number[]): Frequency[] {
  const frequencies: Frequency[] = [];
  for (let index = 0; index < product(counts); index++) {
    const k = unravel(index, counts);
    const mirrored = k.map((x, axis) => (counts[axis] - x) % counts[axis]);
    const mirror = mirrored.reduce((sum, x, axis) => sum * counts[axis] + x, 0);
    if (index <= mirror) frequencies.push(k.map((x, axis) => (2 * Math.PI * x) / counts[axis]));
  }
  return frequencies;
}
