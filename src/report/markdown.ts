import { ADAPTER_LEGEND, ADAPTER_TITLES, type AdapterTitle, describeAdapter } from './adapter-columns';
import { code, escape, numbered, tableLines } from './markdown-text';
import { networkLines } from './network-lines';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatNumber,
  formatPowerOfTen,
  formatSeconds,
  formatShape,
  formatShare,
} from './numbers';
import type { GroupReport, LayerReport, LipschitzInterval, Report } from './report';
import { describeSpectrum, layersWithSpectra, SPECTRUM_LEGEND, SPECTRUM_TITLES } from './spectrum-columns';
import { collectNotes, hasAdapters, skippedByReason, totals } from './totals';
import { CHAIN_ONLY, describeSettings, formatScope, formatStableRank, plural } from './wording';

/** GitHub-flavoured Markdown: a section for each report with its table, notes, what was skipped, and totals. */
export function formatMarkdown(reports: Report | readonly Report[]): string {
  return [...markdownPieces(reports)].join('');
}

/** The same text in pieces, none of them longer than a row, the notes, what was skipped, or the network. */
export function* markdownPieces(reports: Report | readonly Report[]): Generator<string> {
  let lead = '';
  for (const report of [reports].flat()) {
    yield lead;
    yield* section(report);
    lead = '\n';
  }
}

function* section(report: Report): Generator<string> {
  yield `## ${code(report.model.path)}\n\n${facts(report)}\n\n`;
  const notes = collectNotes(report.layers);
  if (report.layers.length === 0) yield 'No layers.\n';
  else yield* table(report.layers, notes);
  const known = layersWithSpectra(report.layers);
  if (known.length > 0) {
    yield `\nSingular values (${escape(SPECTRUM_LEGEND)}):\n\n`;
    yield* spectra(known);
  }
  for (const block of [numbered('Notes', notes), skipped(report), network(report)]) {
    if (block !== '') yield `\n${block}\n`;
  }
}

function* spectra(known: ReturnType<typeof layersWithSpectra>): Generator<string> {
  const titles = SPECTRUM_TITLES.map(capitalized);
  const rows = known.map(({ name, spectrum }) => {
    const cells = describeSpectrum(spectrum);
    return [
      code(name),
      ...SPECTRUM_TITLES.map((title) => (title === 'histogram' ? code(cells[title]) : escape(cells[title]))),
    ];
  });
  yield* tableLines(['Layer', ...titles], ['Largest', 'Median', 'Smallest', 'Values'], rows);
}

function capitalized(title: string): string {
  return title.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

function facts(report: Report): string {
  const sum = totals(report);
  const { model, base, device, cancelled } = report;
  const [largest] = sum.largest;
  const [lowest] = sum.lowestRank;
  const settings = describeSettings(report.settings);
  const lines = [
    `${report.model.format}, ${formatBytes(model.bytes)}; ${plural(sum.layers, 'layer')}, ${formatCount(sum.parameters)} parameters; ${formatSeconds(report.seconds)}`,
    ...(base ? [`Base: ${code(base.path)}, ${base.format}, ${formatBytes(base.bytes)}`] : []),
    `Device: ${escape(device.description)}${device.fallback === null ? '' : ` (${escape(device.fallback)})`}`,
    ...(settings === '' ? [] : [`Settings: ${escape(settings)}`]),
    ...(cancelled ? [`**Cancelled after ${cancelled.finished} of ${cancelled.of} layers**`] : []),
    ...(sum.failed === 0 ? [] : [`**${plural(sum.failed, 'layer')} failed**: the error is in the row`]),
    ...(largest ? [`Largest norm: ${formatInterval(largest.lipschitz)}, ${code(largest.name)}`] : []),
    ...(lowest
      ? [
          `Lowest stable rank: ${formatShare(lowest.stableRank.normalized)} of the full rank, ${code(lowest.name)}`,
        ]
      : []),
    ...(sum.largest.length > 1
      ? [
          `Product of the ${sum.largest.length} upper bounds: ${escape(formatPowerOfTen(sum.productLog10))} (${CHAIN_ONLY})`,
        ]
      : []),
  ];
  if (hasAdapters(report)) lines.push(`Columns: ${escape(ADAPTER_LEGEND)}`);
  return lines.map((line) => `- ${line}`).join('\n');
}

function* table(layers: readonly LayerReport[], notes: readonly string[]): Generator<string> {
  const titles = hasAdapters({ layers }) ? ADAPTER_TITLES : [];
  const header = [
    'Layer',
    'Operator',
    'Shape',
    'Lipschitz',
    'Certainty',
    'Input size',
    'Stable rank',
    'Of full',
    ...titles.map(capitalized),
    'Notes',
  ];
  const marks = new Map(notes.map((note, index) => [note, String(index + 1)]));
  const words = ['Layer', 'Operator', 'Shape', 'Certainty', 'Input size', 'Notes'];
  const numbers = header.filter((title) => !words.includes(title));
  yield* tableLines(header, numbers, rowsOf(layers, marks, titles));
}

function* rowsOf(
  layers: readonly LayerReport[],
  marks: ReadonlyMap<string, string>,
  titles: readonly AdapterTitle[],
): Generator<readonly string[]> {
  for (const layer of layers) {
    yield layerCells(layer, marks, titles);
    for (const [index, group] of (layer.groups ?? []).entries()) {
      yield groupCells(group, index, layer.lipschitz, titles);
    }
  }
}

/** @param marks the number of each note */
function layerCells(
  layer: LayerReport,
  marks: ReadonlyMap<string, string>,
  titles: readonly AdapterTitle[],
): string[] {
  const adapter = describeAdapter(layer.adapter);
  const noted = layer.notes.map((note) => marks.get(note)).join(', ');
  const rowNorm =
    layer.largestRowNorm === null ? '' : `largest row norm ${formatNumber(layer.largestRowNorm)}`;
  const error = layer.error === null ? '' : `**failed**: ${escape(layer.error)}`;
  return [
    code(layer.name),
    escape(layer.op),
    formatShape(layer.shape),
    ...boundCells(layer.lipschitz, layer.lipschitz),
    ...rankCells(layer),
    ...titles.map((title) => adapter[title]),
    [error, rowNorm, noted].filter((part) => part !== '').join('; '),
  ];
}

function groupCells(
  group: GroupReport,
  index: number,
  lipschitz: LipschitzInterval | null,
  titles: readonly AdapterTitle[],
): string[] {
  const cells = [...boundCells(group, lipschitz), ...rankCells(group)];
  return [`group ${index}`, '', '', ...cells, ...titles.map(() => ''), ''];
}

function boundCells(
  interval: { readonly lower: number; readonly upper: number } | null,
  promise: LipschitzInterval | null,
): string[] {
  return [
    interval ? formatInterval(interval) : '',
    promise?.certainty ?? '',
    promise ? escape(formatScope(promise)) : '',
  ];
}

function rankCells({ stableRank }: Pick<LayerReport, 'stableRank'>): string[] {
  return stableRank ? [formatStableRank(stableRank), formatShare(stableRank.normalized)] : ['', ''];
}

function skipped({ skipped: entries }: Report): string {
  if (entries.length === 0) return '';
  const groups = skippedByReason(entries).map(
    ({ count, ops, example, reason }) =>
      `- ${count} × ${ops.map(escape).join(', ')}: ${escape(reason)}, such as ${code(example.name)}`,
  );
  return [`Skipped (${entries.length}):`, '', ...groups].join('\n');
}

function network({ network: found }: Report): string {
  const lines = found === null ? [] : networkLines(found);
  return lines.length === 0
    ? ''
    : ['Whole network (L2):', '', ...lines.map((line) => `- ${escape(line)}`)].join('\n');
}
