// `node test/bench/matrix.mjs [rows x columns ...]`: Gaussian float32 matrices, as Markdown. Beside one float32 product A^T A (or
// A A^T, the smaller) of ONNX Runtime: the certified interval and its relative width; beside 80 products with a vector
// and 80 with the transposed matrix: the probable interval. Every time is the best of a few that take turns, for machines are
// shared, and it is the ratios that count.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const CACHE = 'node_modules/.cache/lipschitz-lens';
const SHAPES = ['4096x4096', '4096x14336', '14336x4096'];
const ROUNDS = 5;
const PAIRS = 80;

mkdirSync(CACHE, { recursive: true });
const outfile = resolve(CACHE, 'matrix.cjs');
await build({
  stdin: {
    contents: ['bounds/matrix', 'bounds/probable', 'compute/engine', 'compute/program', 'compute/runtime']
      .map((name) => `export * from './src/${name}';`)
      .join('\n'),
    resolveDir: resolve(import.meta.dirname, '../..'),
  },
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['onnxruntime-node'],
  loader: { '.proto': 'text' },
});
const { boundMatrix, Engine, multiply, probableMatrix, Sessions } = createRequire(import.meta.url)(outfile);

const engine = new Engine('cpu');
const sessions = new Sessions('cpu');

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

/** Box and Muller from mulberry32: a congruential generator leaves a pattern in rows of a power of two. */
function gaussians(length) {
  let state = 1;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return Float32Array.from(
    { length },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

async function seconds(work) {
  const started = performance.now();
  const result = await work();
  return { time: (performance.now() - started) / 1000, result };
}

console.log(
  '| matrix | A^T A s | certified s | ratio | width | 80 pairs s | probable s | ratio | width |\n' +
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
);
const shapes = process.argv.length > 2 ? process.argv.slice(2) : SHAPES;
for (const shape of shapes) {
  const [rows, columns] = shape.split('x').map(Number);
  const values = gaussians(rows * columns);
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
  const cells = [];
  for (const [reference, ours] of [
    [best.gram, best.certified],
    [best.pairs, best.probable],
  ]) {
    const { lower, upper } = ours.result;
    cells.push(reference.time.toFixed(2), ours.time.toFixed(2), (ours.time / reference.time).toFixed(2));
    cells.push((upper / lower - 1).toExponential(1));
  }
  console.log(`| ${shape} | ${cells.join(' | ')} |`);
}
