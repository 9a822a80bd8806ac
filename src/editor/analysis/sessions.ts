/** The sessions of this window, one for each model that a panel shows. */
import * as vscode from 'vscode';
import { CONTEXT_KEYS } from '../ids';
import { Owner } from '../disposable';
import { isModelFile } from '../model-files';
import { analysisSettings, readSetting } from '../settings';
import type { Settings } from '../../report/report';
import { ModelSession } from './session';
import type { SessionContext } from './session';

/** Changes of files come in bursts: they are looked at so long after the first of them, milliseconds. */
const SETTLING = 300;

/** Watchers miss changes, on network drives and on busy machines: all files are looked at so often, milliseconds. */
const LOOK_INTERVAL = 5000;

export class Sessions extends Owner {
  private readonly open = new Map<string, { session: ModelSession; users: number; end: () => void }>();
  private readonly changes = this.register(new vscode.EventEmitter<ModelSession>());
  /** The state of a session, or whether there is one. */
  readonly onChange = this.changes.event;

  constructor(private readonly context: SessionContext) {
    super();
    this.register({ dispose: () => [...this.open.values()].forEach(({ end }) => end()) });
    this.register(this.onChange(() => this.tellContextKeys()));
    this.register(
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.checkFiles();
      }),
    );
    const looking = setInterval(() => this.checkFiles(), LOOK_INTERVAL);
    this.register({ dispose: () => clearInterval(looking) });
  }

  get all(): readonly ModelSession[] {
    return [...this.open.values()].map(({ session }) => session);
  }

  get busy(): readonly ModelSession[] {
    return this.all.filter((session) => session.isBusy);
  }

  find(path: string): ModelSession | null {
    return this.open.get(path)?.session ?? null;
  }

  /** The session of a model, which ends, and its process with it, when all who acquired it have released it. */
  acquire(uri: vscode.Uri): { readonly session: ModelSession; release(): void } {
    const path = uri.fsPath;
    const entry = this.open.get(path) ?? this.begin(uri);
    entry.users++;
    let released = false;
    return {
      session: entry.session,
      release: () => {
        if (released) return;
        released = true;
        if (--entry.users === 0) entry.end();
      },
    };
  }

  private begin(uri: vscode.Uri) {
    const path = uri.fsPath;
    const session = new ModelSession(path, defaultsFor(uri), this.context);
    const told = () => this.changes.fire(session);
    session.on('head', told).on('reset', told);
    const watcher = watchFolder(uri, () => {
      this.context.cache.recheck();
      void session.checkFiles();
    });
    const entry = {
      session,
      users: 0,
      end: () => {
        watcher.dispose();
        session.dispose();
        this.open.delete(path);
        this.changes.fire(session);
      },
    };
    this.open.set(path, entry);
    return entry;
  }

  private checkFiles(): void {
    for (const session of this.all) {
      void session.checkFiles().then((changed) => {
        if (changed) this.context.cache.recheck();
      });
    }
  }

  private tellContextKeys(): void {
    void vscode.commands.executeCommand('setContext', CONTEXT_KEYS.running, this.busy.length > 0);
  }
}

/** Settings to show before there is a run: an invalid one is told when a run needs it. */
function defaultsFor(uri: vscode.Uri): Settings {
  try {
    return analysisSettings(uri);
  } catch {
    const method = readSetting('method', uri);
    return { method, iterations: null, tolerance: null, device: 'auto', inputSize: null, padding: null };
  }
}

/** Shards, external data and side files lie beside the model, or in it where it is a folder. */
function watchFolder(uri: vscode.Uri, changed: () => void): vscode.Disposable {
  const folder = isModelFile(uri) ? vscode.Uri.joinPath(uri, '..') : uri;
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'));
  let timer: NodeJS.Timeout | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      changed();
    }, SETTLING);
  };
  const disposables = [
    watcher,
    watcher.onDidChange(soon),
    watcher.onDidCreate(soon),
    watcher.onDidDelete(soon),
  ];
  return new vscode.Disposable(() => {
    clearTimeout(timer);
    for (const disposable of disposables) disposable.dispose();
  });
}
