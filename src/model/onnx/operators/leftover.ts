/** Operations with weights that are no layer: why their weights are in no row. */
import { t } from '@vscode/l10n';
import { quote } from '../../quote';
import { elementCount } from '../../tensor';
import { isWeight, type Constant } from '../constants/constant';
import type { Facts } from '../facts';
import { operatorOf, type Operation } from '../program';
import type { SkippedDraft } from './rule';

const reasons = new Map<string, string>();

function because(reason: string, ...operators: readonly string[]): void {
  for (const operator of operators) reasons.set(operator, reason);
}

because(
  t('adds a constant: no effect on the Lipschitz constant'),
  ...['Add', 'Sub', 'Sum', 'Mean', 'com.microsoft:BiasAdd', 'com.microsoft:QLinearAdd'],
  ...['com.microsoft:MultiHeadAttention', 'com.microsoft:PackedMultiHeadAttention'],
  'com.microsoft:DecoderMaskedMultiHeadAttention',
);
because(
  t('adds a constant before its activation function: no effect on the Lipschitz constant'),
  ...['com.microsoft:BiasGelu', 'com.microsoft:BiasSplitGelu', 'com.microsoft:FastGelu'],
);
because(t('an elementwise scaling by constants, not analysed'), 'Mul', 'com.microsoft:QLinearMul');
because(t('the slopes of an activation function, not analysed'), 'PRelu');
because(
  t('puts constants beside an activation: no effect on the Lipschitz constant'),
  ...['Concat', 'com.microsoft:QLinearConcat'],
);
because(t('bounds an activation by constants: its Lipschitz constant is at most 1'), 'Max', 'Min', 'Clip');
because(t('chooses between constants and activations, not analysed'), 'Where', 'com.microsoft:QLinearWhere');
because(
  t('compares with constants: its result is no quantity'),
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'IsNaN', 'IsInf'],
);
because(t('powers of or with constants, not analysed'), 'Pow');
because(t('repeats constants: no effect on the Lipschitz constant'), 'Expand', 'Tile');
because(
  t('looks up parts of constants, not analysed'),
  ...['GatherND', 'GatherElements', 'com.microsoft:GatherND'],
);
because(
  t('writes into or from constants, not analysed'),
  ...['Scatter', 'ScatterElements', 'ScatterND', 'TensorScatter'],
);
because(
  t('changes the number format of an activation'),
  ...['QuantizeLinear', 'DequantizeLinear', 'com.microsoft:QuantizeLinear', 'com.microsoft:DequantizeLinear'],
);
because(t('hands constants on to or from its bodies, not analysed'), 'If', 'Loop', 'Scan');
because(
  t('turns activations by constant angles, not analysed'),
  ...['RotaryEmbedding', 'com.microsoft:RotaryEmbedding', 'com.microsoft:GemmaRotaryEmbedding'],
  ...['com.microsoft:MRotaryEmbedding', 'com.microsoft:GroupQueryAttention'],
);
because(
  t('its weights are in a format that is not decoded'),
  ...[
    'com.microsoft:MatMulBnb4',
    'com.microsoft:MatMulFpQ4',
    'com.microsoft:QMoE',
    'com.microsoft:GemmFloat8',
  ],
  ...['com.microsoft:QOrderedMatMul', 'com.microsoft:QOrderedAttention'],
  ...['com.microsoft:QEmbedLayerNormalization', 'com.microsoft.nchwc:Conv'],
);

/** Inputs that are settings of the operator: sizes and regions, though of floating point. */
const settings = new Map<string, readonly number[]>([
  ['Resize', [1, 2]],
  ['Upsample', [1]],
]);

/** Names of weights that are shown for one operation. */
const maximumShown = 4;

/** Null where it has no weights. */
export function leftover(operation: Operation, facts: Facts): SkippedDraft | null {
  const names = [...new Set([...weightInputs(operation, facts), ...weightAttributes(operation)])];
  if (names.length === 0) return null;
  const shown = names.slice(0, maximumShown).join(', ') + (names.length > maximumShown ? ', ...' : '');
  return { suffix: '', weight: shown, reason: reasonFor(operation, facts) };
}

function weightInputs(operation: Operation, facts: Facts): string[] {
  const ignored = settings.get(operatorOf(operation)) ?? [];
  const values = [...operation.inputs, ...operation.bodies.flatMap((body) => body.outputs)];
  return values.flatMap((value, i) => {
    const constant = facts.constant(value);
    const counts = constant !== null && !ignored.includes(i) && mayBeWeight(operation, constant);
    return counts ? [constant.stored.name] : [];
  });
}

/** Operators of other domains also pack weights into wide integers; those of ONNX have sizes and indices there. */
function mayBeWeight(operation: Operation, constant: Constant): boolean {
  const { shape } = constant.tensor;
  return isWeight(constant) || (operation.domain !== '' && shape.length >= 2 && elementCount(shape) > 1);
}

/** Linear models, trees and operators of other domains have numbers of their own. */
function weightAttributes(operation: Operation): string[] {
  if (operatorOf(operation) === 'Constant') {
    return operation.attributes.has('sparse_value') ? [operation.outputs[0]?.name ?? operation.label] : [];
  }
  return [...operation.attributes].flatMap(([name, attribute]) => {
    const numbers =
      attribute.kind === 'tensor'
        ? elementCount(attribute.value.shape)
        : attribute.kind === 'floats' && operation.domain !== ''
          ? attribute.value.length
          : 0;
    return numbers > 1 ? [`${operation.label}.${name}`] : [];
  });
}

function reasonFor(operation: Operation, facts: Facts): string {
  const [output] = operation.outputs;
  const reason = output ? facts.reason(output) : null;
  if (reason !== null) return reason;
  if (output && facts.origin(output) !== null)
    return t('computes a constant from constants, which is not followed');
  const operator = operatorOf(operation);
  if (operator === 'Div') {
    return facts.constant(operation.inputs[1] ?? null) === null
      ? t('divides constants by an activation, not analysed')
      : t('an elementwise scaling by constants, not analysed');
  }
  return (
    reasons.get(operator) ??
    (operation.domain === ''
      ? t('its constants are no weights of a linear layer')
      : t`an operator of the domain ${quote(operation.domain)} that is not analysed`)
  );
}
