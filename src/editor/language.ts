/** What this window of VS Code knows of the user's language. */
import * as vscode from 'vscode';
import { numeralsOf } from '../report/decimal-sign';
import { translatorOf } from './protocol/translation';

/** Sentences of the core, which are English wherever they come from. */
export const translate = translatorOf(vscode.l10n.bundle);

/** Numbers as the core writes them, with the language's decimal sign. */
export const numerals = numeralsOf(vscode.env.language);
