import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { isBusy } from '../../src/editor/protocol/protocol';
import type { PanelNetwork } from '../../src/editor/protocol/protocol';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import type { PanelData } from '../panel-data';
import { BoundsTable } from './bounds-table';
import { limitsOf, layersByNode } from './network-data';
import type { NodeFilter } from './network-data';
import { LimitTable, NodeTable } from './node-tables';
import { SlopeSearch } from './slope-search';
import { ContributionTable, PathTable, WhatIfTable } from './step-tables';

interface Props {
  readonly data: PanelData;
  readonly filter: NodeFilter;
  readonly onFilter: (filter: NodeFilter) => void;
  /** Shows the row of a layer. */
  readonly onOpen: (layer: string) => void;
}

/** All that is known of the network as a whole. */
export function NetworkView({ data, filter, onFilter, onOpen }: Props) {
  const { network } = data;
  if (network === null) {
    return (
      <div class="network" tabIndex={0} data-testid="network">
        <p class="no-rows">{whyNone(data)}</p>
      </div>
    );
  }
  return <Network data={data} network={network} filter={filter} onFilter={onFilter} onOpen={onOpen} />;
}

function Network({ data, network, filter, onFilter, onOpen }: Props & { readonly network: PanelNetwork }) {
  const { head, locale, nodes, rows } = data;
  const { strings } = locale;
  const layersOf = useMemo(() => layersByNode(nodes), [nodes]);
  const limits = useMemo(() => limitsOf(network.bounds), [network]);
  const known = useMemo(() => new Set(rows.map(({ row }) => row.name)), [rows]);
  const steps = { locale, layersOf, known, onOpen };
  return (
    <div class="network" tabIndex={0} data-testid="network">
      <Section title={strings.networkBounds}>
        <Shapes network={network} locale={locale} />
        <BoundsTable bounds={network.bounds} locale={locale} />
        <SlopeSearch head={head} network={network} locale={locale} />
        <Notes network={network} locale={locale} />
      </Section>
      <Section title={strings.networkLimits}>
        {limits.length === 0 ? (
          <p class="dim">{network.bounds.length === 0 ? strings.networkNoBounds : strings.networkNoLimits}</p>
        ) : (
          <LimitTable limits={limits} nodes={nodes} locale={locale} />
        )}
      </Section>
      {network.path.length > 0 && (
        <div class="network-steps">
          <Section title={strings.networkContributions}>
            <ContributionTable steps={network.contributions} {...steps} />
          </Section>
          <Section title={strings.networkPath}>
            <PathTable path={network.path} {...steps} />
          </Section>
        </div>
      )}
      {network.whatIf.length > 0 && (
        <Section title={strings.networkWhatIf}>
          <WhatIfTable whatIf={network.whatIf} locale={locale} />
        </Section>
      )}
      <Section title={strings.networkCoverage}>
        <NodeTable nodes={nodes} of={network.nodes} filter={filter} locale={locale} onFilter={onFilter} />
      </Section>
    </div>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="network-section" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Of the inputs that the bounds hold for. */
function Shapes({
  network: { scope, isAssumed },
  locale,
}: {
  readonly network: PanelNetwork;
  readonly locale: Locale;
}) {
  if (scope === '') return null;
  const shapes = displayName(scope).replace(/(?<=[\d?])x(?=[\d?])/g, '×');
  return <p class="dim">{locale.text(isAssumed ? 'networkAssumedShapes' : 'networkShapes', shapes)}</p>;
}

function Notes({ network: { notes }, locale }: { readonly network: PanelNetwork; readonly locale: Locale }) {
  return (
    <>
      {notes.map((note) => (
        <p key={note}>
          <span class="codicon codicon-info" aria-hidden="true" /> {displayName(locale.translate(note))}
        </p>
      ))}
    </>
  );
}

/** Why there is no network to show, or what it waits for. */
function whyNone({ head: { state, model }, locale: { strings } }: PanelData): string {
  if (model?.format === 'safetensors') return strings.networkSafetensors;
  if (state.kind === 'loading') return '';
  if (isBusy(state)) return strings.networkWaiting;
  return state.kind === 'cancelled' ? strings.networkCancelled : strings.networkNone;
}
