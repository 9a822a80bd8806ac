import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { VirtualItem } from '@tanstack/virtual-core';
import { useEffect, useLayoutEffect, useReducer, useState } from 'preact/hooks';

interface Options {
  readonly count: number;
  /** Height of every row, pixels. */
  readonly rowHeight: number;
  readonly scroller: () => HTMLElement | null;
  /** Where it is scrolled to at first, pixels. */
  readonly initialOffset?: number;
  /** What sticks to the top of the scrolled area, pixels. */
  readonly header?: number;
}

/** Rows drawn above and below those that can be seen: what a fast wheel passes in a frame. */
const OVERSCAN = 8;

/** Which rows of a long list are drawn: TanStack Virtual's core, with Preact's hooks. */
export function useVirtualizer({ count, rowHeight, scroller, initialOffset = 0, header = 0 }: Options) {
  const [, redraw] = useReducer<number, void>((draws) => draws + 1, 0);
  const options = {
    count,
    estimateSize: () => rowHeight,
    getScrollElement: scroller,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    overscan: OVERSCAN,
    initialOffset,
    scrollPaddingStart: header,
    onChange: () => redraw(),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, Element>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  // The rows are measured by their number alone: a new number is a new list.
  useEffect(() => virtualizer.measure(), [count]);
  return virtualizer;
}

export type { VirtualItem };
