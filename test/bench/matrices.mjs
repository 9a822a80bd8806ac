// Gaussian float32 matrices. Beside one float32 product A^T A (or A A^T, the smaller) of ONNX Runtime: the certified interval and
// its relative width; beside 80 products with a vector and 80 with the transposed matrix: the probable interval. Every time
// is the best of a few that take turns, for machines are shared, and it is the ratios that count.
import { core } from './core.mjs';
import { table } from './markdown.mjs';
import { MATRICES, matrixOf } from './weights.mjs';

const { boundMatrix, Engine, multiply, probableMatrix, Sessions } = core;
const ROUNDS = 5;
const PAIRS = 80;

/** @returns Markdown */
export async function matrices() {
  const engine = new Engine('cpu');
  const sessions = new Sessions('cpu');
  const lines = [
    ['matrix', 'AᵀA, s', 'certified, s', 'ratio', 'width', '80 pairs, s', 'probable, s', 'ratio', 'width'],
  ];
  for (const shape of MATRICES) {
    process.stderr.write(`${shape} ...\n`);
    lines.push([shape, ...(await cellsOf(matrixOf(shape), engine, sessions))]);
  }
  return table(lines);
}

async function cellsOf({ rows, columns, values }, engine, sessions) {
  const a = { values, shape: [rows, columns] };
  const x = { values: new Float32Array(columns).fill(1), shape: [columns, 1] };
  const y = { values: new Float32Array(rows).fill(1), shape: [1, rows] };
  const works = {
    gram: () => sessions.run(gram(rows >= columns), 'float32', { a, b: a }),
    certified: () => boundMatrix(engine, { values, rows, columns }, 1e-6),
    pairs: async () => {
      for (let i = 0; i < PAIRS; i++) {
        await sessions.run(multiply, 'float32', { a, b: x });
        await sessions.run(multiply, 'float32', { a: y, b: a });
      }
    },
    probable: () => probableMatrix(engine, { values, rows, columns }, { steps: PAIRS }),
  };
  const best = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const { time, result } = await seconds(work);
      best[name] = { time: Math.min(time, best[name]?.time ?? Infinity), result };
    }
  }
  return [
    [best.gram, best.certified],
    [best.pairs, best.probable],
  ].flatMap(([reference, ours]) => {
    const { lower, upper } = ours.result;
    return [
      reference.time.toFixed(2),
      ours.time.toFixed(2),
      (ours.time / reference.time).toFixed(2),
      (upper / lower - 1).toExponential(1),
    ];
  });
}

/** `A^T A`, or `A A^T`. */
const gram = (tall) => ({
  name: tall ? 'gram of columns' : 'gram of rows',
  inputs: { a: 2, b: 2 },
  outputs: { c: 2 },
  nodes: [
    {
      opType: 'Transpose',
      name: 't',
      input: ['a'],
      output: ['t'],
      attribute: [{ name: 'perm', ints: [1, 0], type: 7 }],
    },
    { opType: 'MatMul', name: 'c', input: tall ? ['t', 'b'] : ['b', 't'], output: ['c'], attribute: [] },
  ],
});

async function seconds(work) {
  const started = performance.now();
  const result = await work();
  return { time: (performance.now() - started) / 1000, result };
}
