/** A table of layers: virtualised, sorted by its headers, gone through with the keys; what is in it is up to others. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Indexed } from '../../src/editor/protocol/protocol';
import type { RowContext } from '../../src/editor/protocol/row-context';
import { host } from '../host';
import { memo } from '../memo';
import type { ScrollPosition } from '../view-state';
import { useVirtualizer } from './use-virtualizer';

export interface GridColumn<Key extends string> {
  readonly key: Key;
  readonly title: ComponentChildren;
  /** The whole of it, where the title may be cut off. */
  readonly hint?: string;
  readonly numeric?: boolean;
}

/** What stands in the rows: the same object as long as it is the same. */
export interface GridContent<Row, Key extends string> {
  readonly columns: readonly GridColumn<Key>[];
  /** Where none is pointed at, what the table is about. */
  readonly mainColumn: Key;
  /** Another one for every row. */
  keyOf(this: void, row: Row): string;
  cell(this: void, column: Key, indexed: Indexed<Row>): ComponentChildren;
  /** The cell as text, to be copied. */
  text(this: void, column: Key, indexed: Indexed<Row>): string;
  /** Of a cell. */
  hint(this: void, column: Key, row: Row): string | undefined;
  /** The column from which on a sentence stands in place of the cells; null: none. */
  sentenceFrom(this: void, row: Row): Key | null;
}

export interface GridView<Key extends string> {
  readonly sorting: { readonly column: Key; readonly descending: boolean };
  /** Key of the selected row. */
  readonly selected: string | null;
  readonly detail: boolean;
}

interface Props<Row, Key extends string> {
  /** Filtered and sorted. */
  readonly rows: readonly Indexed<Row>[];
  readonly content: GridContent<Row, Key>;
  /** What the table is, and for tests. */
  readonly label: string;
  readonly testId: string;
  /** For its columns' widths. */
  readonly class?: string;
  readonly style?: Readonly<Record<string, string>>;
  readonly view: GridView<Key>;
  readonly onSort: (column: Key) => void;
  readonly change: (change: { readonly selected?: string; readonly detail?: boolean }) => void;
  readonly scroll: ScrollPosition;
  /** Key of the row to bring into view; null: none. */
  readonly sought: string | null;
  readonly onFound: () => void;
  /** Shown where there is no row. */
  readonly empty: string;
}

const ROW_HEIGHT = 26;
const HEADER_HEIGHT = 28;

export function Grid<Row, Key extends string>(props: Props<Row, Key>) {
  const { rows, content, view, onSort, change, scroll, sought, onFound, empty } = props;
  const { columns, keyOf } = content;
  const { sorting, selected } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    rowHeight: ROW_HEIGHT,
    scroller: () => scroller.current,
    initialOffset: scroll.get(),
    header: HEADER_HEIGHT,
  });
  const place = useMemo(() => rows.findIndex(({ row }) => keyOf(row) === selected), [rows, selected]);
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
      host.postMessage({ type: 'copy', text: rowText(rows[place], content) });
    } else if (target !== null && target >= 0) {
      focus.current = true;
      change({ selected: keyOf(rows[target].row) });
    } else if ((event.key === 'Enter' || event.key === ' ') && rows.length > 0) {
      // Before any is selected, the first has the focus.
      change({ selected: keyOf(rows[Math.max(0, place)].row), detail: true });
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
        class={props.class === undefined ? 'grid' : `grid ${props.class}`}
        style={props.style}
        role="grid"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        data-testid={props.testId}
      >
        <div class="row header" role="row" aria-rowindex={1}>
          {columns.map(({ key, title, hint, numeric = false }, index) => (
            <div
              key={key}
              class={`cell ${key}`}
              role="columnheader"
              aria-colindex={index + 1}
              aria-sort={sorting.column !== key ? 'none' : sorting.descending ? 'descending' : 'ascending'}
              title={hint}
            >
              <button
                type="button"
                class={numeric ? 'sort numeric' : 'sort'}
                title={hint ?? (typeof title === 'string' ? title : undefined)}
                onClick={() => onSort(key)}
              >
                {title}
                {sorting.column === key && (
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
                // Its functions are told apart by the object alone.
                content={content}
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
  readonly indexed: Indexed<unknown>;
  readonly place: number;
  readonly selected: boolean;
  /** The Tab key stops here. */
  readonly stop: boolean;
  readonly content: GridContent<unknown, string>;
  readonly change: (change: { readonly selected?: string; readonly detail?: boolean }) => void;
}

const Row = memo(({ indexed, place, selected, stop, content, change }: RowProps) => {
  const { row } = indexed;
  const { columns, keyOf, sentenceFrom } = content;
  const key = keyOf(row);
  const sentence = sentenceFrom(row);
  // The sentence takes the place of all that is not known.
  const shown =
    sentence === null
      ? columns
      : columns.slice(0, columns.findIndex((column) => column.key === sentence) + 1);
  return (
    <div
      class={sentence === null ? 'row' : 'row failed'}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={selected}
      tabIndex={stop ? 0 : -1}
      style={{ transform: `translateY(${place * ROW_HEIGHT}px)` }}
      onClick={() => change({ selected: key, detail: true })}
      onContextMenu={({ currentTarget, target }) => {
        // VS Code reads it as soon as the event has come up to the window.
        currentTarget.dataset.vscodeContext = JSON.stringify(contextOf(indexed, target, content));
        change({ selected: key });
      }}
    >
      {shown.map((column, index) => (
        <div
          key={column.key}
          class={column.numeric ? `cell numeric ${column.key}` : `cell ${column.key}`}
          role="gridcell"
          aria-colindex={index + 1}
          aria-colspan={index === shown.length - 1 ? columns.length - index : undefined}
          title={content.hint(column.key, row)}
        >
          {content.cell(column.key, indexed)}
        </div>
      ))}
    </div>
  );
});

function contextOf(
  indexed: Indexed<unknown>,
  target: EventTarget | null,
  content: GridContent<unknown, string>,
): RowContext {
  // From the keyboard, the pointer is on no cell.
  const cell = target instanceof Element ? target.closest('[aria-colindex]') : null;
  const column = content.columns.at(Number(cell?.getAttribute('aria-colindex') ?? 0) - 1);
  return {
    webviewSection: 'row',
    preventDefaultContextMenuItems: true,
    layer: content.keyOf(indexed.row),
    value: content.text(cell === null || !column ? content.mainColumn : column.key, indexed),
    text: rowText(indexed, content),
  };
}

/** All cells of a row, separated by tabs. */
function rowText<Row, Key extends string>(
  indexed: Indexed<Row>,
  { columns, text }: GridContent<Row, Key>,
): string {
  return columns.map(({ key }) => text(key, indexed)).join('\t');
}

/** No text on the page that the user rather wants to copy. */
function nothingSelected(): boolean {
  return getSelection()?.isCollapsed ?? true;
}
