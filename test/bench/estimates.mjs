// The time that the plan estimates for each layer, next to the time that it takes.
import { basename } from 'node:path';
import { rowsOf } from './core.mjs';
import { percent, table } from './markdown.mjs';
import { networkFiles } from './networks.mjs';
import { MATRICES, matricesFile, resnetFile } from './weights.mjs';

const FACTOR = 3;
/** Seconds from which a layer is worth an estimate of its own. */
const NOTICED = 0.01;
const FARTHEST = 5;

/** @returns Markdown */
export async function estimates() {
  const runs = [
    ...networkFiles().map((file) => ({ file, options: {} })),
    { file: resnetFile('kaiming'), options: { tolerance: 1e-2 } },
    { file: resnetFile('smooth'), options: { tolerance: 1e-2 } },
    ...MATRICES.map((layers) => ({ file: matricesFile(), options: { layers } })),
  ];
  const total = [
    [
      'file',
      'layers',
      'estimated, s',
      'measured, s',
      `of ${NOTICED} s or more`,
      `within a factor of ${FACTOR}`,
    ],
  ];
  const noticed = [];
  for (const { file, options } of runs) {
    process.stderr.write(`${file} ...\n`);
    const rows = await rowsOf(file, options);
    const name = options.layers ?? basename(file);
    const some = rows.filter(({ seconds, cost }) => Math.max(seconds, cost) >= NOTICED);
    noticed.push(...some.map((row) => ({ ...row, file: name })));
    total.push([name, String(rows.length), sum(rows, 'cost'), sum(rows, 'seconds'), ...shares(some)]);
  }
  total.push(['all', '', sum(noticed, 'cost'), sum(noticed, 'seconds'), ...shares(noticed)]);
  const far = noticed.toSorted((a, b) => offBy(b) - offBy(a)).slice(0, FARTHEST);
  return [
    table(total),
    table([
      ['the farthest', 'layer', 'shape', 'estimated, s', 'measured, s', 'factor'],
      ...far.map((row) => [
        row.file,
        row.name,
        row.shape.join('x'),
        row.cost.toFixed(3),
        row.seconds.toFixed(3),
        offBy(row).toFixed(1),
      ]),
    ]),
  ].join('\n\n');
}

function offBy({ cost, seconds }) {
  return Math.max(cost / seconds, seconds / cost);
}

function sum(rows, key) {
  return rows.reduce((total, row) => total + row[key], 0).toFixed(2);
}

function shares(rows) {
  const near = rows.filter((row) => offBy(row) <= FACTOR);
  return [String(rows.length), rows.length === 0 ? '' : percent(near.length / rows.length)];
}
