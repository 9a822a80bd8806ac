// The time that the plan estimates for each layer, next to the time that it takes.
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { percent, table } from './markdown.mjs';
import { networkFiles } from './networks.mjs';
import { drawnFile, MATRICES, matricesFile, resnetFile, shapesFile } from './weights.mjs';

const FACTOR = 3;
/** Input sizes that make most of a network's maps small. */
const SIZES = {
  'ch_PP-OCRv4_det_infer.onnx': [
    [64, 64],
    [96, 128],
  ],
  'ch_PP-OCRv4_rec_infer.onnx': [
    [48, 160],
    [48, 80],
  ],
  'ch_ppocr_mobile_v2.0_cls_infer.onnx': [
    [48, 192],
    [32, 100],
  ],
};
/** Seconds from which a layer is worth an estimate of its own: the garbage of others, which the engine collects in any of them, takes up to as long. */
const NOTICED = 0.02;
/** Seconds from which a layer is waited for. */
const WAITED = 0.1;
const FARTHEST = 5;
/** Files are analysed a few times, each in a process of its own, and a layer's shortest time counts; those that take longer than `LONG` seconds, once. */
const ROUNDS = 3;
const LONG = 30;

/** @returns Markdown */
export function estimates() {
  const runs = [
    ...networkFiles().map((file) => ({ file, options: {} })),
    ...networkFiles().flatMap((file) =>
      (SIZES[basename(file)] ?? []).map((inputSize) => ({ file, options: { inputSize } })),
    ),
    { file: resnetFile('kaiming'), options: { tolerance: 1e-2 } },
    { file: resnetFile('smooth'), options: { tolerance: 1e-2 } },
    ...[shapesFile(), drawnFile()].flatMap((file) =>
      [1e-2, null].map((tolerance) => ({ file, options: { tolerance } })),
    ),
    ...MATRICES.map((layers) => ({ file: matricesFile(), options: { layers } })),
  ];
  const lines = [
    [
      'file',
      'layers',
      'estimated, s',
      'measured, s',
      ...[NOTICED, WAITED].flatMap((least) => [`of ${least} s or more`, `within a factor of ${FACTOR}`]),
    ],
  ];
  const noticed = [];
  for (const { file, options } of runs) {
    process.stderr.write(`${file} ...\n`);
    const rows = shortestOf(file, options);
    const size = options.inputSize ? `, ${options.inputSize.join('x')}` : '';
    const tolerance = options.tolerance ? `, ${options.tolerance.toExponential()}` : '';
    const name = options.layers ?? `${basename(file)}${size}${tolerance}`;
    const some = rows.filter(({ seconds, cost }) => Math.max(seconds, cost) >= NOTICED);
    noticed.push(...some.map((row) => ({ ...row, file: name })));
    lines.push([name, String(rows.length), ...sums(rows), ...shares(some)]);
  }
  lines.push(['all', '', ...sums(noticed), ...shares(noticed)]);
  const far = noticed.toSorted((a, b) => offBy(b) - offBy(a)).slice(0, FARTHEST);
  return [
    table(lines),
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

function shortestOf(file, options) {
  let rows = rowsOf(file, options);
  for (let round = 1; round < ROUNDS && total(rows, 'seconds') < LONG; round++) {
    const again = rowsOf(file, options);
    rows = rows.map((row, i) => (again[i].seconds < row.seconds ? again[i] : row));
  }
  return rows;
}

function rowsOf(file, options) {
  const program = join(import.meta.dirname, 'rows.mjs');
  const printed = execFileSync(process.execPath, [program, file, JSON.stringify(options)], {
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  return JSON.parse(printed);
}

function offBy({ cost, seconds }) {
  return Math.max(cost / seconds, seconds / cost);
}

function total(rows, key) {
  return rows.reduce((sum, row) => sum + row[key], 0);
}

function sums(rows) {
  return [total(rows, 'cost').toFixed(2), total(rows, 'seconds').toFixed(2)];
}

function shares(rows) {
  return [NOTICED, WAITED].flatMap((least) => {
    const some = rows.filter(({ seconds, cost }) => Math.max(seconds, cost) >= least);
    const near = some.filter((row) => offBy(row) <= FACTOR);
    return [String(some.length), some.length === 0 ? '' : percent(near.length / some.length)];
  });
}
