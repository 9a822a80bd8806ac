import * as vscode from 'vscode';
import { displayName } from '../report/text';
import type { RunSession } from './analysis/run-session';
import type { Sessions } from './analysis/sessions';
import { Owner } from './disposable';
import { COMMANDS, SECTION } from './ids';
import type { OpenLayerArgument } from './ids';
import { nameOfModels } from './names';
import { plainLabel } from './plain-label';

/** Says what runs, and how far it is, while something does. A click shows its panel. */
export class StatusBar extends Owner {
  private readonly item = this.register(
    vscode.window.createStatusBarItem(`${SECTION}.status`, vscode.StatusBarAlignment.Left),
  );

  constructor(private readonly sessions: Sessions) {
    super();
    this.item.name = 'Lipschitz Lens';
    this.register(sessions.onChange(() => this.update()));
  }

  private update(): void {
    const { busy } = this.sessions;
    const session = busy.find(({ state }) => state.kind !== 'queued') ?? busy[0];
    if (!session) return this.item.hide();
    this.item.text = `$(sync~spin) ${textOf(session)}`;
    this.item.tooltip = tooltipOf(session, busy.length - 1);
    this.item.command = commandFor(session.paths);
    this.item.show();
  }
}

function commandFor(paths: readonly string[]): vscode.Command {
  const title = vscode.l10n.t('Show the panel');
  if (paths.length > 1) {
    const uris = paths.map((path) => vscode.Uri.file(path));
    return { command: COMMANDS.compare, title, arguments: [uris[0], uris] };
  }
  const argument: OpenLayerArgument = { path: paths[0], layer: null };
  return { command: COMMANDS.openLayer, title, arguments: [argument] };
}

function textOf({ paths, state }: RunSession<unknown>): string {
  const name = plainLabel(nameOfModels(paths));
  if (state.kind !== 'running') return vscode.l10n.t('Lipschitz: {0}', name);
  const { finished, of } = state.progress;
  return vscode.l10n.t('Lipschitz: {0} {1}/{2}', name, finished, of);
}

function tooltipOf({ paths, state }: RunSession<unknown>, others: number): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString('', true);
  tooltip.isTrusted = { enabledCommands: [COMMANDS.cancel] };
  const layer = state.kind === 'running' ? state.progress.layer : '';
  const lines = [
    ...paths.map(displayName),
    ...(layer === '' ? [] : [displayName(layer)]),
    ...(others > 0 ? [vscode.l10n.t('{0} more waiting', others)] : []),
  ];
  lines.forEach((line, index) => {
    if (index > 0) tooltip.appendMarkdown('\n\n');
    tooltip.appendText(line);
  });
  tooltip.appendMarkdown(`\n\n[${vscode.l10n.t('Cancel')}](command:${COMMANDS.cancel})`);
  return tooltip;
}
