/** The rows and columns of the text table. */
import { ADAPTER_TITLES, describeAdapter } from './adapter-columns';
import { formatInterval, formatNumber, formatShape } from './numbers';
import type { Paint, Style } from './paint';
import type { GroupReport, LayerReport, LipschitzInterval, StableRank } from './report';
import { cellWidth, displayName, ellipsize, printable, wrap } from './text';
import { formatScope, formatStableRank, uniformPromise } from './wording';

const COLUMNS = [
  'layer',
  'operator',
  'shape',
  'Lipschitz',
  'stable rank',
  'of full',
  ...ADAPTER_TITLES,
  'input size',
  'notes',
] as const;
type Column = (typeof COLUMNS)[number];
type PerColumn<T> = Record<Column, T>;

interface Row {
  readonly cells: PerColumn<string>;
  readonly styles: Partial<PerColumn<Style>>;
  /** What does not fit in a cell: lines of their own below the row. */
  readonly below: readonly { readonly style: Style; readonly text: string }[];
}

const GAP = '  ';
const INDENT = '  ';
const BAR_CELLS = 8;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/** Numbers that would take more than this when their points are aligned are not worth the room. */
const WIDEST_ALIGNED = 16;

/** Where width is taken from while the table is too wide, and down to what. Numbers are never cut. */
const SHRINKING: readonly (readonly [Column, number])[] = [
  ['layer', 32],
  ['operator', 13],
  ['shape', 13],
  ['rank', 0],
  ['scale', 0],
  ['layer', 20],
  ['notes', 6],
  ['input size', 18],
  ['operator', 8],
  ['shape', 8],
  ['of full', 0],
  ['layer', 12],
  ['operator', 6],
  ['shape', 6],
  ['input size', 6],
  ['notes', 4],
  ['layer', 6],
  ['shape', 0],
  ['operator', 0],
  ['of base', 0],
  ['first', 0],
  ['base + update', 0],
];

/** Lines of at most `width` cells, 80 or more. `notes` are the footnotes that rows refer to by position, from 1. */
export function grid(
  layers: readonly LayerReport[],
  notes: readonly string[],
  width: number,
  paint: Paint,
): string[] {
  const peak = largest(layers.map((layer) => layer.lipschitz?.upper ?? 0));
  const marks = new Map(notes.map((note, index) => [note, index + 1]));
  const mixed = uniformPromise(layers) === null;
  const unaligned = layers.flatMap((layer) => [
    layerRow(layer, marks, peak, mixed),
    ...(layer.groups ?? []).map(groupRow),
  ]);
  const rows = alignPoints(alignPoints(unaligned, 'Lipschitz'), 'stable rank');
  const widths = fitColumns(rows, width);
  const columns = COLUMNS.filter((column) => widths[column] > 0);
  const line = (cells: PerColumn<string>, styles: Row['styles']) =>
    columns
      .map((column) => {
        const text = ellipsize(cells[column], widths[column]);
        const style = styles[column];
        return (style ? paint(style, text) : text) + ' '.repeat(widths[column] - cellWidth(text));
      })
      .join(GAP);
  return [
    paint(
      'faint',
      line(
        perColumn((column) => column),
        {},
      ),
    ),
    ...rows.flatMap(({ cells, styles, below }) => [
      line(cells, styles),
      ...below.flatMap(({ style, text }) =>
        wrap(text, width - INDENT.length).map((part) => INDENT + paint(style, part)),
      ),
    ]),
  ];
}

/** `mixed`: the rows do not all promise the same, so that each must say for which inputs, and how certain. */
function layerRow(layer: LayerReport, marks: ReadonlyMap<string, number>, peak: number, mixed: boolean): Row {
  const { lipschitz, error, largestRowNorm } = layer;
  const emphasis: Style | null =
    error !== null ? 'bad' : peak > 0 && lipschitz?.upper === peak ? 'strong' : null;
  return {
    cells: {
      layer: displayName(layer.name),
      operator: displayName(layer.op),
      shape: formatShape(layer.shape),
      Lipschitz: lipschitz ? formatInterval(lipschitz) : 'failed',
      ...rankCells(layer.stableRank),
      ...describeAdapter(layer.adapter),
      'input size': mixed && lipschitz ? printable(promiseOf(lipschitz)) : '',
      notes: ranges(layer.notes.map((note) => marks.get(note) ?? 0)),
    },
    styles: {
      operator: 'faint',
      shape: 'faint',
      'of full': 'bar',
      rank: 'faint',
      scale: 'faint',
      'input size': 'faint',
      notes: 'faint',
      ...(emphasis && { layer: emphasis, Lipschitz: emphasis }),
    },
    below: [
      ...(largestRowNorm === null
        ? []
        : [{ style: 'faint' as const, text: `largest row norm ${formatNumber(largestRowNorm)}` }]),
      ...(error === null ? [] : [{ style: 'bad' as const, text: printable(error) }]),
    ],
  };
}

function groupRow(group: GroupReport, index: number): Row {
  return {
    cells: {
      ...perColumn(() => ''),
      layer: `${INDENT}group ${index}`,
      Lipschitz: formatInterval(group),
      ...rankCells(group.stableRank),
    },
    styles: { layer: 'faint', 'of full': 'bar' },
    below: [],
  };
}

function promiseOf(lipschitz: LipschitzInterval): string {
  const scope = formatScope(lipschitz);
  return lipschitz.certainty === 'certified' ? scope : `${scope}, ${lipschitz.certainty}`;
}

function rankCells(rank: StableRank | null): Pick<PerColumn<string>, 'stable rank' | 'of full'> {
  return rank
    ? { 'stable rank': formatStableRank(rank), 'of full': bar(rank.normalized) }
    : { 'stable rank': '', 'of full': '' };
}

/** `share` of a bar, in eighths of a cell; never empty, as an absent one is. */
function bar(share: number): string {
  const eighths = Math.max(1, Math.min(8 * BAR_CELLS, Math.round(share * 8 * BAR_CELLS)));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** Numbers in ascending order, runs abbreviated: `1,3-5`. */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && number <= last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** Puts the decimal points of a column below each other, so that the number that begins furthest left is the largest. */
function alignPoints(rows: readonly Row[], column: Column): readonly Row[] {
  const digitsBefore = (number: string) => number.search(/[^0-9]|$/);
  const numbers = rows.map(({ cells }) => cells[column]);
  const left = largest(numbers.map(digitsBefore));
  const right = largest(numbers.map((number) => number.length - digitsBefore(number)));
  if (left + right > WIDEST_ALIGNED) return rows;
  return rows.map((row, index) => {
    const number = numbers[index];
    const shift = /^[0-9]/.test(number) ? left - digitsBefore(number) : 0;
    return { ...row, cells: { ...row.cells, [column]: ' '.repeat(shift) + number } };
  });
}

/** Width of each column, 0 of those that are left out. */
function fitColumns(rows: readonly Row[], width: number): PerColumn<number> {
  const widths = perColumn((column) => {
    const widest = largest(rows.map(({ cells }) => cellWidth(cells[column])));
    return widest === 0 ? 0 : Math.max(widest, cellWidth(column));
  });
  const excess = () => {
    const shown = Object.values(widths).filter((columnWidth) => columnWidth > 0);
    return shown.reduce((sum, columnWidth) => sum + columnWidth, GAP.length * (shown.length - 1)) - width;
  };
  for (const [column, floor] of SHRINKING) {
    const tooWide = excess();
    if (tooWide <= 0) break;
    widths[column] = floor === 0 ? 0 : Math.min(widths[column], Math.max(floor, widths[column] - tooWide));
  }
  return widths;
}

function perColumn<T>(valueOf: (column: Column) => T): PerColumn<T> {
  return Object.fromEntries(COLUMNS.map((column) => [column, valueOf(column)])) as PerColumn<T>;
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
