/** What stands in the cells of a row, as text and as drawn. */
import { formatInterval, formatSeconds, formatShape, formatShare } from '../../src/report/numbers';
import type { Certainty, LayerReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { formatScope, formatStableRank } from '../../src/report/wording';
import type { Locale } from '../locale';
import { logShare } from '../rows';
import type { Column } from '../rows';

/** The cell as text: what is copied. */
export function cellText(column: Column, index: number, row: LayerReport, locale: Locale): string {
  switch (column) {
    case 'index':
      return String(index + 1);
    case 'name':
      return displayName(row.name);
    case 'operator':
      return operatorText(row, locale);
    case 'shape':
      return formatShape(row.shape);
    case 'norm':
      return row.lipschitz ? locale.number(formatInterval(row.lipschitz)) : (row.error ?? '');
    case 'rank':
      return row.stableRank ? locale.number(formatStableRank(row.stableRank)) : '';
    case 'parameters':
      return locale.count(row.parameters);
    case 'scope':
      return row.lipschitz ? scopeText(row, locale) : '';
    case 'certainty':
      return row.lipschitz ? locale.strings[row.lipschitz.certainty] : '';
    case 'time':
      return locale.number(formatSeconds(row.seconds));
  }
}

export function operatorText({ op, shape, convolution }: LayerReport, locale: Locale): string {
  const name = displayName(op);
  const groups = convolution?.groups ?? 1;
  if (groups === 1) return name;
  return shape[1] === 1 && groups === shape[0]
    ? locale.text('depthwise', name)
    : locale.text('grouped', name, locale.count(groups));
}

function scopeText({ lipschitz }: LayerReport, locale: Locale): string {
  const scope = lipschitz ? formatScope(lipschitz) : '';
  return scope === 'any' ? locale.strings.anySize : scope;
}

export interface BarProps {
  /** 0 to 1. */
  readonly from: number;
  readonly to: number;
  readonly kind: 'norm' | 'rank' | 'over';
}

/** Filled up to `from`, lighter on to `to`: what is certain, and what is possible. */
export function Bar({ from, to, kind }: BarProps) {
  return (
    <span class={`bar ${kind}`} aria-hidden="true">
      <span class="bar-possible" style={{ width: `${to * 100}%` }} />
      <span class="bar-certain" style={{ width: `${from * 100}%` }} />
    </span>
  );
}

interface CellProps {
  readonly row: LayerReport;
  readonly locale: Locale;
}

export function NormCell({
  row,
  locale,
  domain,
  budget,
}: CellProps & { readonly domain: readonly [number, number] | null; readonly budget: number | null }) {
  const { lipschitz, error } = row;
  if (lipschitz === null) {
    return (
      <span class="row-error" title={error ?? ''}>
        <span class="codicon codicon-error" aria-hidden="true" /> {error}
      </span>
    );
  }
  const over = budget !== null && lipschitz.upper > budget;
  const text = locale.text('overBudget', locale.number(String(budget)));
  return (
    <>
      <span class="number norm">{locale.number(formatInterval(lipschitz))}</span>
      <Bar
        from={domain ? logShare(lipschitz.lower, domain) : 0}
        to={domain ? logShare(lipschitz.upper, domain) : 0}
        kind={over ? 'over' : 'norm'}
      />
      <span class="mark">
        {over && <span class="codicon codicon-warning" role="img" aria-label={text} title={text} />}
      </span>
    </>
  );
}

export function RankCell({ row: { stableRank }, locale }: CellProps) {
  if (stableRank === null) return null;
  const { normalized } = stableRank;
  return (
    <>
      <span class="number">{locale.number(formatStableRank(stableRank))}</span>
      <Bar from={normalized} to={normalized} kind="rank" />
      <span class="share" title={locale.text('share', locale.number(formatShare(normalized)))}>
        {locale.number(formatShare(normalized))}
      </span>
    </>
  );
}

const CERTAINTY_ICONS: Record<Certainty, string> = {
  certified: 'verified-filled',
  analytic: 'pass',
  probable: 'question',
  estimate: 'circle-slash',
};

export function CertaintyLabel({
  certainty,
  locale,
}: {
  readonly certainty: Certainty;
  readonly locale: Locale;
}) {
  return (
    <span class={`certainty ${certainty}`} title={locale.strings[`${certainty}Meaning`]}>
      <span class={`codicon codicon-${CERTAINTY_ICONS[certainty]}`} aria-hidden="true" />{' '}
      {locale.strings[certainty]}
    </span>
  );
}
