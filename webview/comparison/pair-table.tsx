import { useMemo } from 'preact/hooks';
import type { PairReport } from '../../src/report/comparison/comparison';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { logDomainOf, logShare, nextSorting } from '../rows';
import { Bar, CertaintyLabel, NameCell } from '../table/cells';
import { Grid } from '../table/grid';
import type { GridContent } from '../table/grid';
import type { ScrollPosition, TableView } from '../view-state';
import { DESCENDING_FIRST, isFailed, keyOfPair, PAIR_COLUMNS, pairName, pairText, whyNone } from './pairs';
import type { IndexedPair, PairColumn, PairTab } from './pairs';

interface Props {
  /** Filtered and sorted. */
  readonly rows: readonly IndexedPair[];
  /** For the axis of the bars, which must not depend on the filter. */
  readonly all: readonly IndexedPair[];
  readonly locale: Locale;
  readonly view: TableView<PairTab, PairColumn>;
  readonly change: (change: Partial<TableView<PairTab, PairColumn>>) => void;
  readonly scroll: ScrollPosition;
  /** Key of the pair to bring into view; null: none. */
  readonly sought: string | null;
  readonly onFound: () => void;
  /** Shown where there is no row. */
  readonly empty: string;
}

const NUMERIC: ReadonlySet<PairColumn> = new Set([
  'index',
  'normA',
  'normB',
  'ratio',
  'difference',
  'relative',
  'differenceRank',
]);

/** Pairs of layers next to each other. */
export function PairTable({ rows, all, locale, view, change, ...rest }: Props) {
  const [low, high] = useMemo(
    () => logDomainOf(all.map(({ row }) => row.difference?.relative ?? null)) ?? [],
    [all],
  );
  const content = useMemo(() => contentOf(low, high, locale), [low, high, locale]);
  return (
    <Grid
      {...rest}
      class="pairs"
      rows={rows}
      content={content}
      label={locale.strings.pairTable}
      testId="pairs"
      view={view}
      onSort={(column) => change({ sorting: nextSorting(view.sorting, column, DESCENDING_FIRST) })}
      change={change}
    />
  );
}

/** @param low with `high`, the limits of the axis of the bars; undefined: there is none */
function contentOf(
  low: number | undefined,
  high: number | undefined,
  locale: Locale,
): GridContent<PairReport, PairColumn> {
  const { strings } = locale;
  const domain = low === undefined || high === undefined ? null : ([low, high] as const);
  const titles: Record<PairColumn, readonly [title: string, hint?: string]> = {
    index: [strings.columnIndex],
    name: [strings.columnName],
    operator: [strings.columnOperator],
    shape: [strings.columnShape],
    normA: [strings.columnNormA],
    normB: [strings.columnNormB],
    ratio: [strings.columnRatio, strings.ratioHint],
    difference: [strings.columnDifference, strings.differenceHint],
    relative: [strings.columnRelativeToA, strings.relativeHint],
    differenceRank: [strings.columnDifferenceRank, strings.differenceRankHint],
    matched: [strings.columnMatched],
    certainty: [strings.columnCertainty],
    notes: [strings.columnNotes],
  };
  return {
    columns: PAIR_COLUMNS.map((key) => {
      const [title, hint = title] = titles[key];
      return { key, title, hint, numeric: NUMERIC.has(key) };
    }),
    mainColumn: 'relative',
    keyOf: keyOfPair,
    text: (column, pair) => pairText(column, pair, locale),
    hint: (column, row) => {
      if (column === 'name') return pairName(row);
      if (column === 'notes' || column === 'operator' || column === 'shape') {
        return pairText(column, { index: 0, row }, locale);
      }
      return undefined;
    },
    sentenceFrom: ({ difference }) => (difference === null ? 'difference' : null),
    cell: (column, indexed) => {
      const { row } = indexed;
      const { a, b, difference } = row;
      switch (column) {
        case 'name':
          return a.name === b.name ? <NameCell name={a.name} /> : <TwoNames a={a.name} b={b.name} />;
        case 'difference':
          return difference ? (
            <span class="norm">{pairText(column, indexed, locale)}</span>
          ) : (
            <WhyNone row={row} locale={locale} />
          );
        case 'relative': {
          const relative = difference?.relative ?? null;
          return (
            <>
              <span class="number norm">{pairText(column, indexed, locale)}</span>
              <Bar
                from={relative && domain ? logShare(relative.lower, domain) : 0}
                to={relative ? (domain ? logShare(relative.upper, domain) : 0) : 1}
                kind="norm"
              />
            </>
          );
        }
        case 'certainty':
          return difference && <CertaintyLabel certainty={difference.lipschitz.certainty} locale={locale} />;
        default:
          return pairText(column, indexed, locale);
      }
    },
  };
}

/** Each gives way in its middle. */
function TwoNames({ a, b }: { readonly a: string; readonly b: string }) {
  return (
    <>
      <span class="name-head">{displayName(a)}</span>
      <span class="name-tail dim"> ↔ </span>
      <span class="name-head">{displayName(b)}</span>
    </>
  );
}

function WhyNone({ row, locale }: { readonly row: PairReport; readonly locale: Locale }) {
  const reason = whyNone(row, locale);
  const icon = isFailed(row) ? 'error' : 'info';
  return (
    <span class={`row-${icon}`} title={reason}>
      <span class={`codicon codicon-${icon}`} aria-hidden="true" /> {reason}
    </span>
  );
}
