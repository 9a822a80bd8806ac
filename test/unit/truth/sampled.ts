import { type Symbol, symbolOf } from './any-size';
import { type ConvolutionLayer, groupAlone, product } from './layer';

/**
 * An interval around the norm over all input sizes, from samples of the symbol on a grid: for layers too large for the search
 * of `anySizeNorm`. The norm is at least the largest sample. By the inequality of Bernstein and Szego, the sample nearest to
 * the supremum is at least the cosine of what the highest wave turns on the way there, axis by axis.
 *
 * @param width relative, of the interval
 */
export function sampledNorm(layer: ConvolutionLayer, width: number): { lower: number; upper: number } {
  const groups = Array.from({ length: layer.groups }, (_, group) =>
    sampled(symbolOf(groupAlone(layer, group)), width),
  );
  return {
    lower: Math.max(...groups.map(({ lower }) => lower)),
    upper: Math.max(...groups.map(({ upper }) => upper)),
  };
}

function sampled(symbol: Symbol, width: number): { lower: number; upper: number } {
  const { degrees, periods } = symbol;
  const axes = degrees.length;
  // Half a step turns a wave of degree d, centred, by pi d / (2 count).
  const turn = Math.acos((1 + width) ** (-1 / axes));
  const counts = degrees.map((degree) => Math.max(1, Math.ceil((Math.PI * degree) / (2 * turn))));
  const total = product(counts);
  let lower = 0;
  for (let at = 0; at < total; at++) {
    const index = decode(at, counts);
    // The symbol of a real kernel at -w is the conjugate of the one at w.
    const opposite = index.map((value, axis) => (counts[axis] - value) % counts[axis]);
    if (encode(opposite, counts) < at) continue;
    lower = Math.max(lower, symbol.norm(index.map((value, axis) => (value * periods[axis]) / counts[axis])));
  }
  const least = product(degrees.map((degree, axis) => Math.cos((Math.PI * degree) / (2 * counts[axis]))));
  return { lower, upper: lower / least };
}

function decode(flat: number, counts: readonly number[]): number[] {
  return counts.map((count, axis) => Math.floor(flat / product(counts.slice(axis + 1))) % count);
}

function encode(index: readonly number[], counts: readonly number[]): number {
  return index.reduce((flat, value, axis) => flat * counts[axis] + value, 0);
}
