/** The text table of a comparison: one row a pair, those that moved most first. */
import { columnLines } from '../columns';
import type { Column } from '../columns';
import { formatBytes, formatSeconds, formatShape } from '../numbers';
import { painter } from '../paint';
import type { Paint } from '../paint';
import { NARROWEST_TABLE } from '../table';
import type { TableOptions } from '../table';
import { displayName, ellipsize, hanging, printable, wrap } from '../text';
import { CERTAINTIES, describeSettings } from '../wording';
import type { ComparisonReport, PairReport, UnpairedReport } from './comparison';
import { errorsOf, formatNorm, notesOf, pairNames, pairTexts, summarize, worstFirst } from './summary';

const COLUMNS: readonly Column[] = [
  { title: 'layer', least: 12 },
  { title: 'A' },
  { title: 'B' },
  { title: 'B / A' },
  { title: '|A - B|' },
  { title: 'relative' },
  { title: 'stable rank' },
  { title: 'input size', least: 6 },
  { title: 'matched', least: 5 },
  { title: 'notes', least: 5 },
];

const INDENT = '  ';
/** Layers without a counterpart that are listed; a file can hold any number. */
const MOST_UNPAIRED = 20;

/** Lines of at most `width` cells where the numbers allow it, without trailing blanks. */
export function formatComparisonTable(comparison: ComparisonReport, options: TableOptions): string {
  const width = Math.max(NARROWEST_TABLE, options.width);
  const paint = painter(options.color);
  const pairs = worstFirst(comparison.pairs);
  const notes = notesOf(pairs);
  const { a, b } = comparison;
  const blocks = [
    heading(comparison, width, paint),
    pairs.length === 0 ? ['No layers in common.'] : grid(pairs, notes, width, paint),
    notes.flatMap((note, index) => hanging(`${index + 1}  `, printable(note), width)),
    unpaired(`only in A, ${a.path}`, comparison.onlyInA, width, paint),
    unpaired(`only in B, ${b.path}`, comparison.onlyInB, width, paint),
    summary(comparison, width, paint),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.map((line) => `${line.trimEnd()}\n`).join(''))
    .join('\n');
}

function heading({ a, b, device, settings }: ComparisonReport, width: number, paint: Paint): string[] {
  const described = describeSettings(settings);
  const file = (side: string, { path, format, bytes }: ComparisonReport['a']) => {
    const facts = `  (${format}, ${formatBytes(bytes)})`;
    return `${paint('strong', `${side}  ${ellipsize(displayName(path), width - facts.length - 3)}`)}${paint('faint', facts)}`;
  };
  const faint = (text: string) => wrap(printable(text), width).map((line) => paint('faint', line));
  return [
    file('A', a),
    file('B', b),
    ...faint(`on ${device.description}`),
    ...(device.fallback === null
      ? []
      : wrap(printable(device.fallback), width).map((line) => paint('caution', line))),
    ...(described === '' ? [] : faint(described)),
  ];
}

function grid(pairs: readonly PairReport[], notes: readonly string[], width: number, paint: Paint): string[] {
  const marks = new Map(notes.map((note, index) => [note, index + 1]));
  // Names say it all where nothing else was needed.
  const mixed = pairs.some(({ matchedBy, transposed }) => matchedBy !== 'name' || transposed);
  const cells = pairs.map((pair) => {
    const { ratio, difference, relative, stableRank, promise } = pairTexts(pair);
    const numbers = pair.notes.map((note) => marks.get(note)).join(',');
    return [
      displayName(pair.a.name),
      ...[formatNorm(pair.a), formatNorm(pair.b)],
      ...[ratio, difference, relative, stableRank, printable(promise)],
      mixed ? `${pair.matchedBy}${pair.transposed ? ', transposed' : ''}` : '',
      numbers,
    ];
  });
  const [titles, ...lines] = columnLines(COLUMNS, cells, width, paint);
  return [
    titles,
    ...lines.flatMap((line, index) => {
      const pair = pairs[index];
      const [, other] = pairNames(pair);
      return [
        line,
        ...(other === undefined
          ? []
          : [paint('faint', INDENT + ellipsize(`in B: ${displayName(other)}`, width - INDENT.length))]),
        ...errorsOf(pair).flatMap((error) =>
          wrap(printable(error), width - INDENT.length).map((part) => INDENT + paint('bad', part)),
        ),
      ];
    }),
  ];
}

function unpaired(title: string, layers: readonly UnpairedReport[], width: number, paint: Paint): string[] {
  if (layers.length === 0) return [];
  const rest = layers.length - MOST_UNPAIRED;
  return [
    paint('strong', ellipsize(`${layers.length} ${printable(title)}`, width)),
    ...layers.slice(0, MOST_UNPAIRED).flatMap(({ name, op, shape, reason }) => {
      const facts = `  ${displayName(op)} ${formatShape(shape)}`;
      const why = reason === null ? [] : hanging(`${INDENT}${INDENT}`, printable(reason), width);
      return [
        `${INDENT}${ellipsize(displayName(name), Math.max(12, width - INDENT.length - facts.length))}${paint('faint', facts)}`,
        ...why,
      ];
    }),
    ...(rest > 0 ? [`${INDENT}and ${rest} more, listed by --format json`] : []),
  ];
}

function summary(comparison: ComparisonReport, width: number, paint: Paint): string[] {
  const { pairs, skippedInA, skippedInB, seconds } = comparison;
  const skipped = (side: string, count: number) => (count === 0 ? [] : [`${count} in ${side}`]);
  const left = [...skipped('A', skippedInA.length), ...skipped('B', skippedInB.length)];
  const certainties = new Set(pairs.flatMap(({ difference }) => difference?.lipschitz.certainty ?? []));
  return [
    ...summarize(comparison).flatMap((line) => wrap(line, width)),
    ...(left.length === 0
      ? []
      : wrap(`skipped, as by analyze: ${left.join(', ')}, listed by --format json`, width)),
    formatSeconds(seconds),
    ...[...certainties].flatMap((word) =>
      wrap(`${word}: ${CERTAINTIES[word]}`, width).map((line) => paint('faint', line)),
    ),
  ];
}
