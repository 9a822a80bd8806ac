import { useMemo } from 'preact/hooks';
import type { IndexedRow } from '../../src/editor/protocol/protocol';
import type { LayerReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { adaptersIn, columnsWith, logDomain, nextSorting } from '../rows';
import type { Column } from '../rows';
import type { ScrollPosition, ViewState } from '../view-state';
import { cellText } from './cell-text';
import { CertaintyLabel, NameCell, NormCell, RankCell } from './cells';
import { Grid } from './grid';
import type { GridContent } from './grid';

interface Props {
  /** Filtered and sorted. */
  readonly rows: readonly IndexedRow[];
  /** For the axis of the bars, which must not depend on the filter. */
  readonly all: readonly IndexedRow[];
  /** Largest upper bound that is accepted of a layer; null: any. */
  readonly budget: number | null;
  readonly locale: Locale;
  readonly view: ViewState;
  readonly change: (change: Partial<ViewState>) => void;
  readonly scroll: ScrollPosition;
  /** Name of the layer to bring into view; null: none. */
  readonly sought: string | null;
  readonly onFound: () => void;
  /** Shown where there is no row. */
  readonly empty: string;
}

const NUMERIC: ReadonlySet<Column> = new Set([
  'index',
  'norm',
  'rank',
  'adapterRank',
  'scale',
  'energy',
  'relative',
  'sum',
  'parameters',
  'time',
]);

/** Of the grid: its columns' widths are in the style sheet. */
const GRID_CLASSES = { none: '', alone: 'adapters', 'with base': 'adapters based' } as const;

/** The layers of one model. */
export function LayerTable({ rows, all, budget, locale, view, change, ...rest }: Props) {
  const [low, high] = useMemo(() => logDomain(all) ?? [], [all]);
  const adapters = useMemo(() => adaptersIn(all), [all]);
  const content = useMemo(
    () => contentOf(columnsWith(adapters), low, high, budget, locale),
    [adapters, low, high, budget, locale],
  );
  return (
    <Grid
      {...rest}
      class={GRID_CLASSES[adapters]}
      rows={rows}
      content={content}
      label={locale.strings.table}
      testId="layers"
      view={view}
      onSort={(column) => change({ sorting: nextSorting(view.sorting, column) })}
      change={change}
    />
  );
}

/** @param low with `high`, the limits of the axis of the bars; undefined: there is none */
function contentOf(
  columns: readonly Column[],
  low: number | undefined,
  high: number | undefined,
  budget: number | null,
  locale: Locale,
): GridContent<LayerReport, Column> {
  const domain = low === undefined || high === undefined ? null : ([low, high] as const);
  return {
    columns: columns.map((key) => ({ key, title: headerText(key, locale), numeric: NUMERIC.has(key) })),
    mainColumn: 'norm',
    keyOf: ({ name }) => name,
    text: (column, { index, row }) => cellText(column, index, row, locale),
    hint: (column, { name }) => (column === 'name' ? displayName(name) : undefined),
    sentenceFrom: ({ lipschitz }) => (lipschitz === null ? 'norm' : null),
    cell: (column, { index, row }) => {
      switch (column) {
        case 'name':
          return <NameCell name={row.name} />;
        case 'norm':
          return <NormCell row={row} locale={locale} domain={domain} budget={budget} />;
        case 'rank':
          return <RankCell row={row} locale={locale} />;
        case 'certainty':
          return row.lipschitz && <CertaintyLabel certainty={row.lipschitz.certainty} locale={locale} />;
        default:
          return cellText(column, index, row, locale);
      }
    },
  };
}

function headerText(column: Column, { strings }: Locale): string {
  const texts: Record<Column, string> = {
    index: strings.columnIndex,
    name: strings.columnName,
    operator: strings.columnOperator,
    shape: strings.columnShape,
    norm: strings.columnNorm,
    rank: strings.columnRank,
    adapterRank: strings.columnAdapterRank,
    scale: strings.columnScale,
    energy: strings.columnEnergy,
    relative: strings.columnRelative,
    sum: strings.columnSum,
    parameters: strings.columnParameters,
    scope: strings.columnScope,
    certainty: strings.columnCertainty,
    time: strings.columnTime,
  };
  return texts[column];
}
