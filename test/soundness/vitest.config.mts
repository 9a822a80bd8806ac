/** Many more random layers than the unit tier draws, each time others: SOUNDNESS_RUNS of them from SOUNDNESS_SEED on. */
import { defineConfig } from 'vitest/config';
import unit from '../../vitest.config.mts';

const { SOUNDNESS_RUNS = '10000', SOUNDNESS_SEED = String(Math.floor(Math.random() * 2 ** 31)) } =
  process.env;

export default defineConfig({
  ...unit,
  test: {
    ...unit.test,
    include: ['test/unit/soundness/**/*.test.ts'],
    globalSetup: [],
    env: { SOUNDNESS_RUNS, SOUNDNESS_SEED },
  },
});
