import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { isBusy } from '../src/editor/protocol/protocol';
import type { PanelHead, PanelStart } from '../src/editor/protocol/protocol';
import type { LayerReport } from '../src/report/report';
import { Detail } from './detail/detail';
import { Head } from './head/head';
import { host } from './host';
import type { PanelData } from './panel-data';
import { NetworkView } from './network/network-view';
import { NetworkPlots, ScatterPlot } from './plots/network-plots';
import { loadPlotLibrary } from './plots/figure';
import { countOperators, filterRows, itself, sortRows } from './rows';
import { SkippedList } from './skipped/skipped-list';
import { LayerTable } from './table/layer-table';
import { FilterBar } from './table/filter-bar';
import { Tabs } from './tabs';
import { useKept, usePanelData } from './use-panel-data';
import { INITIAL_VIEW, restoreView } from './view-state';
import type { ViewState } from './view-state';

/** @param props.start what the page is drawn with until the extension answers */
export function App({ start }: { readonly start: PanelStart }) {
  const data = usePanelData<PanelHead, LayerReport>(start);
  const { head, locale, rows, skipped, wish } = data;
  const { path } = head.file;
  const [view, setView] = useState(() => restoreView(host.getState(), path));
  /** How often the user has asked for details: each time they come into sight. */
  const [asked, ask] = useState(0);
  const change = useCallback((change: Partial<ViewState>) => {
    setView((view) => ({ ...view, ...change }));
    if (change.detail) ask((asked) => asked + 1);
  }, []);
  const scroll = useKept(
    useMemo(() => ({ path }), [path]),
    view,
  );
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
    () => sortRows(filterRows(rows, view.filter, itself), view.sorting),
    [rows, view.filter, view.sorting],
  );
  const operators = useMemo(() => countOperators(rows, itself), [rows]);
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
      <Tabs
        tab={view.tab}
        labels={{
          layers: locale.strings.tabLayers,
          network: locale.strings.tabNetwork,
          through: locale.strings.tabThrough,
          scatter: locale.strings.tabScatter,
          skipped: locale.text('tabSkipped', locale.count(head.skippedCount)),
        }}
        onTab={(tab) => change({ tab })}
      />
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
        {view.tab === 'skipped' && <SkippedList skipped={skipped} locale={locale} />}
      </div>
      {selected && view.detail && (
        <Detail
          row={selected}
          head={head}
          plots={view.tab === 'layers' ? plots : null}
          spectrum={data.spectra.get(selected.row.name) ?? null}
          locale={locale}
          weightOf={wish?.weight ? wish.layer : null}
          asked={asked}
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
