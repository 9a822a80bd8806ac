/** Columns for updates of other models' weights, in the formats that people read as tables. */
import { formatInterval, formatShareInterval } from './numbers';
import type { AdapterReport } from './report';

/** Titles of what is said of an update. */
export const ADAPTER_TITLES = ['rank', 'scale', 'first', 'of base', 'base + update'] as const;
export type AdapterTitle = (typeof ADAPTER_TITLES)[number];

/** What the titles mean that need words. */
export const ADAPTER_LEGEND =
  "first: share of the update's energy (squared Frobenius norm) in its first singular direction; " +
  'of base: its norm over that of the weight; base + update: the norm of both together';

/** A scale is a ratio of small numbers. */
const SCALE_DIGITS = 5;

/** '' where there is nothing to say. */
export function describeAdapter(adapter: AdapterReport | undefined): Readonly<Record<AdapterTitle, string>> {
  const { rank = null, scale = null, energy = null, base = null } = adapter ?? {};
  return {
    rank: rank === null ? '' : String(rank),
    scale: scale === null ? '' : String(Number(scale.toPrecision(SCALE_DIGITS))),
    first: energy ? formatShareInterval(energy) : '',
    'of base': base?.relative ? formatShareInterval(base.relative) : '',
    'base + update': base?.sum ? formatInterval(base.sum) : '',
  };
}
