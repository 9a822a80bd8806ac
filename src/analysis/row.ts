import { t } from '@vscode/l10n';
import { stableRank, type RankedEnclosure } from '../bounds/stable-rank';
import type { ConvolutionOperator, Layer, Operator } from '../model/model';
import type {
  Certainty,
  ConvolutionReport,
  LayerDescription,
  LayerReport,
  Settings,
  StableRank,
} from '../report/report';
import { type OperatorEnclosure, paddingMode } from './operator';

/** What rounding outwards may add to a width, where it is of no concern. */
const ROUNDED = 1e-12;

/** What the report says of a layer before it is computed. */
export function describeLayer(layer: Layer, settings: Settings): LayerDescription {
  const { name, op, weight, shape, dtype, parameters, operator } = layer;
  const convolution = convolutionIn(operator);
  return {
    name,
    op,
    weight,
    shape,
    dtype,
    parameters,
    convolution: convolution && describeConvolution(convolution, settings),
  };
}

/** Of what has the geometry of a convolution: that geometry. */
function convolutionIn(operator: Operator): ConvolutionOperator | null {
  switch (operator.kind) {
    case 'convolution':
      return operator;
    case 'factoredConvolution':
      return operator.convolution;
    case 'kronecker':
      return convolutionIn(operator.right);
    default:
      return null;
  }
}

function describeConvolution(operator: ConvolutionOperator, settings: Settings): ConvolutionReport {
  const { strides, dilations, groups, padding, inputSize } = operator;
  return {
    strides,
    dilations,
    groups,
    padding: { mode: paddingMode(operator, settings), amounts: padding.amounts },
    inputSize,
  };
}

/** The row of a layer. A result that is not finite is no bound: the row says so instead of showing it. */
export function rowOf(
  layer: Layer,
  settings: Settings,
  enclosure: OperatorEnclosure,
  perGroup: boolean,
  seconds: number,
  notes: readonly string[],
): LayerReport {
  const { lower, upper, inputSize, method, groups, frobenius } = enclosure;
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) {
    return failedRow(layer, settings, t('its norm is beyond the range of float64'), seconds);
  }
  return {
    ...describeLayer(layer, settings),
    lipschitz: {
      lower: Math.min(lower, upper),
      upper,
      certainty: enclosure.certainty ?? certaintyOf(layer, settings),
      scope: inputSize === null ? t('any input size') : t`input size ${inputSize.join('x')}`,
      method,
    },
    stableRank: groups && rankOf(groups, inputSize !== null),
    frobenius: frobenius !== null && Number.isFinite(frobenius) ? frobenius : null,
    largestRowNorm: enclosure.largestRowNorm,
    groups:
      perGroup && groups !== null && groups.length > 1
        ? groups.map((group) => ({
            lower: group.lower,
            upper: group.upper,
            stableRank: rankOf([group], inputSize !== null),
          }))
        : null,
    notes: [...layer.notes, ...enclosure.notes, ...widthNotes(enclosure, settings), ...notes],
    error: null,
    seconds,
  };
}

/** Where a tolerance was asked for and not reached: there is no time for it, or on the given input size no way to. */
function widthNotes({ lower, upper }: OperatorEnclosure, { method, tolerance }: Settings): string[] {
  const isAsked = method === 'auto' && tolerance !== null;
  if (!isAsked || upper <= (1 + tolerance) * (1 + ROUNDED) * lower) return [];
  return [t`the interval is wider than the tolerance of ${tolerance}`];
}

/**
 * The bounds allow for every rounding of their own (docs/mathematics.md), on devices that passed the self-check; those
 * of method `gram` are the formulas of the papers, evaluated in float64.
 */
export function certaintyOf(layer: Pick<Layer, 'rounded'>, { method }: Settings): Certainty {
  return method !== 'gram' && !layer.rounded ? 'certified' : 'analytic';
}

/** The row of a layer that no bound could be given for. */
export function failedRow(layer: Layer, settings: Settings, error: string, seconds: number): LayerReport {
  return {
    ...describeLayer(layer, settings),
    lipschitz: null,
    stableRank: null,
    frobenius: null,
    largestRowNorm: null,
    groups: null,
    notes: layer.notes,
    error,
    seconds,
  };
}

/** Null where nothing bounds it: the Frobenius norm is beyond float64, or on the given input size the norm may be zero. */
function rankOf(groups: readonly RankedEnclosure[], sized: boolean): StableRank | null {
  if (!groups.every(({ frobenius }) => Number.isFinite(frobenius))) return null;
  if (sized && groups.some(({ lower, upper }) => lower === 0 && upper > 0)) return null;
  const { value, normalized, lower, upper } = stableRank(groups);
  return { value, normalized, interval: { lower, upper } };
}

/** Operators of one key have one enclosure: their weights are shared. */
export function operatorKey(operator: Operator): string {
  return JSON.stringify(operator, (name, value: unknown) => {
    // It changes no norm.
    if (name === 'inputSide') return undefined;
    return typeof value === 'object' && value !== null && 'read' in value && 'key' in value
      ? { key: value.key }
      : value;
  });
}
