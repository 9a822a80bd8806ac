/** The model that an adapter was made for: its user is asked, the file does not tell where it is. */
import * as vscode from 'vscode';
import { findModels } from '../model-files';
import { modelItems } from './choose-models';

/**
 * Path of the base model; null where the user wants none, undefined where they gave up.
 * @param adapters not offered
 * @param current path of the one that was chosen before
 */
export async function chooseBase(
  adapters: readonly vscode.Uri[],
  current: string | null,
): Promise<string | null | undefined> {
  const title = vscode.l10n.t('Analyze Lipschitz: Base Model of the Adapter');
  const paths = new Set(adapters.map(({ fsPath }) => fsPath));
  const found = (await findModels()).filter(({ fsPath }) => !paths.has(fsPath));
  const others = current === null || found.some(({ fsPath }) => fsPath === current) ? [] : [current];
  const none = {
    label: vscode.l10n.t('None'),
    description: vscode.l10n.t('the updates alone'),
    base: null,
  };
  const items: (vscode.QuickPickItem & { readonly base?: string | null })[] = [
    none,
    ...modelItems([...others.map((path) => vscode.Uri.file(path)), ...found]).map((item) => ({
      ...item,
      base: item.uri.fsPath,
    })),
    {
      label: vscode.l10n.t('Browse...'),
      iconPath: new vscode.ThemeIcon('folder-opened'),
      alwaysShow: true,
    },
  ];
  const picked = await vscode.window.showQuickPick(
    // The first is the one that Enter takes.
    items.toSorted((a, b) => Number(b.base === current) - Number(a.base === current)),
    {
      title,
      placeHolder: vscode.l10n.t(
        'The model that the adapter was made for, to compare each update with its weight',
      ),
      matchOnDescription: true,
      ignoreFocusOut: true,
    },
  );
  if (picked === undefined || picked.base !== undefined) return picked?.base;
  const [browsed] =
    (await vscode.window.showOpenDialog({
      filters: { [vscode.l10n.t('Models')]: ['onnx', 'safetensors', 'json'] },
      title,
    })) ?? [];
  return browsed?.fsPath;
}
