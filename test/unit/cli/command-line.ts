/** The command line as a process, for its tests. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dist, root } from '../product';

/** A folder with the program, and beside it the worker that does what the names of its models say. */
export async function installScripted(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lipschitz-lens-cli-'));
  await copyFile(join(dist, 'cli.js'), join(folder, 'cli.js'));
  await copyFile(join(root, 'test/fixtures/worker/scripted.cjs'), join(folder, 'worker.js'));
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Where it is run; the folder of the program where absent. */
  readonly cwd?: string;
  /** Called with the process once it is started. */
  readonly with?: (child: ChildProcess) => void;
  /** False: nobody takes what the process prints. */
  readonly read?: boolean;
}

/** Runs the program of `folder` with pipes for its output. */
export function run(folder: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const env = { ...process.env, ...options.env };
  for (const name of ['FORCE_COLOR', 'NO_COLOR']) if (!(options.env && name in options.env)) delete env[name];
  const child = spawn(process.execPath, [join(folder, 'cli.js'), ...args], {
    cwd: options.cwd ?? folder,
    env,
  });
  options.with?.(child);
  let [stdout, stderr] = ['', ''];
  if (options.read !== false) child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // What nobody reads is never closed.
    const end = options.read === false ? 'exit' : 'close';
    child.on(end, (code: number | null, signal: NodeJS.Signals | null) =>
      resolve({ code, signal, stdout, stderr }),
    );
  });
}
