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
import { displayName, printable } from './text';
import { collectNotes, skippedByReason, totals } from './totals';
import { CHAIN_ONLY, describeSettings, formatScope, formatStableRank, plural } from './wording';

/** GitHub-flavoured Markdown: a section for each report with its table, notes, what was skipped, and totals. */
export function formatMarkdown(reports: Report | readonly Report[]): string {
  return [...markdownPieces(reports)].join('');
}

/** The same text in pieces, none of them longer than a layer's rows, the notes, what was skipped, or the totals. */
export function* markdownPieces(reports: Report | readonly Report[]): Generator<string> {
  let lead = '';
  for (const report of [reports].flat()) {
    yield lead;
    yield* section(report);
    lead = '\n';
  }
}

function* section(report: Report): Generator<string> {
  const notes = collectNotes(report.layers);
  yield `## ${code(report.model.path)}\n\n${facts(report)}\n\n`;
  if (report.layers.length === 0) yield 'No layers.\n';
  else yield* table(report.layers, notes);
  for (const block of [numbered('Notes', notes), skipped(report)]) {
    if (block !== '') yield `\n${block}\n`;
  }
}

function facts(report: Report): string {
  const sum = totals(report);
  const { model, device, cancelled } = report;
  const [largest] = sum.largest;
  const [lowest] = sum.lowestRank;
  const settings = describeSettings(report.settings);
  const lines = [
    `${report.model.format}, ${formatBytes(model.bytes)}; ${plural(sum.layers, 'layer')}, ${formatCount(sum.parameters)} parameters; ${formatSeconds(report.seconds)}`,
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
  return lines.map((line) => `- ${line}`).join('\n');
}

function* table(layers: readonly LayerReport[], notes: readonly string[]): Generator<string> {
  const header = [
    'Layer',
    'Operator',
    'Shape',
    'Lipschitz',
    'Certainty',
    'Input size',
    'Stable rank',
    'Of full',
    'Notes',
  ];
  const rule = header.map((title) =>
    ['Lipschitz', 'Stable rank', 'Of full'].includes(title) ? '---:' : '---',
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  yield line(header) + line(rule);
  const marks = new Map(notes.map((note, index) => [note, String(index + 1)]));
  for (const layer of layers) {
    const groups = (layer.groups ?? []).map((group, index) => groupCells(group, index, layer.lipschitz));
    yield [layerCells(layer, marks), ...groups].map(line).join('');
  }
}

/** @param marks the number of each note */
function layerCells(layer: LayerReport, marks: ReadonlyMap<string, string>): string[] {
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
    [error, rowNorm, noted].filter((part) => part !== '').join('; '),
  ];
}

function groupCells(group: GroupReport, index: number, lipschitz: LipschitzInterval | null): string[] {
  return [`group ${index}`, '', '', ...boundCells(group, lipschitz), ...rankCells(group), ''];
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

function numbered(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return [`${title}:`, '', ...items.map((item, index) => `${index + 1}. ${escape(item)}`)].join('\n');
}

function skipped({ skipped: entries }: Report): string {
  if (entries.length === 0) return '';
  const groups = skippedByReason(entries).map(
    ({ count, ops, example, reason }) =>
      `- ${count} × ${ops.map(escape).join(', ')}: ${escape(reason)}, such as ${code(example.name)}`,
  );
  return [`Skipped (${entries.length}):`, '', ...groups].join('\n');
}

/** A code span inside a table cell: nothing in it is markup but the pipe. */
function code(name: string): string {
  const shown = displayName(name);
  // A backslash in front of a pipe would end the cell: no code span can hold it.
  if (shown.includes('\\|')) return escape(shown);
  const text = shown.replaceAll('|', '\\|');
  const longestRun = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longestRun + 1);
  const space = longestRun > 0 || /^ .* $/.test(text) ? ' ' : '';
  return `${fence}${space}${text}${space}${fence}`;
}

function escape(text: string): string {
  return printable(text).replace(/[\\`*_[\]<>|~&$]/g, '\\$&');
}
