/**
 * `npm run test:host`: starts a real VS Code for every launch, has it run the tests, and adds up. It is the desktop
 * VS Code in the oldest version that is supported where that can be had, else a VS Code Server and Chromium.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dist } from '../unit/product';
import { launchBrowser } from '../vscode/browser';
import { downloadDesktop, runDesktop } from '../vscode/desktop';
import { exitOnSignals, TemporaryFolder } from '../vscode/processes';
import { Server } from '../vscode/server';
import { createMultiRootWorkspace, createSamples } from '../vscode/workspace';
import { LAUNCHES, VARIABLES, type Launch, type Results } from './launches';

const USAGE = `Usage: npm run test:host -- [--launch ${LAUNCHES.join('|')}] [--grep REGEXP] [--server]
  --server  in a VS Code Server, also where a desktop VS Code can be had`;

/** For one launch. */
const TIMEOUT_MINUTES = 10;

const tests = join(dist, 'test/host.js');

/** What one launch is started with. */
interface Start {
  readonly workspace: string;
  readonly trusted: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

async function main(): Promise<void> {
  const { launches, grep, server } = options();
  exitOnSignals();
  const desktop = server ? undefined : await desktopIfAny();
  const all: Results[] = [];
  for (const launch of launches) {
    console.log(`\nhost tier, ${launch}`);
    all.push(await runLaunch(launch, grep, desktop));
  }
  const sum = (key: 'passed' | 'failed' | 'pending') => all.reduce((total, result) => total + result[key], 0);
  const where = `VS Code ${all[0].version} (${desktop === undefined ? 'server' : 'desktop'})`;
  const counts = `${sum('passed')} passed, ${sum('failed')} failed, ${sum('pending')} pending`;
  console.log(`host tier: ${counts} in ${where}`);
  // With a filter, a launch may well have nothing to do.
  const empty = grep === undefined ? all.findIndex(({ passed, failed }) => passed + failed === 0) : -1;
  if (empty >= 0) throw new Error(`host tier: no test ran in the launch "${launches[empty]}"`);
  if (sum('passed') === 0 || sum('failed') > 0) process.exitCode = 1;
}

/** The path of a desktop VS Code; undefined where there is none, with a line that says why. */
async function desktopIfAny(): Promise<string | undefined> {
  try {
    return await downloadDesktop();
  } catch (error) {
    console.log(`host tier: no desktop VS Code (${(error as Error).message}), so the VS Code Server is used.`);
    return undefined;
  }
}

async function runLaunch(
  launch: Launch,
  grep: string | undefined,
  desktop: string | undefined,
): Promise<Results> {
  const temporary = new TemporaryFolder();
  try {
    const create = launch === 'multi-root' ? createMultiRootWorkspace : createSamples;
    const results = join(temporary.path, 'results.json');
    const start: Start = {
      workspace: await create(temporary.path),
      trusted: launch !== 'untrusted',
      environment: {
        [VARIABLES.launch]: launch,
        [VARIABLES.results]: results,
        ...(grep === undefined ? {} : { [VARIABLES.grep]: grep }),
      },
    };
    const timer = new AbortController();
    const end = await Promise.race([
      desktop === undefined ? inServer(start, timer.signal) : inDesktop(desktop, start, timer.signal),
    ]).finally(() => timer.abort());
    return await readResults(results, launch, end);
  } finally {
    await temporary.remove();
  }
}
