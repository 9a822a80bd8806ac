import { useMemo } from 'preact/hooks';
import type { SeriesLayer } from '../../src/report/series/series';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { nextSorting } from '../rows';
import { NameCell } from '../table/cells';
import { Grid } from '../table/grid';
import type { GridContent } from '../table/grid';
import type { ScrollPosition, TableView } from '../view-state';
import { checkpointOf, columnsOf, descendingFirst, keyOfLayer, seriesText, valueHint } from './series-rows';
import type { IndexedSeries, SeriesColumn, SeriesTab } from './series-rows';

interface Props {
  /** Filtered and sorted. */
  readonly rows: readonly IndexedSeries[];
  /** Of the checkpoints, short; the same array as long as they are the same. */
  readonly labels: readonly string[];
  readonly locale: Locale;
  readonly view: TableView<SeriesTab, SeriesColumn>;
  readonly change: (change: Partial<TableView<SeriesTab, SeriesColumn>>) => void;
  readonly scroll: ScrollPosition;
  /** Name of the layer to bring into view; null: none. */
  readonly sought: string | null;
  readonly onFound: () => void;
  /** Shown where there is no row. */
  readonly empty: string;
}

/** Layers, with a column for every checkpoint. */
export function SeriesTable({ labels, locale, view, change, ...rest }: Props) {
  const content = useMemo(() => contentOf(labels, locale), [labels, locale]);
  return (
    <Grid
      {...rest}
      class="series"
      style={{ '--checkpoints': String(Math.max(1, labels.length)) }}
      content={content}
      label={locale.strings.seriesTable}
      testId="series"
      view={view}
      onSort={(column) =>
        change({ sorting: nextSorting(view.sorting, column, descendingFirst(labels.length)) })
      }
      change={change}
    />
  );
}

function contentOf(labels: readonly string[], locale: Locale): GridContent<SeriesLayer, SeriesColumn> {
  const { strings } = locale;
  const titleOf = (column: SeriesColumn) => {
    const checkpoint = checkpointOf(column);
    if (checkpoint !== null) return displayName(labels[checkpoint]);
    const titles: Partial<Record<SeriesColumn, string>> = {
      index: strings.columnIndex,
      name: strings.columnName,
      operator: strings.columnOperator,
      shape: strings.columnShape,
    };
    return titles[column] ?? '';
  };
  return {
    columns: columnsOf(labels.length).map((key) => ({
      key,
      title: titleOf(key),
      hint: titleOf(key),
      numeric: key === 'index' || checkpointOf(key) !== null,
    })),
    mainColumn: labels.length === 0 ? 'name' : `value${labels.length - 1}`,
    keyOf: keyOfLayer,
    text: (column, indexed) => seriesText(column, indexed, locale),
    hint: (column, row) => {
      const checkpoint = checkpointOf(column);
      if (checkpoint !== null) return valueHint(row.values.at(checkpoint) ?? null, locale);
      return column === 'name' ? displayName(row.name) : undefined;
    },
    sentenceFrom: () => null,
    cell: (column, indexed) =>
      column === 'name' ? <NameCell name={indexed.row.name} /> : seriesText(column, indexed, locale),
  };
}
