import { code, escape, numbered, tableLines } from '../markdown-text';
import { formatBytes, formatSeconds, formatShape } from '../numbers';
import { describeSettings } from '../wording';
import type { ComparisonReport, PairReport, UnpairedReport } from './comparison';
import { errorsOf, formatNorm, notesOf, pairNames, pairTexts, summarize, worstFirst } from './summary';

const HEADER = [
  'Layer',
  'A',
  'B',
  'B / A',
  'Norm of A - B',
  'Relative',
  'Stable rank of A - B',
  'Input size',
  'Matched by',
  'Notes',
];
const RIGHT = HEADER.slice(1, 7);

/** GitHub-flavoured Markdown: a table of the pairs, those that moved most first, and what is in one model only. */
export function formatComparisonMarkdown(comparison: ComparisonReport): string {
  return [...comparisonMarkdownPieces(comparison)].join('');
}

/** The same text in pieces, none of them longer than a row, the notes, or the layers of one model only. */
export function* comparisonMarkdownPieces(comparison: ComparisonReport): Generator<string> {
  const pairs = worstFirst(comparison.pairs);
  const notes = notesOf(pairs);
  const marks = new Map(notes.map((note, index) => [note, String(index + 1)]));
  yield `## ${code(comparison.a.path)} and ${code(comparison.b.path)}\n\n${facts(comparison)}\n\n`;
  if (pairs.length === 0) yield 'No layers in common.\n';
  else yield* tableLines(HEADER, RIGHT, cellsOf(pairs, marks));
  const blocks = [
    numbered('Notes', notes),
    unpaired('Only in A', comparison.onlyInA),
    unpaired('Only in B', comparison.onlyInB),
  ];
  for (const block of blocks) if (block !== '') yield `\n${block}\n`;
}

function* cellsOf(
  pairs: readonly PairReport[],
  marks: ReadonlyMap<string, string>,
): Generator<readonly string[]> {
  for (const pair of pairs) yield pairCells(pair, marks);
}

function facts(comparison: ComparisonReport): string {
  const { a, b, device, seconds } = comparison;
  const settings = describeSettings(comparison.settings);
  const file = ({ path, format, bytes }: ComparisonReport['a']) =>
    `${code(path)} (${format}, ${formatBytes(bytes)})`;
  return [
    `A: ${file(a)}`,
    `B: ${file(b)}`,
    `Device: ${escape(device.description)}${device.fallback === null ? '' : ` (${escape(device.fallback)})`}`,
    ...(settings === '' ? [] : [`Settings: ${escape(settings)}`]),
    ...summarize(comparison),
    formatSeconds(seconds),
  ]
    .map((line) => `- ${line}`)
    .join('\n');
}

function pairCells(pair: PairReport, marks: ReadonlyMap<string, string>): string[] {
  const { ratio, difference, relative, stableRank, promise } = pairTexts(pair);
  const errors = errorsOf(pair).map((error) => `**failed**: ${escape(error)}`);
  const noted = pair.notes.map((note) => marks.get(note)).join(', ');
  return [
    pairNames(pair).map(code).join(' / '),
    ...[formatNorm(pair.a), formatNorm(pair.b)],
    ...[ratio, difference, relative, stableRank, escape(promise)],
    `${pair.matchedBy}${pair.transposed ? ', transposed' : ''}`,
    [...errors, noted].filter((part) => part !== '').join('; '),
  ];
}

function unpaired(title: string, layers: readonly UnpairedReport[]): string {
  if (layers.length === 0) return '';
  const items = layers.map(
    ({ name, op, shape, reason }) =>
      `- ${code(name)} (${escape(op)}, ${formatShape(shape)})${reason === null ? '' : `: ${escape(reason)}`}`,
  );
  return [`${title} (${layers.length}):`, '', ...items].join('\n');
}
