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
import { program, TemporaryFolder } from '../vscode/processes';
import { Server } from '../vscode/server';
import type { Settings } from '../vscode/settings';
import { createMultiRootWorkspace, createSamples } from '../vscode/workspace';
import { LAUNCHES, MARK, VARIABLES, type Launch, type Results } from './launches';

const USAGE = `Usage: npm run test:host -- [--launch ${LAUNCHES.join('|')}] [--grep REGEXP] [--server]
  --server  in a VS Code Server, also where a desktop VS Code can be had`;

/** For one launch. */
const TIMEOUT_MINUTES = 10;

const tests = join(dist, 'test/host.js');

/** What one launch is started with. */
interface Start {
  readonly workspace: string;
  readonly trusted: boolean;
  readonly settings: Settings;
  readonly environment: NodeJS.ProcessEnv;
}

async function main(): Promise<void> {
  const { launches, grep, server } = options();
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
  if (sum('passed') === 0 || sum('failed') > 0) process.exitCode = 1;
  // A filter leaves out tests, of a launch perhaps all, on purpose.
  if (grep !== undefined) return;
  const empty = all.findIndex(({ passed, failed }) => passed + failed === 0);
  if (empty >= 0) throw new Error(`no test ran in the launch "${launches[empty]}"`);
  if (sum('pending') > 0) throw new Error('no test may be left out');
}

/** The path of a desktop VS Code; undefined where there is none, with a line that says why. */
async function desktopIfAny(): Promise<string | undefined> {
  try {
    return await downloadDesktop();
  } catch (error) {
    console.log(
      `host tier: no desktop VS Code (${(error as Error).message}), so the VS Code Server is used.`,
    );
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
      // Dialogs for files that commands can answer, on the desktop, too.
      settings: { 'files.simpleDialog.enable': true },
      environment: {
        [VARIABLES.launch]: launch,
        [VARIABLES.results]: results,
        ...(grep === undefined ? {} : { [VARIABLES.grep]: grep }),
      },
    };
    // What VS Code prints besides the lines of Mocha: wanted only when something is wrong.
    const transcript: string[] = [];
    const print = (text: string) => {
      for (const line of text.split('\n')) {
        const at = line.indexOf(MARK);
        if (at < 0) transcript.push(line);
        else console.log(line.slice(at + MARK.length));
      }
    };
    const deadline = AbortSignal.timeout(TIMEOUT_MINUTES * 60_000);
    const end = await (desktop === undefined
      ? inServer(start, print, deadline)
      : inDesktop(desktop, start, print, deadline));
    const late = deadline.aborted ? ` after ${TIMEOUT_MINUTES} min` : '';
    const text = await readFile(results, 'utf8').catch(() => {
      const all = transcript.join('\n');
      throw new Error(
        `the launch "${launch}" ended${late} without results (${end}); VS Code printed:\n${all}`,
      );
    });
    return JSON.parse(text) as Results;
  } finally {
    await temporary.remove();
  }
}

/** Returns how VS Code ended. */
async function inDesktop(
  executable: string,
  start: Start,
  print: (text: string) => void,
  deadline: AbortSignal,
): Promise<string> {
  const code = await runDesktop(executable, { ...start, tests, print, deadline });
  return `exit code ${code}`;
}

/** Returns how VS Code ended. */
async function inServer(start: Start, print: (text: string) => void, deadline: AbortSignal): Promise<string> {
  const server = await Server.start(start);
  try {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ permissions: ['clipboard-read', 'clipboard-write'] });
      return await new Promise<string>((resolve, reject) => {
        const open = async () => {
          // The two functions that the workbench calls, where they exist, while it runs tests.
          const log = (_type: string, args: readonly unknown[]) => print(args.map(String).join(' '));
          await page.exposeFunction('codeAutomationLog', log);
          await page.exposeFunction('codeAutomationExit', (code: number) => resolve(`exit code ${code}`));
          await page.goto(server.address(start.workspace, tests));
        };
        page.once('crash', () => resolve('its page crashed'));
        server.ended().then(() => resolve(`its server ended:\n${server.output}`), reject);
        deadline.addEventListener('abort', () => resolve(`its server printed:\n${server.output}`));
        open().catch(reject);
      });
    } finally {
      await browser.close();
    }
  } finally {
    await server.stop();
  }
}

function options(): { launches: readonly Launch[]; grep: string | undefined; server: boolean } {
  try {
    const { values } = parseArgs({
      options: { launch: { type: 'string' }, grep: { type: 'string' }, server: { type: 'boolean' } },
    });
    const launches = LAUNCHES.filter((launch) => launch === (values.launch ?? launch));
    if (launches.length === 0) throw new Error(`There is no launch "${values.launch}".`);
    return { launches, grep: values.grep, server: values.server ?? false };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

await program('host tier', main);
