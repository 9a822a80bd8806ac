/**
 * Takes one term of a bound away at a time, in a copy of the sources, and runs the tests that should notice. Prints the test that
 * failed for each; exits with 1 where one survives. Arguments select mutations whose name contains one of them.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mutations } from './mutations.mjs';

const root = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'lipschitz-lens-mutation-'));
const selected = process.argv.slice(2);

/** The name of a test that fails, null where none does. */
function failing(files) {
  const results = join(copy, 'results.json');
  rmSync(results, { force: true });
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'test/mutation/vitest.config.mts',
  ];
  const { status, stderr } = spawnSync(process.execPath, [...args, ...files], {
    cwd: copy,
    encoding: 'utf8',
  });
  if (status === 0) return null;
  const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find((test) => test.status === 'failed');
  // A file that does not even load is no test that notices.
  if (!failed)
    throw new Error(
      `the tests did not run: ${testResults.map(({ message }) => message).join('\n')}\n${stderr}`,
    );
  return failed.fullName;
}

try {
  for (const part of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.mts']) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');

  const chosen = mutations.filter(
    ({ name }) => selected.length === 0 || selected.some((part) => name.includes(part)),
  );
  const sound = failing([...new Set(chosen.flatMap(({ tests }) => tests))]);
  if (sound !== null) throw new Error(`without any mutation there fails: ${sound}`);
  let survivors = 0;
  for (const { name, file, text, replacement, tests } of chosen) {
    const path = join(copy, 'src/bounds', file);
    const source = readFileSync(path, 'utf8');
    if (source.split(text).length !== 2) throw new Error(`${name}: not once in ${file}: ${text}`);
    writeFileSync(
      path,
      source.replace(text, () => replacement),
    );
    const noticed = failing(tests);
    writeFileSync(path, source);
    if (noticed === null) survivors++;
    console.log(`${name.padEnd(48)}  ${noticed ?? 'SURVIVES'}`);
  }
  console.log(`${chosen.length} mutations, ${survivors} survive`);
  process.exitCode = survivors === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
