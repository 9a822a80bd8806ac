/** Hovers and inlay hints on the names of models and layers in code, configurations, documents and notebooks. */
import * as vscode from 'vscode';
import type { Results } from '../analysis/results';
import { ANNOTATED, DocumentContents } from './documents';
import { LayerHints } from './inlay-hints';
import { KnownModels } from './known-models';
import { NameHovers } from './name-hovers';

/** They show what is known: no analysis is started, no model is read. */
export function registerAnnotations(results: Results, log: vscode.LogOutputChannel): vscode.Disposable {
  const models = new KnownModels(results);
  const contents = new DocumentContents();
  const hints = new LayerHints(results, models, contents, log);
  const hovers = new NameHovers(results, models, contents, log);
  return vscode.Disposable.from(
    models,
    hints,
    vscode.languages.registerHoverProvider(ANNOTATED, hovers),
    vscode.languages.registerInlayHintsProvider(ANNOTATED, hints),
  );
}
