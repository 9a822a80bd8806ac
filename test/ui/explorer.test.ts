/** Right click on a file in the explorer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VsCode } from './vscode';

describe('explorer', () => {
  let vscode: VsCode;
  beforeAll(async () => {
    vscode = await VsCode.open();
  });
  afterAll(() => vscode?.close());

  it('offers the analysis of a model file', async () => {
    const menu = await vscode.openContextMenu(vscode.explorerItem('detector.onnx'));
    await menu.getByRole('menuitem', { name: 'Analyze Lipschitz', exact: true }).waitFor();
    await vscode.screenshot('explorer');
    await vscode.page.keyboard.press('Escape');
  });

  it('offers none of other files', async () => {
    const menu = await vscode.openContextMenu(vscode.explorerItem('model.py'));
    expect(await menu.getByRole('menuitem', { name: 'Analyze Lipschitz' }).count()).toBe(0);
    await vscode.page.keyboard.press('Escape');
  });
});
