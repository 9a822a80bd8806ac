/** From a right click to the table. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MARKUP_NAME } from '../vscode/workspace';
import { VsCode } from './vscode';

describe('panel', () => {
  let vscode: VsCode;
  beforeAll(async () => {
    vscode = await VsCode.open({
      folderName: 'models',
      theme: 'dark',
      size: { width: 1500, height: 900 },
    });
  });
  afterAll(() => vscode?.close());

  it('shows a row for every layer of the file that was clicked on, and sorts them', async () => {
    await vscode.contextMenu(vscode.explorerItem('detector.onnx'), 'Analyze Lipschitz');
    const panel = vscode.panelFrame();
    const grid = panel.getByRole('grid');
    await panel
      .getByText(/analyzed/)
      .first()
      .waitFor();
    expect(await grid.getAttribute('aria-rowcount')).toBe('68');
    await panel.getByRole('columnheader', { name: 'Lipschitz constant' }).getByRole('button').click();
    const first = grid.locator('[role=row][aria-rowindex="2"]');
    await first.getByText('p2o.Conv.19').first().waitFor();
    await first.click();
    await panel.getByTestId('detail').locator('svg circle').first().waitFor();
    await vscode.screenshot('panel-dark');
  });

  it('shows a name that is markup as text', async () => {
    await vscode.contextMenu(vscode.explorerItem('markup.onnx'), 'Analyze Lipschitz');
    const panel = vscode.panelFrame();
    await panel.getByText(MARKUP_NAME).first().waitFor();
    expect(await panel.locator('img').count()).toBe(0);
  });
});
