/** Which models a command is about. */
import * as vscode from 'vscode';
import { naturalOrder } from '../../report/natural-order';
import { activeModel, findModels, isModelFile, modelsIn } from '../model-files';
import { plainLabel } from '../plain-label';

/**
 * Those of the explorer's selection; else the one of the active tab; else one that the user chooses. Empty where the
 * user gave up.
 * @param active the model of the active tab; null: it shows none
 */
export async function chooseModels(
  uri: unknown,
  selection: unknown,
  active: vscode.Uri | null,
): Promise<readonly vscode.Uri[]> {
  const given = await givenModels(uri, selection);
  if (given.length > 0 || isGiven(uri)) return given;
  return active ? [active] : pickModels(vscode.l10n.t('Analyze Lipschitz'));
}

/**
 * Two or more, in the order of their names with numbers by value: those of the explorer's selection; else those that the
 * user chooses, or the one that is given with those. Empty where there are fewer in the end.
 */
export async function chooseModelsToCompare(
  uri: unknown,
  selection: unknown,
): Promise<readonly vscode.Uri[]> {
  const given = await givenModels(uri, selection);
  if (isGiven(uri) && given.length === 0) return [];
  const chosen = given.length > 1 ? given : await pickModelsToCompare(given.at(0) ?? activeModel());
  return inOrder(chosen);
}

/** The model files of a folder, in that order; empty, with a message, where they are fewer than two. */
export async function checkpointsOf(folder: unknown): Promise<readonly vscode.Uri[]> {
  if (!(folder instanceof vscode.Uri)) return [];
  const models = inOrder(await modelsIn(folder));
  if (models.length > 1) return models;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('{0} does not hold several models.', vscode.workspace.asRelativePath(folder)),
  );
  return [];
}

function inOrder(uris: readonly vscode.Uri[]): vscode.Uri[] {
  return uris.toSorted((a, b) => naturalOrder(a.path, b.path));
}

async function givenModels(uri: unknown, selection: unknown): Promise<readonly vscode.Uri[]> {
  const selected = Array.isArray(selection) ? selection.filter((one) => one instanceof vscode.Uri) : [];
  const given = uri instanceof vscode.Uri ? uri : uriOf(uri);
  // A right click outside of the selection is about what it hits alone.
  if (given !== null && !selected.some((one) => one.toString() === given.toString())) return local([given]);
  return local(await models(selected));
}

function isGiven(uri: unknown): boolean {
  return uri instanceof vscode.Uri || uriOf(uri) !== null;
}

/** Those of several that can be models: files by their names, folders. */
async function models(selected: readonly vscode.Uri[]): Promise<readonly vscode.Uri[]> {
  const isFolder = async (uri: vscode.Uri) => {
    const status = await Promise.resolve(vscode.workspace.fs.stat(uri)).catch(() => null);
    return status !== null && (status.type & vscode.FileType.Directory) !== 0;
  };
  const fitting = await Promise.all(
    selected.map(async (uri) => selected.length === 1 || isModelFile(uri) || (await isFolder(uri))),
  );
  return selected.filter((_, index) => fitting[index]);
}

/** Links of hovers and Markdown hand over the text or the parts of a URI. */
function uriOf(value: unknown): vscode.Uri | null {
  if (typeof value === 'string' && value !== '') return vscode.Uri.parse(value);
  if (typeof value === 'object' && value !== null && 'scheme' in value && 'path' in value) {
    return vscode.Uri.from(value as Parameters<typeof vscode.Uri.from>[0]);
  }
  return null;
}

function local(uris: readonly vscode.Uri[]): readonly vscode.Uri[] {
  const files = uris.filter(({ scheme }) => scheme === 'file');
  const other = uris.find(({ scheme }) => scheme !== 'file');
  if (other) {
    void vscode.window.showErrorMessage(
      vscode.l10n.t('{0} is not a file on a disk: only those are analyzed.', other.toString(true)),
    );
  }
  return files;
}

/** To choose from: their names, and where they are. */
export function modelItems(models: readonly vscode.Uri[]) {
  return models.map((uri) => {
    const path = vscode.workspace.asRelativePath(uri);
    const name = path.slice(path.lastIndexOf('/') + 1);
    return { label: plainLabel(name), description: plainLabel(path.slice(0, -name.length - 1)), uri };
  });
}

type ModelItem = vscode.QuickPickItem & { readonly uri?: vscode.Uri };

async function pickModels(title: string): Promise<readonly vscode.Uri[]> {
  const found = await findModelsWithProgress();
  const picked = await vscode.window.showQuickPick([...modelItems(found), browseItem()], {
    title,
    placeHolder: found.length === 0 ? noModels() : vscode.l10n.t('Choose a model'),
    matchOnDescription: true,
  });
  if (!picked) return [];
  return picked.uri ? [picked.uri] : browse(title);
}

/** @param first the one that is compared with what is chosen; null: none yet */
async function pickModelsToCompare(first: vscode.Uri | null): Promise<readonly vscode.Uri[]> {
  const title = vscode.l10n.t('Compare Lipschitz');
  const found = await findModelsWithProgress();
  const others = found.filter((uri) => uri.toString() !== first?.toString());
  const chosenFirst = modelItems(first ? [first] : []).map((item) => ({ ...item, picked: true }));
  const items: ModelItem[] = [...chosenFirst, ...modelItems(others)];
  const picked = await vscode.window.showQuickPick([...items, browseItem()], {
    title,
    placeHolder:
      items.length === 0
        ? noModels()
        : vscode.l10n.t('Choose two models to compare, or more for a series of checkpoints'),
    matchOnDescription: true,
    canPickMany: true,
  });
  if (!picked) return [];
  const chosen = picked.flatMap(({ uri }) => uri ?? []);
  const all = picked.some(({ uri }) => uri === undefined) ? [...chosen, ...(await browse(title))] : chosen;
  if (all.length > 1) return all;
  void vscode.window.showInformationMessage(vscode.l10n.t('Choose two models or more to compare.'));
  return [];
}

function findModelsWithProgress(): Thenable<vscode.Uri[]> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Looking for models') },
    () => findModels(),
  );
}

function noModels(): string {
  return vscode.l10n.t('There is no .onnx or .safetensors file in the workspace');
}

/** What stands below all models. */
function browseItem(): ModelItem {
  return {
    label: vscode.l10n.t('Browse...'),
    iconPath: new vscode.ThemeIcon('folder-opened'),
    alwaysShow: true,
  };
}

async function browse(title: string): Promise<readonly vscode.Uri[]> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectMany: true,
    filters: { [vscode.l10n.t('Models')]: ['onnx', 'safetensors', 'json'] },
    title,
  });
  return chosen ?? [];
}
