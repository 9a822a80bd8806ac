// The 20 convolutions of ResNet18 with seeded weights, for any input size, to 1 %: by layer, in total, and in memory.
import { analyzeFile } from './command-line.mjs';
import { megabytes, table, widthOf } from './markdown.mjs';
import { KINDS, resnetFile } from './weights.mjs';

const TOLERANCE = 1e-2;

/** @returns Markdown */
export async function convolutions() {
  const kinds = Object.keys(KINDS);
  const runs = [];
  for (const kind of kinds) {
    runs.push(await analyzeFile(resnetFile(kind), '--input-size', 'any', '--tolerance', String(TOLERANCE)));
  }
  const head = [
    'layer',
    'shape',
    'stride',
    ...kinds.flatMap((kind) => [`${kind}, s`, 'upper bound', 'width']),
  ];
  const rows = runs[0].report.layers.map(({ name, shape, convolution }, i) => [
    name,
    shape.join('x'),
    String(convolution.strides[0]),
    ...runs.flatMap(({ report }) => {
      const { seconds, lipschitz } = report.layers[i];
      return [seconds.toFixed(3), lipschitz.upper.toFixed(4), widthOf(lipschitz)];
    }),
  ]);
  const totals = runs.map(({ report, seconds, peakBytes }, k) => [
    kinds[k],
    report.layers.reduce((sum, layer) => sum + layer.seconds, 0).toFixed(2),
    seconds.toFixed(2),
    megabytes(peakBytes),
    [...new Set(report.layers.map(({ lipschitz }) => lipschitz.certainty))].join(', '),
  ]);
  return [
    table([['weights', 'layers, s', 'with start and reading, s', 'peak MB', 'certainty'], ...totals]),
    table([head, ...rows]),
  ].join('\n\n');
}
