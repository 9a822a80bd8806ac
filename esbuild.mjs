// Bundles every program of the product into dist/. A program whose source does not exist is an error of esbuild's,
// so the list below is exactly what is built.
import { realpathSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { resolve } from 'node:path';
import { build, context } from 'esbuild';

const root = import.meta.dirname;

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  sourcemap: 'linked',
  metafile: true,
  logLevel: 'warning',
};

/** @type {import('esbuild').BuildOptions} */
const node = {
  ...common,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // `vscode` exists only inside the editor; onnxruntime-node finds its native library relative to its own files.
  external: ['vscode', 'onnxruntime-node'],
  loader: { '.proto': 'text' },
};

/** @type {import('esbuild').BuildOptions} */
const page = {
  ...common,
  platform: 'browser',
  target: 'chrome120',
  // What the page imports later is a bundle of its own.
  format: 'esm',
  splitting: true,
  chunkNames: '[name]',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.ttf': 'file' },
  assetNames: '[name]',
  minify: true,
};

const programs = [
  {
    ...node,
    entryPoints: { cli: 'src/cli/main.ts' },
    banner: { js: '#!/usr/bin/env node' },
  },
  { ...node, entryPoints: { worker: 'src/worker/main.ts' } },
  { ...node, entryPoints: { companion: 'src/bounds/symbols/companion.ts' } },
  { ...node, entryPoints: { extension: 'src/extension.ts' } },
  { ...page, entryPoints: { panel: 'webview/main.tsx' } },
];

/**
 * Builds all programs into a folder, absolute or relative to the project's; answers what is in them, as esbuild's
 * metafiles. `production`: as they are shipped, small and without source maps.
 */
export async function buildPrograms({ outdir = 'dist', production = false } = {}) {
  const shipped = production ? { minify: true, sourcemap: false } : {};
  const results = await Promise.all(programs.map((program) => build({ ...program, ...shipped, outdir })));
  await chmod(resolve(root, outdir, 'cli.js'), 0o755);
  return results.map(({ metafile }) => metafile);
}

// Not where package.mjs imports it.
if (realpathSync(process.argv[1]) === import.meta.filename) {
  if (process.argv.includes('--watch')) {
    for (const program of programs) {
      await (await context({ ...program, outdir: 'dist' })).watch();
    }
  } else {
    await buildPrograms();
  }
}
