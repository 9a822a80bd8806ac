/** From the explorer to the details of a layer and back, without a mouse. */
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VsCode } from './vscode';

/** Stops of the Tab key in the whole panel, and some. */
const MOST_STOPS = 60;

describe('keyboard', () => {
  let vscode: VsCode;
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await vscode.page.keyboard.press(key);
  };
  const tabTo = async (target: Locator, key = 'Tab') => {
    const focused = target.and(vscode.panel.frame.locator(':focus'));
    for (let stop = 0; stop < MOST_STOPS; stop++) {
      if ((await focused.count()) > 0) return;
      await press(key);
    }
    throw new Error(`The Tab key does not reach ${target.toString()}.`);
  };
  beforeAll(async () => {
    vscode = await VsCode.open({ size: { width: 1500, height: 900 } });
  });
  afterAll(() => vscode?.close());

  it('reaches everything', async () => {
    const { panel } = vscode;
    await vscode.page.evaluate(
      `addEventListener('pointerdown', () => { throw new Error('a test without a mouse uses one'); }, true)`,
    );

    // From the explorer.
    await press('Control+Shift+e');
    await vscode.page.locator('.explorer-folders-view .monaco-list:focus').waitFor();
    await vscode.page.keyboard.type('golden_zoo.o');
    await vscode.page
      .locator('.explorer-folders-view .monaco-list-row.focused[aria-label*="golden_zoo.onnx"]')
      .waitFor();
    await press('Shift+F10');
    await chooseByKeys(vscode, 'Analyze Lipschitz');
    await panel.finished();

    // Into the table and through it.
    await tabTo(panel.row(0));
    await press('Home', 'ArrowDown', 'ArrowDown', 'ArrowUp');
    await isSelected(panel.row(1));
    await press('End');
    const last = (await panel.rowCount()) - 1;
    await isSelected(panel.row(last));
    await press('Home');
    await isSelected(panel.row(0));
    await press('PageDown');
    await expect.poll(() => placeOf(panel.selectedRow)).toBeGreaterThan(5);
    await press('PageUp');
    await isSelected(panel.row(0));
    await press('ArrowDown', 'Enter');
    const name = (await panel.cells('Layer'))[1];
    await panel.detail.getByRole('heading', { name, exact: true }).waitFor();
    await press('Escape');
    await panel.detail.waitFor({ state: 'detached' });

    // The menu of the row, and back to the row.
    const [, norm] = await panel.cells('Lipschitz constant');
    await press('Shift+F10');
    await chooseByKeys(vscode, 'Copy Value');
    await expect.poll(() => vscode.readClipboard()).toBe(norm);
    await press('ArrowDown');
    await isSelected(panel.row(2));

    // The order.
    await tabTo(panel.header('Lipschitz constant').getByRole('button'), 'Shift+Tab');
    await press('Enter');
    await panel.row(0).getByText('golden_24_conv2d').waitFor();
    await press('Enter');
    await panel.row(0).getByText('golden_31_matmul').waitFor();

    // The filter.
    await press('/');
    await vscode.page.keyboard.type('gemm 28');
    await expect.poll(() => panel.rowCount()).toBe(1);
    await press('Escape');
    await expect.poll(() => panel.rowCount()).toBe(last + 1);

    // The other tabs, and the points of a plot.
    await tabTo(panel.tab('Layers'), 'Shift+Tab');
    for (const tab of [/^Network$/, 'Through the Network']) {
      await press('ArrowRight');
      await panel.tab(tab).and(panel.frame.locator('[aria-selected=true]:focus')).waitFor();
    }
    const plot = panel.frame.getByRole('slider', { name: /^Lipschitz constant through/ });
    await tabTo(plot);
    await press('Home', 'ArrowRight');
    await expect.poll(() => plot.getAttribute('aria-valuetext')).toMatch(/^golden_02_conv2d\n/);
    await press('Enter');
    await panel.detail.getByRole('heading', { name: 'golden_02_conv2d', exact: true }).waitFor();
    await tabTo(panel.button('Close the details'));
    await press('Enter');
    await panel.detail.waitFor({ state: 'detached' });
  });
});

/** Chooses an entry of the menu that is open. */
async function chooseByKeys(vscode: VsCode, name: string): Promise<void> {
  const entry = vscode.menu.getByRole('menuitem', { name, exact: true });
  await entry.waitFor();
  const focused = vscode.page.locator('.monaco-menu .action-item.focused').filter({ hasText: name });
  for (let i = 0; (await focused.count()) === 0 && i < MOST_STOPS; i++) {
    await vscode.page.keyboard.press('ArrowDown');
  }
  await vscode.page.keyboard.press('Enter');
  await entry.waitFor({ state: 'hidden' });
}

async function isSelected(row: Locator): Promise<void> {
  await expect.poll(() => row.getAttribute('aria-selected')).toBe('true');
}

async function placeOf(row: Locator): Promise<number> {
  return Number(await row.getAttribute('aria-rowindex')) - 2;
}
