/** LSTM, GRU and RNN: a row for each direction, matrix and gate. */
import { elementCount, reshaped, sliced } from '../tensor';
import { intAttribute, stringAttribute, Unfit } from './attributes';
import type { Facts } from './facts';
import {
  inputOf,
  row,
  weightAt,
  written,
  type LayerDraft,
  type LayerRule,
  type SkippedDraft,
} from './layer-rule';
import type { Operation } from './program';

/** @param gates the gates' letters, in the order in which ONNX stacks them. */
function recurrent(gates: string): LayerRule {
  return (operation, facts) => {
    const direction = stringAttribute(operation, 'direction', 'forward');
    const directions = direction === 'bidirectional' ? ['', '/reverse'] : [''];
    const layers: LayerDraft[] = [];
    const skipped: SkippedDraft[] = [];
    for (const [input, matrix] of [
      [1, 'W'],
      [2, 'R'],
    ] as const) {
      try {
        layers.push(...gateRows(operation, facts, input, matrix, gates, directions));
      } catch (error) {
        if (!(error instanceof Unfit)) throw error;
        const name = facts.constant(inputOf(operation, input))?.stored.name ?? null;
        skipped.push({ suffix: `/${matrix}`, weight: name, reason: error.message });
      }
    }
    const peepholes = facts.constant(inputOf(operation, 7));
    if (operation.opType === 'LSTM' && peepholes !== null) {
      const reason = 'peepholes scale the elements of the cell state, which is not analysed';
      skipped.push({ suffix: '/P', weight: peepholes.stored.name, reason });
    }
    return { layers, skipped };
  };
}

/** The tensor is (directions, gates * hidden, columns). */
function gateRows(
  operation: Operation,
  facts: Facts,
  input: number,
  matrix: 'W' | 'R',
  gates: string,
  directions: readonly string[],
): LayerDraft[] {
  const weight = weightAt(operation, facts, input, `its weight ${matrix}`);
  const { shape } = weight.tensor;
  const hidden = shape.length === 3 ? shape[1] / gates.length : NaN;
  const declared = intAttribute(operation, 'hidden_size', null) ?? hidden;
  const isSquare = matrix === 'W' || shape[2] === hidden;
  if (shape[0] !== directions.length || hidden !== declared || !Number.isInteger(hidden) || !isSquare) {
    throw new Unfit(
      `its weight '${weight.stored.name}' of shape ${written(shape)} is not that of ${directions.length} ` +
        `direction${directions.length > 1 ? 's' : ''} with ${gates.length} gate${gates.length > 1 ? 's' : ''}` +
        (Number.isInteger(declared) ? ` of ${declared}` : ''),
    );
  }
  const columns = shape[2];
  const stacked = reshaped(weight.tensor, [elementCount(shape.slice(0, 2)), columns]);
  return directions.flatMap((direction, d) =>
    [...gates].map((gate, g) => {
      const begin = (d * gates.length + g) * hidden;
      const tensor = sliced(stacked, 0, begin, begin + hidden);
      const operator = { kind: 'matrix', tensor, blocks: 1, rows: hidden, columns, scale: 1, embedding: false } as const;
      return row(weight, operator, { suffix: `${direction}/${matrix}.${gate}`, parameters: hidden * columns });
    }),
  );
}

export const recurrentRules: Readonly<Record<string, LayerRule>> = {
  LSTM: recurrent('iofc'),
  GRU: recurrent('zrh'),
  RNN: recurrent('i'),
};
