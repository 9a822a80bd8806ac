/** The text table: one row a layer in the file's order, and below it what the rows add up to. */
import { ADAPTER_LEGEND } from './adapter-columns';
import { grid } from './grid';
import { columnLines } from './columns';
import { networkLines } from './network-lines';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatPowerOfTen,
  formatSeconds,
  formatShare,
} from './numbers';
import { painter } from './paint';
import type { Paint, Style } from './paint';
import type { LayerReport, Report } from './report';
import { describeSpectrum, layersWithSpectra, SPECTRUM_LEGEND, SPECTRUM_TITLES } from './spectrum-columns';
import { displayName, ellipsize, hanging, pad, printable, wrap } from './text';
import { collectNotes, hasAdapters, skippedByReason, totals } from './totals';
import { CERTAINTIES, certainties, CHAIN_ONLY, describeSettings, plural, uniformPromise } from './wording';

export interface TableOptions {
  /** Cells of a line that may be used; less than `NARROWEST_TABLE` counts as that. */
  readonly width: number;
  /** Emphasise with ANSI escape sequences. */
  readonly color: boolean;
}

/** Below it the numbers of a row, which are never cut, may not fit. */
export const NARROWEST_TABLE = 80;

const INDENT = '  ';
/** In a table of more rows than fit on a screen, the extremes are listed below it. */
const MANY_LAYERS = 10;
const EXTREMES = 3;
/** Reasons that are counted below the table; a file can hold as many different ones as nodes. */
const MOST_REASONS = 8;

/** Lines of at most `width` cells, without trailing blanks. Names cannot act on the terminal. */
export function formatTable(report: Report, options: TableOptions): string {
  const width = Math.max(NARROWEST_TABLE, options.width);
  const paint = painter(options.color);
  const notes = collectNotes(report.layers);
  const blocks = [
    heading(report, width, paint),
    report.layers.length === 0 ? ['No layers.'] : grid(report.layers, notes, width, paint),
    footnotes(notes, width),
    spectra(report, width, paint),
    skipped(report, width, paint),
    summary(report, width, paint),
    network(report, width, paint),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.map((line) => `${line.trimEnd()}\n`).join(''))
    .join('\n');
}

function heading({ model, base, device, settings }: Report, width: number, paint: Paint): string[] {
  const described = describeSettings(settings);
  const lines = (style: Style, text: string) =>
    wrap(printable(text), width).map((line) => paint(style, line));
  return [
    paint('strong', ellipsize(displayName(model.path), width)),
    ...lines('faint', `${model.format}, ${formatBytes(model.bytes)}, on ${device.description}`),
    ...(base ? lines('faint', `base ${base.path}, ${base.format}, ${formatBytes(base.bytes)}`) : []),
    ...(device.fallback === null ? [] : lines('caution', device.fallback)),
    ...(described === '' ? [] : lines('faint', described)),
  ];
}

function footnotes(notes: readonly string[], width: number): string[] {
  const room = String(notes.length).length;
  return notes.flatMap((note, index) =>
    hanging(`${pad(String(index + 1), room, 'right')}  `, printable(note), width),
  );
}

function spectra({ layers }: Report, width: number, paint: Paint): string[] {
  const known = layersWithSpectra(layers);
  if (known.length === 0) return [];
  const columns = [{ title: 'singular values', least: 12 }, ...SPECTRUM_TITLES.map((title) => ({ title }))];
  const rows = known.map(({ name, spectrum }) => {
    const cells = describeSpectrum(spectrum);
    return [displayName(name), ...SPECTRUM_TITLES.map((title) => cells[title])];
  });
  return [
    ...columnLines(columns, rows, width, paint),
    ...wrap(SPECTRUM_LEGEND, width).map((line) => paint('faint', line)),
  ];
}

function skipped({ skipped: entries }: Report, width: number, paint: Paint): string[] {
  if (entries.length === 0) return [];
  const groups = skippedByReason(entries);
  const shown = groups.slice(0, MOST_REASONS);
  const room = String(shown[0]?.count).length;
  const rest = groups.slice(MOST_REASONS).reduce((sum, group) => sum + group.count, 0);
  return [
    paint('strong', `${entries.length} skipped`),
    ...shown.flatMap(({ reason, count, ops, example }) => {
      const kinds = ops.length > 4 ? [...ops.slice(0, 3), `${ops.length - 3} other kinds`] : ops;
      const name = ellipsize(displayName(example.name), Math.floor(width / 2));
      const text = `${kinds.map(displayName).join(', ')}: ${printable(reason)} (${count === 1 ? '' : 'such as '}${name})`;
      return hanging(`${INDENT}${pad(String(count), room, 'right')} × `, text, width);
    }),
    ...(rest === 0 ? [] : [`${INDENT}and ${rest} for other reasons, listed by --format json`]),
  ];
}

function summary(report: Report, width: number, paint: Paint): string[] {
  const sum = totals(report);
  const { cancelled, layers } = report;
  const facts = [
    plural(sum.layers, 'layer'),
    `${formatCount(sum.parameters)} parameters`,
    formatSeconds(report.seconds),
  ].join(', ');
  const count = layers.length > MANY_LAYERS ? EXTREMES : 1;
  const extremes = (title: string, entries: readonly (readonly [string, string])[]) => {
    const room = Math.max(...entries.map(([value]) => value.length));
    return entries.map(([value, name], index) => {
      const lead = `${pad(index === 0 ? title : '', 20)}${pad(value, room)}${INDENT}`;
      return lead + ellipsize(displayName(name), width - lead.length);
    });
  };
  return [
    ...(cancelled
      ? [paint('caution', `Cancelled after ${cancelled.finished} of ${plural(cancelled.of, 'layer')}.`)]
      : []),
    ...(sum.failed > 0 ? [paint('bad', `${plural(sum.failed, 'layer')} failed.`)] : []),
    facts,
    ...extremes(
      'largest norm',
      sum.largest.slice(0, count).map(({ lipschitz, name }) => [formatInterval(lipschitz), name]),
    ),
    ...extremes(
      'lowest stable rank',
      sum.lowestRank
        .slice(0, count)
        .map(({ stableRank, name }) => [`${formatShare(stableRank.normalized)} of full`, name]),
    ),
    ...(sum.largest.length > 1
      ? wrap(
          `product of the ${sum.largest.length} upper bounds: ${formatPowerOfTen(sum.productLog10)} (${CHAIN_ONLY})`,
          width,
        )
      : []),
    ...(hasAdapters(report) ? wrap(ADAPTER_LEGEND, width).map((line) => paint('faint', line)) : []),
    ...legend(layers, width).map((line) => paint('faint', line)),
  ];
}

function network({ network: found }: Report, width: number, paint: Paint): string[] {
  if (found === null) return [];
  const lines = networkLines(found).flatMap((line) => hanging(INDENT, printable(line), width));
  return lines.length === 0 ? [] : [paint('strong', 'whole network (L2)'), ...lines];
}

/** What is promised of the intervals: once for all rows, or the words of the rows and that of the rows without one. */
function legend(layers: readonly LayerReport[], width: number): string[] {
  const promise = uniformPromise(layers);
  const lines =
    promise !== null
      ? [`${promise.certainty}, ${printable(promise.scope)} (every row): ${CERTAINTIES[promise.certainty]}`]
      : certainties(layers).map(
          (word) =>
            `${word}${word === 'certified' ? ' (where a row says nothing else)' : ''}: ${CERTAINTIES[word]}`,
        );
  return lines.flatMap((line) => wrap(line, width));
}
