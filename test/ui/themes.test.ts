/** The panel in every theme: free of what axe finds, and as the README shows it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { THEMES, type Theme } from '../vscode/settings';
import { barriers } from './barriers';
import type { Panel } from './panel';
import { VsCode } from './vscode';

describe.each(Object.keys(THEMES) as Theme[])('theme %s', (theme) => {
  it('has no barrier in the table and the details', async () => {
    await vscode.changeTheme(theme);
    await panel.tab('Layers').click();
    await panel.row(0).click();
    await panel.detail.locator('svg circle').first().waitFor();
    await vscode.page.mouse.move(0, 0);
    await vscode.screenshot(`panel-${theme}`);
    expect(await barriers(panel)).toEqual([]);
    await panel.button('Close the details').click();
  });

  it('has no barrier in a spectrum', async () => {
    await panel.row(0).click();
    const plots = panel.detail.locator('.detail-plot');
    // Asked for once: it is kept as long as the panel is open.
    if (theme === Object.keys(THEMES)[0]) await panel.button('Show Spectrum').click();
    const words = panel.field('Singular values');
    await words.getByText(/values: largest/).waitFor();
    await words.getByText(/^exact up to rounding/).waitFor();
    await plots.getByRole('img', { name: 'Number of singular values by their size (log scale)' }).waitFor();
    await plots.getByRole('img', { name: 'Largest singular value over the frequencies' }).waitFor();
    await plots.locator('svg rect').first().waitFor();
    expect(await plots.locator('svg').nth(1).locator('rect').count()).toBe(1024);
    await vscode.page.mouse.move(0, 0);
    if (theme === 'dark') await vscode.screenshot('spectrum-dark');
    expect(await barriers(panel)).toEqual([]);
    await panel.button('Close the details').click();
  });

  it.each(['Through the Network', 'Norm Against Rank'])('has no barrier in the tab %s', async (tab) => {
    await panel.tab(tab).click();
    await panel.frame.locator('.plots svg circle').first().waitFor();
    if (theme === 'dark' && tab === 'Through the Network') await vscode.screenshot('plots');
    expect(await barriers(panel)).toEqual([]);
  });

  it('has no barrier in the list of what was skipped', async () => {
    await panel.tab(/^Skipped/).click();
    await panel.frame.getByTestId('skipped').waitFor();
    expect(await barriers(panel)).toEqual([]);
  });
});

let vscode: VsCode;
let panel: Panel;
beforeAll(async () => {
  vscode = await VsCode.open({ folderName: 'models', size: { width: 1600, height: 940 } });
  panel = await vscode.analyze('detector.onnx');
  await panel.sortBy('Lipschitz constant');
});
afterAll(() => vscode?.close());

it('marks what is above the budget', async () => {
  await vscode.configure({ 'lipschitzLens.budget.layer': 50 });
  await panel.tab('Layers').click();
  await panel.state.getByText('6 above the budget').waitFor();
  await panel.row(5).getByRole('img', { name: 'above the budget of 50' }).waitFor();
  expect(await panel.row(6).getByRole('img').count()).toBe(0);
  await vscode.runCommand('Problems: Focus on Problems View');
  const problems = vscode.page.locator('.markers-panel').getByRole('treeitem');
  await problems.getByText('p2o.Conv.19').first().waitFor();
  await vscode.screenshot('problems');
  expect(await barriers(panel)).toEqual([]);
});
