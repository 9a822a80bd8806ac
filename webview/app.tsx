import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { ToPanel } from '../src/editor/protocol/protocol';
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
import { restoreView } from './view-state';
import type { ViewState } from './view-state';

/** While rows stream in, the page is drawn no more often than this, milliseconds. */
const DRAW_INTERVAL = 80;
/** The view is kept when the user has rested so long, milliseconds. */
const KEEP_AFTER = 200;

export function App() {
  const [view, change] = useView();
  const data = usePanelData((message) => {
    if (message.type === 'reveal') {
      change({ tab: 'layers', selected: message.layer, detail: true, filter: { text: '', operator: '' } });
    }
  });
  useKept(data, view);

  const rows = useMemo(() => data?.rows ?? [], [data?.rows]);
  const shown = useMemo(
    () => sortRows(filterRows(rows, view.filter), view.sorting),
    [rows, view.filter, view.sorting],
  );
  const operators = useMemo(() => countOperators(rows), [rows]);
  const inOrder = useMemo(() => rows.toSorted((a, b) => a.index - b.index), [rows]);
  const select = useCallback((selected: string | null) => change({ selected }), [change]);
  const open = useCallback((selected: string) => change({ selected, detail: true, tab: 'layers' }), [change]);
  if (data === null) return null;

  const { head, locale } = data;
  const selected = rows.find(({ row }) => row.name === view.selected) ?? null;
  const plots = { rows: inOrder, locale, selected, onSelect: select };
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
              empty={rows.length > 0 ? locale.strings.noMatch : emptyText(data)}
            />
          </>
        )}
        {view.tab === 'through' && <NetworkPlots {...plots} />}
        {view.tab === 'scatter' && <ScatterPlot {...plots} />}
        {view.tab === 'skipped' && <SkippedList skipped={head.skipped} locale={locale} />}
      </div>
      {selected && view.detail && (
        <Detail row={selected} head={head} plots={plots} onClose={() => change({ detail: false })} />
      )}
    </main>
  );
}

function emptyText({ head, locale }: PanelData): string {
  return head.state.kind === 'finished' ? locale.strings.noLayers : '';
}

/** The messages of the extension, taken together for each drawing. */
function usePanelData(onMessage: (message: ToPanel) => void): PanelData | null {
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
      for (const message of messages) onMessage(message as ToPanel);
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

function useView(): [ViewState, (change: Partial<ViewState>) => void] {
  const [view, setView] = useState(() => restoreView(host.getState()));
  const change = useCallback((change: Partial<ViewState>) => setView((view) => ({ ...view, ...change })), []);
  return [view, change];
}

function useKept(data: PanelData | null, view: ViewState): void {
  const path = data?.head.file.path;
  useEffect(() => {
    if (path === undefined) return undefined;
    const timer = setTimeout(() => host.setState({ version: 1, path, view }), KEEP_AFTER);
    return () => clearTimeout(timer);
  }, [path, view]);
}
