/** The extension as these tests see it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as vscode from 'vscode';
import type { ModelSession } from '../../src/editor/analysis/session';
import type { LipschitzLensApi } from '../../src/editor/editor';
import { COMMANDS } from '../../src/editor/ids';
import type { Report } from '../../src/report/report';

export async function activate(): Promise<LipschitzLensApi> {
  const extension = vscode.extensions.getExtension<LipschitzLensApi>('lipschitz-lens.lipschitz-lens');
  assert.ok(extension);
  return extension.activate();
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

export async function sessionOf(uri: vscode.Uri): Promise<ModelSession> {
  const { sessions } = await activate();
  const session = sessions.find(uri.fsPath);
  assert.ok(session);
  return session;
}

export async function closeAll(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Waits for `condition`, asked again and again: events of other processes come when they come. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `not within a minute: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Process numbers of the extension host's workers. */
export function workers(): number[] {
  const processes = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return processes
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && Number(match[2]) === process.pid && /worker\.js/.test(match[3]))
    .map((match) => Number(match![1]));
}
