import { code, escape, numbered, tableLines } from '../markdown-text';
import { formatSeconds, formatShape } from '../numbers';
import { describeSettings } from '../wording';
import type { SeriesLayer, SeriesReport } from './series';
import { formatValue, labelsOf, summarize } from './summary';

/** GitHub-flavoured Markdown: a row a layer, a column a checkpoint. */
export function formatSeriesMarkdown(series: SeriesReport): string {
  return [...seriesMarkdownPieces(series)].join('');
}

/** The same text in pieces, none of them longer than a row, or the list of what failed. */
export function* seriesMarkdownPieces(series: SeriesReport): Generator<string> {
  const { checkpoints, layers, seconds, settings } = series;
  const labels = labelsOf(checkpoints.map(({ model }) => model.path)).map(code);
  const described = describeSettings(settings);
  const facts = [...summarize(series), ...(described === '' ? [] : [described]), formatSeconds(seconds)];
  const failures = layers.flatMap(({ values }) =>
    values.flatMap((value, index) =>
      value === null || value.error === null
        ? []
        : [`${checkpoints[index].model.path}: ${value.name}: ${value.error}`],
    ),
  );
  yield `## Lipschitz constants by checkpoint\n\n${facts.map((line) => `- ${escape(line)}`).join('\n')}\n\n`;
  if (layers.length === 0) yield 'No layers.\n';
  else yield* tableLines(['Layer', 'Operator', 'Shape', ...labels], labels, rows(layers));
  if (failures.length > 0) yield `\n${numbered('Failed', failures)}\n`;
}

function* rows(layers: readonly SeriesLayer[]): Generator<readonly string[]> {
  for (const { name, op, shape, values } of layers) {
    yield [code(name), escape(op), formatShape(shape), ...values.map(formatValue)];
  }
}
