import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');

interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly tests: readonly string[];
}

// `npm run test:mutation` takes an hour; that its terms are still where they were takes none.
it('each term that is taken away is in its file once, and the tests that should notice are there', async () => {
  const path = join(root, 'test/mutation/mutations.mjs');
  const { mutations } = (await import(/* @vite-ignore */ path)) as { mutations: readonly Mutation[] };
  expect(mutations.length).toBeGreaterThan(0);
  const misplaced = mutations.filter(({ file, text, tests }) => {
    const source = readFileSync(join(root, 'src/bounds', file), 'utf8');
    return source.split(text).length !== 2 || !tests.every((test) => existsSync(join(root, test)));
  });
  expect(misplaced.map(({ name }) => name)).toEqual([]);
});
