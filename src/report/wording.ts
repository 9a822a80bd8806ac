/** Words that every format for people shares. */
import { t } from '@vscode/l10n';
import { formatInterval } from './numbers';
import type { Certainty, LayerReport, LipschitzInterval, Settings, StableRank } from './report';

/** What an interval of each certainty promises. */
export const CERTAINTIES: Readonly<Record<Certainty, string>> = {
  certified: t('true for the stored weights, rounding included'),
  analytic: t('true in exact arithmetic, rounding not accounted for'),
  probable: t("true with probability 1 - 1e-12 over the computation's own random start"),
  estimate: t('no direction is promised'),
};

/** The certainties that occur, the strongest first. */
export function certainties(layers: readonly LayerReport[]): Certainty[] {
  const used = new Set(layers.map((layer) => layer.lipschitz?.certainty));
  return (Object.keys(CERTAINTIES) as Certainty[]).filter((certainty) => used.has(certainty));
}

/** What every interval promises, or null where they differ (or there is none). */
export function uniformPromise(
  layers: readonly LayerReport[],
): Pick<LipschitzInterval, 'scope' | 'certainty'> | null {
  const [first, ...rest] = layers.flatMap(({ lipschitz }) => lipschitz ?? []);
  if (!first) return null;
  return rest.every(({ scope, certainty }) => scope === first.scope && certainty === first.certainty)
    ? first
    : null;
}

/** A product of norms says something about a chain of layers only. */
export const CHAIN_ONLY = t('meaningful only where these layers form one chain');

/** Stable ranks are compared by eye, not multiplied: fewer digits than a norm. */
const RANK_DIGITS = 4;

export function formatStableRank({ interval }: StableRank): string {
  return formatInterval(interval, RANK_DIGITS);
}

/** `any input size` as `any`, `input size 8x8` as `8×8`. */
export function formatScope({ scope }: LipschitzInterval): string {
  return scope.replace(/ ?input size ?/, '').replaceAll('x', '×');
}

/** The settings that are not the default, each in words. */
export function unusualSettings(settings: Settings): string[] {
  const { method, iterations, tolerance, inputSize, padding } = settings;
  return [
    ...(method === 'auto' ? [] : [t`method ${method}`]),
    ...(iterations === null ? [] : [t`${iterations} iterations`]),
    ...(tolerance === null ? [] : [t`tolerance ${tolerance}`]),
    ...(inputSize === null
      ? []
      : [inputSize === 'any' ? t('input size any') : t`input size ${inputSize.join('×')}`]),
    ...(padding === null ? [] : [t`padding ${padding}`]),
  ];
}

/** The same in one line, '' where all are the default. */
export function describeSettings(settings: Settings): string {
  return unusualSettings(settings).join(', ');
}

/** `1 layer`, `3 layers`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
