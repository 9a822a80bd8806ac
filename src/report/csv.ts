import { record, sizes } from './csv-record';
import type { Field } from './csv-record';
import type { AdapterReport, GroupReport, LayerReport, Report, SkippedReport } from './report';
import { hasAdapters } from './totals';

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

/** In front of the last two, where some report has an adapter. */
const ADAPTER_COLUMNS = [
  'adapter',
  'adapter_rank',
  'adapter_scale',
  'energy_first_lower',
  'energy_first_upper',
  'base_weight',
  'base_lower',
  'base_upper',
  'base_certainty',
  'relative_lower',
  'relative_upper',
  'relative_certainty',
  'sum_lower',
  'sum_upper',
  'sum_certainty',
] as const;

type Column = (typeof COLUMNS)[number] | (typeof ADAPTER_COLUMNS)[number];
type Row = Partial<Record<Column, Field>>;

/**
 * RFC 4180, one header, with more columns where there are adapters. A record is a layer (`status` ok or failed), a
 * group of the layer above it (`status` group) or what was skipped (`status` skipped); `message` holds the notes, the
 * error or the reason.
 */
export function formatCsv(reports: Report | readonly Report[]): string {
  return [...csvPieces(reports)].join('');
}

/** The same text, record by record. */
export function* csvPieces(reports: Report | readonly Report[]): Generator<string> {
  const all = [reports].flat();
  const columns: readonly Column[] = all.some(hasAdapters)
    ? [...COLUMNS.slice(0, -2), ...ADAPTER_COLUMNS, ...COLUMNS.slice(-2)]
    : COLUMNS;
  yield record(columns);
  for (const report of all) {
    for (const row of rows(report)) {
      const { path } = report.model;
      yield record(columns.map((column) => (column === 'model' ? path : (row[column] ?? null))));
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
    ...adapterFields(layer.adapter),
    seconds: layer.seconds,
    message: [layer.error ?? [], layer.notes].flat().join('; '),
  };
}

function adapterFields(adapter: AdapterReport | undefined): Row {
  if (adapter === undefined) return {};
  const { kind, decomposed, rank, scale, energy, base } = adapter;
  return {
    adapter: decomposed ? `${kind}, decomposed` : kind,
    adapter_rank: rank,
    adapter_scale: scale,
    energy_first_lower: energy?.lower ?? null,
    energy_first_upper: energy?.upper ?? null,
    base_weight: base?.weight ?? null,
    base_lower: base?.norm.lower ?? null,
    base_upper: base?.norm.upper ?? null,
    base_certainty: base?.norm.certainty ?? null,
    relative_lower: base?.relative?.lower ?? null,
    relative_upper: base?.relative?.upper ?? null,
    relative_certainty: base?.relative?.certainty ?? null,
    sum_lower: base?.sum?.lower ?? null,
    sum_upper: base?.sum?.upper ?? null,
    sum_certainty: base?.sum?.certainty ?? null,
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
