/** Getting results out: files in a place that the user chooses, and the clipboard. */
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { csvPieces } from '../../report/csv';
import { jsonPieces } from '../../report/json';
import { markdownPieces } from '../../report/markdown';
import type { Report } from '../../report/report';
import { joinInSlices } from '../slices';

/** Formats of the command line, by the endings of their files. */
const FORMATS = {
  json: { label: 'JSON', pieces: jsonPieces },
  csv: { label: 'CSV', pieces: csvPieces },
  md: { label: 'Markdown', pieces: markdownPieces },
} as const;

/** What a key binding or another extension may give to the command, to be asked for nothing. */
export interface ExportArgument {
  readonly format: keyof typeof FORMATS;
  readonly target: vscode.Uri;
}

/** Asks for a format and a place, and writes the report there. */
export async function exportReport(report: Report, argument?: ExportArgument): Promise<void> {
  const ending = argument?.format ?? (await askFormat());
  if (ending === undefined) return;
  const { label, pieces } = FORMATS[ending];
  const target = argument?.target ?? (await askTarget(report.model.path, 'report', ending, label));
  if (target === undefined) return;
  await write(target, await joinInSlices(pieces(report)));
}

export async function exportPlot(modelPath: string, name: string, svg: string): Promise<void> {
  const target = await askTarget(modelPath, name, 'svg', 'SVG');
  if (target !== undefined) await write(target, svg);
}

export async function copyAsMarkdown(report: Report): Promise<void> {
  await vscode.env.clipboard.writeText(await joinInSlices(markdownPieces(report)));
  vscode.window.setStatusBarMessage(vscode.l10n.t('The report was copied as Markdown.'), MESSAGE_TIME);
}

/** How long a confirmation stays in the status bar, milliseconds. */
const MESSAGE_TIME = 4000;

async function askFormat(): Promise<keyof typeof FORMATS | undefined> {
  const items = (Object.keys(FORMATS) as (keyof typeof FORMATS)[]).map((ending) => ({
    label: FORMATS[ending].label,
    description: `.${ending}`,
    ending,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Export the report as'),
  });
  return picked?.ending;
}

function askTarget(modelPath: string, what: string, ending: string, label: string) {
  const name = `${basename(modelPath)}.${what}.${ending}`;
  const folder = vscode.workspace.workspaceFolders?.at(0)?.uri ?? vscode.Uri.file(dirname(modelPath));
  return vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, name),
    filters: { [label]: [ending] },
    title: vscode.l10n.t('Export'),
  });
}

/** With an action that opens the file: an export that nobody finds is none. */
async function write(target: vscode.Uri, text: string): Promise<void> {
  try {
    await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(vscode.l10n.t('{0} cannot be written: {1}', target.fsPath, reason));
    return;
  }
  const open = vscode.l10n.t('Open');
  // Not awaited: the notification may stay for as long as the user likes.
  void vscode.window
    .showInformationMessage(vscode.l10n.t('Exported to {0}.', basename(target.fsPath)), open)
    .then((chosen) => chosen === open && vscode.commands.executeCommand('vscode.open', target));
}
