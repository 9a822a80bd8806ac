import { record, sizes } from '../csv-record';
import type { Field } from '../csv-record';
import type { LayerDescription, LayerReport, SkippedReport } from '../report';
import type { ComparisonReport, PairReport, UnpairedReport } from './comparison';
import { errorsOf } from './summary';

const COLUMNS = [
  'status',
  'layer_a',
  'layer_b',
  'matched_by',
  'transposed',
  'operator_a',
  'operator_b',
  'weight_a',
  'weight_b',
  'shape_a',
  'shape_b',
  'dtype_a',
  'dtype_b',
  'lower_a',
  'upper_a',
  'certainty_a',
  'scope_a',
  'lower_b',
  'upper_b',
  'certainty_b',
  'scope_b',
  'ratio_lower',
  'ratio_upper',
  'difference_lower',
  'difference_upper',
  'difference_certainty',
  'difference_scope',
  'relative_lower',
  'relative_upper',
  'difference_stable_rank_lower',
  'difference_stable_rank_upper',
  'difference_frobenius',
  'seconds',
  'message',
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], Field>>;
type Side = 'a' | 'b';

/**
 * One header. A record is a pair (`status` ok or failed) in the order of A, a layer of one model only (`status` unpaired), or
 * what was skipped (`status` skipped); `message` holds notes, errors or the reason.
 */
export function formatComparisonCsv(comparison: ComparisonReport): string {
  return [...comparisonCsvPieces(comparison)].join('');
}

/** The same text, record by record. */
export function* comparisonCsvPieces(comparison: ComparisonReport): Generator<string> {
  yield record(COLUMNS);
  for (const row of rows(comparison)) yield record(COLUMNS.map((column) => row[column] ?? null));
}

function* rows({ pairs, onlyInA, onlyInB, skippedInA, skippedInB }: ComparisonReport): Generator<Row> {
  for (const pair of pairs) yield pairRow(pair);
  for (const layer of onlyInA) yield unpairedRow(layer, 'a');
  for (const layer of onlyInB) yield unpairedRow(layer, 'b');
  for (const skipped of skippedInA) yield skippedRow(skipped, 'a');
  for (const skipped of skippedInB) yield skippedRow(skipped, 'b');
}

function pairRow(pair: PairReport): Row {
  const { a, b, matchedBy, transposed, ratio, difference, notes, seconds } = pair;
  const errors = errorsOf(pair);
  return {
    status: errors.length === 0 ? 'ok' : 'failed',
    ...descriptionRow(a, 'a'),
    ...descriptionRow(b, 'b'),
    matched_by: matchedBy,
    transposed: transposed ? 'yes' : 'no',
    ...boundRow(a, 'a'),
    ...boundRow(b, 'b'),
    ratio_lower: ratio?.lower ?? null,
    ratio_upper: ratio?.upper ?? null,
    difference_lower: difference?.lipschitz.lower ?? null,
    difference_upper: difference?.lipschitz.upper ?? null,
    difference_certainty: difference?.lipschitz.certainty ?? null,
    difference_scope: difference?.lipschitz.scope ?? null,
    relative_lower: difference?.relative?.lower ?? null,
    relative_upper: difference?.relative?.upper ?? null,
    difference_stable_rank_lower: difference?.stableRank?.interval.lower ?? null,
    difference_stable_rank_upper: difference?.stableRank?.interval.upper ?? null,
    difference_frobenius: difference?.frobenius ?? null,
    seconds,
    message: [...errors, ...notes].join('; '),
  };
}

function descriptionRow({ name, op, weight, shape, dtype }: LayerDescription, side: Side): Row {
  return {
    [`layer_${side}`]: name,
    [`operator_${side}`]: op,
    [`weight_${side}`]: weight,
    [`shape_${side}`]: sizes(shape),
    [`dtype_${side}`]: dtype,
  };
}

function boundRow({ lipschitz }: LayerReport, side: Side): Row {
  return {
    [`lower_${side}`]: lipschitz?.lower ?? null,
    [`upper_${side}`]: lipschitz?.upper ?? null,
    [`certainty_${side}`]: lipschitz?.certainty ?? null,
    [`scope_${side}`]: lipschitz?.scope ?? null,
  };
}

function unpairedRow(layer: UnpairedReport, side: Side): Row {
  return { status: 'unpaired', ...descriptionRow(layer, side), message: layer.reason };
}

function skippedRow({ name, op, weight, reason }: SkippedReport, side: Side): Row {
  return {
    status: 'skipped',
    [`layer_${side}`]: name,
    [`operator_${side}`]: op,
    [`weight_${side}`]: weight,
    message: reason,
  };
}
