import { t } from '@vscode/l10n';
import type { PairReport } from './comparison/comparison';
import type { LayerReport, NetworkReport, SpectrumReport } from './report';

/**
 * Why a row must not be shown, or null: a number that is not finite, an interval with its ends exchanged, a missing
 * bound without a reason. The last gate in front of every reader of rows.
 */
export function rowDefect(row: LayerReport): string | null {
  if (row.lipschitz === null && row.error === null) return t('it has neither a bound nor an error');
  return defectOf(row, '');
}

/** The same for a pair of rows. */
export function pairDefect(pair: PairReport): string | null {
  return rowDefect(pair.a) ?? rowDefect(pair.b) ?? defectOf(pair, '');
}

/** The same of a network's bounds. */
export function networkDefect(report: NetworkReport): string | null {
  return defectOf(report, '');
}

/** The same of singular values. */
export function spectrumDefect(report: SpectrumReport): string | null {
  return defectOf(report, '');
}

function defectOf(value: unknown, path: string): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : t`its ${path} is ${value}`;
  if (typeof value !== 'object' || value === null) return null;
  if ('lower' in value && 'upper' in value && value.lower !== null && value.upper !== null) {
    const [lower, upper] = [Number(value.lower), Number(value.upper)];
    if (lower > upper) return t`its ${path} has its lower end ${lower} above its upper end ${upper}`;
  }
  for (const [key, part] of Object.entries(value)) {
    const defect = defectOf(part, path === '' ? key : `${path}.${key}`);
    if (defect !== null) return defect;
  }
  return null;
}
