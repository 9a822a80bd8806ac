import { record, sizes } from '../csv-record';
import type { SeriesReport } from './series';

/** One header; a record a layer of the first checkpoint, with two columns a checkpoint: both ends of its interval. */
export function formatSeriesCsv(series: SeriesReport): string {
  return [...seriesCsvPieces(series)].join('');
}

/** The same text, record by record. */
export function* seriesCsvPieces({ checkpoints, layers }: SeriesReport): Generator<string> {
  const ends = checkpoints.flatMap(({ model }) => [`${model.path} lower`, `${model.path} upper`]);
  yield record(['layer', 'operator', 'weight', 'shape', 'dtype', ...ends]);
  for (const { name, op, weight, shape, dtype, values } of layers) {
    yield record([
      ...[name, op, weight, sizes(shape), dtype],
      ...values.flatMap((value) => [value?.lipschitz?.lower ?? null, value?.lipschitz?.upper ?? null]),
    ]);
  }
}
