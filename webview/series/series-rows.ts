/** The rows of a series: what stands in the cells of a layer, and in which order layers are shown. */
import type { Indexed } from '../../src/editor/protocol/protocol';
import { formatInterval, formatShape } from '../../src/report/numbers';
import type { SeriesLayer, SeriesValue } from '../../src/report/series/series';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { sortBy, textKey } from '../rows';
import type { Key, Sorting } from '../rows';
import type { TableView } from '../view-state';

export type IndexedSeries = Indexed<SeriesLayer>;

const COLUMNS = ['index', 'name', 'operator', 'shape'] as const;
/** The others are of a checkpoint each, counted from 0 on. */
export type SeriesColumn = (typeof COLUMNS)[number] | `value${number}`;

export const SERIES_TABS = ['layers', 'over'] as const;
export type SeriesTab = (typeof SERIES_TABS)[number];

export const INITIAL_SERIES_VIEW: TableView<SeriesTab, SeriesColumn> = {
  tab: 'layers',
  sorting: { column: 'index', descending: false },
  filter: { text: '', operator: '' },
  selected: null,
  detail: false,
  detailHeight: 300,
  scroll: 0,
};

export function columnsOf(checkpoints: number): readonly SeriesColumn[] {
  return [...COLUMNS, ...Array.from({ length: checkpoints }, (_, i) => `value${i}` as const)];
}

/** Columns whose large values are looked for first. */
export function descendingFirst(checkpoints: number): ReadonlySet<SeriesColumn> {
  return new Set(columnsOf(checkpoints).filter((column) => checkpointOf(column) !== null));
}

/** The checkpoint that a column is of; null: none. */
export function checkpointOf(column: SeriesColumn): number | null {
  return column.startsWith('value') ? Number(column.slice('value'.length)) : null;
}

export function keyOfLayer({ name }: SeriesLayer): string {
  return name;
}

export function itself(layer: SeriesLayer): readonly SeriesLayer[] {
  return [layer];
}

export function sortSeries(
  rows: readonly IndexedSeries[],
  { column, descending }: Sorting<SeriesColumn>,
): IndexedSeries[] {
  return sortBy(rows, (row) => sortKey(row, column), descending);
}

function sortKey({ index, row }: IndexedSeries, column: SeriesColumn): Key {
  const checkpoint = checkpointOf(column);
  if (checkpoint !== null) return row.values.at(checkpoint)?.lipschitz?.upper ?? null;
  switch (column) {
    case 'name':
      return textKey(row.name);
    case 'operator':
      return row.op;
    case 'shape':
      return row.shape.reduce((product, size) => product * size, 1);
    default:
      return index;
  }
}

export function seriesText(column: SeriesColumn, { index, row }: IndexedSeries, locale: Locale): string {
  const checkpoint = checkpointOf(column);
  if (checkpoint !== null) return valueText(row.values.at(checkpoint) ?? null, locale);
  switch (column) {
    case 'name':
      return displayName(row.name);
    case 'operator':
      return displayName(row.op);
    case 'shape':
      return formatShape(row.shape);
    default:
      return String(index + 1);
  }
}

/** '' where the checkpoint has no such layer. */
export function valueText(value: SeriesValue | null, locale: Locale): string {
  if (value === null) return '';
  return value.lipschitz ? locale.number(formatInterval(value.lipschitz)) : locale.strings.failed;
}

/** What is to be known of a value besides its interval; undefined: nothing. */
export function valueHint(value: SeriesValue | null, locale: Locale): string | undefined {
  if (value === null) return locale.strings.absent;
  return value.error === null ? undefined : displayName(locale.translate(value.error));
}

/** How far a constant went from the first checkpoint to the last: the larger over the smaller, to compare layers by. */
export function changeOf({ values }: SeriesLayer): number {
  const [first, last] = [values.at(0), values.at(-1)].map((value) => value?.lipschitz?.upper ?? 0);
  return first > 0 && last > 0 ? Math.max(first / last, last / first) : 1;
}
