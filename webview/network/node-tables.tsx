/** The nodes of the graph: those that stand in the way of a bound, and all of them. */
import { useMemo } from 'preact/hooks';
import { formatNumber } from '../../src/report/numbers';
import type { NodeReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { labelled } from '../controls/toolkit';
import { Chip } from '../controls/chip';
import type { Locale } from '../locale';
import { ListTable } from '../table/list-table';
import type { ListColumn } from '../table/list-table';
import { countStatuses, filterNodes, STATUSES } from './network-data';
import type { NodeFilter } from './network-data';

interface NodesProps {
  /** Those that the page has been told so far. */
  readonly nodes: readonly NodeReport[];
  readonly locale: Locale;
}

/** The nodes because of which a bound holds for some inputs only, or there is none. */
export function LimitTable({ limits, nodes, locale }: NodesProps & { readonly limits: readonly string[] }) {
  const items = useMemo(() => {
    const named = new Set(limits);
    return nodes.filter(({ name }) => named.has(name));
  }, [limits, nodes]);
  return (
    <ListTable
      kind="limits"
      label={locale.strings.networkLimits}
      columns={nodeColumns(locale).filter(({ key }) => key !== 'constant')}
      items={items}
      empty=""
    />
  );
}

interface NodeTableProps extends NodesProps {
  /** How many there are in all. */
  readonly of: number;
  readonly filter: NodeFilter;
  readonly onFilter: (filter: NodeFilter) => void;
}

/** Every node with its state, and why it has it. */
export function NodeTable({ nodes, of, filter, locale, onFilter }: NodeTableProps) {
  const { strings } = locale;
  const counts = useMemo(() => countStatuses(nodes), [nodes]);
  const shown = useMemo(() => filterNodes(nodes, filter), [nodes, filter]);
  return (
    <>
      <div class="filter-bar">
        <vscode-text-field
          ref={labelled(strings.networkFilter)}
          class="filter"
          placeholder={strings.networkFilter}
          value={filter.text}
          onInput={({ target }) => onFilter({ ...filter, text: target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onFilter({ ...filter, text: '' });
          }}
        >
          <span slot="start" class="codicon codicon-search" aria-hidden="true" />
        </vscode-text-field>
        <div class="kinds" role="group" aria-label={strings.networkState}>
          <Chip
            label={locale.text('networkAllNodes', locale.count(of))}
            pressed={filter.status === null}
            onClick={() => onFilter({ ...filter, status: null })}
          />
          {STATUSES.map((status) => (
            <Chip
              key={status}
              label={`${strings[`${status}Node`]} ${locale.count(counts[status])}`}
              pressed={filter.status === status}
              onClick={() => onFilter({ ...filter, status: filter.status === status ? null : status })}
            />
          ))}
        </div>
        <span class="dim shown" role="status">
          {shown.length === of ? '' : locale.text('shownOf', locale.count(shown.length), locale.count(of))}
        </span>
      </div>
      <ListTable
        kind="nodes"
        label={strings.networkCoverage}
        columns={nodeColumns(locale)}
        items={shown}
        empty={strings.networkNoMatch}
      />
    </>
  );
}

const STATUS_ICONS: Record<NodeReport['status'], string> = {
  certified: 'verified-filled',
  domain: 'warning',
  unbounded: 'circle-slash',
  unknown: 'question',
};

function nodeColumns(locale: Locale): ListColumn<NodeReport>[] {
  const { strings } = locale;
  const reason = (node: NodeReport) => displayName(locale.translate(node.reason));
  return [
    {
      key: 'name',
      title: strings.networkNode,
      cell: ({ name }) => <code>{displayName(name)}</code>,
      hint: ({ name }) => displayName(name),
    },
    {
      key: 'op',
      title: strings.columnOperator,
      cell: ({ op }) => displayName(op),
      hint: ({ op }) => displayName(op),
    },
    {
      key: 'status',
      title: strings.networkState,
      cell: ({ status }) => (
        <span class={`status ${status}`}>
          <span class={`codicon codicon-${STATUS_ICONS[status]}`} aria-hidden="true" />{' '}
          {strings[`${status}Node`]}
        </span>
      ),
      hint: ({ status }) => strings[`${status}NodeMeaning`],
    },
    {
      key: 'constant',
      title: strings.networkConstant,
      numeric: true,
      cell: ({ constant }) => (constant === null ? '' : locale.number(formatNumber(constant))),
    },
    { key: 'reason', title: strings.networkReason, cell: reason, hint: reason },
  ];
}
