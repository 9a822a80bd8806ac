/** Symmetric and antisymmetric matrices as lower triangles, row after row. */

export function lowerOf(matrix: Float64Array, order: number): Float64Array {
  return Float64Array.from(
    Array.from({ length: order }, (_, i) => Array.from(matrix.subarray(i * order, i * order + i + 1))).flat(),
  );
}
