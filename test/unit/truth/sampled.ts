import { symbolOf } from './any-size';
import { type ConvolutionLayer, groupAlone, product } from './layer';

/**
 * Ends of an interval around the norm over all input sizes, from samples of the symbol on a grid: for layers too large for
 * the search of `anySizeNorm`. The norm is at least the largest sample; by the inequality of Bernstein and Szego some sample
 * within half a step of the supremum is at least `cos` of the phase that the highest wave turns by on the way, axis by axis.
 *
 * @param points of the grid, per axis; more than the symbol has waves
 */
export function sampledNorm(layer: ConvolutionLayer, points: number): { lower: number; upper: number } {
  const groups = Array.from({ length: layer.groups }, (_, group) =>
    sampled(symbolOf(groupAlone(layer, group)), points),
  );
  return {
    lower: Math.max(...groups.map(({ lower }) => lower)),
    upper: Math.max(...groups.map(({ upper }) => upper)),
  };
}

function sampled(symbol: ReturnType<typeof symbolOf>, points: number): { lower: number; upper: number } {
  const counts = symbol.degrees.map((degree) => (degree === 0 ? 1 : points));
  let lower = 0;
  for (let at = 0; at < product(counts); at++) {
    const index = decode(at, counts);
    const mirrored = index.map((value, axis) => (counts[axis] - value) % counts[axis]);
    // The symbol of a real kernel at -w is the conjugate of the one at w.
    if (mirrored.findIndex((value, axis) => value !== index[axis]) !== -1 && isBefore(mirrored, index)) continue;
    lower = Math.max(lower, symbol.norm(index.map((value, axis) => (value * symbol.periods[axis]) / counts[axis])));
  }
  const least = product(symbol.degrees.map((degree) => Math.cos((Math.PI * degree) / (2 * points))));
  return { lower, upper: lower / least };
}

function decode(flat: number, counts: readonly number[]): number[] {
  return counts.map((count, axis) => Math.floor(flat / product(counts.slice(axis + 1))) % count);
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const axis = a.findIndex((value, i) => value !== b[i]);
  return axis !== -1 && a[axis] < b[axis];
}
