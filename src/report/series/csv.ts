import { record, sizes } from '../csv-record';
import type { SeriesReport } from './series';

/** One header; a record a layer of the first checkpoint, with two columns a checkpoint: both ends of its interval. */
export function formatSeriesCsv({ checkpoints, layers }: SeriesReport): string {
  const ends = checkpoints.flatMap(({ model }) => [`${model.path} lower`, `${model.path} upper`]);
  const rows = layers.map(({ name, op, weight, shape, dtype, values }) => [
    ...[name, op, weight, sizes(shape), dtype],
    ...values.flatMap((value) => [value?.lipschitz?.lower ?? null, value?.lipschitz?.upper ?? null]),
  ]);
  return [['layer', 'operator', 'weight', 'shape', 'dtype', ...ends], ...rows].map(record).join('');
}
