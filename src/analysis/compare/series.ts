/** Reports of one network at several times as one table: a row a layer, a column a checkpoint. */
import type { MatchedBy } from '../../report/comparison/comparison';
import type { LayerDescription, LayerReport, Report } from '../../report/report';
import type { SeriesLayer, SeriesReport, SeriesValue } from '../../report/series/series';
import { type Candidate, finish, matchingSteps, type Side, STRIDE } from './match';

/**
 * Layers of every checkpoint are matched with those of the first.
 * @param reports at least one, in the order of the series, all with the same settings
 */
export function seriesOf(reports: readonly Report[], seconds: number): Omit<SeriesReport, 'cancelled'> {
  return finish(seriesSteps(reports, seconds));
}

/** The same in steps that take a moment each. */
export function* seriesSteps(
  reports: readonly Report[],
  seconds: number,
): Generator<undefined, Omit<SeriesReport, 'cancelled'>> {
  const [first, ...later] = reports;
  const columns: Counterpart[][] = [first.layers.map((row) => ({ row, by: null }))];
  for (const report of later) columns.push(yield* counterparts(first, report));
  const layers: SeriesLayer[] = [];
  for (const [place, layer] of first.layers.entries()) {
    if (place % STRIDE === 0) yield;
    layers.push({ ...descriptionOf(layer), values: columns.map((column) => valueOf(column[place])) });
  }
  return {
    schema: 1,
    kind: 'series',
    settings: first.settings,
    checkpoints: reports.map(({ model, device, layers, skipped, seconds: own }, index) => {
      const matched = new Set(columns[index].map((found) => found?.row));
      return {
        model,
        device,
        unmatched: layers.filter((row) => !matched.has(row)).map(({ name }) => name),
        skipped: skipped.length,
        seconds: own,
      };
    }),
    layers,
    seconds,
  };
}

type Counterpart = { readonly row: LayerReport; readonly by: MatchedBy | null } | null;

/** For every layer of the first report that of the other. */
function* counterparts(first: Report, other: Report): Generator<undefined, Counterpart[]> {
  const found: Counterpart[] = first.layers.map(() => null);
  for (const { a, b, by } of yield* matchingSteps(yield* sideOf(first), yield* sideOf(other))) {
    found[a] ??= { row: other.layers[b], by };
  }
  return found;
}

function* sideOf({ model, layers }: Report): Generator<undefined, Side> {
  const candidates: Candidate[] = [];
  for (const { name, op, weight, shape, parameters } of layers) {
    if (candidates.length % STRIDE === 0) yield;
    const sides = shape.length === 2 ? shape.toSorted((a, b) => a - b) : shape;
    candidates.push({ name, op, weight, signature: `${parameters}: ${sides.join('x')}`, identity: name });
  }
  return { format: model.format, layers: candidates };
}

function valueOf(counterpart: Counterpart): SeriesValue | null {
  if (counterpart === null) return null;
  const { name, lipschitz, stableRank, frobenius, notes, error } = counterpart.row;
  return { name, matchedBy: counterpart.by, lipschitz, stableRank, frobenius, notes, error };
}

function descriptionOf(row: LayerReport): LayerDescription {
  const { name, op, weight, shape, dtype, parameters, convolution } = row;
  return { name, op, weight, shape, dtype, parameters, convolution };
}
