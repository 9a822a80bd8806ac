/** The documents that are annotated: their kinds, the files behind them, their Python classes. */
import { dirname, isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import type { Language } from './literals';
import { findClasses } from './python-class';
import type { PythonClass } from './python-class';

const LANGUAGES: Readonly<Record<string, Language>> = {
  python: 'python',
  json: 'json',
  jsonc: 'json',
  yaml: 'yaml',
  toml: 'toml',
  markdown: 'markdown',
};

const SCHEMES = ['file', 'untitled', 'vscode-notebook-cell'];

/** By their languages; VS Code itself has none for TOML. */
export const ANNOTATED: vscode.DocumentSelector = [
  ...SCHEMES.flatMap((scheme) => Object.keys(LANGUAGES).map((language) => ({ scheme, language }))),
  { scheme: 'file', pattern: '**/*.toml' },
];

/** How names are written in it. */
export function languageOf({ languageId }: vscode.TextDocument): Language {
  return LANGUAGES[languageId] ?? 'toml';
}

/** The file that a document or a notebook's cell is in; null where it is on no disk yet. */
export function fileOf({ uri }: vscode.TextDocument): vscode.Uri | null {
  return uri.scheme === 'untitled' || !isAbsolute(uri.fsPath) ? null : vscode.Uri.file(uri.fsPath);
}

export function folderOf(document: vscode.TextDocument): string | null {
  const file = fileOf(document);
  return file === null ? null : dirname(file.fsPath);
}

/** The classes of Python documents, found once for each version of one. */
export class DocumentClasses {
  private readonly known = new WeakMap<
    vscode.TextDocument,
    { readonly version: number; readonly classes: readonly PythonClass[] }
  >();

  of(document: vscode.TextDocument): readonly PythonClass[] {
    const known = this.known.get(document);
    if (known?.version === document.version) return known.classes;
    const classes = findClasses(document.getText().split(/\r\n|\r|\n/));
    this.known.set(document, { version: document.version, classes });
    return classes;
  }
}
