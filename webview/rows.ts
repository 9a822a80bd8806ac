/** The rows of the table: what is shown of them, in which order. */
import type { Indexed, IndexedRow } from '../src/editor/protocol/protocol';
import { overBudget } from '../src/report/budget';
import type { OverBudget } from '../src/report/budget';
import type { Certainty, Interval, LayerReport } from '../src/report/report';

export const COLUMNS = [
  'index',
  'name',
  'operator',
  'shape',
  'norm',
  'rank',
  'parameters',
  'scope',
  'certainty',
  'time',
] as const;

/** Where rows are updates of the weights of another model; then where that one is known, too. */
const ADAPTER_COLUMNS = ['adapterRank', 'scale', 'energy'] as const;
const BASE_COLUMNS = ['relative', 'sum'] as const;

export type Column =
  (typeof COLUMNS)[number] | (typeof ADAPTER_COLUMNS)[number] | (typeof BASE_COLUMNS)[number];
export const ALL_COLUMNS: readonly Column[] = [...COLUMNS, ...ADAPTER_COLUMNS, ...BASE_COLUMNS];

/** What is said of updates in a table of these rows. */
export function adaptersIn(rows: readonly IndexedRow[]): 'none' | 'alone' | 'with base' {
  const adapters = rows.flatMap(({ row }) => row.adapter ?? []);
  if (adapters.length === 0) return 'none';
  return adapters.some(({ base }) => base !== null) ? 'with base' : 'alone';
}

/** The columns of such a table, in their order. */
export function columnsWith(adapters: ReturnType<typeof adaptersIn>): readonly Column[] {
  if (adapters === 'none') return COLUMNS;
  const behind = COLUMNS.indexOf('rank') + 1;
  return [
    ...COLUMNS.slice(0, behind),
    ...ADAPTER_COLUMNS,
    ...(adapters === 'with base' ? BASE_COLUMNS : []),
    ...COLUMNS.slice(behind),
  ];
}

export interface Sorting<Key extends string = Column> {
  readonly column: Key;
  readonly descending: boolean;
}

/** Columns whose large values are looked for first. */
const DESCENDING_FIRST: ReadonlySet<Column> = new Set([
  'norm',
  'parameters',
  'time',
  'energy',
  'relative',
  'sum',
]);
const STRENGTH: readonly Certainty[] = ['certified', 'analytic', 'probable', 'estimate'];

/**
 * What a click on a column's header makes of the order.
 * @param descendingFirst columns whose large values are looked for first
 */
export function nextSorting<Key extends string>(
  sorting: Sorting<Key>,
  column: Key,
  descendingFirst: ReadonlySet<string> = DESCENDING_FIRST,
): Sorting<Key> {
  if (sorting.column === column) return { column, descending: !sorting.descending };
  return { column, descending: descendingFirst.has(column) };
}

/** By which a row is sorted; null: last. */
export type Key = number | string | null;

export function sortRows(rows: readonly IndexedRow[], { column, descending }: Sorting): IndexedRow[] {
  return sortBy(rows, (row) => keyOf(row, column), descending);
}

/** A new array. Rows without a value come last in both directions; equal ones stay in the order of the file. */
export function sortBy<Row>(
  rows: readonly Indexed<Row>[],
  keyOf: (row: Indexed<Row>) => Key,
  descending: boolean,
): Indexed<Row>[] {
  const direction = descending ? -1 : 1;
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) {
        return Number(a.key === null) - Number(b.key === null) || a.row.index - b.row.index;
      }
      return direction * compare(a.key, b.key) || a.row.index - b.row.index;
    })
    .map(({ row }) => row);
}

function keyOf({ index, row }: IndexedRow, column: Column): Key {
  switch (column) {
    case 'index':
      return index;
    case 'name':
      return nameKey(row);
    case 'operator':
      return row.op;
    case 'shape':
      return row.shape.reduce((product, size) => product * size, 1);
    case 'norm':
      return row.lipschitz?.upper ?? null;
    case 'rank':
      return row.stableRank?.normalized ?? null;
    case 'adapterRank':
      return row.adapter?.rank ?? null;
    case 'scale':
      return row.adapter?.scale ?? null;
    case 'energy':
      return row.adapter?.energy?.upper ?? null;
    case 'relative':
      return row.adapter?.base?.relative?.upper ?? null;
    case 'sum':
      return row.adapter?.base?.sum?.upper ?? null;
    case 'parameters':
      return row.parameters;
    case 'scope':
      return row.lipschitz && textKey(row.lipschitz.scope);
    case 'certainty':
      return row.lipschitz === null ? null : STRENGTH.indexOf(row.lipschitz.certainty);
    case 'time':
      return row.seconds;
  }
}

/** Longest number in a text that is compared as one, digits. */
const LONGEST_NUMBER = 12;
/** Characters of a text that its place depends on. */
const LONGEST_TEXT = 300;

/** By which texts are compared as people number things: `conv2` before `conv10`. */
export function textKey(text: string): string {
  return text.slice(0, LONGEST_TEXT).replace(/\d+/g, (number) => number.padStart(LONGEST_NUMBER, '0'));
}

/** Names are many and different: their keys are made once. */
const nameKeys = new WeakMap<LayerReport, string>();

function nameKey(row: LayerReport): string {
  const known = nameKeys.get(row);
  if (known !== undefined) return known;
  const key = textKey(row.name);
  nameKeys.set(row, key);
  return key;
}

/** Without `numeric`, which `textKey` makes needless, and which takes several times as long. */
const collator = new Intl.Collator('en');

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a), String(b));
}

export interface Filter {
  /** Words that all have to occur in the name, the operator or the weight, in any order and case. */
  readonly text: string;
  /** '' : all. */
  readonly operator: string;
}

/** What a filter looks at. */
type Searched = Pick<LayerReport, 'name' | 'op' | 'weight'>;

/** @param layersOf the layers that a row is of: one that fits is enough */
export function filterRows<Row>(
  rows: readonly Indexed<Row>[],
  { text, operator }: Filter,
  layersOf: (row: Row) => readonly Searched[],
): readonly Indexed<Row>[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && operator === '') return rows;
  return rows.filter(({ row }) => {
    const layers = layersOf(row).filter(({ op }) => operator === '' || op === operator);
    if (layers.length === 0) return false;
    if (words.length === 0) return true;
    const searched = layers
      .map(({ name, op, weight }) => `${name}\n${op}\n${weight}`)
      .join('\n')
      .toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** Operators with the number of their rows, the most frequent first. */
export function countOperators<Row>(
  rows: readonly Indexed<Row>[],
  layersOf: (row: Row) => readonly Searched[],
): [operator: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { row } of rows) {
    for (const op of new Set(layersOf(row).map((layer) => layer.op))) {
      counts.set(op, (counts.get(op) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** Null where the layer is within its budget, has no bound, or `limit` is null: any constant is accepted. */
export function overLayerBudget(row: LayerReport, limit: number | null): OverBudget | null {
  return limit === null ? null : (overBudget({ layers: [row] }, limit).at(0) ?? null);
}

/** Of one model: a row is of one layer. */
export function itself(row: LayerReport): readonly LayerReport[] {
  return [row];
}

/** The limits of a logarithmic axis for all positive bounds; null where there are none. */
export function logDomain(rows: readonly IndexedRow[]): readonly [number, number] | null {
  return logDomainOf(rows.map(({ row }) => row.lipschitz));
}

export function logDomainOf(intervals: readonly (Interval | null)[]): readonly [number, number] | null {
  let [low, high] = [Infinity, 0];
  for (const interval of intervals) {
    const { lower = 0, upper = 0 } = interval ?? {};
    if (upper <= 0) continue;
    low = Math.min(low, lower > 0 ? lower : upper);
    high = Math.max(high, upper);
  }
  return high > 0 ? [low, high] : null;
}

/** Place of `x` on the axis, 0 to 1: the smallest value still has a visible bar. */
export function logShare(x: number, [low, high]: readonly [number, number]): number {
  if (x <= 0) return 0;
  const from = Math.log10(low) - AXIS_MARGIN;
  const to = Math.max(Math.log10(high), from + AXIS_MARGIN);
  return Math.min(1, Math.max(0, (Math.log10(x) - from) / (to - from)));
}

/** Powers of ten below the smallest value at which the axis begins. */
const AXIS_MARGIN = 0.3;
