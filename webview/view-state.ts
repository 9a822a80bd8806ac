/** Where the user is: kept over reloads, apart from any result. */
import { STATUSES } from './network/network-data';
import type { NodeFilter } from './network/network-data';
import { ALL_COLUMNS } from './rows';
import type { Filter, Sorting } from './rows';

export const TABS = ['layers', 'network', 'through', 'scatter', 'skipped'] as const;
export type Tab = (typeof TABS)[number];

export interface ViewState {
  readonly tab: Tab;
  readonly sorting: Sorting;
  readonly filter: Filter;
  /** Of the network's nodes. */
  readonly nodeFilter: NodeFilter;
  /** Name of the selected layer; names are unique. */
  readonly selected: string | null;
  /** The details of the selected layer are open. */
  readonly detail: boolean;
  /** Of the details, pixels; a low panel shows less. */
  readonly detailHeight: number;
  /** Where the table is scrolled to at first, pixels. */
  readonly scroll: number;
}

export const INITIAL_VIEW: ViewState = {
  tab: 'layers',
  sorting: { column: 'index', descending: false },
  filter: { text: '', operator: '' },
  nodeFilter: { text: '', status: null },
  selected: null,
  detail: false,
  detailHeight: 300,
  scroll: 0,
};

/** The title and a few fields, pixels. */
export const LEAST_DETAIL = 96;
/** Share of the panel that the details may take: some rows stay in sight. */
const MOST_DETAIL = 0.7;

/** The largest height of the details in a panel of that height, pixels. */
export function mostDetail(panelHeight: number): number {
  return Math.max(LEAST_DETAIL, Math.round(MOST_DETAIL * panelHeight));
}

/** Of the table, pixels. It changes too often to be part of what is drawn. */
export interface ScrollPosition {
  get(): number;
  set(top: number): void;
}

/** What an earlier page kept of the model at `path`, as far as it makes sense. */
export function restoreView(kept: unknown, path: string): ViewState {
  if (!isRecord(kept) || kept.version !== 1 || kept.path !== path || !isRecord(kept.view))
    return INITIAL_VIEW;
  const { tab, sorting, filter, nodeFilter, selected, detail, detailHeight, scroll } = kept.view;
  return {
    tab: TABS.find((known) => known === tab) ?? INITIAL_VIEW.tab,
    sorting: sortingOf(sorting) ?? INITIAL_VIEW.sorting,
    filter: filterOf(filter) ?? INITIAL_VIEW.filter,
    nodeFilter: nodeFilterOf(nodeFilter) ?? INITIAL_VIEW.nodeFilter,
    selected: typeof selected === 'string' ? selected : null,
    detail: detail === true,
    detailHeight: isAtLeast(LEAST_DETAIL, detailHeight) ? detailHeight : INITIAL_VIEW.detailHeight,
    scroll: isAtLeast(0, scroll) ? scroll : 0,
  };
}

function sortingOf(value: unknown): Sorting | null {
  if (!isRecord(value)) return null;
  const column = ALL_COLUMNS.find((known) => known === value.column);
  return column ? { column, descending: value.descending === true } : null;
}

function filterOf(value: unknown): Filter | null {
  if (!isRecord(value)) return null;
  const { text, operator } = value;
  return typeof text === 'string' && typeof operator === 'string' ? { text, operator } : null;
}

function nodeFilterOf(value: unknown): NodeFilter | null {
  if (!isRecord(value) || typeof value.text !== 'string') return null;
  const { text, status } = value;
  return { text, status: STATUSES.find((known) => known === status) ?? null };
}

function isAtLeast(least: number, value: unknown): value is number {
  return typeof value === 'number' && value >= least;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
