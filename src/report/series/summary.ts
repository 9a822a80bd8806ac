/** What a series says, for every format that people read. */
import { formatInterval } from '../numbers';
import { plural } from '../wording';
import type { SeriesReport, SeriesValue } from './series';

/** What tells the paths apart: the parts between those that all of them begin and end with, without an extension of all. */
export function labelsOf(paths: readonly string[]): string[] {
  const parts = paths.map((path) => path.split(/[\\/]/).filter((part) => part !== ''));
  const shortest = Math.min(...parts.map(({ length }) => length));
  const common = (part: (path: readonly string[], index: number) => string | undefined, limit: number) => {
    let count = 0;
    while (count < limit && parts.every((path) => part(path, count) === part(parts[0], count))) count++;
    return count;
  };
  const begin = common((path, index) => path[index], shortest - 1);
  const end = common((path, index) => path[path.length - 1 - index], shortest - 1 - begin);
  const labels = parts.map((path) => path.slice(begin, path.length - end).join('/'));
  const [extension = ''] = /\.(?:onnx|safetensors)$/i.exec(labels[0]) ?? [];
  const isCommon = labels.every((label) => label.endsWith(extension));
  return isCommon ? labels.map((label) => label.slice(0, label.length - extension.length)) : labels;
}

/** The norm in one checkpoint; '' where the layer is not there. */
export function formatValue(value: SeriesValue | null): string {
  if (value === null) return '';
  return value.lipschitz ? formatInterval(value.lipschitz) : 'failed';
}

/** Sentences about the whole series. */
export function summarize({ checkpoints, layers, cancelled }: SeriesReport): string[] {
  const unmatched = checkpoints.reduce((sum, checkpoint) => sum + checkpoint.unmatched.length, 0);
  const values = layers.flatMap((layer) => layer.values);
  const failed = values.filter((value) => value !== null && value.error !== null).length;
  const absent = values.filter((value) => value === null).length;
  return [
    ...(cancelled ? [`Cancelled after ${cancelled.finished} of ${plural(cancelled.of, 'checkpoint')}.`] : []),
    ...(failed > 0 ? [`${plural(failed, 'bound')} failed.`] : []),
    `${plural(layers.length, 'layer')} in ${plural(checkpoints.length, 'checkpoint')}`,
    ...(absent > 0 ? [`${plural(absent, 'layer')} of the first checkpoint missing in a later one`] : []),
    ...(unmatched > 0 ? [`${plural(unmatched, 'layer')} of later checkpoints not in the first`] : []),
  ];
}
