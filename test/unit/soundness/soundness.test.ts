/**
 * Every certified interval of random layers holds the truth. `npm run test:soundness` draws more of them, from a seed that it
 * prints; SOUNDNESS_SEED and SOUNDNESS_RUNS repeat what failed.
 */
import { expect, it } from 'vitest';
import { Engine } from '../../../src/compute/engine';
import { checkSeed, type Outcome, tableOf } from './check';

const { SOUNDNESS_RUNS = '500', SOUNDNESS_SEED = '20240116' } = process.env;

it(
  'certifies nothing that is false',
  async () => {
    const engine = new Engine('cpu');
    const [runs, first] = [Number(SOUNDNESS_RUNS), Number(SOUNDNESS_SEED)];
    const outcomes: Outcome[] = [];
    for (let seed = first; seed < first + runs; seed++) outcomes.push(await checkSeed(engine, seed));
    const failures = outcomes.flatMap((outcome) => outcome.failures);
    console.log(`${runs} layers, seeds from ${first}, ${failures.length} failures\n${tableOf(outcomes)}`);
    expect(failures).toEqual([]);
  },
  24 * 3600 * 1000,
);
