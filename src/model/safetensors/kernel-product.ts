import type { Tensor } from '../model';
import { derived } from '../tensor';

/** Elements of the largest product that is multiplied out: twice those of the largest kernels in use. */
export const largestProduct = 2 ** 26;

/**
 * The kernel of a convolution `down` (r, ci, k_1 .. k_d) followed by a matrix `up` (co, r) on its channels:
 * (co, ci, k_1 .. k_d), in float64.
 * @param up holds co * r values, whatever its axes.
 */
export function kernelProduct(up: Tensor, down: Tensor, rows: number): Tensor {
  const [rank, ...rest] = down.shape;
  return derived(down, [rows, ...rest], `kernelProduct(${rows}; ${rank}; ${up.key})`, async (kernels) => {
    const factors = await up.read();
    const columns = kernels.length / rank;
    const results = new Float64Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const result = results.subarray(row * columns, (row + 1) * columns);
      for (let r = 0; r < rank; r++) {
        const factor = factors[row * rank + r];
        const base = r * columns;
        for (let i = 0; i < columns; i++) result[i] += factor * kernels[base + i];
      }
    }
    return results;
  });
}
