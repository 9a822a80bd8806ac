/** Every command of the extension. */
import * as vscode from 'vscode';
import type { ComparisonReport } from '../../report/comparison/comparison';
import type { Report, Settings } from '../../report/report';
import { isAdapterInWorker } from '../../worker/client';
import type { SeriesReport } from '../../report/series/series';
import type { ResultCache } from '../analysis/result-cache';
import type { RunSession } from '../analysis/run-session';
import { ModelSession } from '../analysis/session';
import type { Sessions } from '../analysis/sessions';
import { COMMANDS, SECTION } from '../ids';
import type { Command, OpenLayerArgument } from '../ids';
import { activeModel } from '../model-files';
import type { Panels } from '../panel/panels';
import type { RowContext } from '../protocol/row-context';
import { analysisSettings, SettingError } from '../settings';
import { chooseBase } from './choose-base';
import { checkpointsOf, chooseModels, chooseModelsToCompare } from './choose-models';
import { showDevices } from './devices';
import { copyAsMarkdown, exportReport } from './export';
import type { AnyReport, ExportArgument } from './export';
import { askOptions } from './options';

export interface CommandContext {
  readonly sessions: Sessions;
  readonly panels: Panels;
  readonly cache: ResultCache;
  readonly workerPath: string;
  readonly log: vscode.LogOutputChannel;
}

/** What each command is given and what it answers. */
interface CommandTypes {
  [COMMANDS.analyze]: (uri?: unknown, selection?: unknown) => Promise<readonly (Report | null)[]>;
  [COMMANDS.analyzeWithOptions]: (uri?: unknown, selection?: unknown) => Promise<void>;
  [COMMANDS.findSlopes]: () => Promise<Report | null>;
  [COMMANDS.compare]: (uri?: unknown, selection?: unknown) => Promise<ComparisonReport | SeriesReport | null>;
  [COMMANDS.compareCheckpoints]: (folder?: unknown) => Promise<ComparisonReport | SeriesReport | null>;
  [COMMANDS.cancel]: () => void;
  [COMMANDS.export]: (argument?: ExportArgument) => Promise<void>;
  [COMMANDS.copyAsMarkdown]: () => Promise<void>;
  [COMMANDS.showLog]: () => void;
  [COMMANDS.clearCache]: () => Promise<void>;
  [COMMANDS.showDevices]: () => Promise<void>;
  [COMMANDS.openLayer]: (argument: OpenLayerArgument) => Promise<void>;
  [COMMANDS.copyValue]: (row: RowContext) => Thenable<void>;
  [COMMANDS.copyRow]: (row: RowContext) => Thenable<void>;
  [COMMANDS.revealWeight]: (row: RowContext) => void;
}

export function registerCommands(context: CommandContext): vscode.Disposable {
  const { sessions, panels, cache, workerPath, log } = context;

  const reportToShow = (): AnyReport | null => {
    const report = panels.active?.session.report() ?? null;
    if (report === null) {
      void vscode.window.showInformationMessage(vscode.l10n.t('No result is open. Analyze a model first.'));
    }
    return report;
  };

  const commands: { readonly [C in Command]: CommandTypes[C] } = {
    [COMMANDS.analyze]: async (uri, selection) => {
      // A panel in front has its own button for this: another model is meant.
      const models = await chooseModels(uri, selection, activeModel());
      return Promise.all(models.map((model) => analyzeModel(context, model)));
    },
    [COMMANDS.analyzeWithOptions]: async (uri, selection) => {
      const front = panels.front?.session;
      const active = front instanceof ModelSession ? vscode.Uri.file(front.path) : activeModel();
      const models = await chooseModels(uri, selection, active);
      if (models.length === 0) return;
      const defaults = settingsOrMessage(models[0]);
      const settings = defaults && (await askOptions(defaults));
      if (settings === null) return;
      const adapters = await findAdapters(models, workerPath);
      const current = sessions.find(models[0].fsPath)?.base ?? null;
      const base = adapters.length === 0 ? null : await chooseBase(adapters, current);
      if (base === undefined) return;
      await Promise.all(
        models.map((model) => analyzeModel(context, model, settings, adapters.includes(model) ? base : null)),
      );
    },
    [COMMANDS.findSlopes]: async () => {
      const report = reportToShow();
      const session = panels.active?.session;
      if (report === null || !(session instanceof ModelSession)) return null;
      await findSlopes(session);
      return session.report();
    },
    [COMMANDS.compare]: async (uri, selection) =>
      compareModels(context, await chooseModelsToCompare(uri, selection)),
    [COMMANDS.compareCheckpoints]: async (folder) => compareModels(context, await checkpointsOf(folder)),
    [COMMANDS.cancel]: () => {
      const { busy } = sessions;
      const front = panels.front?.session;
      // The one in front of the user; from elsewhere, all.
      const meant = front?.isBusy ? [front] : busy;
      for (const session of meant) session.cancel();
    },
    [COMMANDS.export]: async (argument) => {
      const report = reportToShow();
      if (report !== null) await exportReport(report, isExport(argument) ? argument : undefined);
    },
    [COMMANDS.copyAsMarkdown]: async () => {
      const report = reportToShow();
      if (report !== null) await copyAsMarkdown(report);
    },
    [COMMANDS.showLog]: () => log.show(),
    [COMMANDS.clearCache]: async () => {
      try {
        await cache.clear();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        void vscode.window.showErrorMessage(
          vscode.l10n.t('The kept results cannot all be deleted: {0}', reason),
        );
        return;
      }
      void vscode.window.showInformationMessage(vscode.l10n.t('All kept results were deleted.'));
    },
    [COMMANDS.showDevices]: () => showDevices(workerPath),
    [COMMANDS.openLayer]: async ({ path, layer }) => {
      const panel = panels.show(vscode.Uri.file(path));
      const { session } = panel;
      if (layer !== null) panel.reveal(layer, false);
      if (session.state.kind === 'empty') await session.restoreLatest();
    },
    [COMMANDS.copyValue]: ({ value }) => vscode.env.clipboard.writeText(value),
    [COMMANDS.copyRow]: ({ text }) => vscode.env.clipboard.writeText(text),
    [COMMANDS.revealWeight]: ({ layer }) => panels.active?.reveal(layer, true),
  };

  return vscode.Disposable.from(
    ...(Object.keys(commands) as Command[]).map((id) => vscode.commands.registerCommand(id, commands[id])),
  );
}

/**
 * Opens the panel of a model and analyses it, unless a result with these settings is there already. Resolves when the
 * analysis has ended, or waits for an answer, with what there is then.
 */
async function analyzeModel(
  { panels }: CommandContext,
  uri: vscode.Uri,
  chosen?: Settings,
  base: string | null = null,
): Promise<Report | null> {
  const settings = chosen ?? settingsOrMessage(uri);
  if (settings === null) return null;
  const { session } = panels.show(uri);
  await startAnalysis(session, settings, base);
  return session.report();
}

/** Likewise of two models, or of more as a series; null where there are fewer, and where there is no report. */
async function compareModels(
  { panels }: CommandContext,
  uris: readonly vscode.Uri[],
): Promise<ComparisonReport | SeriesReport | null> {
  const settings = uris.length < 2 ? null : settingsOrMessage(uris[0]);
  if (settings === null) return null;
  const { session } = panels.compare(uris);
  if (!(await isDone(session, settings))) await session.runWith(settings);
  return session.report();
}

/** Whether it has run with these settings, and the files are the same: it waits for a run with them. */
async function isDone(session: RunSession<unknown>, settings: Settings): Promise<boolean> {
  if (JSON.stringify(session.settings) !== JSON.stringify(settings)) return false;
  if (session.isBusy) {
    await session.ended();
    return true;
  }
  await session.checkFiles();
  return session.state.kind === 'finished' && !session.stale;
}

/** Analyses the session's model with these settings, unless that is what it does, or what it or the cache has. */
export async function startAnalysis(
  session: ModelSession,
  settings: Settings,
  base: string | null = null,
): Promise<void> {
  if (session.base === base && (await isDone(session, settings))) return;
  if (!(await session.restore(settings, base))) await session.analyze(settings, base);
}

/** A model runs as its author wants: only where the user trusts the workspace. */
export async function findSlopes(session: ModelSession): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showInformationMessage(vscode.l10n.t('In an untrusted workspace no model is run.'));
  } else if ((session.network?.bounds.length ?? 0) === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('There are no bounds of the network that slopes could be compared with.'),
    );
  } else {
    await session.findSlopes();
  }
}

/** Those of several models that are adapters; ONNX files never are. */
async function findAdapters(
  models: readonly vscode.Uri[],
  workerPath: string,
): Promise<readonly vscode.Uri[]> {
  const are = await Promise.all(
    models.map(
      async ({ fsPath }) => !/\.onnx$/i.test(fsPath) && (await isAdapterInWorker(fsPath, { workerPath })),
    ),
  );
  return models.filter((_, index) => are[index]);
}

/** The user's settings for a file, or null with a message that says which of them is wrong. */
export function settingsOrMessage(uri: vscode.Uri): Settings | null {
  try {
    return analysisSettings(uri);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const open = vscode.l10n.t('Open Settings');
    void vscode.window
      .showErrorMessage(error.message, open)
      .then(
        (chosen) =>
          chosen === open && vscode.commands.executeCommand('workbench.action.openSettings', `${SECTION}.`),
      );
    return null;
  }
}

/** The editor's title menu hands over a URI instead. */
function isExport(argument: unknown): argument is ExportArgument {
  return typeof argument === 'object' && argument !== null && 'format' in argument && 'target' in argument;
}
