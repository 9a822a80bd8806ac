import type { NetworkBound } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { Power } from '../power';
import { CertaintyLabel } from '../table/cells';
import { ListTable } from '../table/list-table';
import type { ListColumn } from '../table/list-table';
import { isUnbounded } from './network-data';
import { domainText, logText, looseness, lowerText, NORM_NAMES, upperText } from './network-text';

/** A row for every input, output and norm. */
export function BoundsTable({
  bounds,
  locale,
}: {
  readonly bounds: readonly NetworkBound[];
  readonly locale: Locale;
}) {
  const { strings } = locale;
  const columns: ListColumn<NetworkBound>[] = [
    {
      key: 'input',
      title: strings.networkInput,
      cell: ({ input }) => <code>{displayName(input)}</code>,
      hint: ({ input }) => displayName(input),
    },
    {
      key: 'output',
      title: strings.networkOutput,
      cell: ({ output }) => <code>{displayName(output)}</code>,
      hint: ({ output }) => displayName(output),
    },
    { key: 'norm', title: strings.networkNorm, cell: ({ norm }) => NORM_NAMES[norm] },
    {
      key: 'lower',
      title: strings.networkLower,
      numeric: true,
      cell: (bound) => lowerText(bound, locale),
      hint: ({ lower }) => (lower === null ? strings.networkNotSearched : strings.networkLowerHint),
    },
    {
      key: 'upper',
      title: strings.networkUpper,
      numeric: true,
      cell: (bound) => (
        <b class={isUnbounded(bound) ? 'none' : undefined}>
          <Power text={upperText(bound, locale)} />
        </b>
      ),
    },
    {
      key: 'log',
      title: strings.networkLog,
      numeric: true,
      cell: ({ log10Upper }) => logText(log10Upper, locale),
    },
    {
      key: 'gap',
      title: strings.networkGap,
      numeric: true,
      cell: (bound) => <Power text={looseness(bound, locale)} />,
    },
    {
      key: 'certainty',
      title: strings.columnCertainty,
      cell: ({ certainty }) => certainty && <CertaintyLabel certainty={certainty} locale={locale} />,
    },
    {
      key: 'domain',
      title: strings.holdsFor,
      cell: (bound) => (
        <>
          {bound.domain !== null && <span class="codicon codicon-warning" aria-hidden="true" />}{' '}
          {domainText(bound, locale)}
        </>
      ),
      hint: (bound) => domainText(bound, locale),
    },
  ];
  return (
    <ListTable
      kind="bounds"
      label={strings.networkBounds}
      columns={columns}
      items={bounds}
      empty={strings.networkNoBounds}
    />
  );
}
