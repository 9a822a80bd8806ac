import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isBusy } from '../src/editor/protocol/protocol';
import type { PanelStart } from '../src/editor/protocol/protocol';
import { Detail } from './detail/detail';
import { Head } from './head/head';
import { host } from './host';
import { begin, take } from './panel-data';
import type { PanelData } from './panel-data';
import { NetworkView } from './network/network-view';
import { NetworkPlots, ScatterPlot } from './plots/network-plots';
import { loadPlotLibrary } from './plots/figure';
import { countOperators, filterRows, sortRows } from './rows';
import { SkippedList } from './skipped/skipped-list';
import { LayerTable } from './table/layer-table';
import { FilterBar } from './table/filter-bar';
import { Tabs } from './tabs';
import { INITIAL_VIEW, restoreView } from './view-state';
import type { ScrollPosition, ViewState } from './view-state';

/** While rows stream in, the page is drawn no more often than this, milliseconds. */
const DRAW_INTERVAL = 80;
/** Nor more often than after so many times what a drawing takes: the user's keys and wheel come in between. */
const REST = 3;
/** The view is kept when the user has rested so long, milliseconds. */
const KEEP_AFTER = 200;

/** @param props.start what the page is drawn with until the extension answers */
export function App({ start }: { readonly start: PanelStart }) {
  const data = usePanelData(start);
  const { head, locale, rows, wish } = data;
  const { path } = head.file;
  const [view, setView] = useState(() => restoreView(host.getState(), path));
  const change = useCallback((change: Partial<ViewState>) => setView((view) => ({ ...view, ...change })), []);
  const scroll = useKept(path, view);
  /** The layer whose row is brought into view as soon as there is one. */
  const [sought, seek] = useState<string | null>(null);
  const open = useCallback((layer: string) => {
    change({ selected: layer, detail: true, tab: 'layers', filter: INITIAL_VIEW.filter });
    seek(layer);
  }, []);
  const found = useCallback(() => seek(null), []);
  useEffect(() => {
    if (wish) open(wish.layer);
  }, [wish]);
  // Before the user asks for a plot, but not while there is other work.
  const atRest = rows.length > 0 && !isBusy(head.state);
  useEffect(() => {
    if (atRest) requestIdleCallback(() => void loadPlotLibrary());
  }, [atRest]);

  const shown = useMemo(
    () => sortRows(filterRows(rows, view.filter), view.sorting),
    [rows, view.filter, view.sorting],
  );
  const operators = useMemo(() => countOperators(rows), [rows]);
  const selected = useMemo(
    () => rows.find(({ row }) => row.name === view.selected) ?? null,
    [rows, view.selected],
  );
  const select = useCallback(
    (selected: string, open: boolean) => change(open ? { selected, detail: true } : { selected }),
    [],
  );
  const plots = { rows, locale, selected, budget: head.budgets.layer, onSelect: select };
  return (
    <main class="panel">
      <Head data={data} onOpen={open} onTab={(tab) => change({ tab })} />
      <Tabs tab={view.tab} locale={locale} skipped={head.skipped.length} onTab={(tab) => change({ tab })} />
      <div class="view" role="tabpanel" id="view" aria-labelledby={`tab-${view.tab}`}>
        {view.tab === 'layers' && (
          <>
            <FilterBar
              filter={view.filter}
              operators={operators}
              shown={shown.length}
              of={rows.length}
              locale={locale}
              onFilter={(filter) => change({ filter })}
            />
            <LayerTable
              rows={shown}
              all={rows}
              budget={head.budgets.layer}
              locale={locale}
              view={view}
              change={change}
              scroll={scroll}
              sought={sought}
              onFound={found}
              empty={rows.length > 0 ? locale.strings.noMatch : emptyText(data)}
            />
          </>
        )}
        {view.tab === 'network' && (
          <NetworkView
            data={data}
            filter={view.nodeFilter}
            onFilter={(nodeFilter) => change({ nodeFilter })}
            onOpen={open}
          />
        )}
        {view.tab === 'through' && <NetworkPlots {...plots} />}
        {view.tab === 'scatter' && <ScatterPlot {...plots} />}
        {view.tab === 'skipped' && <SkippedList skipped={head.skipped} locale={locale} />}
      </div>
      {selected && view.detail && (
        <Detail
          row={selected}
          head={head}
          plots={view.tab === 'layers' ? plots : null}
          spectrum={data.spectra.get(selected.row.name) ?? null}
          locale={locale}
          weightOf={wish?.weight ? wish.layer : null}
          height={view.detailHeight}
          onResize={(height) => change({ detailHeight: height ?? INITIAL_VIEW.detailHeight })}
          onClose={() => change({ detail: false })}
        />
      )}
    </main>
  );
}

function emptyText({ head, locale }: PanelData): string {
  return head.state.kind === 'finished' ? locale.strings.noLayers : '';
}

/** The messages of the extension, taken together for each drawing. */
function usePanelData(start: PanelStart): PanelData {
  const [data, setData] = useState(() => begin(start));
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

/** Keeps where the user is, for a page that takes the place of this one. Scrolling alone draws nothing. */
function useKept(path: string, view: ViewState): ScrollPosition {
  const scroll = useRef(view.scroll);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const keep = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => host.setState({ version: 1, path, view: { ...view, scroll: scroll.current } }),
      KEEP_AFTER,
    );
  };
  const latest = useRef(keep);
  latest.current = keep;
  useEffect(keep, [path, view]);
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
