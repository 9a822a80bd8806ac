/** One panel: a webview that shows a session, and hands the user's wishes to it. */
import * as vscode from 'vscode';
import type { RunSession } from '../analysis/run-session';
import { SECTION } from '../ids';
import { Owner } from '../disposable';
import { ROWS_PER_MESSAGE } from '../protocol/protocol';
import type {
  FromPanel,
  Indexed,
  PanelFile,
  PanelNetwork,
  PanelStart,
  RunHead,
  ToPanel,
} from '../protocol/protocol';
import { panelHtml, panelResources } from './html';
import { asFromPanel } from './messages';
import { panelStrings } from './panel-strings';

/** What a panel cannot do alone. */
export interface PanelActions<Session> {
  /** Runs the analysis of this session again, with these in place of its settings. */
  run(session: Session, changes: Pick<FromPanel & { type: 'run' }, 'device' | 'tolerance'>): void;
  exportReport(session: Session): void;
  exportPlot(session: Session, name: string, svg: string): void;
  readonly log: vscode.LogOutputChannel;
}

/** Messages that have a meaning in some panels. */
export type OtherMessage = FromPanel & {
  readonly type: 'findSlopes' | 'spectrum' | 'cancelSpectrum' | 'swap';
};

/** Rows are sent together, so often, milliseconds: below what a person sees as a step. */
const ROWS_INTERVAL = 50;

export abstract class SessionPanel<Session extends RunSession<Row>, Head extends RunHead, Row> extends Owner {
  /** The page listens. A page that is hidden is gone, and asks again when it is back. */
  protected ready = false;
  private waiting: Indexed<Row>[] = [];
  /** The head waits for the rows before it. */
  private headIsDue = false;
  private timer: NodeJS.Timeout | undefined;
  /** The one that the page has. */
  private told: Head | null = null;
  private wish: { layer: string; weight: boolean } | null = null;

  constructor(
    readonly panel: vscode.WebviewPanel,
    readonly session: Session,
    extensionUri: vscode.Uri,
    private readonly actions: PanelActions<Session>,
  ) {
    super();
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [panelResources(extensionUri)] };
    panel.iconPath = {
      light: vscode.Uri.joinPath(extensionUri, 'media', 'panel-light.svg'),
      dark: vscode.Uri.joinPath(extensionUri, 'media', 'panel-dark.svg'),
    };
    this.register(webview.onDidReceiveMessage((message: unknown) => this.receive(message)));
    this.register(
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.ready = false;
        else void session.checkFiles();
      }),
    );
    this.register(panel.onDidDispose(() => this.dispose()));
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(() => this.sendHead()));
    this.register(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(SECTION, vscode.Uri.file(session.paths[0]))) this.sendHead();
      }),
    );
    this.follow();
    webview.html = panelHtml(webview, extensionUri, this.start());
  }

  override dispose(): void {
    if (this.isDisposed) return;
    clearTimeout(this.timer);
    this.ready = false;
    super.dispose();
  }

  /** Shows the row of a layer, now or when there is one to show it. */
  reveal(layer: string, weight: boolean): void {
    if (this.ready) this.post({ type: 'reveal', layer, weight });
    else this.wish = { layer, weight };
  }

  protected abstract head(): Head;

  /** The head of a page that has been told nothing yet: short, for it is part of its document. */
  protected abstract firstHead(): Head;

  /** Of a message: what the page reads in a few milliseconds. */
  protected get rowsPerMessage(): number {
    return ROWS_PER_MESSAGE;
  }

  /** What is known of all layers together. */
  protected network(): PanelNetwork | null {
    return null;
  }

  /** Whether more than rows waits to be sent, and a part of it. */
  protected get hasMore(): boolean {
    return false;
  }

  protected sendMore(): void {}

  /** What else there is at first. */
  protected sendRest(): void {}

  /** What the page of one kind of panel alone says. */
  protected receiveOther(_message: OtherMessage): void {}

  protected runHead(): RunHead {
    const { run, state, device, settings, seconds, analysedAt, stale } = this.session;
    const trusted = vscode.workspace.isTrusted;
    return { run, state, device, settings, seconds, analysedAt, stale, trusted };
  }

  private follow(): void {
    const { session } = this;
    const head = () => this.sendHead();
    const reset = () => this.sendAll();
    const rows = (rows: readonly Indexed<Row>[]) => this.sendSoon(rows);
    session.on('head', head).on('reset', reset).on('rows', rows);
    this.register({ dispose: () => session.off('head', head).off('reset', reset).off('rows', rows) });
  }

  private start(): PanelStart<Head> {
    return {
      // It is soon told all, as it is then.
      head: { ...this.firstHead(), state: { kind: 'loading' } },
      strings: panelStrings(),
      locale: vscode.env.language,
      bundle: vscode.l10n.bundle,
    };
  }

  private sendAll(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = [...this.session.rows];
    this.headIsDue = false;
    const head = this.head();
    this.told = head;
    this.post({ type: 'snapshot', head, network: this.network() });
    this.sendRest();
    this.sendWaiting();
  }

  private sendHead(): void {
    // What is finished is so with all of its rows.
    this.headIsDue = this.waiting.length > 0 && !this.session.isBusy;
    if (this.headIsDue) return;
    const head = this.head();
    this.post({ type: 'head', head: this.told === null ? head : changesOf(head, this.told) });
    this.told = head;
  }

  private sendSoon(rows: readonly Indexed<Row>[]): void {
    if (!this.ready) return;
    this.waiting.push(...rows);
    this.sendLater();
  }

  /** What waits is sent with what else there will be. */
  protected sendLater(): void {
    this.timer ??= setTimeout(() => this.sendWaiting(), ROWS_INTERVAL);
  }

  private sendWaiting(): void {
    this.timer = undefined;
    if (!this.ready) return;
    if (this.waiting.length > 0) {
      const rows = this.waiting.splice(0, this.rowsPerMessage);
      this.post({ type: 'rows', run: this.session.run, rows });
      if (this.waiting.length === 0 && this.headIsDue) this.sendHead();
    } else {
      this.sendMore();
    }
    // One batch a turn: others want the extension host, too.
    if (this.waiting.length > 0 || this.hasMore) this.timer = setTimeout(() => this.sendWaiting(), 0);
  }

  protected post(message: ToPanel<Head, Row>): void {
    if (this.ready && !this.isDisposed) void this.panel.webview.postMessage(message);
  }

  private receive(raw: unknown): void {
    const message = asFromPanel(raw);
    const { session, actions } = this;
    const name = session.paths.join(', ');
    if (message === null) {
      actions.log.error(`${name}: the panel sent something that is no message`);
      return;
    }
    switch (message.type) {
      case 'ready':
        this.ready = true;
        this.sendAll();
        if (this.wish) this.post({ type: 'reveal', ...this.wish });
        this.wish = null;
        return;
      case 'run':
        return actions.run(session, message);
      case 'confirm':
        return void session.confirm();
      case 'cancel':
        return session.cancel();
      case 'findSlopes':
      case 'spectrum':
      case 'cancelSpectrum':
      case 'swap':
        return this.receiveOther(message);
      case 'export':
        return actions.exportReport(session);
      case 'exportPlot':
        return actions.exportPlot(session, message.name, message.svg);
      case 'copy':
        return void vscode.env.clipboard.writeText(message.text);
      case 'showLog':
        return actions.log.show();
      case 'error':
        actions.log.error(`${name}: the panel failed: ${message.message}`);
    }
  }
}

function changesOf<Head extends object>(head: Head, told: Head): Partial<Head> {
  const keys = Object.keys(head) as (keyof Head)[];
  return Object.fromEntries(
    keys.filter((key) => head[key] !== told[key]).map((key) => [key, head[key]]),
  ) as Partial<Head>;
}

/** What a page calls a file: by its name. */
export function fileAt(path: string): PanelFile {
  const { path: full } = vscode.Uri.file(path);
  return { name: full.slice(full.lastIndexOf('/') + 1), path };
}
