/** The extension's entry. */
import * as vscode from 'vscode';
import { startEditor } from './editor/editor';
import type { LipschitzLensApi } from './editor/editor';

/** A failure is shown: an extension that does nothing without a word helps nobody. */
export function activate(context: vscode.ExtensionContext): LipschitzLensApi {
  try {
    return startEditor(context);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(vscode.l10n.t('Lipschitz Lens cannot start: {0}', reason));
    throw error;
  }
}
