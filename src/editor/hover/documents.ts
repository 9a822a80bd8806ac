/** The documents that are annotated: their kinds, the files behind them, what is found in them. */
import { dirname, isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { findFences } from './fences';
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

/** The file that a document or a notebook's cell is in; null where it is on no disk yet. */
export function fileOf({ uri }: vscode.TextDocument): vscode.Uri | null {
  return uri.scheme === 'untitled' || !isAbsolute(uri.fsPath) ? null : vscode.Uri.file(uri.fsPath);
}

export function folderOf(document: vscode.TextDocument): string | null {
  const file = fileOf(document);
  return file === null ? null : dirname(file.fsPath);
}

/** What is found in whole documents. */
export class DocumentContents {
  private readonly classes = new OncePerVersion(findClasses);
  private readonly fences = new OncePerVersion(findFences);

  classesIn(document: vscode.TextDocument): readonly PythonClass[] {
    return this.classes.of(document);
  }

  /** How names are written in a line. */
  languageAt(document: vscode.TextDocument, line: number): Language {
    const language = LANGUAGES[document.languageId] ?? 'toml';
    return language === 'markdown' ? (this.fences.of(document).get(line) ?? language) : language;
  }
}

class OncePerVersion<T> {
  private readonly known = new WeakMap<
    vscode.TextDocument,
    { readonly version: number; readonly found: T }
  >();

  constructor(private readonly find: (lines: readonly string[]) => T) {}

  of(document: vscode.TextDocument): T {
    const known = this.known.get(document);
    if (known?.version === document.version) return known.found;
    const found = this.find(document.getText().split(/\r\n|\r|\n/));
    this.known.set(document, { version: document.version, found });
    return found;
  }
}
