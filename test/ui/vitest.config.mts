/** The tests that drive VS Code's user interface. */
import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.mts';
import { TierReporter } from '../tier-reporter.mts';

export default defineConfig({
  plugins: base.plugins ?? [],
  test: {
    name: 'ui',
    dir: import.meta.dirname,
    include: ['**/*.test.ts'],
    reporters: ['default', new TierReporter('ui', true)],
    globalSetup: './test/ui/setup.ts',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A window on a busy machine: what succeeds at the second try only is named at the end.
    retry: 1,
    // VS Code, a browser and ONNX Runtime together want the whole machine.
    maxWorkers: 1,
    fileParallelism: false,
  },
});
