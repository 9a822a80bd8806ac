import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { useVirtualizer } from './use-virtualizer';

export interface ListColumn<T> {
  readonly key: string;
  readonly title: string;
  readonly numeric?: boolean;
  readonly cell: (item: T, index: number) => ComponentChildren;
  /** The whole of what may be cut off. */
  readonly hint?: (item: T) => string;
}

interface Props<T> {
  /** Class of the list: its columns' widths are in the style sheet. */
  readonly kind: string;
  readonly label: string;
  readonly columns: readonly ListColumn<T>[];
  readonly items: readonly T[];
  /** Shown where there are none. */
  readonly empty: string;
}

const ROW_HEIGHT = 26;
const HEADER_HEIGHT = 28;

/** A table to read, of which only the rows in sight are drawn. */
export function ListTable<T>({ kind, label, columns, items, empty }: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    rowHeight: ROW_HEIGHT,
    scroller: () => scroller.current,
    header: HEADER_HEIGHT,
  });
  return (
    <div class={`list ${kind}`} ref={scroller} tabIndex={0} data-testid={kind}>
      <div
        class="list-grid"
        role="table"
        aria-label={label}
        aria-rowcount={items.length + 1}
        aria-colcount={columns.length}
      >
        <div role="rowgroup" class="list-header">
          <div class="list-row" role="row" aria-rowindex={1}>
            {columns.map(({ key, title, numeric }) => (
              <div key={key} class={numeric ? 'cell numeric' : 'cell'} role="columnheader" title={title}>
                {title}
              </div>
            ))}
          </div>
        </div>
        <div class="list-body" role="rowgroup" style={{ height: `${virtualizer.getTotalSize()}px` }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const item = items[index];
            if (item === undefined) return null;
            return (
              <div
                key={index}
                class="list-row"
                role="row"
                aria-rowindex={index + 2}
                style={{ transform: `translateY(${start}px)` }}
              >
                {columns.map(({ key, numeric, cell, hint }) => (
                  <div key={key} class={numeric ? 'cell numeric' : 'cell'} role="cell" title={hint?.(item)}>
                    {cell(item, index)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {items.length === 0 && <p class="list-empty dim">{empty}</p>}
    </div>
  );
}
