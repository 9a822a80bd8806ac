/** The state of a page: what the extension tells it, and where its user is. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PersistedComparison } from '../src/editor/protocol/comparison';
import type { PanelStart, PersistedPanel, RunHead } from '../src/editor/protocol/protocol';
import { host } from './host';
import { begin, take } from './panel-data';
import type { PanelData } from './panel-data';
import type { ScrollPosition } from './view-state';

/** While rows stream in, the page is drawn no more often than this, milliseconds. */
const DRAW_INTERVAL = 80;
/** Nor more often than after so many times what a drawing takes: the user's keys and wheel come in between. */
const REST = 3;
/** The view is kept when the user has rested so long, milliseconds. */
const KEEP_AFTER = 200;

/**
 * The messages of the extension, taken together for each drawing.
 * @param start what the page is drawn with until the extension answers
 */
export function usePanelData<Head extends RunHead, Row>(start: PanelStart<Head>): PanelData<Head, Row> {
  const [data, setData] = useState(() => begin<Head, Row>(start));
  /** When the latest drawing began and how long it took, milliseconds. */
  const drawing = useRef({ began: -Infinity, took: 0 });
  // After it is on the screen.
  useEffect(() => {
    drawing.current.took = performance.now() - drawing.current.began;
  }, [data]);
  // Before the page gives way to the answer to its first message.
  useLayoutEffect(() => {
    let waiting: unknown[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      drawing.current = { began: performance.now(), took: 0 };
      const messages = waiting;
      waiting = [];
      setData((data) => take(data, messages));
    };
    const listen = ({ data }: MessageEvent) => {
      waiting.push(data);
      const { began, took } = drawing.current;
      const due = began + Math.max(DRAW_INTERVAL, (1 + REST) * took);
      timer ??= setTimeout(draw, Math.max(0, due - performance.now()));
    };
    addEventListener('message', listen);
    return () => {
      clearTimeout(timer);
      removeEventListener('message', listen);
    };
  }, []);
  return data;
}

type Place = Omit<PersistedPanel, 'version' | 'view'> | Omit<PersistedComparison, 'version' | 'view'>;

/**
 * Keeps where the user is, for a page that takes the place of this one. Scrolling alone draws nothing.
 * @param place the models that the page shows; the same object as long as they are the same
 */
export function useKept<View extends { readonly scroll: number }>(place: Place, view: View): ScrollPosition {
  const scroll = useRef(view.scroll);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const keep = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => host.setState({ version: 1, ...place, view: { ...view, scroll: scroll.current } }),
      KEEP_AFTER,
    );
  };
  const latest = useRef(keep);
  latest.current = keep;
  useEffect(keep, [place, view]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useMemo(
    () => ({
      get: () => scroll.current,
      set: (top) => {
        scroll.current = top;
        latest.current();
      },
    }),
    [],
  );
}
