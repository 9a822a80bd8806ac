/** What the formats for people say of a network: a few lines, without markup. */
import { formatNumber, formatPowerOfTen } from './numbers';
import type { NetworkBound, NetworkReport } from './report';
import { displayName, ellipsize } from './text';
import { plural } from './wording';

/** Bounds that are written out, layers and nodes that are named. */
const MOST_BOUNDS = 4;
const MOST_NAMES = 3;
const WIDEST_NAME = 40;

const name = (text: string): string => ellipsize(displayName(text), WIDEST_NAME);

/** Bounds in L2, what contributes most to them and what limits them; the rest is in the JSON. */
export function networkLines(network: NetworkReport): string[] {
  const bounds = network.bounds.filter(({ norm }) => norm === 'L2');
  const rest = bounds.length - MOST_BOUNDS;
  const heaviest = network.contributions.filter(({ log10 }) => (log10 ?? 0) > 0).slice(0, MOST_NAMES);
  const limits = [...new Set(bounds.flatMap((bound) => bound.limits))];
  return [
    ...bounds.slice(0, MOST_BOUNDS).map(boundLine),
    ...(rest > 0
      ? [`and ${plural(rest, 'other pair')} of an input and an output, listed by --format json`]
      : []),
    ...(heaviest.length > 0
      ? [
          `largest factors: ${heaviest.map((step) => `${name(step.name)} (${factor(step.log10 ?? 0)})`).join(', ')}`,
        ]
      : []),
    ...(limits.length > 0 ? [`no bound on all inputs because of ${named(limits)}`] : []),
    ...network.notes,
  ];
}

function boundLine(bound: NetworkBound): string {
  const { input, output, lower, domain } = bound;
  const met = lower === null ? '' : `; a slope of ${formatNumber(lower)} was met`;
  return `from ${name(input)} to ${name(output)}: ${atMost(bound)}${domain === null ? '' : ` on ${domain}`}${met}`;
}

function atMost({ upper, log10Upper }: NetworkBound): string {
  if (log10Upper === null) return upper === 0 ? 'constant' : 'no bound';
  return `at most ${formatPowerOfTen(log10Upper)}`;
}

function factor(log10: number): string {
  return `× ${formatPowerOfTen(log10)}`;
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map(name).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} others` : shown;
}
