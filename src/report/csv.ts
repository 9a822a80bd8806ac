import { record, sizes } from './csv-record';
import type { Field } from './csv-record';
import type { GroupReport, LayerReport, Report, SkippedReport } from './report';

const COLUMNS = [
  'model',
  'status',
  'layer',
  'group',
  'operator',
  'weight',
  'shape',
  'dtype',
  'parameters',
  'strides',
  'dilations',
  'groups',
  'padding_mode',
  'padding',
  'input_size',
  'lipschitz_lower',
  'lipschitz_upper',
  'certainty',
  'scope',
  'method',
  'stable_rank',
  'stable_rank_share',
  'stable_rank_lower',
  'stable_rank_upper',
  'frobenius',
  'largest_row_norm',
  'seconds',
  'message',
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], Field>>;

/**
 * RFC 4180, one header. A record is a layer (`status` ok or failed), a group of the layer above it (`status` group) or
 * what was skipped (`status` skipped); `message` holds the notes, the error or the reason.
 */
export function formatCsv(reports: Report | readonly Report[]): string {
  return [...csvPieces(reports)].join('');
}

/** The same text, record by record. */
export function* csvPieces(reports: Report | readonly Report[]): Generator<string> {
  yield record(COLUMNS);
  for (const report of [reports].flat()) {
    for (const row of rows(report)) {
      const { path } = report.model;
      yield record(COLUMNS.map((column) => (column === 'model' ? path : (row[column] ?? null))));
    }
  }
}

function* rows(report: Report): Generator<Row> {
  for (const layer of report.layers) {
    yield layerRow(layer);
    for (const [index, group] of (layer.groups ?? []).entries()) yield groupRow(layer, group, index);
  }
  for (const skipped of report.skipped) yield skippedRow(skipped);
}

function layerRow(layer: LayerReport): Row {
  const { convolution, lipschitz, stableRank } = layer;
  return {
    status: layer.error === null ? 'ok' : 'failed',
    layer: layer.name,
    operator: layer.op,
    weight: layer.weight,
    shape: sizes(layer.shape),
    dtype: layer.dtype,
    parameters: layer.parameters,
    strides: sizes(convolution?.strides),
    dilations: sizes(convolution?.dilations),
    groups: convolution?.groups ?? null,
    padding_mode: convolution?.padding.mode ?? null,
    padding: convolution?.padding.amounts?.join(' ') ?? null,
    input_size: sizes(convolution?.inputSize),
    lipschitz_lower: lipschitz?.lower ?? null,
    lipschitz_upper: lipschitz?.upper ?? null,
    certainty: lipschitz?.certainty ?? null,
    scope: lipschitz?.scope ?? null,
    method: lipschitz?.method ?? null,
    stable_rank: stableRank?.value ?? null,
    stable_rank_share: stableRank?.normalized ?? null,
    stable_rank_lower: stableRank?.interval.lower ?? null,
    stable_rank_upper: stableRank?.interval.upper ?? null,
    frobenius: layer.frobenius,
    largest_row_norm: layer.largestRowNorm,
    seconds: layer.seconds,
    message: [layer.error ?? [], layer.notes].flat().join('; '),
  };
}

function groupRow(layer: LayerReport, group: GroupReport, index: number): Row {
  return {
    status: 'group',
    layer: layer.name,
    group: index,
    lipschitz_lower: group.lower,
    lipschitz_upper: group.upper,
    certainty: layer.lipschitz?.certainty ?? null,
    scope: layer.lipschitz?.scope ?? null,
    stable_rank: group.stableRank?.value ?? null,
    stable_rank_share: group.stableRank?.normalized ?? null,
    stable_rank_lower: group.stableRank?.interval.lower ?? null,
    stable_rank_upper: group.stableRank?.interval.upper ?? null,
  };
}

function skippedRow(skipped: SkippedReport): Row {
  return {
    status: 'skipped',
    layer: skipped.name,
    operator: skipped.op,
    weight: skipped.weight,
    message: skipped.reason,
  };
}
