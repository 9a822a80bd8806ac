/** The panel of one model. */
import * as vscode from 'vscode';
import type { LayerReport, NetworkReport, NodeReport } from '../../report/report';
import type { ModelSession } from '../analysis/session';
import { ROWS_PER_MESSAGE } from '../protocol/protocol';
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

  constructor(
    panel: vscode.WebviewPanel,
    session: ModelSession,
    extensionUri: vscode.Uri,
    private readonly modelActions: ModelActions,
  ) {
    super(panel, session, extensionUri, modelActions);
    const network = () => this.sendNetwork();
    const spectrum = (spectrum: LayerSpectrum) => this.sendSpectrum(spectrum);
    session.on('network', network);
    session.spectra.on('change', spectrum);
    this.register({
      dispose: () => {
        session.off('network', network);
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
      skipped,
      budgets: { layer: readSetting('budget.layer', uri), network: readSetting('budget.network', uri) },
    };
  }

  protected override firstHead(): PanelHead {
    return { ...this.head(), skipped: [] };
  }

  /** Of a page that has nothing of it yet: its nodes follow. */
  protected override network(): PanelNetwork | null {
    const { network } = this.session;
    this.nodes = null;
    this.waitingNodes = [];
    this.awaitNodes(network);
    return withoutNodes(network);
  }

  protected override get hasMore(): boolean {
    return this.waitingNodes.length > 0;
  }

  protected override sendMore(): void {
    if (!this.hasMore) return;
    const nodes = this.waitingNodes.splice(0, ROWS_PER_MESSAGE);
    this.post({ type: 'nodes', run: this.session.run, nodes });
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
