/** All panels: those that commands open, those that a window restores, and the read-only editors. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { displayName } from '../../report/text';
import type { Sessions } from '../analysis/sessions';
import type { ModelSession } from '../analysis/session';
import { Owner } from '../disposable';
import { VIEW_TYPES } from '../ids';
import { ModelPanel } from './model-panel';
import type { PanelActions } from './model-panel';
import { persistedPath } from './messages';

export class Panels
  extends Owner
  implements vscode.WebviewPanelSerializer, vscode.CustomReadonlyEditorProvider
{
  private readonly open = new Set<ModelPanel>();
  private lastActive: ModelPanel | null = null;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly sessions: Sessions,
    private readonly actions: PanelActions & { start(session: ModelSession, uri: vscode.Uri): void },
  ) {
    super();
    this.register(vscode.window.registerWebviewPanelSerializer(VIEW_TYPES.panel, this));
    this.register(
      vscode.window.registerCustomEditorProvider(VIEW_TYPES.editor, this, {
        supportsMultipleEditorsPerDocument: true,
      }),
    );
  }

  /** The panel that the user looks at, or looked at last; null where none is open. */
  get active(): ModelPanel | null {
    const active = [...this.open].find(({ panel }) => panel.active);
    return active ?? this.lastActive ?? [...this.open].at(-1) ?? null;
  }

  /** Shows the panel of a model, a new one where there is none. */
  show(uri: vscode.Uri): ModelPanel {
    const known = [...this.open].find(({ session }) => session.path === uri.fsPath);
    if (known) {
      known.panel.reveal(undefined, false);
      return known;
    }
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPES.panel,
      titleOf(uri),
      vscode.ViewColumn.Active,
      {},
    );
    return this.fill(panel, uri);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const path = persistedPath(state);
    if (path === null) {
      panel.dispose();
      return;
    }
    const uri = vscode.Uri.file(path);
    panel.title = titleOf(uri);
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

  private fill(panel: vscode.WebviewPanel, uri: vscode.Uri): ModelPanel {
    const lease = this.sessions.acquire(uri);
    const { session } = lease;
    const filled = new ModelPanel(panel, uri, session, this.extensionUri, this.actions);
    this.open.add(filled);
    this.lastActive = filled;
    panel.onDidChangeViewState(() => {
      if (panel.active) this.lastActive = filled;
    });
    panel.onDidDispose(() => {
      this.open.delete(filled);
      if (this.lastActive === filled) this.lastActive = null;
      lease.release();
    });
    return filled;
  }
}

function titleOf(uri: vscode.Uri): string {
  return vscode.l10n.t('{0} (Lipschitz)', displayName(basename(uri.fsPath)));
}
