/** Inlay hints behind the names of layers. */
import * as vscode from 'vscode';
import type { Results } from '../analysis/results';
import { Owner } from '../disposable';
import { SECTION } from '../ids';
import { readSetting } from '../settings';
import { describeLayers, layerHint } from './content';
import { fileOf } from './documents';
import type { DocumentContents } from './documents';
import { Freshness, isIndexFile, layersNamed, layersOfAttribute } from './known-models';
import type { KnownLayer, KnownModels } from './known-models';
import { literalsIn } from './literals';
import { assignmentIn, classAt } from './python-class';
import { currentReader, markdownString } from './reader';
import { Slices } from '../slices';

/** Lines of one request: the editor asks for little more than it shows. */
const MOST_LINES = 2_000;
/** Hints of one request. */
const MOST_HINTS = 1_000;
/** Candidates that may agree in one hint: more of them never do. */
const MOST_COMPARED = 8;

interface Place {
  readonly position: vscode.Position;
  readonly layers: readonly KnownLayer[];
}

export class LayerHints extends Owner implements vscode.InlayHintsProvider {
  private readonly changes = this.register(new vscode.EventEmitter<void>());
  readonly onDidChangeInlayHints = this.changes.event;

  constructor(
    results: Results,
    private readonly models: KnownModels,
    private readonly contents: DocumentContents,
    private readonly log: vscode.LogOutputChannel,
  ) {
    super();
    this.register(results.onChange(() => this.changes.fire()));
    this.register(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`${SECTION}.inlayHints`)) this.changes.fire();
      }),
    );
  }

  async provideInlayHints(
    document: vscode.TextDocument,
    range: vscode.Range,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlayHint[]> {
    try {
      if (!readSetting('inlayHints.enabled', fileOf(document) ?? undefined)) return [];
      const places = await this.placesIn(document, range, token);
      const freshness = new Freshness();
      const hints = await Promise.all(places.map((place) => hintAt(place, freshness)));
      return hints.filter((hint) => hint !== null);
    } catch (error) {
      this.log.error(`Inlay hints failed: ${String(error)}`);
      return [];
    }
  }

  private async placesIn(
    document: vscode.TextDocument,
    range: vscode.Range,
    token: vscode.CancellationToken,
  ): Promise<Place[]> {
    const models = await this.models.all();
    const file = fileOf(document)?.fsPath ?? '';
    const index = isIndexFile(file) ? file : null;
    const version = document.version;
    const end = Math.min(range.end.line + 1, document.lineCount, range.start.line + MOST_LINES);
    const places: Place[] = [];
    const slices = new Slices();
    for (let line = range.start.line; line < end && places.length < MOST_HINTS; line++) {
      const { text } = document.lineAt(line);
      const language = this.contents.languageAt(document, line);
      const add = (character: number, layers: readonly KnownLayer[]) => {
        const position = new vscode.Position(line, character);
        if (layers.length === 0 || layers.length > MOST_COMPARED || !range.contains(position)) return;
        places.push({ position, layers });
      };
      for (const literal of literalsIn(text, language)) {
        add(literal.end, layersNamed(models, literal.text, index));
      }
      const assigned = language === 'python' ? assignmentIn(text) : null;
      if (assigned) {
        const within = classAt(this.contents.classesIn(document), line);
        add(assigned.end, layersOfAttribute(models, assigned.path, within));
      }
      if (!slices.isOver) continue;
      await slices.next();
      // What was found is of a text that is gone; the editor asks again.
      if (token.isCancellationRequested || document.version !== version) return [];
    }
    return places;
  }
}

async function hintAt({ position, layers }: Place, freshness: Freshness): Promise<vscode.InlayHint | null> {
  const reader = currentReader();
  const known = await freshness.of(layers);
  const text = layerHint(known, reader);
  if (text === null) return null;
  const hint = new vscode.InlayHint(position, text);
  hint.paddingLeft = true;
  hint.tooltip = markdownString(describeLayers(known, reader));
  return hint;
}
