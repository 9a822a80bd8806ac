/** `npm run vscode`: what it starts, what it says, and that nothing is left of it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Folder } from '../unit/folder';
import { dist, root } from '../unit/product';
import { launchBrowser } from '../vscode/browser';
import { isRunning, processesBelow, type Process } from '../vscode/processes';

const execute = promisify(execFile);

describe('npm run vscode', () => {
  const folder = new Folder();
  const programs = () => folder.join('programs');
  const started: ChildProcess[] = [];

  /** Starts it with a program `code` before all others in PATH, as from a terminal: in a process group of its own. */
  function start(environment: NodeJS.ProcessEnv, ...args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [join(dist, 'test/try-out.mjs'), ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PATH: `${programs()}${delimiter}${process.env.PATH}`, ...environment },
    });
    started.push(child);
    return child;
  }

  beforeAll(async () => {
    await execute(process.execPath, [join(root, 'test/build.mjs')]);
    await mkdir(programs());
    // It notes its arguments, and the files in the last of them, the folder.
    const code = '#!/bin/sh\nfor last; do :; done\n{ printf "%s\\n" "$@"; ls "$last"; } > "$NOTES"\n';
    await writeFile(join(programs(), 'code'), code, { mode: 0o755 });
  });
  afterAll(() => {
    for (const { pid } of started) if (isRunning(pid!)) process.kill(-pid!, 'SIGKILL');
  });

  it('opens the desktop VS Code where there is one and a display', async () => {
    const notes = folder.join('notes');
    const child = start({ DISPLAY: ':99', NOTES: notes });
    const lines = createInterface({ input: child.stdout! });
    const [line] = (await once(lines, 'line')) as [string];
    expect(await once(child, 'exit')).toEqual([0, null]);
    const [, samples] = /^VS Code opens with the sample models in (.*)$/.exec(line) ?? [];
    const noted = (await readFile(notes, 'utf8')).split('\n');
    expect(noted).toContain('--wait');
    expect(noted).toContain(samples);
    expect(noted).toContain('detector.onnx');
    expect(noted.filter((argument) => argument.startsWith('--extensionDevelopmentPath='))).toHaveLength(1);
    expect(noted.filter((argument) => argument.startsWith('--extensionTestsPath='))).toEqual([]);
  });

  it.each([
    ['there is no display', { DISPLAY: '', WAYLAND_DISPLAY: '' }, []],
    ['it is asked for', { DISPLAY: ':99' }, ['--server']],
  ])('prints the address of a server where %s, and ends it with Ctrl-C', async (_, environment, args) => {
    const child = start(environment, ...args);
    const lines = createInterface({ input: child.stdout! });
    let address: string | undefined;
    for await (const line of lines) {
      address = /^ +(http:\S+)$/.exec(line)?.[1];
      if (address !== undefined) break;
    }
    expect(address).toBeDefined();
    const browser = await launchBrowser();
    let processes: Process[];
    try {
      const page = await browser.newPage();
      await page.goto(address!);
      await page.locator('.explorer-folders-view').getByText('detector.onnx').waitFor({ timeout: 60_000 });
      // The files are there before the process of the extensions is.
      await expect.poll(() => processesBelow(child.pid!).length, { timeout: 60_000 }).toBeGreaterThan(1);
      processes = processesBelow(child.pid!);
    } finally {
      await browser.close();
    }
    process.kill(-child.pid!, 'SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    const left = () => processes.filter(({ pid }) => isRunning(pid));
    await expect.poll(left, { timeout: 5000 }).toEqual([]);
    await expect(fetch(address!)).rejects.toThrow();
  });
});
