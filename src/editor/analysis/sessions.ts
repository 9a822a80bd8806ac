/** The sessions of this window: one for each model that a panel shows, and one for each panel of several models. */
import * as vscode from 'vscode';
import { CONTEXT_KEYS } from '../ids';
import { Owner } from '../disposable';
import { isModelFile } from '../model-files';
import { analysisSettings, readSetting } from '../settings';
import type { Settings } from '../../report/report';
import type { RunSession, SessionContext } from './run-session';
import { ModelSession } from './session';

/** Changes of files come in bursts: they are looked at so long after the first of them, milliseconds. */
const SETTLING = 300;

/** Watchers miss changes, on network drives and on busy machines: all files are looked at so often, milliseconds. */
const LOOK_INTERVAL = 5000;

export class Sessions extends Owner {
  private readonly open = new Map<string, { session: ModelSession; users: number; end: () => void }>();
  /** Of every kind, with what ends them. */
  private readonly followed = new Map<RunSession<unknown>, () => void>();
  private readonly changes = this.register(new vscode.EventEmitter<RunSession<unknown>>());
  /** The state of a session, or whether there is one. */
  readonly onChange = this.changes.event;

  constructor(private readonly context: SessionContext) {
    super();
    this.register({ dispose: () => [...this.followed.values()].forEach((end) => end()) });
    this.register(this.onChange(() => this.tellContextKeys()));
    this.register(
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.checkFiles();
      }),
    );
    const looking = setInterval(() => this.checkFiles(), LOOK_INTERVAL);
    this.register({ dispose: () => clearInterval(looking) });
  }

  /** Those of one model each. */
  get all(): readonly ModelSession[] {
    return [...this.open.values()].map(({ session }) => session);
  }

  /** Those of several models, too. */
  get every(): readonly RunSession<unknown>[] {
    return [...this.followed.keys()];
  }

  get busy(): readonly RunSession<unknown>[] {
    return this.every.filter((session) => session.isBusy);
  }

  find(path: string): ModelSession | null {
    return this.open.get(path)?.session ?? null;
  }

  /** The session of a model, which ends, and its process with it, when all who acquired it have released it. */
  acquire(uri: vscode.Uri): { readonly session: ModelSession; release(): void } {
    const path = uri.fsPath;
    const entry = this.open.get(path) ?? this.beginModel(uri);
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

  /** A session of several models, which ends, and its processes with it, when it is released. */
  begin<S extends RunSession<unknown>>(
    paths: readonly string[],
    make: (defaults: Settings, context: SessionContext) => S,
  ): { readonly session: S; release(): void } {
    const uris = paths.map((path) => vscode.Uri.file(path));
    const session = make(defaultsFor(uris[0]), this.context);
    return { session, release: this.follow(session, uris) };
  }

  private beginModel(uri: vscode.Uri) {
    const path = uri.fsPath;
    const session = new ModelSession(path, defaultsFor(uri), this.context);
    const release = this.follow(session, [uri]);
    const entry = {
      session,
      users: 0,
      end: () => {
        this.open.delete(path);
        release();
      },
    };
    this.open.set(path, entry);
    return entry;
  }

  /** Tells of a session, and looks after its files, until what is returned is called. */
  private follow(session: RunSession<unknown>, uris: readonly vscode.Uri[]): () => void {
    const told = () => this.changes.fire(session);
    session.on('head', told).on('reset', told);
    const watchers = foldersOf(uris).map((folder) =>
      watchFolder(folder, () => {
        this.context.cache.recheck();
        void session.checkFiles();
      }),
    );
    const end = () => {
      if (!this.followed.delete(session)) return;
      for (const watcher of watchers) watcher.dispose();
      session.dispose();
      this.changes.fire(session);
    };
    this.followed.set(session, end);
    return end;
  }

  private checkFiles(): void {
    for (const session of this.every) {
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

/** Shards, external data and side files lie beside a model, or in it where it is a folder. Each folder once. */
function foldersOf(uris: readonly vscode.Uri[]): vscode.Uri[] {
  const folders = uris.map((uri) => (isModelFile(uri) ? vscode.Uri.joinPath(uri, '..') : uri));
  return [...new Map(folders.map((folder) => [folder.fsPath, folder])).values()];
}

function watchFolder(folder: vscode.Uri, changed: () => void): vscode.Disposable {
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
