/** LSTM, GRU and RNN: a row for each direction, matrix and gate. */
import { t } from '@vscode/l10n';
import type { Tensor } from '../../model';
import { elementCount, reshaped, sliced } from '../../tensor';
import { intAttribute, stringAttribute, Unfit } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation } from '../program';
import { written } from '../shape';
import { realWeight, zeroPointAt } from './real-weight';
import {
  inputOf,
  type LayerDraft,
  type LayerRule,
  quantizedWeightAt,
  ROLES,
  row,
  type SkippedDraft,
  unfit,
  weightAt,
  weightCalled,
} from './rule';

/** The matrices of one kind: of the inputs (W) or of the hidden state (R). */
interface Stack {
  readonly weight: Constant;
  readonly directions: number;
  readonly hidden: number;
  readonly columns: number;
  /** In any layout with as many elements. */
  gate(direction: number, gate: number): Tensor;
}

type Matrix = 'W' | 'R';
type StackReader = (operation: Operation, facts: Facts, matrix: Matrix, gates: number) => Stack;

const inputs: Readonly<Record<Matrix, number>> = { W: 1, R: 2 };

/** The tensor is (directions, gates * hidden, columns). */
const stored: StackReader = (operation, facts, matrix, gates) => {
  const weight = weightAt(operation, facts, inputs[matrix], weightCalled(matrix));
  const { tensor } = weight;
  const [directions, rows, columns] = threeOf(weight);
  const hidden = rows / gates;
  return {
    weight,
    directions,
    hidden,
    columns,
    gate: (direction, gate) => {
      const stacked = reshaped(tensor, [directions * rows, columns]);
      const begin = (direction * gates + gate) * hidden;
      return sliced(stacked, 0, begin, begin + hidden);
    },
  };
};

/** The tensor is (directions, columns, gates * hidden), with scales (directions) or (directions, gates * hidden). */
const quantized: StackReader = (operation, facts, matrix, gates) => {
  const weight = quantizedWeightAt(operation, facts, inputs[matrix]);
  const [scaleInput, zeroInput] = matrix === 'W' ? [8, 9] : [10, 11];
  const scale = weightAt(operation, facts, scaleInput, ROLES.scale);
  const zeroPoint = zeroPointAt(operation, facts, zeroInput);
  const [directions, columns, rows] = threeOf(weight);
  const hidden = rows / gates;
  const part = (constant: Constant, direction: number): Constant => {
    const count = elementCount(constant.tensor.shape) / directions;
    if (!Number.isInteger(count))
      throw unfit(constant, (it) => t`${it} is not for each direction`, ROLES.scaleOrZeroPoint);
    const perDirection = reshaped(constant.tensor, [directions, count]);
    return { ...constant, tensor: sliced(perDirection, 0, direction, direction + 1) };
  };
  return {
    weight,
    directions,
    hidden,
    columns,
    gate: (direction, gate) => {
      const integers = reshaped(sliced(weight.tensor, 0, direction, direction + 1), [columns, rows]);
      const zeros = zeroPoint && part(zeroPoint, direction);
      const real = realWeight({ ...weight, tensor: integers }, part(scale, direction), zeros, 1);
      return sliced(real.tensor, 1, gate * hidden, (gate + 1) * hidden);
    },
  };
};

function threeOf(weight: Constant): readonly number[] {
  const { shape } = weight.tensor;
  if (shape.length !== 3)
    throw unfit(weight, (it) => t`${it} of shape ${written(shape)} has no three dimensions`);
  return shape;
}

/** @param gates the gates' letters, in the order in which ONNX stacks them. */
function recurrent(gates: string, read: StackReader): LayerRule {
  return (operation, facts) => {
    const layers: LayerDraft[] = [];
    const skipped: SkippedDraft[] = [];
    for (const matrix of ['W', 'R'] as const) {
      try {
        layers.push(...gateRows(operation, matrix, gates, read(operation, facts, matrix, gates.length)));
      } catch (error) {
        if (!(error instanceof Unfit)) throw error;
        skipped.push({ suffix: `/${matrix}`, weight: error.weight, reason: error.message });
      }
    }
    const peepholes = facts.constant(inputOf(operation, 7));
    if (peepholes !== null) {
      const reason = t('peepholes scale the elements of the cell state, which is not analysed');
      skipped.push({ suffix: '/P', weight: peepholes.stored.name, reason });
    }
    return { layers, skipped };
  };
}

/** @throws Unfit where the tensor does not have the gates of the directions that the operation runs in */
function gateRows(operation: Operation, matrix: Matrix, gates: string, stack: Stack): LayerDraft[] {
  const { weight, hidden, columns } = stack;
  const isBidirectional = stringAttribute(operation, 'direction', 'forward') === 'bidirectional';
  const directions = isBidirectional ? ['', '/reverse'] : [''];
  const declared = intAttribute(operation, 'hidden_size', null) ?? hidden;
  const fits =
    stack.directions === directions.length &&
    Number.isInteger(hidden) &&
    hidden === declared &&
    (matrix === 'W' || columns === hidden);
  if (!fits) {
    const wanted = `${directions.length} x ${gates.length} x ${declared}`;
    const shape = written(weight.tensor.shape);
    throw unfit(
      weight,
      (it) => t`${it} of shape ${shape} does not hold directions x gates x hidden units, ${wanted}`,
    );
  }
  return directions.flatMap((direction, d) =>
    [...gates].map((letter, gate) => {
      const sides = { rows: hidden, columns, blocks: 1, scale: 1, embedding: false } as const;
      const operator = { kind: 'matrix', tensor: stack.gate(d, gate), ...sides } as const;
      return row(weight, operator, {
        suffix: `${direction}/${matrix}.${letter}`,
        parameters: hidden * columns,
      });
    }),
  );
}

export const recurrentRules: Readonly<Record<string, LayerRule>> = {
  LSTM: recurrent('iofc', stored),
  GRU: recurrent('zrh', stored),
  RNN: recurrent('i', stored),
  'com.microsoft:DynamicQuantizeLSTM': recurrent('iofc', quantized),
};
