/** Einsum of an activation with a constant, where it is a plain contraction. */
import { t } from '@vscode/l10n';
import { quote } from '../../quote';
import { elementCount, transposed } from '../../tensor';
import { stringAttribute, Unfit } from '../attributes';
import { written } from '../shape';
import { constantFactor, inputOf, row, weightAt, type LayerRule } from './rule';

/**
 * Labels that the weight shares with the activation only are summed over, those that it shares with the output only
 * are new; those of all three make blocks, one matrix for each of their values. Labels of activation and output only
 * repeat the operator.
 */
const einsum: LayerRule = (operation, facts) => {
  const equation = stringAttribute(operation, 'equation', '').replaceAll(' ', '');
  if (operation.inputs.length < 2) return null;
  if (operation.inputs.length > 2) throw new Unfit(t('it has more than two factors'));
  const { weight, other } = constantFactor(operation, facts, 0, 1);
  const constant = weightAt(operation, facts, weight);
  const [left, output] = equation.split('->');
  const terms = left.split(',');
  const own = terms.at(weight) ?? '';
  const activation = terms.at(other) ?? '';
  const { shape } = constant.tensor;
  const isPlain =
    output !== undefined &&
    terms.length === 2 &&
    [own, activation, output].every(hasDistinctLabels) &&
    !own.includes('.') &&
    own.length === shape.length &&
    [...own].every((label) => activation.includes(label) || output.includes(label)) &&
    [...activation].every((label) => own.includes(label) || output.includes(label)) &&
    [...output].every((label) => own.includes(label) || activation.includes(label));
  if (!isPlain) throw new Unfit(t`its equation ${quote(equation)} is no plain product with a matrix`);
  requireSameLengths(own, shape, activation, facts.shape(inputOf(operation, other)));

  const axes = [...own].map((_, axis) => axis);
  const inActivation = (axis: number): boolean => activation.includes(own[axis]);
  const inOutput = (axis: number): boolean => output.includes(own[axis]);
  const batch = axes.filter((axis) => inActivation(axis) && inOutput(axis));
  const summed = axes.filter((axis) => inActivation(axis) && !inOutput(axis));
  const free = axes.filter((axis) => !inActivation(axis));
  const count = (list: readonly number[]): number => elementCount(list.map((axis) => shape[axis]));
  return {
    layers: [
      row(constant, {
        kind: 'matrix',
        tensor: transposed(constant.tensor, [...batch, ...summed, ...free]),
        blocks: count(batch),
        rows: count(summed),
        columns: count(free),
        scale: 1,
        embedding: false,
      }),
    ],
  };
};

function hasDistinctLabels(term: string): boolean {
  const labels = term.replace('...', '');
  return /^[a-zA-Z]*$/.test(labels) && new Set(labels).size === labels.length;
}

/**
 * A length of one is repeated where the other factor has another length: that would make another operator, so the lengths
 * of common labels have to be known.
 */
function requireSameLengths(
  own: string,
  shape: readonly number[],
  activation: string,
  other: readonly (number | null)[] | null,
): void {
  const dots = activation.indexOf('...');
  [...own].forEach((label, axis) => {
    const place = activation.indexOf(label);
    if (place < 0) return;
    // Behind an ellipsis, axes are counted from the end.
    const fromEnd = activation.length - place;
    const length = other?.at(dots >= 0 && place > dots ? -fromEnd : place) ?? null;
    if (length === shape[axis]) return;
    throw new Unfit(
      other === null || length === null
        ? t('the lengths of axes that its factors have in common are not known')
        : t`its factors of shapes ${written(shape)} and ${written(other)} do not fit together`,
    );
  });
}

export const einsumRules: Readonly<Record<string, LayerRule>> = { Einsum: einsum };
