/** Runs the test files of this folder with Mocha, inside VS Code's extension host: desktop and server alike. */
import Mocha from 'mocha';
import { writeFile } from 'node:fs/promises';
import { format } from 'node:util';
import * as vscode from 'vscode';
import { suites } from 'host-suites';
import { launchOf, MARK, VARIABLES, type Results } from './launches';

/** For the slowest analysis on a loaded machine. */
const TEST_TIMEOUT_MS = 120_000;

/** VS Code calls this (`extensionTestsPath`), and ends with a failure if it rejects. */
export async function run(): Promise<void> {
  const { [VARIABLES.launch]: launch, [VARIABLES.results]: file, [VARIABLES.grep]: grep } = process.env;
  if (launch === undefined || file === undefined)
    throw new Error('Run these tests with "npm run test:host".');
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => {
    // VS Code shows what the extension host logs, but fills in no placeholders.
    for (const line of format(...args).split('\n')) console.log(MARK + line);
  };
  const mocha = new Mocha({
    ui: 'bdd',
    reporter: 'spec',
    timeout: TEST_TIMEOUT_MS,
    ...(grep === undefined ? {} : { grep: new RegExp(grep) }),
  });
  // What Mocha does for files that it loads itself: `describe` and `it` become global.
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  for (const [name, load] of Object.entries(suites)) {
    if (launchOf(name) === launch) await load();
  }
  const stats = await new Promise<Mocha.Stats>((resolve) => {
    const runner = mocha.run(() => resolve(runner.stats!));
  });
  const results: Results = {
    version: vscode.version,
    passed: stats.passes,
    failed: stats.failures,
    pending: stats.pending,
  };
  await writeFile(file, JSON.stringify(results));
  if (results.failed > 0) throw new Error(`${results.failed} failed`);
}
