/** Reports of one network at several times as one table: a row a layer, a column a checkpoint. */
import type { MatchedBy } from '../../report/comparison/comparison';
import type { LayerDescription, LayerReport, Report } from '../../report/report';
import type { SeriesLayer, SeriesReport, SeriesValue } from '../../report/series/series';
import { matchLayers, type Side } from './match';

/**
 * Layers of every checkpoint are matched with those of the first.
 * @param reports at least one, in the order of the series, all with the same settings
 */
export function seriesOf(reports: readonly Report[], seconds: number): Omit<SeriesReport, 'cancelled'> {
  const [first] = reports;
  const columns = reports.map((report, index) =>
    index === 0 ? first.layers.map((row) => ({ row, by: null })) : counterparts(first, report),
  );
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
    layers: first.layers.map((layer, place): SeriesLayer => ({
      ...descriptionOf(layer),
      values: columns.map((column) => valueOf(column[place])),
    })),
    seconds,
  };
}

type Counterpart = { readonly row: LayerReport; readonly by: MatchedBy | null } | null;

/** For every layer of the first report that of the other. */
function counterparts(first: Report, other: Report): Counterpart[] {
  const found: Counterpart[] = first.layers.map(() => null);
  for (const { a, b, by } of matchLayers(sideOf(first), sideOf(other))) {
    found[a] ??= { row: other.layers[b], by };
  }
  return found;
}

function sideOf({ model, layers }: Report): Side {
  return {
    format: model.format,
    layers: layers.map(({ name, op, weight, shape, parameters }) => {
      const sides = shape.length === 2 ? shape.toSorted((a, b) => a - b) : shape;
      return { name, op, weight, signature: `${parameters}: ${sides.join('x')}`, identity: name };
    }),
  };
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
