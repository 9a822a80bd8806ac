/** Which files are models. */
import * as vscode from 'vscode';

const MODEL_NAME = /\.(onnx|safetensors|safetensors\.index\.json)$/i;
export const MODEL_PATTERN = '**/*.{onnx,safetensors,safetensors.index.json}';
export const INDEX_PATTERN = '**/*.safetensors.index.json';
/** Models that are offered, and that folders are looked up by: a list that a person can search. */
export const MOST_FOUND = 1000;

export function isModelFile(uri: vscode.Uri): boolean {
  return MODEL_NAME.test(uri.path);
}

/** The model that the active tab shows, text or not; null where it shows none. */
export function activeModel(): vscode.Uri | null {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom
      ? input.uri
      : vscode.window.activeTextEditor?.document.uri;
  return uri?.scheme === 'file' && isModelFile(uri) ? uri : null;
}

export async function findModels(token?: vscode.CancellationToken): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(MODEL_PATTERN, undefined, MOST_FOUND, token);
  return found.filter(({ scheme }) => scheme === 'file').sort((a, b) => a.path.localeCompare(b.path));
}

/** The model files that lie in a folder, not in folders of it. */
export async function modelsIn(folder: vscode.Uri): Promise<vscode.Uri[]> {
  const entries = await vscode.workspace.fs.readDirectory(folder);
  return entries
    .filter(([name, type]) => (type & vscode.FileType.File) !== 0 && !name.startsWith('.'))
    .map(([name]) => vscode.Uri.joinPath(folder, name))
    .filter(isModelFile);
}
