/** The steps of the heaviest path: what each multiplies the bound by, and what there would be without the worst. */
import type { PathStep, WhatIf } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { Power } from '../power';
import { Bar } from '../table/cells';
import { ListTable } from '../table/list-table';
import type { ListColumn } from '../table/list-table';
import { layerOfStep } from './network-data';
import { factorText, upperText } from './network-text';

interface StepProps {
  readonly locale: Locale;
  /** Rows by names of nodes. */
  readonly layersOf: ReadonlyMap<string, readonly string[]>;
  /** Names of the rows that there are. */
  readonly known: ReadonlySet<string>;
  readonly onOpen: (layer: string) => void;
}

/** In the order from the input to the output. */
export function PathTable({ path, ...rest }: StepProps & { readonly path: readonly PathStep[] }) {
  const { locale } = rest;
  const { strings } = locale;
  const columns: ListColumn<PathStep>[] = [
    { key: 'index', title: strings.columnIndex, numeric: true, cell: (_, index) => locale.count(index + 1) },
    ...stepColumns(rest),
  ];
  return <ListTable kind="path" label={strings.networkPath} columns={columns} items={path} empty="" />;
}

/** Those that change the bound, the largest first. */
export function ContributionTable({ steps, ...rest }: StepProps & { readonly steps: readonly PathStep[] }) {
  const { locale } = rest;
  const { strings } = locale;
  const most = steps.reduce((most, { log10 }) => Math.max(most, Math.abs(log10 ?? 0)), 0);
  const columns: ListColumn<PathStep>[] = [
    ...stepColumns(rest),
    {
      key: 'bar',
      title: strings.networkLog,
      cell: ({ log10 }) => {
        const share = log10 === null || most === 0 ? 0 : Math.abs(log10) / most;
        return <Bar from={share} to={share} kind={(log10 ?? -1) > 0 ? 'norm' : 'rank'} />;
      },
    },
  ];
  return (
    <ListTable
      kind="contributions"
      label={strings.networkContributions}
      columns={columns}
      items={steps}
      empty={strings.networkNoSteps}
    />
  );
}

function stepColumns({ locale, layersOf, known, onOpen }: StepProps): ListColumn<PathStep>[] {
  const { strings } = locale;
  return [
    {
      key: 'name',
      title: strings.networkStep,
      cell: (step) => {
        const layer = layerOfStep(step, layersOf);
        const name = displayName(step.name);
        if (layer === null || !known.has(layer)) return <code>{name}</code>;
        return (
          <button type="button" class="link" onClick={() => onOpen(layer)}>
            <code>{name}</code>
          </button>
        );
      },
      hint: ({ name }) => displayName(name),
    },
    {
      key: 'op',
      title: strings.columnOperator,
      cell: ({ op }) => displayName(op),
      hint: ({ op }) => displayName(op),
    },
    {
      key: 'factor',
      title: strings.networkFactor,
      numeric: true,
      cell: (step) => <Power text={factorText(step, locale)} />,
    },
  ];
}

/** The bound with the worst layers at norm one, for some numbers of layers. */
export function WhatIfTable({
  whatIf,
  locale,
}: {
  readonly whatIf: readonly WhatIf[];
  readonly locale: Locale;
}) {
  const { strings } = locale;
  const names = ({ layers }: WhatIf) => layers.map((name) => displayName(name)).join(', ');
  const columns: ListColumn<WhatIf>[] = [
    {
      key: 'count',
      title: strings.tabLayers,
      numeric: true,
      cell: ({ layers }) => locale.count(layers.length),
    },
    {
      key: 'upper',
      title: strings.networkUpper,
      numeric: true,
      cell: (one) => (
        <b>
          <Power text={upperText(one, locale)} />
        </b>
      ),
    },
    { key: 'names', title: strings.networkWhich, cell: (one) => <code>{names(one)}</code>, hint: names },
  ];
  return <ListTable kind="what-if" label={strings.networkWhatIf} columns={columns} items={whatIf} empty="" />;
}
