/** Programs that never outlive the one that started them, and folders that go when it ends. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

const windows = process.platform === 'win32';

/**
 * In a Node program, before its own code: ends its whole process group when the channel to the parent closes. So
 * nothing is left behind even where the parent was killed and had no time for anything.
 */
const endWithParent = `data:text/javascript,${encodeURIComponent(
  `const end = () => ${windows ? 'process.exit()' : "process.kill(0, 'SIGKILL')"};
   process.on('disconnect', end);
   if (!process.connected) end();`,
)}`;

/** A program and all that it starts. */
export class ProcessTree {
  readonly #child: ChildProcess;
  /** What it has printed, to stdout and stderr. */
  #output = '';
  readonly #atExit = () => this.#kill();

  private constructor(child: ChildProcess, print?: (line: string) => void) {
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
      if (print) createInterface({ input: stream }).on('line', print);
    }
    // Before the folders that it writes to are removed.
    process.prependOnceListener('exit', this.#atExit);
  }

  /** Runs a Node program. */
  static node(script: string, args: readonly string[], env: NodeJS.ProcessEnv): ProcessTree {
    return new ProcessTree(
      spawn(process.execPath, ['--import', endWithParent, script, ...args], {
        env,
        detached: !windows,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
  }

  /** Runs any program; `print` gets what it prints, line by line. */
  static command(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    print: (line: string) => void,
  ): ProcessTree {
    // Windows runs `code`, a batch file, through a shell only.
    const [file, rest] = windows ? [quoted(command), args.map(quoted)] : [command, args];
    return new ProcessTree(
      spawn(file, rest, { env, detached: !windows, stdio: ['ignore', 'pipe', 'pipe'], shell: windows }),
      print,
    );
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves with the exit code when it ends, null where a signal ended it; rejects where it cannot start. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  /** Waits for what the program prints to match; rejects when it ends without, or after `seconds`. */
  async printed(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    const { stdout, stderr } = this.#child;
    let cleanUp: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(this.#output);
          if (match) resolve(match);
        };
        const fail = (what: string) => reject(new Error(`${what}; it printed:\n${this.#output}`));
        const timer = setTimeout(() => fail(`the program was not ready after ${seconds} s`), seconds * 1000);
        const onExit = () => fail('the program has ended');
        stdout!.on('data', look);
        stderr!.on('data', look);
        this.#child.on('error', reject);
        this.#child.on('exit', onExit);
        cleanUp = () => {
          clearTimeout(timer);
          stdout!.off('data', look);
          stderr!.off('data', look);
          this.#child.off('error', reject);
          this.#child.off('exit', onExit);
        };
        look();
      });
    } finally {
      cleanUp?.();
    }
  }

  /** Ends the program and all that it has started. */
  async stop(): Promise<void> {
    this.#kill();
    if (this.#child.pid !== undefined) await this.ended();
    process.off('exit', this.#atExit);
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (!windows) process.kill(-pid, 'SIGKILL');
      else execFileSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    } catch {
      // It has ended already.
    }
  }
}

export interface Process {
  readonly pid: number;
  /** The whole command line. */
  readonly command: string;
}

/** All that a program has started, directly or not, and that still runs. */
export function processesBelow(pid: number): Process[] {
  const all = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command }));
  const below = (pid: number): Process[] =>
    all
      .filter(({ parent }) => parent === pid)
      .flatMap((child) => [{ pid: child.pid, command: child.command }, ...below(child.pid)]);
  return below(pid);
}

/** Whether a process runs, or has ended and nobody was told. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Whether a program is in PATH, and where. */
export function findCommand(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names
    .flatMap((name) => (windows ? [`${name}.exe`, `${name}.cmd`] : [name]))
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => isExecutable(path));
}

/** A new folder, by its real path, that is removed when this program ends. */
export class TemporaryFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'lipschitz-lens-')));
  readonly #atExit = () => rmSync(this.path, removal);

  constructor() {
    process.once('exit', this.#atExit);
  }

  async remove(): Promise<void> {
    await rm(this.path, removal);
    process.off('exit', this.#atExit);
  }
}

// A process that was just ended may still have been writing.
const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/**
 * Runs a command line program: an error is printed as its sentence, with the reason where there is one, and makes the
 * exit code 1; Ctrl-C and a terminal that closes run what is to be done at exit.
 */
export async function program(name: string, main: () => Promise<void>): Promise<void> {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  for (const [signal, code] of Object.entries(codes)) process.once(signal, () => process.exit(code));
  try {
    await main();
  } catch (error) {
    const { message, cause } = error as Error;
    console.error(`${name}: ${message}`);
    if (cause instanceof Error) console.error(cause.message);
    process.exitCode = 1;
  }
}

/**
 * This program's environment as a user's VS Code would have it: without what npm and the test runner add, without
 * what would make VS Code believe that another started it.
 */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const foreign = /^(npm_|VITEST|VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_ENV$|TEST$|INIT_CWD$)/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(own), ...more };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function quoted(argument: string): string {
  return `"${argument}"`;
}
