/** The panel of one model. */
import * as vscode from 'vscode';
import type { LayerReport, NetworkReport, NodeReport, SkippedReport } from '../../report/report';
import type { ModelSession } from '../analysis/session';
import { ROWS_PER_MESSAGE, SKIPPED_PER_MESSAGE } from '../protocol/protocol';
import type { LayerSpectrum, PanelHead, PanelNetwork } from '../protocol/protocol';
import { readSetting } from '../settings';
import { fileAt, SessionPanel } from './session-panel';
import type { OtherMessage, PanelActions } from './session-panel';

export interface ModelActions extends PanelActions<ModelSession> {
  /** Runs the model, in search of slopes of the network; only where that is allowed. */
  findSlopes(session: ModelSession): void;
}

export class ModelPanel extends SessionPanel<ModelSession, PanelHead, LayerReport> {
  private waitingNodes: NodeReport[] = [];
  /** Those of the run that are sent, or wait to be. */
  private nodes: readonly NodeReport[] | null = null;
  /** What the page is told of, and how many of them it has been told. */
  private skipped: { readonly all: readonly SkippedReport[]; told: number } = { all: [], told: 0 };

  constructor(
    panel: vscode.WebviewPanel,
    session: ModelSession,
    extensionUri: vscode.Uri,
    private readonly modelActions: ModelActions,
  ) {
    super(panel, session, extensionUri, modelActions);
    const network = () => this.sendNetwork();
    const spectrum = (spectrum: LayerSpectrum) => this.sendSpectrum(spectrum);
    const head = () => this.awaitSkipped();
    session.on('network', network).on('head', head);
    session.spectra.on('change', spectrum);
    this.register({
      dispose: () => {
        session.off('network', network).off('head', head);
        session.spectra.off('change', spectrum);
      },
    });
  }

  protected override head(): PanelHead {
    const { session } = this;
    const { path, base, plan, skipped } = session;
    const uri = vscode.Uri.file(path);
    return {
      ...this.runHead(),
      file: fileAt(path),
      model: plan?.model ?? null,
      base: base === null ? null : fileAt(base),
      skippedCount: skipped.length,
      budgets: { layer: readSetting('budget.layer', uri), network: readSetting('budget.network', uri) },
    };
  }

  protected override firstHead(): PanelHead {
    return { ...this.head(), skippedCount: 0 };
  }

  /** Of a page that has nothing yet: its nodes follow, and what was skipped. */
  protected override network(): PanelNetwork | null {
    const { network, skipped } = this.session;
    this.skipped = { all: skipped, told: 0 };
    this.nodes = null;
    this.waitingNodes = [];
    this.awaitNodes(network);
    return withoutNodes(network);
  }

  protected override get hasMore(): boolean {
    return this.waitingNodes.length > 0 || this.skipped.told < this.skipped.all.length;
  }

  protected override sendMore(): void {
    const { run } = this.session;
    const { all, told } = this.skipped;
    if (this.waitingNodes.length > 0) {
      this.post({ type: 'nodes', run, nodes: this.waitingNodes.splice(0, ROWS_PER_MESSAGE) });
    } else if (told < all.length) {
      this.skipped.told += SKIPPED_PER_MESSAGE;
      this.post({ type: 'skipped', run, skipped: all.slice(told, this.skipped.told) });
    }
  }

  protected override sendRest(): void {
    for (const spectrum of this.session.spectra.all) this.sendSpectrum(spectrum);
  }

  protected override receiveOther(message: OtherMessage): void {
    const { session } = this;
    switch (message.type) {
      case 'findSlopes':
        return this.modelActions.findSlopes(session);
      case 'spectrum':
        if (!session.rows.some(({ row }) => row.name === message.layer)) return;
        return void session.spectra.compute(message.layer, session.settings, session.base);
      case 'cancelSpectrum':
        return session.spectra.cancel(message.layer);
      case 'swap':
    }
  }

  private sendSpectrum(spectrum: LayerSpectrum): void {
    this.post({ type: 'spectrum', run: this.session.run, spectrum });
  }

  private sendNetwork(): void {
    if (!this.ready) return;
    const { run, network } = this.session;
    this.post({ type: 'network', run, network: withoutNodes(network) });
    this.awaitNodes(network);
    this.sendLater();
  }

  private awaitSkipped(): void {
    const { skipped } = this.session;
    if (skipped === this.skipped.all) return;
    this.skipped = { all: skipped, told: 0 };
    this.sendLater();
  }

  /** Slopes that are met change nothing of the nodes. */
  private awaitNodes(network: NetworkReport | null): void {
    if (network === null || network.coverage === this.nodes) return;
    this.nodes = network.coverage;
    this.waitingNodes = [...network.coverage];
  }
}

function withoutNodes(network: NetworkReport | null): PanelNetwork | null {
  if (network === null) return null;
  const { coverage, ...rest } = network;
  return { ...rest, nodes: coverage.length };
}
