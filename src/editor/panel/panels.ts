/** All panels: those that commands open, those that a window restores, and the read-only editors. */
import * as vscode from 'vscode';
import { ComparisonSession } from '../analysis/comparison-session';
import { SeriesSession } from '../analysis/series-session';
import type { Sessions } from '../analysis/sessions';
import type { ModelSession } from '../analysis/session';
import { Owner } from '../disposable';
import { VIEW_TYPES } from '../ids';
import { nameOfModels } from '../names';
import { ComparisonPanel, SeriesPanel } from './comparison-panel';
import { ModelPanel } from './model-panel';
import type { ModelActions } from './model-panel';
import type { PanelActions } from './session-panel';
import { persistedPath, persistedPaths } from './messages';

export type AnyPanel = ModelPanel | ComparisonPanel | SeriesPanel;
export type AnySession = AnyPanel['session'];

export class Panels
  extends Owner
  implements vscode.WebviewPanelSerializer, vscode.CustomReadonlyEditorProvider
{
  private readonly open = new Set<AnyPanel>();
  private lastActive: AnyPanel | null = null;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly sessions: Sessions,
    private readonly actions: PanelActions<AnySession> &
      ModelActions & { start(session: ModelSession, uri: vscode.Uri): void },
  ) {
    super();
    this.register(vscode.window.registerWebviewPanelSerializer(VIEW_TYPES.panel, this));
    this.register(
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPES.comparison, {
        deserializeWebviewPanel: (panel, state) => this.restoreComparison(panel, state),
      }),
    );
    this.register(
      vscode.window.registerCustomEditorProvider(VIEW_TYPES.editor, this, {
        supportsMultipleEditorsPerDocument: true,
      }),
    );
  }

  /** The panel that is the active editor; null where that is something else. */
  get front(): AnyPanel | null {
    return [...this.open].find(({ panel }) => panel.active) ?? null;
  }

  /** The panel that the user looks at, or looked at last; null where none is open. */
  get active(): AnyPanel | null {
    return this.front ?? this.lastActive ?? [...this.open].at(-1) ?? null;
  }

  /** Shows the panel of a model, a new one where there is none. */
  show(uri: vscode.Uri): ModelPanel {
    const known = [...this.open].find(
      (panel): panel is ModelPanel => panel instanceof ModelPanel && panel.session.path === uri.fsPath,
    );
    if (known) {
      known.panel.reveal(undefined, false);
      return known;
    }
    return this.fill(createPanel(VIEW_TYPES.panel, [uri.fsPath]), uri);
  }

  /**
   * Shows the panel that compares two models, or several as a series; a new one where there is none, whatever the order
   * of the two in it.
   */
  compare(uris: readonly vscode.Uri[]): ComparisonPanel | SeriesPanel {
    const paths = uris.map(({ fsPath }) => fsPath);
    const key = (paths: readonly string[]) => JSON.stringify(paths.toSorted());
    const known = [...this.open].find(
      (panel): panel is ComparisonPanel | SeriesPanel =>
        !(panel instanceof ModelPanel) && key(panel.session.paths) === key(paths),
    );
    if (known) {
      known.panel.reveal(undefined, false);
      return known;
    }
    return this.fillComparison(createPanel(VIEW_TYPES.comparison, paths), paths);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const path = persistedPath(state);
    if (path === null) {
      panel.dispose();
      return;
    }
    const uri = vscode.Uri.file(path);
    panel.title = titleOf([path]);
    await this.fill(panel, uri).session.restoreLatest();
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    const { session } = this.fill(panel, uri);
    if (session.state.kind !== 'empty') return;
    // What a window restores must not begin to compute by itself.
    await session.restoreLatest();
    if (session.state.kind === 'empty') this.actions.start(session, uri);
  }

  override dispose(): void {
    for (const panel of [...this.open]) panel.panel.dispose();
    super.dispose();
  }

  /** It runs again when the user says so: nothing of it is kept. */
  private restoreComparison(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const paths = persistedPaths(state);
    if (paths === null) panel.dispose();
    else {
      panel.title = titleOf(paths);
      this.fillComparison(panel, paths);
    }
    return Promise.resolve();
  }

  private fill(panel: vscode.WebviewPanel, uri: vscode.Uri): ModelPanel {
    const lease = this.sessions.acquire(uri);
    return this.add(new ModelPanel(panel, lease.session, this.extensionUri, this.actions), lease);
  }

  private fillComparison(
    panel: vscode.WebviewPanel,
    paths: readonly string[],
  ): ComparisonPanel | SeriesPanel {
    const [a, b, ...more] = paths;
    if (more.length === 0) {
      const lease = this.sessions.begin(
        paths,
        (defaults, context) => new ComparisonSession([a, b], defaults, context),
      );
      return this.add(new ComparisonPanel(panel, lease.session, this.extensionUri, this.actions), lease);
    }
    const lease = this.sessions.begin(
      paths,
      (defaults, context) => new SeriesSession(paths, defaults, context),
    );
    return this.add(new SeriesPanel(panel, lease.session, this.extensionUri, this.actions), lease);
  }

  /** @param lease of the panel's session, which is used as long as the panel is open */
  private add<P extends AnyPanel>(added: P, lease: { release(): void }): P {
    const { panel } = added;
    this.open.add(added);
    this.lastActive = added;
    panel.onDidChangeViewState(() => {
      if (panel.active) this.lastActive = added;
    });
    panel.onDidDispose(() => {
      this.open.delete(added);
      if (this.lastActive === added) this.lastActive = null;
      lease.release();
    });
    return added;
  }
}

function createPanel(viewType: string, paths: readonly string[]): vscode.WebviewPanel {
  return vscode.window.createWebviewPanel(viewType, titleOf(paths), vscode.ViewColumn.Active, {});
}

function titleOf(paths: readonly string[]): string {
  return vscode.l10n.t('{0} (Lipschitz)', nameOfModels(paths));
}
