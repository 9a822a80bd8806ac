/** Which folders of the workspace hold a sharded model, and which several models: the explorer's menu asks for them. */
import { dirname, sep } from 'node:path';
import * as vscode from 'vscode';
import { Owner } from './disposable';
import { CONTEXT_KEYS } from './ids';
import { INDEX_PATTERN, MODEL_PATTERN, MOST_FOUND } from './model-files';

/** Packages: many folders, and no models of the user's. */
const EXCLUDED = '**/{node_modules,site-packages}/**';
const INDEX_NAME = /\.safetensors\.index\.json$/i;

/**
 * Keeps the context keys. Nothing tells that a menu is about to open, so they must be right before: the files are
 * searched once, out of this process, and the watcher, which is the one that VS Code has on its folders in any case,
 * tells of single files from then on.
 */
export class ModelFolders extends Owner {
  private readonly models = new Set<string>();
  private searching: vscode.CancellationTokenSource | null = null;
  private due: NodeJS.Timeout | undefined;

  constructor() {
    super();
    const watcher = this.register(
      vscode.workspace.createFileSystemWatcher(MODEL_PATTERN, false, true, false),
    );
    this.register(watcher.onDidCreate((model) => this.change(() => this.models.add(model.fsPath))));
    this.register(watcher.onDidDelete((model) => this.change(() => this.models.delete(model.fsPath))));
    this.register(vscode.workspace.onDidChangeWorkspaceFolders(() => void this.search()));
    // Of a folder that goes, no watcher tells which files were in it.
    this.register(
      vscode.workspace.onDidRenameFiles(({ files }) => {
        for (const { oldUri, newUri } of files) this.move(oldUri.fsPath, newUri.fsPath);
      }),
    );
    this.register(
      vscode.workspace.onDidDeleteFiles(({ files }) => {
        for (const { fsPath } of files) this.move(fsPath, null);
      }),
    );
    void this.search();
  }

  override dispose(): void {
    clearTimeout(this.due);
    this.searching?.cancel();
    super.dispose();
  }

  private async search(): Promise<void> {
    this.searching?.cancel();
    const searching = new vscode.CancellationTokenSource();
    this.searching = searching;
    this.models.clear();
    const { token } = searching;
    // Apart from the others, of which there may be more than are looked for.
    const found = await Promise.all(
      [INDEX_PATTERN, MODEL_PATTERN].map((pattern) =>
        vscode.workspace.findFiles(pattern, EXCLUDED, MOST_FOUND, token),
      ),
    );
    if (token.isCancellationRequested) return;
    this.change(() => found.flat().forEach(({ fsPath }) => this.models.add(fsPath)));
  }

  /** What was in a folder is in another one, or nowhere. */
  private move(from: string, to: string | null): void {
    for (const model of [...this.models].filter((model) => model.startsWith(from + sep))) {
      this.change(() => {
        this.models.delete(model);
        if (to !== null) this.models.add(to + model.slice(from.length));
      });
    }
  }

  /** Told once for all changes of a turn. */
  private change(deed: () => void): void {
    deed();
    this.due ??= setTimeout(() => {
      this.due = undefined;
      const counts = new Map<string, number>();
      const sharded = new Set<string>();
      for (const model of this.models) {
        const folder = dirname(model);
        counts.set(folder, (counts.get(folder) ?? 0) + 1);
        if (INDEX_NAME.test(model)) sharded.add(folder);
      }
      const several = [...counts].filter(([folder, count]) => count > 1 && !sharded.has(folder));
      setContext(CONTEXT_KEYS.modelFolders, [...sharded]);
      setContext(
        CONTEXT_KEYS.checkpointFolders,
        several.map(([folder]) => folder),
      );
    }, 0);
  }
}

function setContext(key: string, value: unknown): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
