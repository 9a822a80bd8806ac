/** What stands in the cells of a row as text: what is copied, and what is drawn where nothing else is. */
import { describeAdapter } from '../../src/report/adapter-columns';
import { formatInterval, formatSeconds, formatShape, formatShare } from '../../src/report/numbers';
import type { LayerReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { formatScope, formatStableRank } from '../../src/report/wording';
import type { Locale } from '../locale';
import type { Column } from '../rows';

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
      return row.lipschitz
        ? locale.number(formatInterval(row.lipschitz))
        : displayName(locale.translate(row.error ?? ''));
    case 'rank':
      return row.stableRank
        ? locale.number(`${formatStableRank(row.stableRank)} (${formatShare(row.stableRank.normalized)})`)
        : '';
    case 'adapterRank':
      return describeAdapter(row.adapter).rank;
    case 'scale':
      return locale.number(describeAdapter(row.adapter).scale);
    case 'energy':
      return locale.number(describeAdapter(row.adapter).first);
    case 'relative':
      return locale.number(describeAdapter(row.adapter)['of base']);
    case 'sum':
      return locale.number(describeAdapter(row.adapter)['base + update']);
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

/** `Conv, depthwise`, `Conv, 4 groups`. */
export function operatorText(row: LayerReport, locale: Locale): string {
  const name = displayName(row.op);
  const groups = row.convolution?.groups ?? 1;
  if (groups === 1) return name;
  return groups === channelsOf(row).input
    ? locale.text('depthwise', name)
    : locale.text('grouped', name, locale.count(groups));
}

/** Characters at the end of a long name that are always shown. */
const TAIL = 12;
/** Characters from which a name may be too long for its column. */
const LONG = 16;

/**
 * A long name in two parts: what tells the layers of a network apart is at its end, so the middle is what gives way.
 * Not where a cut could take a character apart.
 */
export function splitName(name: string): [head: string, tail: string] {
  if (name.length < LONG) return [name, ''];
  const tail = name.slice(-TAIL);
  return /^[ -~]+$/.test(name.slice(-TAIL - 1)) ? [name.slice(0, -TAIL), tail] : [name, ''];
}

/** Of a convolution. Kernels are (co, ci / groups, ..), those of transposed ones (ci, co / groups, ..). */
export function channelsOf({ op, shape, convolution }: LayerReport): { input: number; output: number } {
  const [first = 1, second = 1] = shape;
  const other = second * (convolution?.groups ?? 1);
  return /transpose/i.test(op) ? { input: first, output: other } : { input: other, output: first };
}

function scopeText({ lipschitz }: LayerReport, locale: Locale): string {
  const scope = lipschitz ? formatScope(lipschitz) : '';
  return scope === 'any' ? locale.strings.anySize : scope;
}
