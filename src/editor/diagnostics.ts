/** Budgets in the Problems view: a warning on the model's file for every layer that exceeds its own. */
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { overBudget } from '../report/budget';
import { formatInterval, formatPowerOfTen } from '../report/numbers';
import { displayName } from '../report/text';
import { totals } from '../report/totals';
import type { Result, Results } from './analysis/results';
import { Owner } from './disposable';
import { SECTION } from './ids';
import { numerals } from './language';
import { readSetting } from './settings';

/** More of one file are no help to anybody. */
const MOST_OF_ONE_MODEL = 500;

export class BudgetDiagnostics extends Owner {
  private readonly collection = this.register(vscode.languages.createDiagnosticCollection('lipschitz-lens'));
  private updates = 0;

  constructor(private readonly results: Results) {
    super();
    this.register(results.onChange(() => void this.update()));
    this.register(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`${SECTION}.budget`)) void this.update();
      }),
    );
    void this.update();
  }

  private async update(): Promise<void> {
    const update = ++this.updates;
    const known = anyBudget() ? await this.results.all() : [];
    // A later update has seen more.
    if (update !== this.updates || this.isDisposed) return;
    this.collection.clear();
    this.collection.set(
      known
        .filter(({ report }) => existsSync(report.model.path))
        .map((result) => {
          const uri = vscode.Uri.file(result.report.model.path);
          return [uri, diagnosticsOf(result, uri)];
        }),
    );
  }

  override dispose(): void {
    this.updates++;
    super.dispose();
  }
}

/** Budgets may differ from folder to folder; reading results is only worth it where there is one somewhere. */
function anyBudget(): boolean {
  const scopes = [undefined, ...(vscode.workspace.workspaceFolders ?? [])];
  return scopes.some(
    (scope) => readSetting('budget.layer', scope) !== null || readSetting('budget.network', scope) !== null,
  );
}

function diagnosticsOf({ report, stale }: Result, uri: vscode.Uri): vscode.Diagnostic[] {
  const layerBudget = readSetting('budget.layer', uri);
  const networkBudget = readSetting('budget.network', uri);
  const messages: string[] = [];
  if (networkBudget !== null) {
    const { productLog10 } = totals(report);
    if (productLog10 > Math.log10(networkBudget)) {
      messages.push(
        vscode.l10n.t(
          'The product of the upper bounds is {0}, above the budget of {1} for the network.',
          numerals(formatPowerOfTen(productLog10)),
          numerals(String(networkBudget)),
        ),
      );
    }
  }
  const over = layerBudget === null ? [] : overBudget(report, layerBudget).slice(0, MOST_OF_ONE_MODEL);
  for (const { layer, certainly } of over) {
    const text = certainly
      ? vscode.l10n.t('Layer {0} exceeds the budget of {1}: its Lipschitz constant is {2}.')
      : vscode.l10n.t('Layer {0} may exceed the budget of {1}: its Lipschitz constant is {2}.');
    const values = [
      displayName(layer.name),
      numerals(String(layerBudget)),
      numerals(formatInterval(layer.lipschitz)),
    ];
    messages.push(text.replace(/\{(\d)\}/g, (_, place: string) => values[Number(place)]));
  }
  return messages.slice(0, MOST_OF_ONE_MODEL).map((message) => {
    const text = stale ? vscode.l10n.t('{0} (The file has changed since.)', message) : message;
    const diagnostic = new vscode.Diagnostic(
      new vscode.Range(0, 0, 0, 0),
      text,
      vscode.DiagnosticSeverity.Warning,
    );
    diagnostic.source = 'Lipschitz Lens';
    return diagnostic;
  });
}
