/** The extension is there in a folder that is not trusted. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('activation in an untrusted workspace', () => {
  it('activates the extension', async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    await vscode.extensions.getExtension('lipschitz-lens.lipschitz-lens')!.activate();
  });
});
