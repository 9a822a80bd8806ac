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

/** The model files that lie in a folder, not in folders of it. */
export async function modelsIn(folder: vscode.Uri): Promise<vscode.Uri[]> {
  const entries = await vscode.workspace.fs.readDirectory(folder);
  return entries
    .filter(([name, type]) => (type & vscode.FileType.File) !== 0 && !name.startsWith('.'))
    .map(([name]) => vscode.Uri.joinPath(folder, name))
    .filter(isModelFile);
}

/** Keeps the context keys with the folders of sharded models and of several models, which the explorer's menu asks for. */
export class ModelFolders extends Owner {
  private updates = 0;

  constructor() {
    super();
    const watcher = this.register(
      vscode.workspace.createFileSystemWatcher(MODEL_PATTERN, false, true, false),
    );
    this.register(watcher.onDidCreate(() => this.update()));
    this.register(watcher.onDidDelete(() => this.update()));
    this.register(vscode.workspace.onDidChangeWorkspaceFolders(() => this.update()));
    this.update();
  }

  private update(): void {
    const update = ++this.updates;
    void Promise.all([INDEX_PATTERN, MODEL_PATTERN].map(foldersWith)).then(([sharded, all]) => {
      // A later update has seen more.
      if (update !== this.updates || this.isDisposed) return;
      const several = [...all].filter(([folder, count]) => count > 1 && !sharded.has(folder));
      setContext(CONTEXT_KEYS.modelFolders, [...sharded.keys()]);
      setContext(
        CONTEXT_KEYS.checkpointFolders,
        several.map(([folder]) => folder),
      );
    });
  }
}

/** Folders with files that match the pattern, and how many of them. */
async function foldersWith(pattern: string): Promise<ReadonlyMap<string, number>> {
  const found = await vscode.workspace.findFiles(pattern, undefined, MOST_FOUND);
  const counts = new Map<string, number>();
  for (const uri of found) {
    const folder = vscode.Uri.joinPath(uri, '..').fsPath;
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return counts;
}

function setContext(key: string, value: unknown): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
