/** Weights of 2, 4 or 8 bits in blocks with a scale each: MatMulNBits and GatherBlockQuantized. */
import { t } from '@vscode/l10n';
import type { Tensor } from '../../model';
import { dequantized, derived, elementCount, reshaped, sliced } from '../../tensor';
import { intAttribute, Unfit } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation } from '../program';
import { axisOf, written } from '../shape';
import { integerFormat, isFloat } from '../types';
import { matrixRow } from './matrix';
import {
  fitting,
  inputOf,
  type LayerRule,
  quantizedWeightAt,
  ROLES,
  unfit,
  weightAt,
  whyNotConstant,
} from './rule';

/**
 * Integers out of bytes, the first in the lowest bits.
 * @param bytes uint8, rows of equal length
 * @param columns integers of a row; what a row has beyond them is filling
 * @param zero is subtracted from each
 */
function unpacked(bytes: Tensor, rows: number, columns: number, bits: number, zero: number): Tensor {
  const width = elementCount(bytes.shape) / rows;
  const perByte = 8 / bits;
  const operation = `unpack(${rows}; ${columns}; ${bits}; ${zero})`;
  return derived(bytes, [rows, columns], operation, (values) => {
    const results = new Float32Array(rows * columns);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at++) {
        const byte = values[row * width + Math.floor(column / perByte)];
        results[at] = ((byte >> ((column % perByte) * bits)) & (2 ** bits - 1)) - zero;
      }
    }
    return results;
  });
}

interface Blocks {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly blockSize: number;
}

/** @throws Unfit where attributes and tensors do not go together */
function blockedMatrix(
  operation: Operation,
  facts: Facts,
  weight: Constant,
  { rows, columns, bits, blockSize }: Blocks,
  inputs: { readonly scales: number; readonly zeroPoints: number },
): Constant {
  if (![2, 4, 8].includes(bits))
    throw new Unfit(t`its weight is packed in ${bits} bits, which are not decoded`);
  if (rows < 1 || columns < 1 || blockSize < 8) throw new Unfit(t('its attributes give no matrix'));
  const steps = Math.ceil(columns / blockSize);
  // Rows are filled up to whole blocks, or not at all.
  const bytesOfRow = elementCount(weight.tensor.shape) / rows;
  const isFilled = bytesOfRow * 8 === steps * blockSize * bits;
  if (!isFilled && bytesOfRow !== Math.ceil((columns * bits) / 8)) {
    const claimed = t`${rows} x ${columns} integers of ${bits} bits`;
    throw unfit(weight, (it) => t`${it} of shape ${written(weight.tensor.shape)} does not hold ${claimed}`);
  }
  const scale = weightAt(operation, facts, inputs.scales, ROLES.scale);
  if (elementCount(scale.tensor.shape) !== rows * steps) {
    throw unfit(
      scale,
      (it) => t`${it} of shape ${written(scale.tensor.shape)} does not fit its blocks`,
      ROLES.scale,
    );
  }
  const scales = reshaped(scale.tensor, [rows, steps]);
  const zeroPoints = zeroPointsAt(operation, facts, inputs.zeroPoints, rows, steps, bits);
  const stored = isFilled ? steps * blockSize : columns;
  const zero = zeroPoints === null ? 2 ** (bits - 1) : 0;
  const integers = unpacked(weight.tensor, rows, stored, bits, zero);
  const matrix = sliced(dequantized(integers, scales, zeroPoints, 1, blockSize), 1, 0, columns);
  return { ...weight, tensor: matrix, type: scale.type };
}

/** Packed as the weight is, or floating point; null: there are none. */
function zeroPointsAt(
  operation: Operation,
  facts: Facts,
  input: number,
  rows: number,
  steps: number,
  bits: number,
): Tensor | null {
  const value = inputOf(operation, input);
  if (value === null) return null;
  const constant = facts.constant(value);
  if (constant === null) throw new Unfit(whyNotConstant(value, facts, ROLES.zeroPoint));
  const { tensor, type } = constant;
  const count = elementCount(tensor.shape);
  if (isFloat(type) && count === rows * steps) return reshaped(tensor, [rows, steps]);
  if (type === 'uint8' && count === rows * Math.ceil((steps * bits) / 8)) {
    return unpacked(tensor, rows, steps, bits, 0);
  }
  throw unfit(
    constant,
    (it) => t`${it} of shape ${written(tensor.shape)} does not fit its blocks`,
    ROLES.zeroPoint,
  );
}

/** ONNX Runtime, ContribOperators.md, com.microsoft.MatMulNBits. */
const matMulNBits: LayerRule = (operation, facts) => {
  const weight = quantizedWeightAt(operation, facts, 1);
  if (intAttribute(operation, 'weight_prepacked', 0) !== 0) {
    throw new Unfit(t('its weight is packed for one kind of device, which is not decoded'));
  }
  if (inputOf(operation, 4) !== null)
    throw new Unfit(t('its columns have an order of their own, which is not followed'));
  if (weight.type !== 'uint8') throw unfit(weight, (it) => t`${it} is of type ${weight.type}`);
  const blocks = {
    rows: intAttribute(operation, 'N', 0),
    columns: intAttribute(operation, 'K', 0),
    bits: intAttribute(operation, 'bits', 4),
    blockSize: intAttribute(operation, 'block_size', 0),
  };
  const matrix = blockedMatrix(operation, facts, weight, blocks, { scales: 2, zeroPoints: 3 });
  return { layers: [matrixRow(matrix)] };
};

/** ONNX Runtime, ContribOperators.md, com.microsoft.GatherBlockQuantized. */
const gatherBlockQuantized: LayerRule = (operation, facts) => {
  const value = inputOf(operation, 0);
  const table = facts.constant(value);
  if (table === null)
    throw new Unfit(value === null ? t('its table is missing') : whyNotConstant(value, facts, ROLES.table));
  const { shape } = table.tensor;
  if (shape.length !== 2) {
    throw unfit(table, (it) => t`${it} has the shape ${written(shape)}, not that of a matrix`, ROLES.table);
  }
  const quantizeAxis = axisOf(intAttribute(operation, 'quantize_axis', 1), 2);
  if (intAttribute(operation, 'gather_axis', 0) !== 0 || quantizeAxis !== 1) {
    throw new Unfit(t('it looks up columns or has its blocks along them, which is not followed'));
  }
  const blockSize = intAttribute(operation, 'block_size', 128);
  const inputs = { scales: 2, zeroPoints: 3 };
  if (table.type === 'uint8') {
    const bits = intAttribute(operation, 'bits', 4);
    const blocks = { rows: shape[0], columns: (shape[1] * 8) / bits, bits, blockSize };
    const matrix = blockedMatrix(operation, facts, table, blocks, inputs);
    return { layers: [matrixRow(matrix, { embedding: true })] };
  }
  if (integerFormat(table.type)?.bits !== 4) {
    throw unfit(table, (it) => t`${it} is of type ${table.type}, which is not followed`, ROLES.table);
  }
  const scale = weightAt(operation, facts, inputs.scales, ROLES.scale);
  const zero = inputOf(operation, inputs.zeroPoints);
  const zeroPoint = facts.constant(zero);
  if (zero !== null && zeroPoint === null) throw new Unfit(whyNotConstant(zero, facts, ROLES.zeroPoint));
  const tensor = fitting(table, () =>
    dequantized(table.tensor, scale.tensor, zeroPoint?.tensor ?? null, 1, blockSize),
  );
  return { layers: [matrixRow({ ...table, tensor, type: scale.type }, { embedding: true })] };
};

export const packedRules: Readonly<Record<string, LayerRule>> = {
  'com.microsoft:MatMulNBits': matMulNBits,
  'com.microsoft:GatherBlockQuantized': gatherBlockQuantized,
};
