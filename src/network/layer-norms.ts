/**
 * Norms of layers in Linf and L1: sums of absolute weights, exact but for the rounding of the sums, which is allowed for.
 * In Linf the largest sum over what one output is made of, in L1 over what one input reaches.
 */
import { largestCopies, largestCopiesAnySize } from '../bounds/padded/padding';
import { gamma } from '../bounds/rounding';
import type { Values } from '../bounds/values';
import type { ConvolutionOperator, MatrixOperator, PaddingMode } from '../model/model';
import { isRanged } from '../model/tensor';

export interface SumNorms {
  readonly Linf: number;
  readonly L1: number;
}

/**
 * @param inputSide which side of the matrix the input is on; null: the file does not tell, and both norms are the larger
 */
export async function matrixSums(
  { tensor, blocks, rows, columns, scale }: MatrixOperator,
  inputSide: 'rows' | 'columns' | null,
): Promise<SumNorms> {
  const size = rows * columns;
  const all = isRanged(tensor) ? null : await tensor.read();
  let [ofRows, ofColumns] = [0, 0];
  for (let block = 0; block < blocks; block++) {
    const [begin, end] = [block * size, (block + 1) * size];
    const values =
      all?.subarray(begin, end) ?? (isRanged(tensor) ? await tensor.readRange(begin, end) : null);
    if (values === null) break;
    const sums = sumsOf(values, rows, columns);
    ofRows = Math.max(ofRows, sums.ofRows);
    ofColumns = Math.max(ofColumns, sums.ofColumns);
  }
  const row = upOfSum(ofRows, columns, scale);
  const column = upOfSum(ofColumns, rows, scale);
  if (inputSide === null) return { Linf: Math.max(row, column), L1: Math.max(row, column) };
  // Where the input is on the side of the rows, an output is made of a column.
  return inputSide === 'rows' ? { Linf: column, L1: row } : { Linf: row, L1: column };
}

function sumsOf(values: Values, rows: number, columns: number): { ofRows: number; ofColumns: number } {
  const byColumn = new Float64Array(columns);
  let ofRows = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++, at++) {
      const weight = Math.abs(values[at]);
      sum += weight;
      byColumn[column] += weight;
    }
    ofRows = larger(ofRows, sum);
  }
  return { ofRows, ofColumns: byColumn.reduce(larger, 0) };
}

/** NaN wins. */
function larger(a: number, b: number): number {
  return b <= a ? a : b;
}

/** A sum of `terms` numbers, times the scale, rounded up; infinite for what is no number. */
function upOfSum(sum: number, terms: number, scale: number): number {
  if (Number.isNaN(sum)) return Infinity;
  const scaled = sum * Math.abs(scale);
  return scaled === 0 && sum === 0 ? 0 : (scaled + Number.MIN_VALUE) * (1 + gamma(terms + 8));
}

/** @param mode the padding mode that the layer is analysed with */
export async function convolutionSums(operator: ConvolutionOperator, mode: PaddingMode): Promise<SumNorms> {
  const { tensor, strides, dilations, groups, transposed, scale } = operator;
  const [outputs, inputsPerGroup, ...size] = tensor.shape;
  const values = await tensor.read();
  const taps = size.reduce((count, k) => count * k, 1);
  const outputsPerGroup = outputs / groups;
  const residues = residuesOf(size, strides, dilations);
  const residueCount = strides.reduce((count, s) => count * s, 1);
  let ofOutputs = 0;
  // What an input reaches: by its channel, and by its place modulo the strides.
  const byInput = new Float64Array(groups * inputsPerGroup * residueCount);
  for (let output = 0, at = 0; output < outputs; output++) {
    const group = Math.floor(output / outputsPerGroup);
    let sum = 0;
    for (let input = 0; input < inputsPerGroup; input++) {
      const row = (group * inputsPerGroup + input) * residueCount;
      for (let tap = 0; tap < taps; tap++, at++) {
        const weight = Math.abs(values[at]);
        sum += weight;
        byInput[row + residues[tap]] += weight;
      }
    }
    ofOutputs = larger(ofOutputs, sum);
  }
  const output = upOfSum(ofOutputs, inputsPerGroup * taps, scale);
  const input = upOfSum(byInput.reduce(larger, 0), outputsPerGroup * taps, scale);
  // The kernel of a transposed convolution is that of its adjoint.
  if (transposed) return { Linf: input, L1: output };
  return { Linf: output, L1: input * copiesOf(operator, mode) };
}

/** For every tap its place modulo the strides, as one number. */
function residuesOf(
  size: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Int32Array {
  let residues = [0];
  size.forEach((k, axis) => {
    residues = residues.flatMap((residue) =>
      Array.from(
        { length: k },
        (_, tap) => residue * strides[axis] + ((tap * dilations[axis]) % strides[axis]),
      ),
    );
  });
  return Int32Array.from(residues);
}

/** How often the padding repeats an element; infinite where the file does not say. */
function copiesOf(
  { tensor, strides, dilations, padding, inputSize }: ConvolutionOperator,
  mode: PaddingMode,
): number {
  if (mode === 'zeros') return 1;
  const size = tensor.shape.slice(2);
  const { amounts } = padding;
  let copies = 1;
  for (const [axis, k] of size.entries()) {
    const extent = dilations[axis] * (k - 1) + 1;
    const [begin, end] = amounts === null ? [extent - 1, 0] : [amounts[axis], amounts[axis + size.length]];
    // With as many outputs as inputs, a tap meets every place once, however the padding is turned.
    if (mode === 'circular' && strides[axis] === 1 && begin + end === extent - 1) continue;
    if (amounts === null) return Infinity;
    const stride = strides[axis];
    const n = inputSize?.[axis];
    copies *=
      n === undefined
        ? largestCopiesAnySize({ mode, begin, end })
        : largestCopies({ inputSize: n, mode, begin, end, extent, stride });
  }
  return copies;
}
