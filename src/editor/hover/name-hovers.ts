/** Hovers on the path of a model and on the name of a layer. */
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Result, Results } from '../analysis/results';
import { isModelFile } from '../model-files';
import { readSetting } from '../settings';
import { describeLayers, describeModel, MOST_LAYERS } from './content';
import { fileOf, folderOf } from './documents';
import type { DocumentContents } from './documents';
import { Freshness, isIndexFile, layersNamed, layersOfAttribute, modelOfFolder } from './known-models';
import type { KnownLayer, KnownModels } from './known-models';
import { literalAt } from './literals';
import type { Stretch } from './literals';
import type { Markdown } from './markdown';
import { candidatePaths } from './model-paths';
import { classAt, selfReferenceAt } from './python-class';
import { currentReader, markdownString } from './reader';

export class NameHovers implements vscode.HoverProvider {
  constructor(
    private readonly results: Results,
    private readonly models: KnownModels,
    private readonly contents: DocumentContents,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | null> {
    try {
      if (!readSetting('hover.enabled', fileOf(document) ?? undefined)) return null;
      const found = await this.describe(document, position);
      if (found === null || token.isCancellationRequested) return null;
      const { line } = position;
      const { start, end } = found.at;
      return new vscode.Hover(markdownString(found.markdown), new vscode.Range(line, start, line, end));
    } catch (error) {
      this.log.error(`A hover failed: ${String(error)}`);
      return null;
    }
  }

  private async describe(
    document: vscode.TextDocument,
    { line, character }: vscode.Position,
  ): Promise<{ at: Stretch; markdown: Markdown } | null> {
    const { text } = document.lineAt(line);
    const language = this.contents.languageAt(document, line);
    const literal = literalAt(text, character, language);
    if (literal !== null) {
      const model = await this.modelAt(literal.text, document);
      if (model !== null) {
        return { at: literal, markdown: describeModel(model.path, model.result, currentReader()) };
      }
      const file = fileOf(document)?.fsPath ?? '';
      const index = isIndexFile(file) ? file : null;
      const layers = layersNamed(await this.models.all(), literal.text, index);
      return layers.length > 0 ? { at: literal, markdown: await describe(layers) } : null;
    }
    const reference = language === 'python' ? selfReferenceAt(text, character) : null;
    if (reference === null) return null;
    const within = classAt(this.contents.classesIn(document), line);
    const layers = layersOfAttribute(await this.models.all(), reference.path, within);
    return layers.length > 0 ? { at: reference, markdown: await describe(layers) } : null;
  }

  /** The model, or the folder of a model with a result, that a text is the path of; null where there is none. */
  private async modelAt(
    text: string,
    document: vscode.TextDocument,
  ): Promise<{ path: string; result: Result | null } | null> {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const candidates = candidatePaths(text, {
      documentFolder: folderOf(document),
      workspaceFolders: folders.map(({ uri }) => uri.fsPath),
      home: homedir(),
      path,
    }).map((candidate) => vscode.Uri.file(candidate));
    for (const uri of candidates) {
      const { fsPath } = uri;
      if (isModelFile(uri)) {
        if (await exists(fsPath, 'file')) return { path: fsPath, result: await this.results.find(fsPath) };
      } else {
        const model = modelOfFolder(await this.models.all(), fsPath);
        if (model !== null && (await exists(fsPath, 'folder'))) {
          return { path: fsPath, result: await this.results.find(model) };
        }
      }
    }
    return null;
  }
}

/** With the files as they are now; the layers that are not shown are only counted. */
async function describe(layers: readonly KnownLayer[]): Promise<Markdown> {
  const shown = await new Freshness().of(layers.slice(0, MOST_LAYERS));
  return describeLayers([...shown, ...layers.slice(MOST_LAYERS)], currentReader());
}

async function exists(path: string, kind: 'file' | 'folder'): Promise<boolean> {
  const status = await stat(path).catch(() => null);
  return (kind === 'file' ? status?.isFile() : status?.isDirectory()) ?? false;
}
