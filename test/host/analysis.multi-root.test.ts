/** In a workspace of several folders, files of each are analysed. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { analyze, closeAll } from './extension';

describe('analysis in a workspace of two folders', () => {
  after(closeAll);

  it('takes a file of either', async () => {
    const [first, second] = vscode.workspace.workspaceFolders ?? [];
    const reports = [
      await analyze(vscode.Uri.joinPath(first.uri, 'sharded/model.safetensors.index.json')),
      await analyze(vscode.Uri.joinPath(second.uri, 'classifier.onnx')),
    ];
    assert.deepEqual(
      reports.map(({ layers }) => layers.length),
      [4, 89],
    );
  });
});
