import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { PanelHead } from '../../src/editor/protocol/protocol';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatPowerOfTen,
  formatShare,
} from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import { totals } from '../../src/report/totals';
import type { BoundedLayer } from '../../src/report/totals';
import { certainties, describeSettings } from '../../src/report/wording';
import { formatWidth, relativeWidth } from '../detail/describe';
import type { Locale } from '../locale';
import { hasFigures } from '../panel-data';
import type { PanelData } from '../panel-data';
import { CertaintyLabel } from '../table/cells';
import type { Tab } from '../view-state';
import { Controls } from './controls';
import { StateLine } from './state-line';

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
        <Controls data={data} />
      </div>
      <p class="about dim">{aboutRun(head, locale)}</p>
      <Facts data={data} onOpen={onOpen} onTab={onTab} />
      <StateLine data={data} />
    </header>
  );
}

/** `ONNX, 4.75 MB, CPU (why no other), tolerance 0.01`; '' before anything is known. */
function aboutRun({ model, device, settings, trusted }: PanelHead, locale: Locale): string {
  const fallback = device?.fallback ?? null;
  const untrusted = trusted ? null : locale.strings.deviceUntrusted;
  const reason = fallback === null ? untrusted : locale.translate(fallback);
  return [
    model
      ? `${model.format === 'onnx' ? 'ONNX' : 'safetensors'}, ${locale.number(formatBytes(model.bytes))}`
      : '',
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
      <Fact
        value={lowest ? locale.number(formatShare(lowest.stableRank.normalized)) : none}
        label={strings.lowestRank}
        layer={lowest?.name}
        onOpen={onOpen}
      />
      <Fact
        value={known || head.model !== null ? locale.count(head.skipped.length) : none}
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

interface FactProps {
  readonly value: ComponentChildren;
  readonly label: ComponentChildren;
  readonly title?: string;
  readonly warning?: string | undefined;
  readonly layer?: string | undefined;
  readonly onOpen?: (layer: string) => void;
}

function Fact({ value, label, title, warning, layer, onOpen }: FactProps) {
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

/** `10^31.6` with a raised exponent. */
function Power({ text }: { readonly text: string }) {
  const [base, exponent] = text.split('^');
  return exponent === undefined ? (
    <>{base}</>
  ) : (
    <>
      {base}
      <sup>{exponent}</sup>
    </>
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
