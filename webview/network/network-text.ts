/** The numbers of a network in words. */
import { formatNumber, formatPowerOfTen } from '../../src/report/numbers';
import type { NetworkBound, PathStep, WhatIf } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';

export const NORM_NAMES: Readonly<Record<NetworkBound['norm'], string>> = { L2: 'L2', Linf: 'L∞', L1: 'L1' };

/** `71.96`, `10^184.6`, `0`, or that there is none; rounded up. */
export function upperText({ upper, log10Upper }: Omit<WhatIf, 'layers'>, locale: Locale): string {
  if (log10Upper !== null) return locale.number(formatPowerOfTen(log10Upper));
  return upper === 0 ? '0' : locale.strings.networkNoBound;
}

export function lowerText({ lower }: NetworkBound, locale: Locale): string {
  return lower === null ? '–' : locale.number(formatNumber(lower, 4));
}

/** How many times the lower end the upper one is; '' where one of them is not known. */
export function looseness({ lower, log10Upper }: NetworkBound, locale: Locale): string {
  return lower === null || lower === 0 || log10Upper === null
    ? ''
    : locale.number(formatPowerOfTen(log10Upper - Math.log10(lower)));
}

const LOG_DIGITS = 3;

/** Rounded up. */
export function logText(log10: number | null, locale: Locale): string {
  const unit = 10 ** LOG_DIGITS;
  return log10 === null ? '' : locale.number((Math.ceil(log10 * unit) / unit).toFixed(LOG_DIGITS));
}

/** The inputs that a bound holds for. */
export function domainText(bound: NetworkBound, locale: Locale): string {
  const { domain, certainty } = bound;
  if (certainty === null) return '';
  return domain === null ? locale.strings.networkAllInputs : displayName(locale.translate(domain));
}

/** `× 7.476`. */
export function factorText({ log10 }: Pick<PathStep, 'log10'>, locale: Locale): string {
  if (log10 === null) return '× 0';
  return log10 === 0 ? '× 1' : `× ${locale.number(formatPowerOfTen(log10))}`;
}
