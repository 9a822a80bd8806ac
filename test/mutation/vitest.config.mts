/** The unit tests without what is built and fetched for them: those of the bounds need neither. */
import { defineConfig } from 'vitest/config';
import unit from '../../vitest.config.mts';

export default defineConfig({
  ...unit,
  cacheDir: '.vite',
  test: { ...unit.test, globalSetup: [], reporters: ['json'], outputFile: 'results.json', bail: 1 },
});
