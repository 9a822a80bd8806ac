import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { ComparisonHead } from '../../src/editor/protocol/comparison';
import { isBusy } from '../../src/editor/protocol/protocol';
import type { PanelStart } from '../../src/editor/protocol/protocol';
import type { PairReport } from '../../src/report/comparison/comparison';
import { host } from '../host';
import type { PanelData } from '../panel-data';
import { loadPlotLibrary } from '../plots/figure';
import { countOperators, filterRows } from '../rows';
import { FilterBar } from '../table/filter-bar';
import { Tabs } from '../tabs';
import { useKept, usePanelData } from '../use-panel-data';
import { restoreComparison } from '../view-state';
import type { TableView } from '../view-state';
import { ComparisonHeader } from './comparison-head';
import { PairDetail } from './pair-detail';
import { PairPlots } from './pair-plots';
import { PairTable } from './pair-table';
import { INITIAL_PAIR_VIEW, isEqual, keyOfPair, layersOf, PAIR_COLUMNS, PAIR_TABS, sortPairs } from './pairs';
import type { PairColumn, PairTab } from './pairs';
import { UnpairedList } from './unpaired-list';

type View = TableView<PairTab, PairColumn>;

/** Two models next to each other. */
export function ComparisonApp({ start }: { readonly start: PanelStart<ComparisonHead> }) {
  const data = usePanelData<ComparisonHead, PairReport>(start);
  const { head, locale, rows, wish } = data;
  const paths = head.files.map(({ path }) => path);
  const place = useMemo(() => ({ paths }), [JSON.stringify(paths)]);
  const [view, setView] = useState<View>(() =>
    restoreComparison(host.getState(), paths, INITIAL_PAIR_VIEW, PAIR_TABS, PAIR_COLUMNS),
  );
  const change = useCallback((change: Partial<View>) => setView((view) => ({ ...view, ...change })), []);
  const scroll = useKept(place, view);
  /** The pair whose row is brought into view as soon as there is one. */
  const [sought, seek] = useState<string | null>(null);
  const open = useCallback((pair: string) => {
    change({ selected: pair, detail: true, tab: 'layers', filter: INITIAL_PAIR_VIEW.filter });
    seek(pair);
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
    () => sortPairs(filterRows(rows, view.filter, layersOf), view.sorting),
    [rows, view.filter, view.sorting],
  );
  const operators = useMemo(() => countOperators(rows, layersOf), [rows]);
  const selected = useMemo(
    () => rows.find(({ row }) => keyOfPair(row) === view.selected) ?? null,
    [rows, view.selected],
  );
  const select = useCallback(
    (selected: string, open: boolean) => change(open ? { selected, detail: true } : { selected }),
    [],
  );
  const plots = { rows, locale, selected, onSelect: select };
  const unpaired = head.onlyInA.length + head.onlyInB.length;
  return (
    <main class="panel">
      <ComparisonHeader data={data} onOpen={open} onTab={(tab) => change({ tab })} />
      <Tabs
        tab={view.tab}
        labels={{
          layers: locale.strings.tabLayers,
          plots: locale.strings.tabPlots,
          unpaired: locale.text('tabUnpaired', locale.count(unpaired)),
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
            <AllEqual data={data} />
            <PairTable
              rows={shown}
              all={rows}
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
        {view.tab === 'plots' && <PairPlots {...plots} />}
        {view.tab === 'unpaired' && (
          <UnpairedList onlyInA={head.onlyInA} onlyInB={head.onlyInB} locale={locale} />
        )}
      </div>
      {selected && view.detail && (
        <PairDetail
          pair={selected.row}
          plots={view.tab === 'layers' ? plots : null}
          locale={locale}
          weights={wish?.weight === true && wish.layer === keyOfPair(selected.row)}
          height={view.detailHeight}
          onResize={(height) => change({ detailHeight: height ?? INITIAL_PAIR_VIEW.detailHeight })}
          onClose={() => change({ detail: false })}
        />
      )}
    </main>
  );
}

/** Said in words: a table of zeros alone makes one wonder. */
function AllEqual({
  data: { head, rows, locale },
}: {
  readonly data: PanelData<ComparisonHead, PairReport>;
}) {
  const allEqual =
    head.state.kind === 'finished' &&
    rows.length > 0 &&
    head.onlyInA.length + head.onlyInB.length === 0 &&
    rows.every(({ row }) => isEqual(row));
  if (!allEqual) return null;
  return (
    <p class="all-equal" role="status">
      <span class="codicon codicon-check" aria-hidden="true" />{' '}
      {locale.text('allEqual', locale.count(rows.length))}
    </p>
  );
}

function emptyText({ head, locale }: PanelData<ComparisonHead, PairReport>): string {
  return head.state.kind === 'finished' ? locale.strings.noPairs : '';
}
