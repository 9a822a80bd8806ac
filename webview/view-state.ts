/** Where the user is: kept over reloads, apart from any result. */
import { STATUSES } from './network/network-data';
import type { NodeFilter } from './network/network-data';
import { ALL_COLUMNS } from './rows';
import type { Column, Filter, Sorting } from './rows';

export const TABS = ['layers', 'network', 'through', 'scatter', 'skipped'] as const;
export type Tab = (typeof TABS)[number];

/** Of a table of any kind. */
export interface TableView<T extends string, C extends string> {
  readonly tab: T;
  readonly sorting: Sorting<C>;
  readonly filter: Filter;
  /** Key of the selected row: the name of its layer; names are unique. */
  readonly selected: string | null;
  /** The details of the selected layer are open. */
  readonly detail: boolean;
  /** Of the details, pixels; a low panel shows less. */
  readonly detailHeight: number;
  /** Where the table is scrolled to at first, pixels. */
  readonly scroll: number;
}

/** Of the panel of a model. */
export interface ViewState extends TableView<Tab, Column> {
  /** Of the network's nodes. */
  readonly nodeFilter: NodeFilter;
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
  if (!isRecord(kept) || kept.path !== path) return INITIAL_VIEW;
  const nodeFilter = nodeFilterOf(isRecord(kept.view) ? kept.view.nodeFilter : null);
  return {
    ...restoreFrom(kept, INITIAL_VIEW, TABS, ALL_COLUMNS),
    nodeFilter: (kept.version === 1 ? nodeFilter : null) ?? INITIAL_VIEW.nodeFilter,
  };
}

/** The same of models that are compared. */
export function restoreComparison<T extends string, C extends string>(
  kept: unknown,
  paths: readonly string[],
  initial: TableView<T, C>,
  tabs: readonly T[],
  columns: readonly C[],
): TableView<T, C> {
  const isOfModels = isRecord(kept) && JSON.stringify(kept.paths) === JSON.stringify(paths);
  return isOfModels ? restoreFrom(kept, initial, tabs, columns) : initial;
}

function restoreFrom<T extends string, C extends string>(
  kept: Record<string, unknown>,
  initial: TableView<T, C>,
  tabs: readonly T[],
  columns: readonly C[],
): TableView<T, C> {
  if (kept.version !== 1 || !isRecord(kept.view)) return initial;
  const { tab, sorting, filter, selected, detail, detailHeight, scroll } = kept.view;
  return {
    tab: tabs.find((known) => known === tab) ?? initial.tab,
    sorting: sortingOf(sorting, columns) ?? initial.sorting,
    filter: filterOf(filter) ?? initial.filter,
    selected: typeof selected === 'string' ? selected : null,
    detail: detail === true,
    detailHeight: isAtLeast(LEAST_DETAIL, detailHeight) ? detailHeight : initial.detailHeight,
    scroll: isAtLeast(0, scroll) ? scroll : 0,
  };
}

function sortingOf<C extends string>(value: unknown, columns: readonly C[]): Sorting<C> | null {
  if (!isRecord(value)) return null;
  const column = columns.find((known) => known === value.column);
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
