/** Weights that are one matrix, or several of one shape. */
import type { MatrixOperator, Tensor } from '../model';
import { elementCount } from '../tensor';

/** A tensor as one matrix: its first axis against all others. */
export function matrixOf(tensor: Tensor, embedding = false): MatrixOperator {
  const rows = tensor.shape[0];
  const columns = elementCount(tensor.shape) / rows;
  return { kind: 'matrix', tensor, blocks: 1, rows, columns, scale: 1, embedding };
}

/** A tensor of three axes as the block diagonal of its matrices. */
export function blocksOf(tensor: Tensor): MatrixOperator {
  const [blocks, rows, columns] = tensor.shape;
  return { kind: 'matrix', tensor, blocks, rows, columns, scale: 1, embedding: false };
}
