/** The weights of recurrent layers, as PyTorch names and orders them. */
import { t } from '@vscode/l10n';
import { elementCount, sliced } from '../tensor';
import type { LayerDraft, Weight } from './catalog';
import { matrixOf } from './matrix';
import { joinName, leafOf, moduleOf } from './names';

/**
 * Kinds by the number of gates whose matrices are stacked in one weight, with the gates in PyTorch's order
 * (documentation of torch.nn.LSTM, GRU, RNN).
 */
const cells: ReadonlyMap<number, { op: string; gates: readonly string[] }> = new Map([
  [1, { op: 'RNN', gates: [] }],
  [3, { op: 'GRU', gates: ['r', 'z', 'n'] }],
  [4, { op: 'LSTM', gates: ['i', 'f', 'g', 'o'] }],
]);

const pattern = /^weight_(ih|hh|hr)(_l\d+(?:_reverse)?)?$/;

/**
 * The rows of a recurrent weight, one for each gate; null for other weights. The matrix from state to gates,
 * `weight_hh` (gates * hidden, hidden), tells how many gates there are; one with a projection (`weight_hr`) is an
 * LSTM's.
 */
export function recurrentLayers(weight: Weight, weights: ReadonlyMap<string, Weight>): LayerDraft[] | null {
  const match = pattern.exec(leafOf(weight.name));
  if (match === null || weight.tensor.shape.length !== 2) return null;
  const [, role, suffix = ''] = match;
  const sibling = (kind: string) =>
    weights.get(joinName(moduleOf(weight.name), `weight_${kind}${suffix}`))?.tensor.shape;
  const state = sibling('hh');
  const gates = sibling('hr') !== undefined ? 4 : state?.length === 2 ? state[0] / state[1] : NaN;
  const cell = cells.get(gates);
  const [rows] = weight.tensor.shape;
  const whole = {
    name: weight.name,
    op: cell?.op ?? 'Linear',
    parameters: elementCount(weight.tensor.shape),
    operator: matrixOf(weight.tensor),
    notes: weight.notes,
  };
  if (cell === undefined || rows !== state?.[0] || rows % gates !== 0) {
    const note = t('The number of gates cannot be told from the file: all are taken as one matrix.');
    return [role === 'hr' ? whole : { ...whole, notes: [...weight.notes, note] }];
  }
  if (role === 'hr' || gates === 1) return [whole];
  const size = rows / gates;
  return cell.gates.map((gate, i) => ({
    ...whole,
    name: `${weight.name}/${gate}`,
    parameters: whole.parameters / gates,
    operator: matrixOf(sliced(weight.tensor, 0, i * size, (i + 1) * size)),
  }));
}
