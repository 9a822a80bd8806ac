/** In a workspace of several folders, files of each are analysed, and each folder has its own settings. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/editor/ids';
import { analyze, answering, closeAll, until } from './extension';

describe('analysis in a workspace of two folders', () => {
  afterEach(closeAll);

  const folders = () => vscode.workspace.workspaceFolders ?? [];

  it('takes a file of either', async () => {
    const [first, second] = folders();
    const reports = [
      await analyze(vscode.Uri.joinPath(first.uri, 'sharded/model.safetensors.index.json')),
      await analyze(vscode.Uri.joinPath(second.uri, 'classifier.onnx')),
    ];
    assert.deepEqual(
      reports.map(({ layers }) => layers.length),
      [4, 89],
    );
  });

  it('proposes to export into the folder of the file', async () => {
    const [, second] = folders();
    await analyze(vscode.Uri.joinPath(second.uri, 'classifier.onnx'));
    // The first format, and the place that is proposed.
    await answering([], vscode.commands.executeCommand(COMMANDS.export));
    const report = vscode.Uri.joinPath(second.uri, 'classifier.onnx.report.json');
    assert.ok((await vscode.workspace.fs.stat(report)).size > 0);
    await vscode.workspace.fs.delete(report);
  });

  it('reads the settings of the folder of the file', async () => {
    const [first, second] = folders();
    const files = [
      vscode.Uri.joinPath(first.uri, 'markup.onnx'),
      vscode.Uri.joinPath(second.uri, 'markup.onnx'),
    ];
    await vscode.workspace.fs.copy(files[0], files[1]);
    const settings = vscode.workspace.getConfiguration('lipschitzLens', second.uri);
    const target = vscode.ConfigurationTarget.WorkspaceFolder;
    await settings.update('tolerance', 0.01, target);
    await settings.update('budget.layer', 1, target);
    const reports = [await analyze(files[0]), await analyze(files[1])];
    assert.deepEqual(
      reports.map(({ settings }) => settings.tolerance),
      [null, 0.01],
    );
    const problems = () => files.map((file) => vscode.languages.getDiagnostics(file).length);
    await until(() => problems()[1] === 1, 'a problem in the second folder');
    assert.equal(problems()[0], 0);
  });
});
