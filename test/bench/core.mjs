// The product's own functions, bundled for Node, for benchmarks that need more than the command line tells.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const SOURCES = [
  'analysis/analyze',
  'bounds/matrix',
  'bounds/probable',
  'compute/engine',
  'compute/program',
  'compute/runtime',
];
const root = resolve(import.meta.dirname, '../..');
// Inside the project, or onnxruntime-node is not found.
const outfile = resolve(root, 'node_modules/.cache/lipschitz-lens/core.cjs');

await build({
  stdin: { contents: SOURCES.map((name) => `export * from './src/${name}';`).join('\n'), resolveDir: root },
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['onnxruntime-node'],
  loader: { '.proto': 'text' },
});

export const core = createRequire(import.meta.url)(outfile);

/**
 * Analyses a file on the CPU in this process.
 *
 * @returns the rows, with the plan's estimate as `cost`, the wall time as `seconds` and the processor time as `cpu`
 */
export async function rowsOf(path, { tolerance = null, inputSize = 'any', layers = null } = {}) {
  const costs = [];
  const rows = [];
  let begun;
  const begin = () => (begun = process.cpuUsage());
  const settings = { method: 'auto', iterations: null, tolerance, device: 'cpu', inputSize, padding: null };
  await core.analyze(
    { path, settings, layers, perGroup: false, only: null },
    {
      onPlan: (plan) => costs.push(...plan.layers.map(({ cost }) => cost)),
      onStart: begin,
      onPreliminary: begin,
      onRow: (index, row) => {
        if (row.error !== null) throw new Error(`${path}: ${row.name}: ${row.error}`);
        const { user, system } = process.cpuUsage(begun);
        rows[index] = { ...row, cost: costs[index], cpu: (user + system) / 1e6 };
      },
    },
  );
  return rows;
}
