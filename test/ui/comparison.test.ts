/** Models next to each other: from the explorer's selection to the table, the details and the plots; in every theme. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonReport } from '../../src/report/comparison/comparison';
import { formatInterval } from '../../src/report/numbers';
import type { Interval } from '../../src/report/report';
import { worstFirst } from '../../src/report/comparison/summary';
import { THEMES, type Theme } from '../vscode/settings';
import { CHECKPOINTS, VERSIONS, VERSIONS_FOLDER } from '../vscode/workspace';
import { commandLine } from './command-line';
import type { Panel } from './panel';
import { barriers } from './barriers';
import { VsCode } from './vscode';

const themes = Object.keys(THEMES) as Theme[];

let vscode: VsCode;
let panel: Panel;
beforeAll(async () => {
  vscode = await VsCode.open({ folderName: 'models', size: { width: 1720, height: 940 } });
  panel = vscode.panel;
});
afterAll(() => vscode?.close());

/** Selects files of the explorer, and chooses an entry of their menu. */
async function chooseFor(names: readonly string[], entry: string): Promise<void> {
  // A click without a key would open the file, and the explorer would select that one alone.
  for (const name of names) await vscode.explorerItem(name).click({ modifiers: ['ControlOrMeta'] });
  await vscode.contextMenu(vscode.explorerItem(names[names.length - 1]), entry);
}

describe('comparison', () => {
  let report: ComparisonReport;
  beforeAll(async () => {
    const files = VERSIONS.map((name) => join(VERSIONS_FOLDER, name));
    report = JSON.parse(await commandLine('compare', ...files, '--format', 'json')) as ComparisonReport;
  });

  it('is offered for several models alone', async () => {
    const menu = await vscode.openContextMenu(vscode.explorerItem('detector.onnx'));
    await menu.getByRole('menuitem', { name: 'Analyze Lipschitz', exact: true }).waitFor();
    expect(await menu.getByRole('menuitem', { name: 'Compare Lipschitz', exact: true }).count()).toBe(0);
    await expect
      .poll(async () => {
        await vscode.page.keyboard.press('Escape');
        return menu.isVisible();
      })
      .toBe(false);
  });

  it('of two files of the explorer shows the numbers of the command line, the worst movers first', async () => {
    await chooseFor(VERSIONS, 'Compare Lipschitz');
    await panel.title.getByText(VERSIONS.join(' ↔ '), { exact: true }).waitFor();
    await panel.compared();
    expect(await panel.rowCount()).toBe(report.pairs.length);
    const expected = worstFirst(report.pairs);
    const show = (interval: Interval | null | undefined) => (interval ? formatInterval(interval) : '');
    const columns: Record<string, string[]> = {
      Layer: expected.map(({ a, b }) => (a.name === b.name ? a.name : `${a.name} ↔ ${b.name}`)),
      'Norm in A': expected.map(({ a }) => show(a.lipschitz)),
      'Norm in B': expected.map(({ b }) => show(b.lipschitz)),
      'B / A': expected.map(({ ratio }) => show(ratio)),
      'Norm of A - B': expected.map(({ difference }) => show(difference?.lipschitz)),
      'Relative to A': expected.map(({ difference }) => show(difference?.relative)),
    };
    for (const [column, cells] of Object.entries(columns)) {
      const shown = await panel.cells(column);
      // Those that are drawn.
      expect(shown.length).toBeGreaterThan(10);
      expect(shown, column).toEqual(cells.slice(0, shown.length));
    }
    const sides = panel.frame.getByTestId('sides');
    for (const name of VERSIONS) await sides.getByText(name, { exact: true }).waitFor();
  });

  it('is sorted by another column, and explains a pair in its details', async () => {
    await panel.sortBy('Norm in A');
    const descending = report.pairs.toSorted((x, y) => y.a.lipschitz!.upper - x.a.lipschitz!.upper);
    const [{ a, b, difference }] = descending;
    expect((await panel.cells('Norm in A'))[0]).toBe(formatInterval(a.lipschitz!));
    await panel.row(0).click();
    await panel.detail.getByRole('heading', { name: a.name }).waitFor();
    expect(await panel.field('Norm of A - B').textContent()).toContain(
      formatInterval(difference!.lipschitz).split('–')[0],
    );
    for (const [label, row] of [
      ['In A', a],
      ['In B', b],
    ] as const) {
      expect(await panel.field(label).textContent()).toContain(row.weight);
    }
    expect(await panel.field('Method').textContent()).toBe(difference!.lipschitz.method);
    await panel.sortBy('Relative to A');
    await vscode.contextMenu(panel.row(0), 'Copy Row');
    await expect.poll(async () => (await vscode.readClipboard()).split('\t').length).toBe(13);
  });

  it.each(themes)('has no barrier in the theme %s', async (theme) => {
    await vscode.changeTheme(theme);
    await panel.tab('Layers').click();
    await panel.row(0).click();
    await panel.detail.locator('svg circle').first().waitFor();
    await vscode.page.mouse.move(0, 0);
    if (theme === 'dark' || theme === 'light') await vscode.screenshot(`comparison-${theme}`);
    expect(await barriers(panel)).toEqual([]);
    await panel.tab('Plots').click();
    await panel.frame.locator('.plots svg circle').first().waitFor();
    expect(await barriers(panel)).toEqual([]);
    await panel.tab(/^Only in One Model/).click();
    expect(await barriers(panel)).toEqual([]);
  });

  it('is made the other way round', async () => {
    await panel.tab('Layers').click();
    await panel.button('Swap A and B').click();
    await panel.title.getByText([...VERSIONS].reverse().join(' ↔ '), { exact: true }).waitFor();
    await panel.compared();
    expect(await panel.rowCount()).toBe(report.pairs.length);
  });

  it('comes back after a reload without running, and runs when it is asked to', async () => {
    await vscode.reload();
    await panel.state.getByText('These models have not been compared since the window was opened.').waitFor();
    expect(await panel.rows.count()).toBe(0);
    await panel.button('Compare').click();
    await panel.compared();
    expect(await panel.rowCount()).toBe(report.pairs.length);
    await vscode.runCommand('View: Close All Editors');
    await expect.poll(() => vscode.workers).toEqual([]);
  });
});

describe('series', () => {
  it('of a folder shows a column for every checkpoint', async () => {
    await vscode.contextMenu(vscode.explorerItem('run'), 'Compare Checkpoints in Folder');
    await panel.compared();
    expect(await panel.cells('Layer')).toEqual(['encoder', 'decoder', 'head']);
    const steps = CHECKPOINTS.map((name) => name.replace('.safetensors', ''));
    expect(await panel.grid.getByRole('columnheader').allTextContents()).toEqual(
      expect.arrayContaining(steps),
    );
    const norms = await Promise.all(steps.map((step) => panel.cells(step)));
    expect(norms.map((column) => column.map(Number))).toEqual([
      [1, 1, 3],
      [2, 0.5, 3],
      [4, 0.25, 3],
    ]);
    await panel.sortBy(steps[2]);
    expect(await panel.cells('Layer')).toEqual(['encoder', 'head', 'decoder']);
  });

  it('has a line for every layer, and selects by the keys', async () => {
    await panel.tab('Over the Checkpoints').click();
    const plot = panel.frame.getByRole('slider');
    await panel.frame.locator('.plots svg circle').first().waitFor();
    await plot.focus();
    await plot.press('Home');
    await plot.press('Enter');
    await panel.detail.getByRole('heading', { name: 'encoder' }).waitFor();
    await panel.detail.getByRole('row', { name: /^step-10/ }).waitFor();
  });

  it.each(themes)('has no barrier in the theme %s', async (theme) => {
    await vscode.changeTheme(theme);
    await panel.frame.locator('.plots svg circle').first().waitFor();
    if (theme === 'dark') await vscode.screenshot('series-dark');
    expect(await barriers(panel)).toEqual([]);
    await panel.tab('Layers').click();
    await panel.detail.locator('svg circle').first().waitFor();
    expect(await barriers(panel)).toEqual([]);
    await panel.tab('Over the Checkpoints').click();
  });
});

describe('palette', () => {
  it('asks for the models, and says clearly where they do not differ', async () => {
    await vscode.runCommand('View: Close All Editors');
    const names = ['markup.onnx', 'same.onnx'];
    await copyFile(join(vscode.workspace, names[0]), join(vscode.workspace, names[1]));
    await vscode.untilShown(names[1]);
    await vscode.runCommand('Lipschitz: Compare Lipschitz');
    const question = await vscode.question('Compare Lipschitz');
    for (const name of names) await vscode.quickPickItem(name).click();
    await question.getByRole('button', { name: 'OK' }).click();
    await panel.title.getByText(names.join(' ↔ '), { exact: true }).waitFor();
    await panel.compared();
    await panel.frame
      .getByText('No difference: the weights are equal in every pair of layers (1).')
      .waitFor();
    expect(await panel.cells('Norm of A - B')).toEqual(['0']);
    expect(await panel.cells('Relative to A')).toEqual(['0']);
    await panel.tab('Plots').click();
    await panel.frame.getByText('No pair of layers differs.').waitFor();
  });
});
