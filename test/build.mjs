// Bundles, beside the product, the programs that try it in a real VS Code: into dist/test/.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildPrograms } from '../esbuild.mjs';

const here = import.meta.dirname;

/** The module `host-suites`: all test files below test/host, each loaded when it is asked for. */
const hostSuites = {
  name: 'host-suites',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^host-suites$/ }, ({ path }) => ({ path, namespace: 'host-suites' }));
    onLoad({ filter: /.*/, namespace: 'host-suites' }, async () => {
      const resolveDir = join(here, 'host');
      const files = await readdir(resolveDir, { recursive: true });
      const suites = files
        .map((file) => file.replaceAll('\\', '/'))
        .filter((file) => file.endsWith('.test.ts'))
        .sort()
        .map((file) => `${JSON.stringify(file)}: () => import(${JSON.stringify(`./${file}`)}),`);
      return { contents: `export const suites = {${suites.join('\n')}};`, resolveDir };
    });
  },
};

/** @type {import('esbuild').BuildOptions} */
const node = {
  absWorkingDir: join(here, '..'),
  outdir: 'dist/test',
  bundle: true,
  platform: 'node',
  target: 'node20',
  packages: 'external',
  loader: { '.proto': 'text' },
  sourcemap: 'linked',
  logLevel: 'warning',
};

await Promise.all([
  buildPrograms(),
  // VS Code loads CommonJS.
  build({
    ...node,
    format: 'cjs',
    entryPoints: { host: 'test/host/main.ts' },
    plugins: [hostSuites],
    define: { 'import.meta.dirname': '__dirname' },
  }),
  build({
    ...node,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    entryPoints: { 'run-host': 'test/host/run.ts', 'try-out': 'test/vscode/try-out.ts' },
  }),
]);
