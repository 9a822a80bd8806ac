import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { PanelHead, RunHead } from '../../src/editor/protocol/protocol';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatPowerOfTen,
  formatShare,
} from '../../src/report/numbers';
import type { Report } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { totals } from '../../src/report/totals';
import type { BoundedLayer } from '../../src/report/totals';
import { certainties, describeSettings } from '../../src/report/wording';
import { formatWidth, relativeWidth } from '../detail/describe';
import type { Locale } from '../locale';
import { hasFigures } from '../panel-data';
import { headlineOf, isUnbounded, limitsOf } from '../network/network-data';
import { upperText } from '../network/network-text';
import type { PanelData } from '../panel-data';
import { Power } from '../power';
import { CertaintyLabel } from '../table/cells';
import type { Tab } from '../view-state';
import { Controls } from './controls';
import { StateLine } from './state-line';
import { OF_MODEL } from './words';

interface Props {
  readonly data: PanelData;
  /** Selects a layer and opens its details. */
  readonly onOpen: (layer: string) => void;
  readonly onTab: (tab: Tab) => void;
}

export function Head({ data, onOpen, onTab }: Props) {
  const { head, locale, rows } = data;
  const { file } = head;
  const weakest = useMemo(() => certainties(rows.map(({ row }) => row)).at(-1), [rows]);
  return (
    <header class="head">
      <div class="head-line">
        <h1 title={file.path}>{displayName(file.name)}</h1>
        {weakest && <CertaintyLabel certainty={weakest} locale={locale} />}
        <span class="space" />
        <Controls head={head} locale={locale} words={OF_MODEL} hasRows={rows.length > 0} />
      </div>
      <p class="about dim">{aboutModel(head, locale)}</p>
      <Facts data={data} onOpen={onOpen} onTab={onTab} />
      <StateLine data={data} />
    </header>
  );
}

/** `ONNX, 4.75 MB, CPU (why no other), tolerance 0.01`; '' before anything is known. */
function aboutModel(head: PanelHead, locale: Locale): string {
  const { model, base } = head;
  return [
    model ? aboutFile(model, locale) : '',
    aboutRun(head, locale),
    base === null ? '' : locale.text('withBase', displayName(base.name)),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** `ONNX, 4.75 MB`. */
export function aboutFile({ format, bytes }: Report['model'], locale: Locale): string {
  return `${format === 'onnx' ? 'ONNX' : 'safetensors'}, ${locale.number(formatBytes(bytes))}`;
}

/** `CPU (why no other), tolerance 0.01`. */
export function aboutRun({ device, settings, trusted }: RunHead, locale: Locale): string {
  const fallback = device?.fallback ?? null;
  const untrusted = trusted ? null : locale.strings.deviceUntrusted;
  const reason = fallback === null ? untrusted : locale.translate(fallback);
  return [
    [
      device ? displayName(locale.translate(device.description)) : '',
      reason === null ? '' : `(${displayName(reason)})`,
    ]
      .join(' ')
      .trim(),
    locale.number(describeSettings(settings)),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function Facts({ data, onOpen, onTab }: Props) {
  const { head, locale, rows } = data;
  const { strings } = locale;
  const sums = useMemo(() => totals({ layers: rows.map(({ row }) => row) }), [rows]);
  const widest = useMemo(() => widestOf(sums.largest), [sums]);
  const largest = sums.largest.at(0);
  const lowest = sums.lowestRank.at(0);
  const none = '–';
  const known = hasFigures(data);
  const count = (count: number) => (known ? locale.count(count) : none);
  const limit = head.budgets.network;
  const over = limit !== null && largest !== undefined && sums.productLog10 > Math.log10(limit);
  return (
    <dl class="facts" data-testid="facts">
      <Fact
        value={count(sums.layers)}
        label={locale.text(
          sums.layers === 1 ? 'oneLayer' : 'layers',
          known ? locale.number(formatCount(sums.parameters)) : none,
        )}
      />
      <Fact
        value={largest ? locale.number(formatInterval(largest.lipschitz)) : none}
        label={strings.largestNorm}
        layer={largest?.name}
        onOpen={onOpen}
      />
      <Fact
        value={largest ? <Power text={locale.number(formatPowerOfTen(sums.productLog10))} /> : none}
        label={locale.text('product', count(sums.largest.length))}
        title={strings.productHint}
        warning={over ? locale.text('overNetworkBudget', locale.number(String(limit))) : undefined}
      />
      <NetworkFact data={data} onTab={onTab} />
      <Fact
        value={lowest ? locale.number(formatShare(lowest.stableRank.normalized)) : none}
        label={strings.lowestRank}
        layer={lowest?.name}
        onOpen={onOpen}
      />
      <Fact
        value={known || head.model !== null ? locale.count(head.skippedCount) : none}
        label={
          <button type="button" class="link" onClick={() => onTab('skipped')}>
            {strings.skippedCount}
          </button>
        }
      />
      <Fact
        value={widest ? locale.number(formatWidth(widest.lipschitz)) : none}
        label={strings.widest}
        layer={widest?.name}
        onOpen={onOpen}
      />
    </dl>
  );
}

/** The bound of the network, where its tab is a click away. */
function NetworkFact({ data: { network, locale }, onTab }: Pick<Props, 'data' | 'onTab'>) {
  const { strings } = locale;
  const bound = useMemo(() => network && headlineOf(network), [network]);
  const link = (text: string) => (
    <button type="button" class="link" title={text} onClick={() => onTab('network')}>
      {text}
    </button>
  );
  if (network === null || bound === null) return <Fact value="–" label={link(strings.networkFact)} />;
  const { domain } = bound;
  if (isUnbounded(bound)) {
    const limits = limitsOf(network.bounds.filter((one) => one.norm === 'L2' && isUnbounded(one)));
    const count = locale.count(limits.length);
    return (
      <Fact
        value={strings.networkNoBound}
        label={link(locale.text(limits.length === 1 ? 'networkFactNode' : 'networkFactNodes', count))}
      />
    );
  }
  const on = domain === null ? '' : displayName(locale.translate(domain));
  return (
    <Fact
      value={<Power text={`≤ ${upperText(bound, locale)}`} />}
      label={link(domain === null ? strings.networkFact : locale.text('networkFactOn', on))}
      title={strings.networkFactHint}
    />
  );
}

interface FactProps {
  readonly value: ComponentChildren;
  readonly label: ComponentChildren;
  readonly title?: string | undefined;
  readonly warning?: string | undefined;
  readonly layer?: string | undefined;
  readonly onOpen?: (layer: string) => void;
}

export function Fact({ value, label, title, warning, layer, onOpen }: FactProps) {
  return (
    <div class="fact" title={title}>
      <dt>
        <span class="fact-label" title={title ?? (typeof label === 'string' ? label : undefined)}>
          {label}
          {layer !== undefined && ', '}
        </span>
        {layer !== undefined && (
          <button type="button" class="link" title={displayName(layer)} onClick={() => onOpen?.(layer)}>
            {displayName(layer)}
          </button>
        )}
      </dt>
      {/* The whole value, too, where it is cut off. */}
      <dd title={typeof value === 'string' ? value : undefined}>
        {value}
        {warning !== undefined && (
          <span class="codicon codicon-warning" role="img" aria-label={warning} title={warning} />
        )}
      </dd>
    </div>
  );
}

/** The layer whose interval is the widest for its size; undefined of none. */
function widestOf([first, ...rest]: readonly BoundedLayer[]): BoundedLayer | undefined {
  return rest.reduce(
    (widest: BoundedLayer | undefined, layer) =>
      widest && relativeWidth(widest.lipschitz) >= relativeWidth(layer.lipschitz) ? widest : layer,
    first,
  );
}
