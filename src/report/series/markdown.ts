import { code, escape, numbered, tableLines } from '../markdown-text';
import { formatSeconds, formatShape } from '../numbers';
import { describeSettings } from '../wording';
import type { SeriesReport } from './series';
import { formatValue, labelsOf, summarize } from './summary';

/** GitHub-flavoured Markdown: a row a layer, a column a checkpoint. */
export function formatSeriesMarkdown(series: SeriesReport): string {
  const { checkpoints, layers, seconds, settings } = series;
  const labels = labelsOf(checkpoints.map(({ model }) => model.path)).map(code);
  const rows = layers.map(({ name, op, shape, values }) => [
    ...[code(name), escape(op), formatShape(shape)],
    ...values.map(formatValue),
  ]);
  const described = describeSettings(settings);
  const facts = [...summarize(series), ...(described === '' ? [] : [described]), formatSeconds(seconds)];
  const failures = layers.flatMap(({ values }) =>
    values.flatMap((value, index) =>
      value === null || value.error === null
        ? []
        : [`${checkpoints[index].model.path}: ${value.name}: ${value.error}`],
    ),
  );
  const blocks = [
    '## Lipschitz constants by checkpoint',
    facts.map((line) => `- ${escape(line)}`).join('\n'),
    layers.length === 0
      ? 'No layers.'
      : [...tableLines(['Layer', 'Operator', 'Shape', ...labels], labels, rows)].join('').trimEnd(),
    numbered('Failed', failures),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}
