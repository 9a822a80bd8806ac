/** The extension is there in a workspace of several folders. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { FOLDER_NAME } from '../vscode/workspace';

describe('activation in a workspace of two folders', () => {
  it('activates the extension', async () => {
    assert.deepEqual(
      vscode.workspace.workspaceFolders?.map(({ name }) => name),
      [FOLDER_NAME, 'second'],
    );
    await vscode.extensions.getExtension('lipschitz-lens.lipschitz-lens')!.activate();
  });
});
