/** Markdown as this window of VS Code shows it. */
import * as vscode from 'vscode';
import { COMMANDS } from '../ids';
import { numerals, translate } from '../language';
import type { Reader } from './content';
import type { Markdown } from './markdown';
import { TEXTS } from './texts';

export function currentReader(): Reader {
  return {
    texts: TEXTS,
    translate,
    numerals,
    locale: vscode.env.language,
    now: Date.now(),
    analyzeArgument: (path) => vscode.Uri.file(path),
  };
}

/** Its links may run two commands, and nothing else. */
export function markdownString(markdown: Markdown): vscode.MarkdownString {
  const shown = new vscode.MarkdownString(markdown);
  shown.isTrusted = { enabledCommands: [COMMANDS.analyze, COMMANDS.openLayer] };
  return shown;
}
