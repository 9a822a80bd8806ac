/** The desktop VS Code: the one that the manifest names as the oldest for tests, or the user's own to try things out. */
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { engines } from '../../package.json';
import { cache, root } from '../unit/product';
import { findCommand, plainEnvironment, ProcessTree, TemporaryFolder } from './processes';
import { userSettings, type Appearance } from './settings';

/** For an answer of the download, and for every pause in it. */
const DOWNLOAD_TIMEOUT_MS = 10_000;

/** For its first start, which on some systems includes a check of the whole program. */
const START_TIMEOUT_MS = 60_000;

const execute = promisify(execFile);

export interface DesktopOptions extends Appearance {
  readonly environment?: NodeJS.ProcessEnv;
  /** A folder or a `.code-workspace`. */
  readonly workspace: string;
  /** A module whose `run` is called in VS Code, which then ends. */
  readonly tests?: string;
  /** Gets what it prints, line by line. */
  readonly print: (line: string) => void;
  /** Ends VS Code. */
  readonly deadline?: AbortSignal;
}

/** The path of the oldest VS Code that the extension supports; throws one sentence where it cannot run here. */
export async function downloadDesktop(): Promise<string> {
  if (needsDisplay() && !findCommand('xvfb-run')) {
    throw new Error('there is no display, and xvfb-run is not installed');
  }
  const version = engines.vscode.replace(/^\^/, '');
  const cachePath = join(cache, 'vscode-desktop');
  const silent = { report: () => {}, error: () => {} };
  await mkdir(cachePath, { recursive: true });
  let executable: string;
  try {
    executable = await downloadAndUnzipVSCode({
      version,
      cachePath,
      reporter: silent,
      timeout: DOWNLOAD_TIMEOUT_MS,
    });
  } catch (cause) {
    throw new Error(`VS Code ${version} cannot be downloaded`, { cause });
  }
  await tryDesktop(executable);
  return executable;
}

/** Throws one sentence where a VS Code does not even start, as without one of the libraries that it needs. */
export async function tryDesktop(executable: string): Promise<void> {
  const [command, args] = onDisplay(executable, ['--eval', '0']);
  try {
    await execute(command, args, {
      env: plainEnvironment({ ELECTRON_RUN_AS_NODE: '1' }),
      timeout: START_TIMEOUT_MS,
    });
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    const [reason] = (stderr || message).trim().split('\n');
    throw new Error(`VS Code does not start here: ${reason}`, { cause });
  }
}

/** The command that runs a program with windows, which on a machine without a display are drawn to nowhere. */
function onDisplay(executable: string, args: readonly string[]): [string, readonly string[]] {
  return needsDisplay() ? ['xvfb-run', ['-a', executable, ...args]] : [executable, args];
}

/** Runs a VS Code, `code` or a downloaded one, with data and extensions of its own, until its window is closed. */
export async function runDesktop(executable: string, options: DesktopOptions): Promise<number | null> {
  const data = new TemporaryFolder();
  try {
    const settings = join(data.path, 'user', 'User', 'settings.json');
    // A link, because the downloaded VS Code lies in this folder: see `linkIn` of the server.
    const extension = join(data.path, 'extension');
    await symlink(root, extension, 'junction');
    await mkdir(dirname(settings), { recursive: true });
    await writeFile(settings, JSON.stringify(userSettings(options), undefined, 2));
    const args = [
      '--no-sandbox',
      '--disable-gpu-sandbox',
      '--disable-updates',
      '--skip-welcome',
      '--skip-release-notes',
      `--user-data-dir=${join(data.path, 'user')}`,
      `--extensions-dir=${join(data.path, 'extensions')}`,
      `--extensionDevelopmentPath=${extension}`,
      // Without tests, `code` returns at once unless it is told to wait.
      ...(options.tests === undefined ? ['--wait'] : [`--extensionTestsPath=${options.tests}`]),
      options.workspace,
    ];
    const vscode = ProcessTree.command(
      ...onDisplay(executable, args),
      plainEnvironment(options.environment),
      options.print,
    );
    const stop = () => void vscode.stop();
    options.deadline?.addEventListener('abort', stop);
    try {
      return await vscode.ended();
    } finally {
      options.deadline?.removeEventListener('abort', stop);
      await vscode.stop();
    }
  } finally {
    await data.remove();
  }
}

/** Whether this machine shows no windows. */
export function needsDisplay(): boolean {
  return process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
}
