/** The text table of a series: a row a layer, a column a checkpoint, as many of them as fit. */
import { columnLines } from '../columns';
import { formatSeconds } from '../numbers';
import { painter } from '../paint';
import { NARROWEST_TABLE } from '../table';
import type { TableOptions } from '../table';
import { displayName, ellipsize, hanging, printable, wrap } from '../text';
import { CERTAINTIES, describeSettings } from '../wording';
import type { SeriesReport } from './series';
import { formatValue, labelsOf, summarize } from './summary';

/** Cells that names of layers, and a column with an interval, take. */
const NAME_CELLS = 20;
const VALUE_CELLS = 17;
const LABEL_CELLS = 15;
const INDENT = '  ';
const ABSENT = '-';

/** Lines of at most `width` cells where the numbers allow it, without trailing blanks. */
export function formatSeriesTable(series: SeriesReport, options: TableOptions): string {
  const width = Math.max(NARROWEST_TABLE, options.width);
  const paint = painter(options.color);
  const { checkpoints, layers, seconds, settings } = series;
  const labels = labelsOf(checkpoints.map(({ model }) => model.path));
  const shown = evenly(checkpoints.length, Math.floor((width - NAME_CELLS) / VALUE_CELLS));
  const columns = [
    { title: 'layer', least: 12 },
    ...shown.map((index) => ({ title: ellipsize(displayName(labels[index]), LABEL_CELLS) })),
  ];
  const rows = layers.map(({ name, values }) => [
    displayName(name),
    // A column without a value would not be shown.
    ...shown.map((index) => formatValue(values[index]) || ABSENT),
  ]);
  const errors = layers.flatMap(({ values }) =>
    values.flatMap((value, index) => {
      if (value === null || value.error === null) return [];
      const sentence = `${labels[index]}: ${displayName(value.name)}: ${value.error}`;
      return hanging(INDENT, printable(sentence), width).map((line) => paint('bad', line));
    }),
  );
  const certainties = new Set(
    layers.flatMap(({ values }) => values.flatMap((value) => value?.lipschitz?.certainty ?? [])),
  );
  const described = describeSettings(settings);
  const [device] = [...new Set(checkpoints.map((checkpoint) => checkpoint.device.description))];
  const blocks = [
    [`on ${device}`, ...(described === '' ? [] : [described])].flatMap((text) =>
      wrap(printable(text), width).map((line) => paint('faint', line)),
    ),
    layers.length === 0 ? ['No layers.'] : columnLines(columns, rows, width, paint),
    errors,
    [
      ...summarize(series),
      ...(shown.length < checkpoints.length
        ? [`${shown.length} of the checkpoints are shown, --format csv has all`]
        : []),
      formatSeconds(seconds),
      ...[...certainties].map((word) => `${word}: ${CERTAINTIES[word]}`),
    ].flatMap((line) => wrap(line, width)),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.map((line) => `${line.trimEnd()}\n`).join(''))
    .join('\n');
}

/** At most `most` (2 or more) of so many indices, the first and the last among them, as evenly apart as can be. */
function evenly(count: number, most: number): number[] {
  if (count <= most) return [...Array(count).keys()];
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}
