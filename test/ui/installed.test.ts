/** The package as users get it: built for this platform, installed into a VS Code that knows nothing of this folder. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { name, publisher, version } from '../../package.json';
import { dist, root } from '../unit/product';
import { processesBelow } from '../vscode/processes';
import { analyze, expectedCells } from './command-line';
import { VsCode } from './vscode';

const execute = promisify(execFile);

/** Fails, with the list of those that there are, on a platform that there is no package for. */
async function createPackage(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  await execute(process.execPath, [join(root, 'package.mjs'), platform]);
  return join(dist, 'vsix', `${name}-${platform}-${version}.vsix`);
}

describe('the installed package', () => {
  let vscode: VsCode;
  beforeAll(async () => {
    vscode = await VsCode.open({ vsix: await createPackage() });
  });
  afterAll(() => vscode?.close());

  /** Command lines of the extension's workers. */
  const workers = () =>
    processesBelow(vscode.server.pid)
      .map(({ command }) => command)
      .filter((command) => command.includes('worker.js'));

  it('is all that there is of the extension', () => {
    expect(vscode.page.url()).not.toContain('extensionDevelopmentPath');
  });

  it('computes in processes of its own, with its own ONNX Runtime', async () => {
    await vscode.openPanel('many.safetensors');
    await expect.poll(workers).toHaveLength(1);
    expect(workers()[0]).toContain(`extensions/${publisher}.${name}-${version}`);
    await vscode.runCommand('View: Close All Editors');
    await expect.poll(workers).toEqual([]);
  });

  it("shows the command line's numbers", async () => {
    const panel = await vscode.analyze('detector.onnx');
    const { layers } = await analyze(join(vscode.workspace, 'detector.onnx'));
    expect(await panel.rowCount()).toBe(layers.length);
    const drawn = await panel.cells('Lipschitz constant');
    expect(drawn.length).toBeGreaterThan(5);
    const expected = layers.map((layer, index) => expectedCells(layer, index)['Lipschitz constant']);
    expect(drawn).toEqual(expected.slice(0, drawn.length));
  });

  it('brings the panel back with its result when the window is loaded again', async () => {
    const before = await vscode.panel.cells('Lipschitz constant');
    expect(before.length).toBeGreaterThan(5);
    await vscode.reload();
    await vscode.panel.title.getByText('detector.onnx', { exact: true }).waitFor();
    await vscode.panel.finished();
    expect(await vscode.panel.cells('Lipschitz constant')).toEqual(before);
    expect(workers()).toEqual([]);
  });
});
