/** Getting results out: files in a place that the user chooses, and the clipboard. */
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { ComparisonReport } from '../../report/comparison/comparison';
import { comparisonCsvPieces } from '../../report/comparison/csv';
import { comparisonMarkdownPieces } from '../../report/comparison/markdown';
import { csvPieces } from '../../report/csv';
import { jsonPieces } from '../../report/json';
import { markdownPieces } from '../../report/markdown';
import type { Report } from '../../report/report';
import { seriesCsvPieces } from '../../report/series/csv';
import { seriesMarkdownPieces } from '../../report/series/markdown';
import type { SeriesReport } from '../../report/series/series';
import { labelsOf } from '../../report/series/summary';
import { joinInSlices } from '../slices';

export type AnyReport = Report | ComparisonReport | SeriesReport;

/** Formats of the command line, by the endings of their files. */
const FORMATS = {
  json: { label: 'JSON', pieces: jsonPieces },
  csv: { label: 'CSV', pieces: anyCsvPieces },
  md: { label: 'Markdown', pieces: anyMarkdownPieces },
} as const;

/** What a key binding or another extension may give to the command, to be asked for nothing. */
export interface ExportArgument {
  readonly format: keyof typeof FORMATS;
  readonly target: vscode.Uri;
}

/** Asks for a format and a place, and writes the report there. */
export async function exportReport(report: AnyReport, argument?: ExportArgument): Promise<void> {
  const ending = argument?.format ?? (await askFormat());
  if (ending === undefined) return;
  const { label, pieces } = FORMATS[ending];
  const target =
    argument?.target ??
    (await askTarget(modelsOf(report), 'kind' in report ? report.kind : 'report', ending, label));
  if (target === undefined) return;
  await write(target, await joinInSlices(pieces(report)));
}

export async function exportPlot(models: readonly string[], name: string, svg: string): Promise<void> {
  const target = await askTarget(models, name, 'svg', 'SVG');
  if (target !== undefined) await write(target, svg);
}

export async function copyAsMarkdown(report: AnyReport): Promise<void> {
  await vscode.env.clipboard.writeText(await joinInSlices(anyMarkdownPieces(report)));
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

function anyCsvPieces(report: AnyReport): Iterable<string> {
  if (!('kind' in report)) return csvPieces(report);
  return report.kind === 'comparison' ? comparisonCsvPieces(report) : seriesCsvPieces(report);
}

function anyMarkdownPieces(report: AnyReport): Iterable<string> {
  if (!('kind' in report)) return markdownPieces(report);
  return report.kind === 'comparison' ? comparisonMarkdownPieces(report) : seriesMarkdownPieces(report);
}

function modelsOf(report: AnyReport): readonly string[] {
  if (!('kind' in report)) return [report.model.path];
  const models =
    report.kind === 'comparison' ? [report.a, report.b] : report.checkpoints.map(({ model }) => model);
  return models.map(({ path }) => path);
}

/** `net.onnx`; of several, what tells the first and the last from each other: `step-1-step-9`. */
function stemOf(models: readonly string[]): string {
  if (models.length === 1) return basename(models[0]);
  const labels = labelsOf(models).map((label) => label.replaceAll('/', '-'));
  return `${labels[0]}-${labels[labels.length - 1]}`;
}

/** @param models paths of the models that it is about */
function askTarget(models: readonly string[], what: string, ending: string, label: string) {
  const name = `${stemOf(models)}.${what}.${ending}`;
  const { workspace } = vscode;
  const own = workspace.getWorkspaceFolder(vscode.Uri.file(models[0])) ?? workspace.workspaceFolders?.at(0);
  const folder = own?.uri ?? vscode.Uri.file(dirname(models[0]));
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
