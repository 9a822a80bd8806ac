// The product's own functions, bundled for Node, for benchmarks that need more than the command line tells.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { processorSecondsOfChildren } from './measure.mjs';

const SOURCES = [
  'analysis/analyze',
  'bounds/matrices/matrix',
  'bounds/matrices/probable',
  'compute/companions',
  'compute/engine',
  'compute/program',
  'compute/runtime',
];
const root = resolve(import.meta.dirname, '../..');
// Inside the project, or onnxruntime-node is not found.
const programOf = (name) => resolve(root, `node_modules/.cache/lipschitz-lens/${name}.cjs`);
const options = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['onnxruntime-node'],
  loader: { '.proto': 'text' },
};
const contents = SOURCES.map((name) => `export * from './src/${name}';`).join('\n');

await build({ ...options, stdin: { contents, resolveDir: root }, outfile: programOf('core') });
await build({
  ...options,
  entryPoints: [resolve(root, 'src/bounds/symbols/companion.ts')],
  outfile: programOf('companion'),
});

export const core = createRequire(import.meta.url)(programOf('core'));
const companions = new core.Companions(programOf('companion'));

/** Of this process and, where there is a /proc, of its companions. */
function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + processorSecondsOfChildren();
}

/**
 * Analyses a file on the CPU, in this process and its companions.
 *
 * @returns the rows, with the plan's estimate as `cost`, the wall time as `seconds` and the processor time as `cpu`
 */
export async function rowsOf(path, { tolerance = null, inputSize = 'any', layers = null } = {}) {
  const costs = [];
  const rows = [];
  let begun;
  const begin = () => (begun = processorSeconds());
  const settings = { method: 'auto', iterations: null, tolerance, device: 'cpu', inputSize, padding: null };
  await core.analyze(
    { path, settings, layers, perGroup: false, only: null },
    {
      onPlan: (plan) => costs.push(...plan.layers.map(({ cost }) => cost)),
      onStart: begin,
      onPreliminary: begin,
      onRow: (index, row) => {
        if (row.error !== null) throw new Error(`${path}: ${row.name}: ${row.error}`);
        rows[index] = { ...row, cost: costs[index], cpu: processorSeconds() - begun };
      },
    },
    companions,
  );
  return rows;
}
