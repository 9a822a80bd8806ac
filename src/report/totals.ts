/** What a whole report says, for the lines above and below its table. */
import type { LayerReport, LipschitzInterval, Report, SkippedReport, StableRank } from './report';

export type BoundedLayer = LayerReport & { readonly lipschitz: LipschitzInterval };
export type RankedLayer = LayerReport & { readonly stableRank: StableRank };

export interface Totals {
  readonly layers: number;
  /** Layers with an error. */
  readonly failed: number;
  /** Weights of all layers; a weight that several layers share counts once. */
  readonly parameters: number;
  /** Layers with a bound, by descending upper bound. */
  readonly largest: readonly BoundedLayer[];
  /** Layers with a stable rank, by ascending share of the full rank; those that are zero have none to speak of. */
  readonly lowestRank: readonly RankedLayer[];
  /** Decimal logarithm of the product of all upper bounds, 0 of none; -Infinity where one of them is 0. */
  readonly productLog10: number;
}

export function totals(report: Pick<Report, 'layers'>): Totals {
  const bounded = report.layers.filter((layer): layer is BoundedLayer => layer.lipschitz !== null);
  const ranked = report.layers.filter(
    (layer): layer is RankedLayer => layer.stableRank !== null && layer.lipschitz?.upper !== 0,
  );
  return {
    layers: report.layers.length,
    failed: report.layers.filter((layer) => layer.error !== null).length,
    parameters: countParameters(report.layers),
    largest: bounded.toSorted((a, b) => b.lipschitz.upper - a.lipschitz.upper),
    lowestRank: ranked.toSorted((a, b) => a.stableRank.normalized - b.stableRank.normalized),
    productLog10: bounded.reduce((sum, layer) => sum + Math.log10(layer.lipschitz.upper), 0),
  };
}

/** Whether some row is an update of a weight of another model. */
export function hasAdapters({ layers }: Pick<Report, 'layers'>): boolean {
  return layers.some(({ adapter }) => adapter !== undefined);
}

export interface SkippedGroup {
  readonly reason: string;
  readonly count: number;
  /** Kinds of its nodes or tensors, each once. */
  readonly ops: readonly string[];
  readonly example: SkippedReport;
}

/** What was skipped, by reason, the most frequent first. */
export function skippedByReason(skipped: readonly SkippedReport[]): SkippedGroup[] {
  const groups = new Map<string, SkippedReport[]>();
  for (const entry of skipped) {
    const group = groups.get(entry.reason);
    if (group) group.push(entry);
    else groups.set(entry.reason, [entry]);
  }
  return Array.from(groups, ([reason, entries]) => ({
    reason,
    count: entries.length,
    ops: [...new Set(entries.map((entry) => entry.op))],
    example: entries[0],
  })).sort((a, b) => b.count - a.count);
}

/** The different notes of the rows, in order of appearance; a row refers to one by its index plus 1. */
export function collectNotes(layers: readonly LayerReport[]): string[] {
  return [...new Set(layers.flatMap((layer) => layer.notes))];
}

/**
 * The rows of one weight are either parts of it (the gates of an LSTM), which add up to it, or several uses of it,
 * which would count it several times.
 */
function countParameters(layers: readonly LayerReport[]): number {
  const weights = new Map<string, { rows: number; whole: number }>();
  for (const { weight, shape, parameters } of layers) {
    const entry = weights.get(weight) ?? { rows: 0, whole: shape.reduce((product, n) => product * n, 1) };
    entry.rows += parameters;
    entry.whole = Math.max(entry.whole, parameters);
    weights.set(weight, entry);
  }
  let count = 0;
  for (const { rows, whole } of weights.values()) count += Math.min(rows, whole);
  return count;
}
