/** The command palette, without anything open that a command could be about. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contributes } from '../../package.json';
import texts from '../../package.nls.json';
import { VsCode } from './vscode';

describe('palette', () => {
  let vscode: VsCode;
  beforeAll(async () => {
    // Wide enough for every column.
    vscode = await VsCode.open({ size: { width: 1500, height: 900 } });
  });
  afterAll(() => vscode?.close());

  it('has every command that is not of a link or a menu alone', async () => {
    const hidden = contributes.menus.commandPalette.map(({ command }) => command);
    const expected = contributes.commands
      .filter(({ command }) => !hidden.includes(command))
      .map(({ title }) => `${texts.category}: ${texts[title.slice(1, -1) as keyof typeof texts]}`);
    await vscode.findCommand('Lipschitz: Show Log');
    const input = await vscode.openPalette();
    await input.fill(`>${texts.category}: `);
    const entries = vscode.page.locator('.quick-input-list .label-name', { hasText: `${texts.category}: ` });
    await expect.poll(async () => (await entries.allTextContents()).sort()).toEqual(expected.sort());
    await vscode.page.keyboard.press('Escape');
  });

  it('says what is missing where there is no result to export', async () => {
    await vscode.runCommand('Lipschitz: Export...');
    const sentence = vscode.notifications.getByText('No result is open. Analyze a model first.');
    await sentence.waitFor();
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  it("offers the workspace's models, and analyses the one that is chosen", async () => {
    await vscode.runCommand('Lipschitz: Analyze Lipschitz');
    await vscode.question('Analyze Lipschitz');
    const labels = vscode.page.locator('.quick-input-list .label-name');
    const models = ['detector.onnx', 'golden_zoo.safetensors', 'model.safetensors.index.json'];
    for (const model of models) await vscode.quickPickItem(model).waitFor();
    expect(await labels.filter({ hasText: /\.(py|md|json)$/ }).allTextContents()).toEqual([models[2]]);
    await vscode.choose('Analyze Lipschitz', models[2]);
    await vscode.panel.title.getByText(models[2]).waitFor();
    await vscode.panel.finished();
    expect(await vscode.panel.cells('Layer')).toEqual(['embed', 'layer1', 'layer2', 'head']);
    await vscode.runCommand('View: Close All Editors');
  });

  it('asks for every option, and analyses with the answers', async () => {
    await vscode.runCommand('Lipschitz: Analyze With Options...');
    await vscode.choose('Analyze Lipschitz', 'golden_zoo.onnx');
    await vscode.choose('(1 of 5): Device', 'cpu');
    await vscode.choose('(2 of 5): Method', 'auto');
    const input = await vscode.question('(3 of 5): Tolerance');
    await input.locator('input[type=text]').fill('7');
    await input.getByText('It must be a number between 0 and 1').waitFor();
    await vscode.answer('(3 of 5): Tolerance', '0.05');
    await vscode.answer('(4 of 5): Input size', '16x16');
    await vscode.choose('(5 of 5): Padding', 'circular');
    const { panel } = vscode;
    await panel.title.getByText('golden_zoo.onnx').waitFor();
    await panel.finished();
    expect(await panel.about.textContent()).toMatch(
      /CPU.*tolerance 0\.05, input size 16×16, padding circular$/,
    );
    expect(await panel.frame.getByRole('combobox', { name: 'Device' }).evaluate(valueOf)).toBe('cpu');
    expect((await panel.cells('Input size'))[0]).toBe('16×16');
  });
});

function valueOf(control: { value: string }): string {
  return control.value;
}
