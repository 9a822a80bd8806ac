/** The extension as these tests see it, which run in the same process. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import * as vscode from 'vscode';
import type { ModelSession } from '../../src/editor/analysis/session';
import type { LipschitzLensApi } from '../../src/editor/editor';
import { COMMANDS, SECTION, type SettingName } from '../../src/editor/ids';
import type { Report } from '../../src/report/report';
import { isRunning } from '../vscode/processes';

export function extension(): vscode.Extension<LipschitzLensApi> {
  const found = vscode.extensions.getExtension<LipschitzLensApi>('lipschitz-lens.lipschitz-lens');
  assert.ok(found);
  return found;
}

export async function activate(): Promise<LipschitzLensApi> {
  return extension().activate();
}

/** A file of the workspace's first folder. */
export function sample(name: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  return vscode.Uri.joinPath(folder.uri, name);
}

export async function analyze(uri: vscode.Uri): Promise<Report> {
  const [report] = await vscode.commands.executeCommand<(Report | null)[]>(COMMANDS.analyze, uri);
  assert.ok(report);
  return report;
}

/** Begins an analysis, and waits for its first row; resolves with what resolves when it has ended. */
export async function begin(uri: vscode.Uri): Promise<{ session: ModelSession; end: Thenable<unknown> }> {
  const { sessions } = await activate();
  const end = vscode.commands.executeCommand(COMMANDS.analyze, uri);
  await until(() => (sessions.find(uri.fsPath)?.rows.length ?? 0) > 0, 'the first row');
  return { session: await sessionOf(uri), end };
}

export async function sessionOf(uri: vscode.Uri): Promise<ModelSession> {
  const { sessions } = await activate();
  const session = sessions.find(uri.fsPath);
  assert.ok(session);
  return session;
}

export async function closeAll(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Runs `body` with these settings of the user's, valid or not. */
export async function withSettings(
  settings: Partial<Record<SettingName, unknown>>,
  body: () => Promise<void>,
): Promise<void> {
  await change(settings);
  try {
    await body();
  } finally {
    await change(Object.fromEntries(Object.keys(settings).map((name) => [name, undefined])));
  }
}

async function change(settings: Partial<Record<SettingName, unknown>>): Promise<void> {
  const section = vscode.workspace.getConfiguration(SECTION);
  for (const name of Object.keys(settings) as SettingName[]) {
    await section.update(name, settings[name], vscode.ConfigurationTarget.Global);
  }
}

/** Waits for `condition`, asked again and again: events of other processes come when they come. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  seconds = 60,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Answers each question that VS Code asks in the field at the top of its window, until `end` resolves: moves the
 * selection as often as `moves` says, and accepts. Where nothing is asked yet, or not any more, that does nothing.
 */
export async function answering<T>(moves: readonly ('next' | 'previous')[], end: Thenable<T>): Promise<T> {
  let ended = false;
  const result = Promise.resolve(end).finally(() => (ended = true));
  const names = {
    next: 'workbench.action.quickOpenSelectNext',
    previous: 'workbench.action.quickOpenSelectPrevious',
  };
  const commands = [...moves.map((move) => names[move]), 'workbench.action.acceptSelectedQuickOpenItem'];
  const answer = async () => {
    // Sent at once: the question cannot come up between them.
    await Promise.all(commands.map((command) => vscode.commands.executeCommand(command)));
    return ended;
  };
  await Promise.race([result, until(answer, 'the end of the questions')]);
  return result;
}

/** Every process that this one has started since this module was loaded. */
const children: ChildProcess[] = [];
subscribe('child_process', (message) => children.push((message as { process: ChildProcess }).process));

/** Process numbers of all of the extension's workers so far. */
export function startedWorkers(): number[] {
  return children
    .filter(({ spawnargs }) => spawnargs?.some((argument) => argument.endsWith('worker.js')))
    .flatMap(({ pid }) => pid ?? []);
}

/** Processes that an analysis of an ONNX file starts: for its layers, and for the network of them. */
export const WORKERS_OF_ONNX = 2;

/** Process numbers of those that there are now. */
export function workers(): number[] {
  return startedWorkers().filter(isRunning);
}

/** Cancelling an analysis, or closing its panel, ends its process within a second. */
export async function untilNoWorker(): Promise<void> {
  await until(() => workers().length === 0, 'the end of every worker', 1);
}
