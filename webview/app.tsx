import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Detail } from './detail/detail';
import { Head } from './head/head';
import { host } from './host';
import { take } from './panel-data';
import type { PanelData } from './panel-data';
import { NetworkPlots, ScatterPlot } from './plots/network-plots';
import { countOperators, filterRows, sortRows } from './rows';
import { SkippedList } from './skipped/skipped-list';
import { LayerTable } from './table/layer-table';
import { FilterBar } from './table/filter-bar';
import { Tabs } from './tabs';
import { INITIAL_VIEW, restoreView } from './view-state';
import type { ScrollPosition, ViewState } from './view-state';

/** While rows stream in, the page is drawn no more often than this, milliseconds. */
const DRAW_INTERVAL = 80;
/** The view is kept when the user has rested so long, milliseconds. */
const KEEP_AFTER = 200;

export function App() {
  const data = usePanelData();
  // Another model is another place to be.
  return data && <Panel key={data.head.file.path} data={data} />;
}

function Panel({ data }: { readonly data: PanelData }) {
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

  const shown = useMemo(
    () => sortRows(filterRows(rows, view.filter), view.sorting),
    [rows, view.filter, view.sorting],
  );
  const operators = useMemo(() => countOperators(rows), [rows]);
  const inOrder = useMemo(() => rows.toSorted((a, b) => a.index - b.index), [rows]);
  const selected = useMemo(
    () => rows.find(({ row }) => row.name === view.selected) ?? null,
    [rows, view.selected],
  );
  const select = useCallback(
    (selected: string, open: boolean) => change(open ? { selected, detail: true } : { selected }),
    [],
  );
  const plots = { rows: inOrder, locale, selected, budget: head.budgets.layer, onSelect: select };
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
              head={head}
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
        {view.tab === 'through' && <NetworkPlots {...plots} />}
        {view.tab === 'scatter' && <ScatterPlot {...plots} />}
        {view.tab === 'skipped' && <SkippedList skipped={head.skipped} locale={locale} />}
      </div>
      {selected && view.detail && (
        <Detail
          row={selected}
          head={head}
          plots={view.tab === 'layers' ? plots : null}
          locale={locale}
          weightOf={wish?.weight ? wish.layer : null}
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
function usePanelData(): PanelData | null {
  const [data, setData] = useState<PanelData | null>(null);
  useEffect(() => {
    let waiting: unknown[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let drawn = -Infinity;
    const draw = () => {
      timer = undefined;
      drawn = performance.now();
      const messages = waiting;
      waiting = [];
      setData((data) => take(data, messages));
    };
    const listen = ({ data }: MessageEvent) => {
      waiting.push(data);
      timer ??= setTimeout(draw, Math.max(0, drawn + DRAW_INTERVAL - performance.now()));
    };
    addEventListener('message', listen);
    host.postMessage({ type: 'ready' });
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
