/** What a given number of Gram iterations answers, from the definitions and with plain loops. */
import type { ConvolutionLayer } from './layer';
import { product } from './layer';

/**
 * `||G_t||_F^(2^-t)` of a matrix with these singular values, where `G_0 = A` and `G_{t+1} = G_t^T G_t`:
 * `(sum of sigma^p)^(1/p)` with `p = 2^(t+1)` (arXiv 2305.16173).
 */
export function schattenNorm(singularValues: readonly number[], iterations: number): number {
  const largest = Math.max(...singularValues);
  if (largest === 0) return 0;
  const p = 2 ** (iterations + 1);
  const sum = singularValues.reduce((total, value) => total + (value / largest) ** p, 0);
  return largest * sum ** (1 / p);
}

/** Matrices by shift. */
type Taps = ReadonlyMap<string, { readonly shift: readonly number[]; readonly matrix: readonly number[][] }>;

/**
 * `max_o (sum over o' and shifts of |K_t[o, o', shift]|)^(2^-t)` with `K_{t+1} = K_t * K_t^T`, the full correlation, K_t
 * having the larger number of channels on both sides (arXiv 2402.00240). For stride 1 and one group.
 */
export function correlationBound(layer: ConvolutionLayer, iterations: number): number {
  const [outputs, inputs, ...kernel] = layer.shape;
  if (layer.groups !== 1 || layer.strides.some((stride) => stride !== 1))
    throw new Error('one group, stride 1');
  let largest = 0;
  for (const value of layer.weight) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return 0;
  const taps = product(kernel);
  let current: Taps = new Map(
    Array.from({ length: taps }, (_, tap) => {
      const shift: number[] = [];
      for (
        let rest = tap, axis = kernel.length - 1;
        axis >= 0;
        rest = Math.floor(rest / kernel[axis]), axis--
      ) {
        shift.unshift(rest % kernel[axis]);
      }
      const matrix = Array.from({ length: Math.max(outputs, inputs) }, (_r, row) =>
        Array.from({ length: Math.min(outputs, inputs) }, (_c, column) => {
          const [o, i] = outputs >= inputs ? [row, column] : [column, row];
          return layer.weight[(o * inputs + i) * taps + tap] / largest;
        }),
      );
      return [shift.join(), { shift, matrix }] as const;
    }),
  );
  // bound = largest * (exp(logarithm) * row sum)^(2^-t)
  let logarithm = 0;
  for (let t = 0; t < iterations; t++) {
    const scale = largestRowSum(current);
    logarithm = 2 * (logarithm + Math.log(scale));
    current = correlate(current, scale);
  }
  return largest * Math.exp(2 ** -iterations * (logarithm + Math.log(largestRowSum(current))));
}

/** `sum over t of (K_{t+s} / scale) (K_t / scale)^T`, for every shift s. */
function correlate(taps: Taps, scale: number): Taps {
  const result = new Map<string, { shift: number[]; matrix: number[][] }>();
  for (const a of taps.values()) {
    for (const b of taps.values()) {
      const shift = a.shift.map((value, axis) => value - b.shift[axis]);
      const key = shift.join();
      const rows = a.matrix.length;
      const target = result.get(key) ?? {
        shift,
        matrix: Array.from({ length: rows }, () => new Array<number>(rows).fill(0)),
      };
      result.set(key, target);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < rows; j++) {
          let sum = 0;
          for (let k = 0; k < a.matrix[i].length; k++)
            sum += (a.matrix[i][k] / scale) * (b.matrix[j][k] / scale);
          target.matrix[i][j] += sum;
        }
      }
    }
  }
  return result;
}

function largestRowSum(taps: Taps): number {
  const sums: number[] = [];
  for (const { matrix } of taps.values()) {
    matrix.forEach((row, index) => {
      sums[index] = (sums[index] ?? 0) + row.reduce((total, value) => total + Math.abs(value), 0);
    });
  }
  return Math.max(...sums);
}
