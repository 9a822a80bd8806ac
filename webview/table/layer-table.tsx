import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { RowContext } from '../../src/editor/protocol/row-context';
import type { IndexedRow } from '../../src/editor/protocol/protocol';
import { displayName } from '../../src/report/text';
import { host } from '../host';
import type { Locale } from '../locale';
import { memo } from '../memo';
import { adaptersIn, columnsWith, COLUMNS, logDomain, nextSorting } from '../rows';
import type { Column } from '../rows';
import type { ScrollPosition, ViewState } from '../view-state';
import { cellText, rowText } from './cell-text';
import { CertaintyLabel, NameCell, NormCell, RankCell } from './cells';
import { useVirtualizer } from './use-virtualizer';

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

const ROW_HEIGHT = 26;
const HEADER_HEIGHT = 28;
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

export function LayerTable({
  rows,
  all,
  budget,
  locale,
  view,
  change,
  scroll,
  sought,
  onFound,
  empty,
}: Props) {
  const { sorting, selected } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    rowHeight: ROW_HEIGHT,
    scroller: () => scroller.current,
    initialOffset: scroll.get(),
    header: HEADER_HEIGHT,
  });
  const adapters = useMemo(() => adaptersIn(all), [all]);
  const columns = useMemo(() => columnsWith(adapters), [adapters]);
  const [low, high] = useMemo(() => logDomain(all) ?? [], [all]);
  const place = useMemo(() => rows.findIndex(({ row }) => row.name === selected), [rows, selected]);
  /** Where the focus goes with the selection; elsewhere it stays where the user has it. */
  const focus = useRef(false);

  // Also where the details have just taken the room of the row. Not by the virtualizer, which learns of its height later.
  useLayoutEffect(() => {
    const { current } = scroller;
    if (!current || place < 0) return;
    const top = place * ROW_HEIGHT;
    const room = current.clientHeight - HEADER_HEIGHT - ROW_HEIGHT;
    if (top < current.scrollTop) current.scrollTop = top;
    else if (top > current.scrollTop + room) current.scrollTop = top - room;
  }, [selected, view.detail]);
  useEffect(() => {
    if (sought === null || sought !== selected || place < 0) return;
    virtualizer.scrollToIndex(place, { align: 'center' });
    onFound();
  }, [sought, selected, place]);
  /** Where an earlier page was scrolled to, until there are enough rows for it or the user goes elsewhere. */
  const former = useRef(scroll.get());
  useLayoutEffect(() => {
    if (former.current === 0 || !scroller.current) return;
    scroller.current.scrollTop = former.current;
    if (scroller.current.scrollTop >= former.current - 1) former.current = 0;
  }, [rows.length]);
  // Not while a menu or another part of VS Code has it; the browser forgets what had it here, until it is back.
  const focusRow = () => {
    if (!focus.current || !document.hasFocus()) return;
    const row = scroller.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (row && document.activeElement !== row) row.focus({ preventScroll: true });
  };
  useEffect(focusRow);
  useEffect(() => {
    addEventListener('focus', focusRow);
    return () => removeEventListener('focus', focusRow);
  }, []);

  const move = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const steps: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: Math.max(0, place - 1),
      PageDown: Math.max(0, place) + page,
      PageUp: Math.max(0, place - page),
      Home: 0,
      End: rows.length - 1,
    };
    const target = event.key in steps ? Math.min(steps[event.key], rows.length - 1) : null;
    if (event.key === 'c' && (event.ctrlKey || event.metaKey) && place >= 0 && nothingSelected()) {
      const { index, row } = rows[place];
      host.postMessage({ type: 'copy', text: rowText(columns, index, row, locale) });
    } else if (target !== null && target >= 0) {
      focus.current = true;
      change({ selected: rows[target].row.name });
    } else if ((event.key === 'Enter' || event.key === ' ') && rows.length > 0) {
      // Before any is selected, the first has the focus.
      change({ selected: rows[Math.max(0, place)].row.name, detail: true });
    } else if (event.key === 'Escape') {
      change({ detail: false });
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div
      class="scroller"
      ref={scroller}
      onScroll={({ currentTarget }) => {
        if (former.current === 0) scroll.set(currentTarget.scrollTop);
      }}
      onWheel={() => (former.current = 0)}
      onPointerDown={() => (former.current = 0)}
    >
      <div
        class={`grid ${GRID_CLASSES[adapters]}`}
        role="grid"
        aria-label={locale.strings.table}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        data-testid="layers"
      >
        <div class="row header" role="row" aria-rowindex={1}>
          {columns.map((column, index) => (
            <div
              key={column}
              class={`cell ${column}`}
              role="columnheader"
              aria-colindex={index + 1}
              aria-sort={sorting.column !== column ? 'none' : sorting.descending ? 'descending' : 'ascending'}
            >
              <button
                type="button"
                class={NUMERIC.has(column) ? 'sort numeric' : 'sort'}
                onClick={() => change({ sorting: nextSorting(sorting, column) })}
              >
                {headerText(column, locale)}
                {sorting.column === column && (
                  <span
                    class={`codicon codicon-triangle-${sorting.descending ? 'down' : 'up'}`}
                    aria-hidden="true"
                  />
                )}
              </button>
            </div>
          ))}
        </div>
        <div
          class="body"
          role="rowgroup"
          style={{ height: `${virtualizer.getTotalSize()}px` }}
          onKeyDown={move}
          onFocusIn={() => (focus.current = true)}
          onFocusOut={({ relatedTarget }) => {
            if (relatedTarget !== null) focus.current = false;
          }}
        >
          {virtualizer.getVirtualItems().map(({ index }) => {
            const indexed = rows[index];
            if (indexed === undefined) return null;
            return (
              <Row
                key={indexed.index}
                indexed={indexed}
                place={index}
                selected={index === place}
                stop={index === place || (place < 0 && index === 0)}
                columns={columns}
                budget={budget}
                low={low}
                high={high}
                locale={locale}
                change={change}
              />
            );
          })}
        </div>
      </div>
      {rows.length === 0 && empty !== '' && <p class="no-rows">{empty}</p>}
    </div>
  );
}

interface RowProps {
  readonly indexed: IndexedRow;
  readonly place: number;
  readonly selected: boolean;
  /** The Tab key stops here. */
  readonly stop: boolean;
  readonly columns: readonly Column[];
  readonly budget: number | null;
  /** The limits of the axis of the bars; undefined: there is none. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly locale: Locale;
  readonly change: (change: Partial<ViewState>) => void;
}

const Row = memo((props: RowProps) => {
  const { indexed, place, selected, stop, budget, low, high, locale, change } = props;
  const { index, row } = indexed;
  // The sentence takes the place of all that is not known.
  const columns = row.lipschitz ? props.columns : COLUMNS.slice(0, COLUMNS.indexOf('norm') + 1);
  const domain = low === undefined || high === undefined ? null : ([low, high] as const);
  const content = (column: Column) => {
    switch (column) {
      case 'name':
        return <NameCell row={row} />;
      case 'norm':
        return <NormCell row={row} locale={locale} domain={domain} budget={budget} />;
      case 'rank':
        return <RankCell row={row} locale={locale} />;
      case 'certainty':
        return row.lipschitz && <CertaintyLabel certainty={row.lipschitz.certainty} locale={locale} />;
      default:
        return cellText(column, index, row, locale);
    }
  };
  return (
    <div
      class={row.lipschitz ? 'row' : 'row failed'}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={selected}
      tabIndex={stop ? 0 : -1}
      style={{ transform: `translateY(${place * ROW_HEIGHT}px)` }}
      onClick={() => change({ selected: row.name, detail: true })}
      onContextMenu={({ currentTarget, target }) => {
        // VS Code reads it as soon as the event has come up to the window.
        currentTarget.dataset.vscodeContext = JSON.stringify(
          contextOf(indexed, columnAt(target, props.columns), props.columns, locale),
        );
        change({ selected: row.name });
      }}
    >
      {columns.map((column, columnIndex) => (
        <div
          key={column}
          class={NUMERIC.has(column) ? `cell numeric ${column}` : `cell ${column}`}
          role="gridcell"
          aria-colindex={columnIndex + 1}
          aria-colspan={columnIndex === columns.length - 1 ? props.columns.length - columnIndex : undefined}
          title={column === 'name' ? displayName(row.name) : undefined}
        >
          {content(column)}
        </div>
      ))}
    </div>
  );
});

function contextOf(
  { index, row }: IndexedRow,
  column: Column,
  columns: readonly Column[],
  locale: Locale,
): RowContext {
  return {
    webviewSection: 'row',
    preventDefaultContextMenuItems: true,
    layer: row.name,
    value: cellText(column, index, row, locale),
    text: rowText(columns, index, row, locale),
  };
}

/** Of the cell that the pointer is on; from the keyboard, which is on no cell, what the table is about. */
function columnAt(target: EventTarget | null, columns: readonly Column[]): Column {
  const cell = target instanceof Element ? target.closest('[aria-colindex]') : null;
  return columns[Number(cell?.getAttribute('aria-colindex')) - 1] ?? 'norm';
}

/** No text on the page that the user rather wants to copy. */
function nothingSelected(): boolean {
  return getSelection()?.isCollapsed ?? true;
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
