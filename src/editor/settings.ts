/** The user's settings (`lipschitzLens.*`), read when they are needed: a change counts from the next reading on. */
import * as vscode from 'vscode';
import type { Settings } from '../report/report';
import {
  DEVICE_CHOICES,
  inputSizeOf,
  invalidSetting,
  LARGEST_SIDE,
  METHODS,
  MOST_ITERATIONS,
  PADDING_CHOICES,
} from '../report/settings';
import { SECTION } from './ids';
import type { SettingName, SettingTypes } from './ids';

/** A setting in a file may have any value; the message says what it should be. */
export class SettingError extends Error {}

const isAmount = (value: unknown) => typeof value === 'number' && value >= 0;
const isSwitch = (value: unknown) => typeof value === 'boolean';

/** What the settings may be that no analysis has, and that nobody is asked about: the default stands in for all else. */
const FITTING: Readonly<Partial<Record<SettingName, (value: unknown) => boolean>>> = {
  confirmAboveSeconds: isAmount,
  'budget.layer': isAmount,
  'budget.network': isAmount,
  'hover.enabled': isSwitch,
  'inlayHints.enabled': isSwitch,
  'cache.maxSizeMB': isAmount,
};

/** As it stands, or the default of `package.json`. Those of an analysis may be wrong: see `analysisSettings`. */
export function readSetting<K extends SettingName>(
  name: K,
  scope?: vscode.ConfigurationScope,
): SettingTypes[K] {
  const section = vscode.workspace.getConfiguration(SECTION, scope);
  const value: unknown = section.get(name);
  const fits = FITTING[name]?.(value) ?? true;
  return (fits ? value : section.inspect(name)?.defaultValue) as SettingTypes[K];
}

/**
 * The settings of an analysis of this file. In an untrusted workspace the device is the CPU, whatever is set.
 * @throws SettingError
 */
export function analysisSettings(scope: vscode.Uri): Settings {
  const method = readSetting('method', scope);
  const iterations = readSetting('iterations', scope);
  const tolerance = readSetting('tolerance', scope);
  const padding = readSetting('padding', scope);
  const device = readSetting('device', scope);
  const settings: Settings = {
    method,
    iterations,
    tolerance,
    device,
    inputSize: inputSizeSetting(scope),
    padding: padding === 'file' ? null : padding,
  };
  const wrong = invalidSetting(settings);
  if (wrong !== null) throw invalid(wrong, hintFor(wrong));
  return {
    ...settings,
    // Elsewhere it has no effect, and two results would differ in nothing else.
    iterations: method === 'gram' ? iterations : null,
    device: vscode.workspace.isTrusted ? device : 'cpu',
  };
}

/** What an input size may look like. */
export function inputSizeHint(): string {
  return vscode.l10n.t('one to three sizes from 1 to {0}, such as 224x224, or any', LARGEST_SIDE);
}

function inputSizeSetting(scope: vscode.Uri): Settings['inputSize'] {
  const text: unknown = readSetting('inputSize', scope);
  if (text === '' || text === null) return null;
  const size = typeof text === 'string' ? inputSizeOf(text) : null;
  if (size === null) throw invalid('inputSize', hintFor('inputSize'));
  return size;
}

/** What a setting may be. */
function hintFor(name: keyof Settings): string {
  const oneOf = (choices: readonly string[]) => vscode.l10n.t('one of {0}', choices.join(', '));
  switch (name) {
    case 'method':
      return oneOf(METHODS);
    case 'device':
      return oneOf(DEVICE_CHOICES);
    case 'padding':
      return oneOf(['file', ...PADDING_CHOICES]);
    case 'iterations':
      return vscode.l10n.t('a whole number from 1 to {0}', MOST_ITERATIONS);
    case 'tolerance':
      return vscode.l10n.t('a number between 0 and 1, both excluded');
    case 'inputSize':
      return inputSizeHint();
  }
}

function invalid(name: SettingName, hint: string): SettingError {
  return new SettingError(vscode.l10n.t('The setting {0} must be {1}.', `${SECTION}.${name}`, hint));
}
