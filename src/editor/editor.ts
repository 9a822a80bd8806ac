/** Builds the parts of the extension and hands them to each other. */
import * as vscode from 'vscode';
import { ResultCache } from './analysis/result-cache';
import type { Results } from './analysis/results';
import type { RunSession } from './analysis/run-session';
import { Sessions } from './analysis/sessions';
import { Turns } from './analysis/turns';
import { findSlopes, registerCommands, settingsOrMessage, startAnalysis } from './commands/commands';
import { exportPlot, exportReport } from './commands/export';
import { BudgetDiagnostics } from './diagnostics';
import { registerAnnotations } from './hover/annotations';
import { SECTION } from './ids';
import type { SettingName } from './ids';
import { ModelFolders } from './model-folders';
import { Panels } from './panel/panels';
import { readSetting } from './settings';
import { StatusBar } from './status-bar';

/** What `activate` gives to other extensions. */
export interface LipschitzLensApi {
  /** What is known of models: results of this window and those that were kept. */
  readonly results: Results;
  /** The models whose panels are open, with what their analyses do. */
  readonly sessions: Pick<Sessions, 'all' | 'every' | 'busy' | 'find' | 'onChange'>;
}

const MEGABYTE = 1_000_000;
/** What `analysisSettings` reads. */
const ANALYSIS_SETTINGS: readonly SettingName[] = [
  'device',
  'method',
  'iterations',
  'tolerance',
  'inputSize',
  'padding',
];

export function startEditor(context: vscode.ExtensionContext): LipschitzLensApi {
  const log = vscode.window.createOutputChannel('Lipschitz Lens', { log: true });
  const { version } = context.extension.packageJSON as { version: string };
  const workerPath = context.asAbsolutePath('dist/worker.js');
  // A window without a folder has no storage of its own.
  const storage = context.storageUri ?? context.globalStorageUri;
  const cache = new ResultCache(
    vscode.Uri.joinPath(storage, 'results').fsPath,
    version,
    () => readSetting('cache.maxSizeMB') * MEGABYTE,
    (message) => log.warn(message),
  );
  const trim = () => {
    cache.trim().catch((error: unknown) => log.error(`The kept results cannot be trimmed: ${String(error)}`));
  };
  const sessions = new Sessions({
    workerPath,
    cache,
    turns: new Turns(),
    confirmAboveSeconds: (path) => readSetting('confirmAboveSeconds', vscode.Uri.file(path)),
    log: (level, message) => log[level](message),
  });
  /** Open models whose settings were changed after they were analysed. */
  const reconfigured = new WeakSet<RunSession<unknown>>();
  const panels = new Panels(context.extensionUri, sessions, {
    log,
    start: (session, uri) => {
      const settings = settingsOrMessage(uri);
      if (settings !== null) void startAnalysis(session, settings);
    },
    run: (session, chosen) => {
      const { settings } = session;
      // Settings that were changed meanwhile count, but for what the panel's own controls say otherwise.
      const base = reconfigured.delete(session)
        ? settingsOrMessage(vscode.Uri.file(session.paths[0]))
        : settings;
      if (base === null) return;
      const device = chosen.device === settings.device ? base.device : chosen.device;
      const tolerance = chosen.tolerance === settings.tolerance ? base.tolerance : chosen.tolerance;
      const asked = { ...base, device: vscode.workspace.isTrusted ? device : 'cpu', tolerance };
      void session.runWith(asked);
    },
    findSlopes: (session) => void findSlopes(session),
    exportReport: (session) => {
      const report = session.report();
      if (report !== null) void exportReport(report);
    },
    exportPlot: (session, name, svg) => void exportPlot(session.paths, name, svg),
  });
  context.subscriptions.push(
    log,
    sessions,
    panels,
    new ModelFolders(),
    new StatusBar(sessions),
    new BudgetDiagnostics(cache),
    registerAnnotations(cache, log),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`${SECTION}.cache`)) trim();
      if (ANALYSIS_SETTINGS.some((name) => change.affectsConfiguration(`${SECTION}.${name}`))) {
        for (const session of sessions.every) reconfigured.add(session);
      }
    }),
    registerCommands({ sessions, panels, cache, workerPath, log }),
  );
  log.info(`Lipschitz Lens ${version} is active`);
  return { results: cache, sessions };
}
