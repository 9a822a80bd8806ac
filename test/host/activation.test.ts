/** The extension is there, in the folder that the tests are started with. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { FOLDER_NAME } from '../vscode/workspace';

describe('activation', () => {
  it('finds and activates the extension', async () => {
    const extension = vscode.extensions.getExtension('lipschitz-lens.lipschitz-lens');
    assert.ok(extension);
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('opens the folder of samples, which is trusted', () => {
    const { workspaceFolders, isTrusted } = vscode.workspace;
    assert.deepEqual(
      workspaceFolders?.map(({ name }) => name),
      [FOLDER_NAME],
    );
    assert.equal(isTrusted, true);
  });
});
