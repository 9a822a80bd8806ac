/** Which models a command is about. */
import * as vscode from 'vscode';
import { activeModel, findModels, isModelFile } from '../model-files';
import { plainLabel } from '../plain-label';

/**
 * Those of the explorer's selection; else the one of the active tab; else one that the user chooses. Empty where the
 * user gave up.
 */
export async function chooseModels(uri: unknown, selection: unknown): Promise<readonly vscode.Uri[]> {
  const selected = Array.isArray(selection) ? selection.filter((one) => one instanceof vscode.Uri) : [];
  const given = uri instanceof vscode.Uri ? uri : uriOf(uri);
  // A right click outside of the selection is about what it hits alone.
  if (given !== null && !selected.some((one) => one.toString() === given.toString())) return local([given]);
  if (selected.length > 0) return local(await models(selected));
  const active = activeModel();
  return active ? [active] : pickModels();
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

async function pickModels(): Promise<readonly vscode.Uri[]> {
  const found = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Looking for models') },
    () => findModels(),
  );
  const browse = vscode.l10n.t('Browse...');
  const items: (vscode.QuickPickItem & { uri?: vscode.Uri })[] = [
    ...modelItems(found),
    { label: browse, iconPath: new vscode.ThemeIcon('folder-opened'), alwaysShow: true },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Analyze Lipschitz'),
    placeHolder:
      found.length === 0
        ? vscode.l10n.t('There is no .onnx or .safetensors file in the workspace')
        : vscode.l10n.t('Choose a model'),
    matchOnDescription: true,
  });
  if (!picked) return [];
  if (picked.uri) return [picked.uri];
  return (
    (await vscode.window.showOpenDialog({
      canSelectMany: true,
      filters: { [vscode.l10n.t('Models')]: ['onnx', 'safetensors', 'json'] },
      title: vscode.l10n.t('Analyze Lipschitz'),
    })) ?? []
  );
}
