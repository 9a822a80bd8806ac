/** Random operators through the product: whether each interval that it certifies holds. */
import { encloseOperator } from '../../../src/analysis/operator';
import { stableRank } from '../../../src/bounds/stable-rank';
import type { Engine } from '../../../src/compute/engine';
import { DEFAULT_SETTINGS } from '../report/sample';
import { caseOf } from './operators';

export interface Outcome {
  readonly kind: string;
  /** Whether its truth is known without rounding. */
  readonly exact: boolean;
  /** `upper / lower - 1`; null for norms that may be zero. */
  readonly width: number | null;
  /** What does not hold. */
  readonly failures: readonly string[];
}

export async function checkSeed(engine: Engine, seed: number): Promise<Outcome> {
  const { kind, operator, settings, truths } = caseOf(seed);
  const found = await encloseOperator(engine, operator, { ...DEFAULT_SETTINGS, ...settings });
  const groups = found.groups ?? [{ lower: found.lower, upper: found.upper, frobenius: 0, fullRank: 1 }];
  const failures: string[] = [];
  const fail = (what: string) => failures.push(`seed ${seed}, ${kind}: ${what}`);
  if (groups.length !== truths.length) fail(`${groups.length} groups of ${truths.length}`);
  groups.forEach((group, index) => {
    const truth = truths[index];
    if (!truth.holds(group)) fail(`[${group.lower}, ${group.upper}] does not hold ${truth.description}`);
    const rank = stableRank([group]);
    if (found.groups !== null && truth.holdsRank?.(rank) === false) {
      fail(`the stable rank is not in [${rank.lower}, ${rank.upper}]: ${truth.description}`);
    }
  });
  const largest = (end: 'lower' | 'upper') => Math.max(...groups.map((group) => group[end]));
  if (found.lower !== largest('lower') || found.upper !== largest('upper')) {
    fail(`[${found.lower}, ${found.upper}] is not the largest of its groups`);
  }
  return {
    kind,
    exact: truths.every(({ exact }) => exact),
    width: found.lower > 0 ? found.upper / found.lower - 1 : null,
    failures,
  };
}

/** A line for every kind: how many there were, how many failed, and how wide the intervals are. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))].sort();
  const rows = [...kinds, null].map((kind) => {
    const some = outcomes.filter((outcome) => kind === null || outcome.kind === kind);
    const widths = some.flatMap(({ width }) => width ?? []).sort((a, b) => a - b);
    const quantile = (q: number) =>
      widths.length === 0 ? '' : widths[Math.ceil(q * widths.length) - 1].toExponential(1);
    return [
      kind ?? 'all',
      some.length,
      some.filter(({ exact }) => exact).length,
      some.filter(({ failures }) => failures.length > 0).length,
      ...[0.5, 0.9, 0.99, 1].map(quantile),
    ].map(String);
  });
  const table = [
    ['layers', 'number', 'exact truth', 'failed', 'width 50 %', '90 %', '99 %', 'largest'],
    ...rows,
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) =>
      row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k]))).join('  '),
    )
    .join('\n');
}
