import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { SeriesHead } from '../../src/editor/protocol/comparison';
import { isBusy } from '../../src/editor/protocol/protocol';
import type { PanelStart } from '../../src/editor/protocol/protocol';
import type { SeriesLayer } from '../../src/report/series/series';
import { labelsOf } from '../../src/report/series/summary';
import { host } from '../host';
import { loadPlotLibrary } from '../plots/figure';
import { countOperators, filterRows } from '../rows';
import { FilterBar } from '../table/filter-bar';
import { Tabs } from '../tabs';
import { useKept, usePanelData } from '../use-panel-data';
import { restoreComparison } from '../view-state';
import type { TableView } from '../view-state';
import { SeriesDetail } from './series-detail';
import { SeriesHeader } from './series-head';
import { SeriesPlot } from './series-plot';
import { columnsOf, INITIAL_SERIES_VIEW, itself, SERIES_TABS, sortSeries } from './series-rows';
import type { SeriesColumn, SeriesTab } from './series-rows';
import { SeriesTable } from './series-table';

type View = TableView<SeriesTab, SeriesColumn>;

/** Of the plot where it has a tab of its own, pixels. */
const HEIGHT = 360;

/** One network at several times. */
export function SeriesApp({ start }: { readonly start: PanelStart<SeriesHead> }) {
  const data = usePanelData<SeriesHead, SeriesLayer>(start);
  const { head, locale, rows, wish } = data;
  const paths = head.files.map(({ path }) => path);
  const place = useMemo(() => ({ paths }), [JSON.stringify(paths)]);
  const labelOf = useMemo(() => new Map(labelsOf(paths).map((label, i) => [paths[i], label])), [place]);
  const analysed = head.checkpoints.map(({ model }) => model.path);
  const labels = useMemo(
    () => analysed.map((path) => labelOf.get(path) ?? path),
    [labelOf, JSON.stringify(analysed)],
  );
  const [view, setView] = useState<View>(() =>
    restoreComparison(host.getState(), paths, INITIAL_SERIES_VIEW, SERIES_TABS, columnsOf(paths.length)),
  );
  const change = useCallback((change: Partial<View>) => setView((view) => ({ ...view, ...change })), []);
  const scroll = useKept(place, view);
  /** The layer whose row is brought into view as soon as there is one. */
  const [sought, seek] = useState<string | null>(null);
  const open = useCallback((layer: string) => {
    change({ selected: layer, detail: true, tab: 'layers', filter: INITIAL_SERIES_VIEW.filter });
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
    () => sortSeries(filterRows(rows, view.filter, itself), view.sorting),
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
  const plot = { rows, labels, locale, selected, onSelect: select };
  return (
    <main class="panel">
      <SeriesHeader data={data} labels={[...labelOf.values()]} onOpen={open} />
      <Tabs
        tab={view.tab}
        labels={{ layers: locale.strings.tabLayers, over: locale.strings.tabOver }}
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
            <SeriesTable
              rows={shown}
              labels={labels}
              locale={locale}
              view={view}
              change={change}
              scroll={scroll}
              sought={sought}
              onFound={found}
              empty={rows.length > 0 ? locale.strings.noMatch : ''}
            />
          </>
        )}
        {view.tab === 'over' && (
          <div class="plots">
            <SeriesPlot {...plot} height={HEIGHT} />
          </div>
        )}
      </div>
      {selected && view.detail && (
        <SeriesDetail
          layer={selected.row}
          labels={labels}
          plot={view.tab === 'layers' ? plot : null}
          locale={locale}
          weight={wish?.weight === true && wish.layer === selected.row.name}
          height={view.detailHeight}
          onResize={(height) => change({ detailHeight: height ?? INITIAL_SERIES_VIEW.detailHeight })}
          onClose={() => change({ detail: false })}
        />
      )}
    </main>
  );
}
