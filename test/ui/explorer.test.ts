/** The explorer: right click on files and folders, several at once, and the editor that "Open With..." offers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VsCode } from './vscode';

describe('explorer', () => {
  let vscode: VsCode;
  beforeAll(async () => {
    vscode = await VsCode.open({ folderName: 'models', size: { width: 1200, height: 700 } });
  });
  afterAll(() => vscode?.close());

  it('offers the analysis of a model file', async () => {
    const menu = await vscode.openContextMenu(vscode.explorerItem('detector.onnx'));
    await menu.getByRole('menuitem', { name: 'Analyze Lipschitz', exact: true }).hover();
    await vscode.screenshot('explorer');
    await vscode.page.keyboard.press('Escape');
  });

  it('offers none of other files', async () => {
    const menu = await vscode.openContextMenu(vscode.explorerItem('model.py'));
    expect(await menu.getByRole('menuitem', { name: 'Analyze Lipschitz' }).count()).toBe(0);
    await vscode.page.keyboard.press('Escape');
  });

  it('analyses the folder of a sharded model', async () => {
    const panel = await vscode.openPanel('sharded');
    await panel.finished();
    expect(await panel.cells('Layer')).toEqual(['embed', 'layer1', 'layer2', 'head']);
  });

  it('analyses all files of the selection', async () => {
    await vscode.explorerItem('markup.onnx').click({ modifiers: ['ControlOrMeta'] });
    await vscode.explorerItem('golden_zoo.onnx').click({ modifiers: ['ControlOrMeta'] });
    await vscode.contextMenu(vscode.explorerItem('golden_zoo.onnx'), 'Analyze Lipschitz');
    for (const [name, layers] of [
      ['markup.onnx', 1],
      ['golden_zoo.onnx', 34],
    ] as const) {
      await vscode.tab(`${name} (Lipschitz)`).click();
      await vscode.panel.title.getByText(name, { exact: true }).waitFor();
      await vscode.panel.finished();
      expect(await vscode.panel.rowCount()).toBe(layers);
    }
  });

  it('opens a model with the read-only editor', async () => {
    await vscode.contextMenu(vscode.explorerItem('golden_zoo.safetensors'), 'Open With...');
    await vscode.quickPickItem('Lipschitz Lens').click();
    const { panel } = vscode;
    await panel.title.getByText('golden_zoo.safetensors', { exact: true }).waitFor();
    await panel.finished();
    expect(await panel.rowCount()).toBe(34);
  });

  it('shows the sentence of a file that is no model in place', async () => {
    const panel = await vscode.openPanel('truncated.onnx');
    const sentence = await panel.state.getByRole('alert').textContent();
    expect(sentence).toMatch(/truncated\.onnx/);
    expect(await panel.progress.count()).toBe(0);
    expect(await panel.rows.count()).toBe(0);
  });
});
