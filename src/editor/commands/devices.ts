/** The list of devices, each with the result of its check. */
import * as vscode from 'vscode';
import type { DeviceCheck } from '../../report/report';
import { AnalysisFailure, devicesInWorker } from '../../worker/client';
import { SECTION } from '../ids';
import type { SettingName } from '../ids';
import { translate } from '../language';

/** Checks every device in a process of its own and lists them; the one that is chosen becomes the setting. */
export async function showDevices(workerPath: string): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('In an untrusted workspace only the CPU is used, and no other device is tried.'),
    );
    return;
  }
  let checks: readonly DeviceCheck[] | null;
  try {
    checks = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Checking devices'),
        cancellable: true,
      },
      (_, token) => {
        const controller = new AbortController();
        token.onCancellationRequested(() => controller.abort());
        return devicesInWorker({ workerPath, signal: controller.signal });
      },
    );
  } catch (error) {
    if (!(error instanceof AnalysisFailure)) throw error;
    void vscode.window.showErrorMessage(translate(error.message));
    return;
  }
  if (checks === null) return;
  const picked = await vscode.window.showQuickPick(checks.map(itemOf), {
    title: vscode.l10n.t('Devices'),
    placeHolder: vscode.l10n.t('Choose one to use it from now on'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked && !picked.usable) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('{0} cannot be used here: {1}.', picked.label, picked.detail),
    );
  } else if (picked) {
    const name: SettingName = 'device';
    await vscode.workspace
      .getConfiguration(SECTION)
      .update(name, picked.label, vscode.ConfigurationTarget.Global);
  }
}

function itemOf({ provider, available, passed, description }: DeviceCheck) {
  const [icon, verdict] = passed
    ? ['check', vscode.l10n.t('passed the check')]
    : available
      ? ['warning', vscode.l10n.t('failed the check')]
      : ['circle-slash', vscode.l10n.t('absent')];
  return {
    label: provider,
    description: verdict,
    detail: translate(description),
    iconPath: new vscode.ThemeIcon(icon),
    usable: passed,
  };
}
