/** Hovers and inlay hints say what was found, and link to the rest. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/editor/ids';
import { analyze, closeAll, sample } from './extension';

async function hoverOver(name: string, text: string): Promise<string> {
  const document = await vscode.workspace.openTextDocument(sample(name));
  const position = document.positionAt(document.getText().indexOf(text) + 1);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  const contents = hovers.flatMap((hover) => hover.contents);
  return contents.map((content) => (content as vscode.MarkdownString).value).join('\n');
}

describe('hovers', () => {
  before(() => vscode.commands.executeCommand(COMMANDS.clearCache));
  after(closeAll);

  it('offer to analyse a model that has not been', async () => {
    const hover = await hoverOver('model.py', 'sharded/model');
    assert.match(hover, /Not.*analyzed.*yet/);
    assert.ok(hover.includes(`command:${COMMANDS.analyze}`));
  });

  it('show the result of a model, in Python and in Markdown', async () => {
    await analyze(sample('detector.onnx'));
    for (const name of ['model.py', 'README.md', 'settings.json']) {
      const hover = await hoverOver(name, 'detector.onnx');
      assert.match(hover.replaceAll('&nbsp;', ' '), /67 layers/, name);
      assert.ok(hover.includes(`command:${COMMANDS.openLayer}`), name);
    }
  });

  it('show it in TOML without a language, and in blocks and quotes of Markdown', async () => {
    await analyze(sample('detector.onnx'));
    const texts = {
      'config.toml': 'model = "detector.onnx"\n',
      'quoted.md': 'It is "detector.onnx".\n',
      'fenced.md': '```yaml\npath: detector.onnx\n```\n',
      'shell.md': '```\nlipschitz-lens analyze ./detector.onnx\n```\n',
    };
    for (const [name, text] of Object.entries(texts)) {
      await vscode.workspace.fs.writeFile(sample(name), new TextEncoder().encode(text));
      try {
        const hover = await hoverOver(name, 'detector.onnx');
        assert.match(hover.replaceAll('&nbsp;', ' '), /67 layers/, name);
      } finally {
        await vscode.workspace.fs.delete(sample(name));
      }
    }
    // The reason why the selector has a pattern for it.
    assert.ok(!(await vscode.languages.getLanguages()).includes('toml'));
  });

  it('show the interval of a layer', async () => {
    await analyze(sample('detector.onnx'));
    const hover = (await hoverOver('model.py', 'p2o.Conv.0')).replaceAll('\\', '');
    assert.match(hover, /Lipschitz constant: \*\*7\.87\d–7\.88\d/);
    assert.match(hover, /Stable rank: \*\*1\.5/);
  });

  it('can be turned off', async () => {
    const settings = vscode.workspace.getConfiguration('lipschitzLens');
    await settings.update('hover.enabled', false, vscode.ConfigurationTarget.Global);
    try {
      assert.equal(await hoverOver('model.py', 'detector.onnx'), '');
    } finally {
      await settings.update('hover.enabled', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('have inlay hints beside them, where they are turned on', async () => {
    await analyze(sample('detector.onnx'));
    const document = await vscode.workspace.openTextDocument(sample('model.py'));
    const range = new vscode.Range(0, 0, document.lineCount - 1, 0);
    const hints = () =>
      vscode.commands.executeCommand<vscode.InlayHint[]>(
        'vscode.executeInlayHintProvider',
        document.uri,
        range,
      );
    assert.deepEqual(await hints(), []);
    const settings = vscode.workspace.getConfiguration('lipschitzLens');
    await settings.update('inlayHints.enabled', true, vscode.ConfigurationTarget.Global);
    try {
      const [hint] = await hints();
      assert.match(JSON.stringify(hint.label), /7\.8/);
    } finally {
      await settings.update('inlayHints.enabled', undefined, vscode.ConfigurationTarget.Global);
    }
  });
});
