import { readFile } from 'node:fs/promises';
import { defineConfig } from 'vitest/config';
import { TierReporter } from './test/tier-reporter.mts';

export default defineConfig({
  plugins: [
    {
      // The bundles take `.proto` files as text (esbuild.mjs); so do the tests.
      name: 'proto-as-text',
      enforce: 'pre',
      async load(id) {
        if (!id.endsWith('.proto')) return undefined;
        return `export default ${JSON.stringify(await readFile(id, 'utf8'))};`;
      },
    },
  ],
  test: {
    include: ['test/unit/**/*.test.ts'],
    // Some tests are for other platforms, or for files that are not everywhere.
    reporters: ['default', new TierReporter('unit')],
    globalSetup: 'test/unit/setup.ts',
    setupFiles: 'test/unit/properties.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // ONNX Runtime uses every core by itself.
    maxWorkers: 2,
  },
});
