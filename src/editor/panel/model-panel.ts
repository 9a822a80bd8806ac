/** One panel: a webview that shows a session, and hands the user's wishes to it. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { SECTION } from '../ids';
import { Owner } from '../disposable';
import { panelStrings } from './panel-strings';
import type { NetworkReport, NodeReport } from '../../report/report';
import type { ModelSession } from '../analysis/session';
import { ROWS_PER_MESSAGE } from '../protocol/protocol';
import type {
  FromPanel,
  IndexedRow,
  LayerSpectrum,
  PanelHead,
  PanelNetwork,
  PanelStart,
  ToPanel,
} from '../protocol/protocol';
import { readSetting } from '../settings';
import { panelHtml, panelResources } from './html';
import { asFromPanel } from './messages';

/** What a panel cannot do alone. */
export interface PanelActions {
  /** Runs the analysis of this session again, with these in place of its settings. */
  run(session: ModelSession, changes: Pick<FromPanel & { type: 'run' }, 'device' | 'tolerance'>): void;
  /** Runs the model, in search of slopes of the network; only where that is allowed. */
  findSlopes(session: ModelSession): void;
  exportReport(session: ModelSession): void;
  exportPlot(session: ModelSession, name: string, svg: string): void;
  readonly log: vscode.LogOutputChannel;
}

/** Rows are sent together, so often, milliseconds: below what a person sees as a step. */
const ROWS_INTERVAL = 50;

export class ModelPanel extends Owner {
  /** The page listens. A page that is hidden is gone, and asks again when it is back. */
  private ready = false;
  private waiting: IndexedRow[] = [];
  private waitingNodes: NodeReport[] = [];
  /** Those of the run that are sent, or wait to be. */
  private nodes: readonly NodeReport[] | null = null;
  /** The head waits for the rows before it. */
  private headIsDue = false;
  private timer: NodeJS.Timeout | undefined;
  /** Those that the page has. */
  private skipped: PanelHead['skipped'] | null = null;
  private wish: { layer: string; weight: boolean } | null = null;

  constructor(
    readonly panel: vscode.WebviewPanel,
    readonly uri: vscode.Uri,
    readonly session: ModelSession,
    extensionUri: vscode.Uri,
    private readonly actions: PanelActions,
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
        if (change.affectsConfiguration(SECTION, uri)) this.sendHead();
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

  private follow(): void {
    const { session } = this;
    const head = () => this.sendHead();
    const reset = () => this.sendAll();
    const rows = (rows: readonly IndexedRow[]) => this.sendSoon(rows);
    const network = () => this.sendNetwork();
    const spectrum = (spectrum: LayerSpectrum) => this.sendSpectrum(spectrum);
    session.on('head', head).on('reset', reset).on('rows', rows).on('network', network);
    session.spectra.on('change', spectrum);
    this.register({
      dispose: () => {
        session.off('head', head).off('reset', reset).off('rows', rows).off('network', network);
        session.spectra.off('change', spectrum);
      },
    });
  }

  private head(): PanelHead {
    const { uri, session } = this;
    const { run, path, state, plan, device, settings, base, skipped, seconds, analysedAt, stale } = session;
    return {
      run,
      file: fileAt(path),
      state,
      model: plan?.model ?? null,
      device,
      settings,
      base: base === null ? null : fileAt(base),
      skipped,
      seconds,
      analysedAt,
      stale,
      budgets: { layer: readSetting('budget.layer', uri), network: readSetting('budget.network', uri) },
      trusted: vscode.workspace.isTrusted,
    };
  }

  private start(): PanelStart {
    return {
      // No more of the model than its name: it is soon told all of it, as it is then.
      head: { ...this.head(), state: { kind: 'loading' }, skipped: [] },
      strings: panelStrings(),
      locale: vscode.env.language,
      bundle: vscode.l10n.bundle,
    };
  }

  private sendAll(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { rows, network } = this.session;
    this.waiting = [...rows];
    this.headIsDue = false;
    const head = this.head();
    this.skipped = head.skipped;
    this.post({ type: 'snapshot', head, network: withoutNodes(network) });
    this.nodes = null;
    this.waitingNodes = [];
    this.awaitNodes(network);
    for (const spectrum of this.session.spectra.all) this.sendSpectrum(spectrum);
    this.sendWaiting();
  }

  private sendSpectrum(spectrum: LayerSpectrum): void {
    this.post({ type: 'spectrum', run: this.session.run, spectrum });
  }

  private sendHead(): void {
    // What is finished is so with all of its rows.
    this.headIsDue = this.waiting.length > 0 && !this.session.isBusy;
    if (this.headIsDue) return;
    const { skipped, ...head } = this.head();
    this.post({ type: 'head', head: skipped === this.skipped ? head : { ...head, skipped } });
    this.skipped = skipped;
  }

  private sendNetwork(): void {
    if (!this.ready) return;
    const { run, network } = this.session;
    this.post({ type: 'network', run, network: withoutNodes(network) });
    this.awaitNodes(network);
    this.timer ??= setTimeout(() => this.sendWaiting(), ROWS_INTERVAL);
  }

  /** Slopes that are met change nothing of the nodes. */
  private awaitNodes(network: NetworkReport | null): void {
    if (network === null || network.coverage === this.nodes) return;
    this.nodes = network.coverage;
    this.waitingNodes = [...network.coverage];
  }

  private sendSoon(rows: readonly IndexedRow[]): void {
    if (!this.ready) return;
    this.waiting.push(...rows);
    this.timer ??= setTimeout(() => this.sendWaiting(), ROWS_INTERVAL);
  }

  private sendWaiting(): void {
    this.timer = undefined;
    if (!this.ready) return;
    const { run } = this.session;
    if (this.waiting.length > 0) {
      this.post({ type: 'rows', run, rows: this.waiting.splice(0, ROWS_PER_MESSAGE) });
      if (this.waiting.length === 0 && this.headIsDue) this.sendHead();
    } else if (this.waitingNodes.length > 0) {
      this.post({ type: 'nodes', run, nodes: this.waitingNodes.splice(0, ROWS_PER_MESSAGE) });
    }
    // One batch a turn: others want the extension host, too.
    if (this.waiting.length + this.waitingNodes.length > 0) {
      this.timer = setTimeout(() => this.sendWaiting(), 0);
    }
  }

  private post(message: ToPanel): void {
    if (this.ready && !this.isDisposed) void this.panel.webview.postMessage(message);
  }

  private receive(raw: unknown): void {
    const message = asFromPanel(raw);
    const { session, actions } = this;
    if (message === null) {
      actions.log.error(`${session.path}: the panel sent something that is no message`);
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
        return actions.findSlopes(session);
      case 'spectrum':
        if (!session.rows.some(({ row }) => row.name === message.layer)) return;
        return void session.spectra.compute(message.layer, session.settings, session.base);
      case 'cancelSpectrum':
        return session.spectra.cancel(message.layer);
      case 'export':
        return actions.exportReport(session);
      case 'exportPlot':
        return actions.exportPlot(session, message.name, message.svg);
      case 'copy':
        return void vscode.env.clipboard.writeText(message.text);
      case 'showLog':
        return actions.log.show();
      case 'error':
        actions.log.error(`${session.path}: the panel failed: ${message.message}`);
    }
  }
}

function withoutNodes(network: NetworkReport | null): PanelNetwork | null {
  if (network === null) return null;
  const { coverage, ...rest } = network;
  return { ...rest, nodes: coverage.length };
}

function fileAt(path: string): PanelHead['file'] {
  return { name: basename(path), path };
}
