/** The command line as a process, for its tests. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFile, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');

/** A folder with the program, and beside it the worker that does what the names of its models say. */
export async function installScripted(): Promise<string> {
  const folder = await install(['cli']);
  await copyFile(join(root, 'test/fixtures/worker/scripted.cjs'), join(folder, 'worker.js'));
  return folder;
}

/** A folder with the program and its worker. */
export async function installReal(): Promise<string> {
  const folder = await install(['cli', 'worker']);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  return folder;
}

async function install(programs: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lipschitz-lens-cli-'));
  await build({
    entryPoints: Object.fromEntries(programs.map((name) => [name, join(root, `src/${name}/main.ts`)])),
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node'],
    loader: { '.proto': 'text' },
  });
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
  /** Called with the process once it is started. */
  readonly with?: (child: ChildProcess) => void;
  /** False: nobody takes what the process prints. */
  readonly read?: boolean;
}

/** Runs the program of `folder` with pipes for its output, in that folder. */
export function run(folder: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const env = { ...process.env, ...options.env };
  for (const name of ['FORCE_COLOR', 'NO_COLOR']) if (!(options.env && name in options.env)) delete env[name];
  const child = spawn(process.execPath, [join(folder, 'cli.js'), ...args], { cwd: folder, env });
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
