/** Which files are models, and where the workspace has some. */
import * as vscode from 'vscode';
import { CONTEXT_KEYS } from './ids';
import { Owner } from './disposable';

const MODEL_NAME = /\.(onnx|safetensors|safetensors\.index\.json)$/i;
const MODEL_PATTERN = '**/*.{onnx,safetensors,safetensors.index.json}';
const INDEX_PATTERN = '**/*.safetensors.index.json';
/** Models that are offered, folders that are looked up: a list that a person can search. */
const MOST_FOUND = 1000;

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

/** Keeps the context key with the folders of sharded models, which the explorer's menu asks for. */
export class ModelFolders extends Owner {
  constructor() {
    super();
    const watcher = this.register(
      vscode.workspace.createFileSystemWatcher(INDEX_PATTERN, false, true, false),
    );
    this.register(watcher.onDidCreate(() => this.update()));
    this.register(watcher.onDidDelete(() => this.update()));
    this.register(vscode.workspace.onDidChangeWorkspaceFolders(() => this.update()));
    this.update();
  }

  private update(): void {
    void vscode.workspace.findFiles(INDEX_PATTERN, undefined, MOST_FOUND).then((indices) => {
      const folders = new Set(indices.map((index) => vscode.Uri.joinPath(index, '..').fsPath));
      return vscode.commands.executeCommand('setContext', CONTEXT_KEYS.modelFolders, [...folders]);
    });
  }
}
