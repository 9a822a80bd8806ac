/** Weights behind nodes: what Constant, Cast, Transpose, DequantizeLinear and the like make is a constant too. */
import { t } from '@vscode/l10n';
import { quote } from '../quote';
import { fromValues } from '../tensor';
import { Unfit } from './attributes';
import { arithmeticFolds } from './constants/arithmetic';
import { storedConstant, type Constant, type ConstantContext, type Fold } from './constants/constant';
import { layoutFolds } from './constants/layout';
import { operatorOf, type Operation } from './program';

const constant: Fold = (operation) => {
  const name = operation.outputs[0]?.name ?? operation.label;
  const [value, float, floats, int, ints] = [
    'value',
    'value_float',
    'value_floats',
    'value_int',
    'value_ints',
  ].map((key) => operation.attributes.get(key));
  if (value?.kind === 'tensor') return [storedConstant(name, value.value)];
  if (float?.kind === 'float') return [inMemory(name, [], [float.value], 'float')];
  if (floats?.kind === 'floats') return [inMemory(name, [floats.value.length], floats.value, 'float')];
  if (int?.kind === 'int') return [inMemory(name, [], [int.value], 'int64')];
  if (ints?.kind === 'ints') return [inMemory(name, [ints.value.length], ints.value, 'int64')];
  if (operation.attributes.has('sparse_value'))
    throw new Unfit(t('its value is a sparse tensor, which is not read'));
  return null;
};

function inMemory(
  name: string,
  shape: readonly number[],
  values: readonly number[],
  type: 'float' | 'int64',
): Constant {
  const array = type === 'float' ? Float32Array.from(values) : Float64Array.from(values);
  return storedConstant(name, fromValues(name, shape, array), type);
}

const folds = new Map<string, Fold>(
  Object.entries({ Constant: constant, ...layoutFolds, ...arithmeticFolds }),
);

/**
 * The outputs of an operation as constants; null where it takes something that is not constant, or does something
 * that is not followed.
 * @throws Unfit where it is of a kind that is followed and does not fit its inputs
 */
export async function foldConstants(
  operation: Operation,
  context: ConstantContext,
): Promise<readonly Constant[] | null> {
  const rule = folds.get(operatorOf(operation));
  if (rule === undefined) return null;
  try {
    return await rule(operation, context);
  } catch (error) {
    if (!(error instanceof Unfit || error instanceof RangeError)) throw error;
    throw new Unfit(
      t`the ${operation.opType} ${quote(operation.label)} cannot be followed, ${error.message}`,
    );
  }
}
