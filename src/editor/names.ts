import { basename } from 'node:path';
import { labelsOf } from '../report/series/summary';
import { displayName } from '../report/text';

/** What titles call a model, two that are compared (`v4 ↔ v5`), or the checkpoints of a series (`step-1 … step-9`). */
export function nameOfModels(paths: readonly string[]): string {
  if (paths.length === 1) return displayName(basename(paths[0]));
  const labels = labelsOf(paths).map(displayName);
  return paths.length === 2 ? labels.join(' ↔ ') : `${labels[0]} … ${labels[labels.length - 1]}`;
}
