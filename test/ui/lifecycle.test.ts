/** What ends an analysis before its time, and what is left of it: a clear state, and no process. */
import { copyFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { f32, safetensors } from '../unit/safetensors-builder';
import type { Panel } from './panel';
import { VsCode } from './vscode';

/** A model whose first layers are there at once, and whose others take many seconds. */
const SLOW = 'slow.safetensors';
const FAST_LAYERS = 20;
const SLOW_LAYERS = 6;
/** For the end of a process, milliseconds. */
const SOON = 2_000;

describe('lifecycle', () => {
  let vscode: VsCode;
  const file = (name: string) => join(vscode.workspace, name);
  const noWorker = () => expect.poll(() => vscode.workers, { timeout: SOON }).toEqual([]);
  /** Begins the long analysis, and waits until it has some rows. */
  const begin = async (name = SLOW): Promise<Panel> => {
    const panel = await vscode.openPanel(name);
    await panel.progress.waitFor();
    await panel.rows.first().waitFor();
    return panel;
  };
  const closeAll = () => vscode.runCommand('View: Close All Editors');

  beforeAll(async () => {
    vscode = await VsCode.open({
      size: { width: 1500, height: 900 },
      settings: { 'lipschitzLens.confirmAboveSeconds': 100_000 },
    });
    await writeFile(file(SLOW), slowModel());
    await vscode.untilShown(SLOW);
  });
  afterAll(() => vscode?.close());
  beforeEach(async () => {
    await closeAll();
    await noWorker();
  });

  it('restores the panel with its rows and its place, without an analysis', async () => {
    const panel = await vscode.analyze('golden_zoo.onnx');
    await panel.sortBy('Stable rank');
    await panel.rowOf('golden_02_conv2d').click();
    await panel.detail.waitFor();
    // The wall times differ from run to run.
    const [total, times, names] = await Promise.all([
      panel.facts.textContent(),
      panel.cells('Time'),
      panel.cells('Layer'),
    ]);
    await noWorker();
    // A worker needs several times as long to get at its first layer.
    const seen: unknown[] = [];
    const watch = setInterval(() => seen.push(...vscode.workers), 100);
    try {
      await vscode.reload();
      await panel.state.getByText(/^analyzed/).waitFor();
    } finally {
      clearInterval(watch);
    }
    expect(seen).toEqual([]);
    await panel.detail.getByRole('heading', { name: 'golden_02_conv2d', exact: true }).waitFor();
    await expect.poll(() => panel.rowCount()).toBe(34);
    expect(await panel.facts.textContent()).toBe(total);
    expect(await panel.cells('Layer')).toEqual(names);
    expect(await panel.cells('Time')).toEqual(times);
  });

  it('keeps the finished rows of an analysis that is cancelled', async () => {
    const panel = await begin();
    await panel.button('Cancel').click();
    const [, finished] = await saysCancelled(panel);
    await noWorker();
    await expect.poll(() => panel.rowCount()).toBe(finished);
    expect(finished).toBeGreaterThan(0);

    await panel.button('Run Again').click();
    await panel.progress.waitFor();
    await panel.rows.first().waitFor();
    await vscode.runCommand('Lipschitz: Cancel Analysis');
    await saysCancelled(panel);
    await noWorker();
  });

  it('ends the analysis with its panel', async () => {
    await begin();
    expect(vscode.workers).toHaveLength(1);
    await closeAll();
    await noWorker();
  });

  it('ends the analysis with its window, and offers it when the window is back', async () => {
    await vscode.runCommand('Lipschitz: Clear Cache');
    const panel = await begin();
    const [before] = vscode.workers;
    await vscode.reload();
    await panel.title.getByText(SLOW, { exact: true }).waitFor();
    await panel.state.getByText('This model has not been analyzed yet.').waitFor();
    expect(vscode.workers.map(({ pid }) => pid)).not.toContain(before.pid);
    await noWorker();
    await panel.button('Analyze').click();
    await panel.rows.first().waitFor();
  });

  it('goes on behind the layer at which its process was killed', async () => {
    const panel = await begin();
    const [{ pid }] = vscode.workers;
    process.kill(pid, 'SIGKILL');
    await panel.state.getByText('1 without a bound').waitFor();
    await expect.poll(() => vscode.workers.map((worker) => worker.pid)).not.toEqual([pid]);
    expect(vscode.workers).toHaveLength(1);
    await panel.button('Cancel').click();
    await saysCancelled(panel);
    // Rows without a value are the last ones in every order but that of the file.
    await panel.sortBy('Lipschitz constant');
    await panel.row(0).press('End');
    const last = panel.row((await panel.rowCount()) - 1);
    await last.getByText(/SIGKILL/).waitFor();
    await panel.button('Run Again').click();
    await panel.progress.waitFor();
    await panel.rows.first().waitFor();
    expect(await panel.state.getByText('without a bound').count()).toBe(0);
  });

  it('says that a file has changed, or is gone, since it was analyzed', async () => {
    await copyFile(file('golden_zoo.onnx'), file('changing.onnx'));
    const panel = await vscode.analyze('changing.onnx');
    const banner = panel.frame.getByRole('alert').filter({ hasText: 'The file has changed' });
    expect(await banner.count()).toBe(0);
    await utimes(file('changing.onnx'), new Date(), new Date());
    await banner.waitFor();
    await expect.poll(() => panel.rowCount()).toBe(34);
    await banner.getByRole('button', { name: 'Run Again' }).click();
    // First of all the banner goes; until then the panel still says that the run before this one has finished.
    await banner.waitFor({ state: 'detached' });
    await panel.finished();

    await rm(file('changing.onnx'));
    await banner.waitFor();
    await banner.getByRole('button', { name: 'Run Again' }).click();
    const failure = panel.frame.getByRole('alert').filter({ hasText: /changing\.onnx/ });
    await failure.waitFor();
    // What was known stays in sight.
    await failure.getByText('An earlier result is shown.').waitFor();
    await expect.poll(() => panel.rowCount()).toBe(34);
    await copyFile(file('golden_zoo.onnx'), file('changing.onnx'));
    await panel.button('Run Again').click();
    await panel.finished();
    await expect.poll(() => panel.rowCount()).toBe(34);
  });

  it('says it of a file that goes while it is analyzed, too', async () => {
    await copyFile(file(SLOW), file('going.safetensors'));
    const panel = await begin('going.safetensors');
    await rm(file('going.safetensors'));
    await panel.button('Cancel').click();
    await saysCancelled(panel);
    await panel.frame.getByRole('alert').filter({ hasText: 'The file has changed' }).waitFor();
  });
});

function slowModel(): Uint8Array {
  // Pseudo-random, the same in each run (Numerical Recipes' generator): nothing about them is easy to bound.
  let state = 1;
  const random = () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32 - 0.5;
  const layers = [
    ...Array<number[]>(FAST_LAYERS).fill([8, 8]),
    ...Array<number[]>(SLOW_LAYERS).fill([64, 64, 7, 7]),
  ].map((shape, i) => {
    const count = shape.reduce((product, size) => product * size);
    return [`layers.${i}.weight`, f32(shape, Float32Array.from({ length: count }, random))] as const;
  });
  return safetensors(layers);
}

/** Waits for the sentence; the numbers in it. */
async function saysCancelled(panel: Panel): Promise<[sentence: string, finished: number]> {
  const sentence = await panel.state
    .getByText(/Cancelled after/)
    .first()
    .textContent();
  const [, finished] = /Cancelled after (\d+) of 26 layers\./.exec(sentence ?? '') ?? [];
  expect(await panel.progress.count()).toBe(0);
  return [sentence!, Number(finished)];
}
