// Bundles every program of the product into dist/. A program whose source does not exist is an error of esbuild's,
// so the list below is exactly what is shipped.
import { chmod } from 'node:fs/promises';
import { build, context } from 'esbuild';

/** @type {import('esbuild').BuildOptions} */
const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  outdir: 'dist',
  // `vscode` exists only inside the editor; onnxruntime-node finds its native library relative to its own files.
  external: ['vscode', 'onnxruntime-node'],
  loader: { '.proto': 'text' },
  sourcemap: 'linked',
  logLevel: 'warning',
};

/** @type {import('esbuild').BuildOptions} */
const page = {
  bundle: true,
  platform: 'browser',
  target: 'chrome120',
  format: 'iife',
  outdir: 'dist',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.ttf': 'file' },
  assetNames: '[name]',
  minify: true,
  sourcemap: 'linked',
  logLevel: 'warning',
};

const programs = [
  {
    ...node,
    entryPoints: { cli: 'src/cli/main.ts' },
    banner: { js: '#!/usr/bin/env node' },
  },
  { ...node, entryPoints: { worker: 'src/worker/main.ts' } },
  { ...node, entryPoints: { extension: 'src/extension.ts' } },
  { ...page, entryPoints: { panel: 'webview/main.tsx' } },
];

if (process.argv.includes('--watch')) {
  for (const program of programs) {
    await (await context(program)).watch();
  }
} else {
  await Promise.all(programs.map((program) => build(program)));
  await chmod('dist/cli.js', 0o755);
}
