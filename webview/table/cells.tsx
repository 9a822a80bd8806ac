/** Cells of a row that are more than text. */
import { formatInterval, formatShare } from '../../src/report/numbers';
import type { Certainty, LayerReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { formatStableRank } from '../../src/report/wording';
import type { Locale } from '../locale';
import { logShare, overLayerBudget } from '../rows';
import { splitName } from './cell-text';

export interface BarProps {
  /** 0 to 1. */
  readonly from: number;
  readonly to: number;
  readonly kind: 'norm' | 'rank' | 'over';
  /** Where a layer neither amplifies nor contracts; null: not on the axis. */
  readonly one?: number | null;
}

/** Less of a bar than a pixel. */
const UNSEEN = 0.002;

/** Filled up to `from`, lighter on to `to`: what is certain, and what is possible. */
export function Bar({ from, to, kind, one = null }: BarProps) {
  const wide = to - from > UNSEEN;
  return (
    <span class={`bar ${kind}`} aria-hidden="true">
      {wide && <span class="bar-possible" style={{ width: `${to * 100}%` }} />}
      <span style={{ width: `${(wide ? from : to) * 100}%` }} />
      {one !== null && <span class="bar-one" style={{ left: `${one * 100}%` }} />}
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
    const reason = displayName(locale.translate(error ?? ''));
    return (
      <span class="row-error" title={reason}>
        <span class="codicon codicon-error" aria-hidden="true" /> {reason}
      </span>
    );
  }
  const over = overLayerBudget(row, budget);
  const text =
    over && locale.text(over.certainly ? 'overBudget' : 'maybeOverBudget', locale.number(String(budget)));
  return (
    <>
      <span class="number norm">{locale.number(formatInterval(lipschitz))}</span>
      <Bar
        from={domain ? logShare(lipschitz.lower, domain) : 0}
        to={domain ? logShare(lipschitz.upper, domain) : 0}
        kind={over ? 'over' : 'norm'}
        one={domain && domain[0] < 1 && domain[1] > 1 ? logShare(1, domain) : null}
      />
      <span class="mark">
        {text !== null && <span class="codicon codicon-warning" role="img" aria-label={text} title={text} />}
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

/** In one line, with its end in sight. */
export function NameCell({ name }: { readonly name: string }) {
  const [head, tail] = splitName(displayName(name));
  return (
    <>
      <span class="name-head">{head}</span>
      {tail !== '' && <span class="name-tail">{tail}</span>}
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
