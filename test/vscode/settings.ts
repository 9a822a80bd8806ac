/** User settings of a VS Code that is to be driven by tests or tried out: quiet, offline, the same everywhere. */

/** The themes that every part of the user interface is looked at in. */
export const THEMES = {
  light: 'Default Light Modern',
  dark: 'Default Dark Modern',
  'high-contrast-dark': 'Default High Contrast',
  'high-contrast-light': 'Default High Contrast Light',
} as const;

export type Theme = keyof typeof THEMES;

export type Settings = Readonly<Record<string, unknown>>;

export interface Appearance {
  readonly theme?: Theme;
  /** False: workspace trust is on, and the folder is not trusted. True (default): there is no such thing. */
  readonly trusted?: boolean;
  /** More, or others. */
  readonly settings?: Settings;
}

/** The content of `settings.json`. */
export function userSettings({ theme = 'dark', trusted = true, settings = {} }: Appearance): Settings {
  return {
    'chat.commandCenter.enabled': false,
    'extensions.autoCheckUpdates': false,
    'extensions.autoUpdate': false,
    'extensions.ignoreRecommendations': true,
    // Where tests put the settings of a folder.
    'files.exclude': { '**/.vscode': true },
    'git.enabled': false,
    'security.workspace.trust.banner': 'never',
    'security.workspace.trust.enabled': !trusted,
    'security.workspace.trust.startupPrompt': 'never',
    'security.workspace.trust.untrustedFiles': 'open',
    'telemetry.telemetryLevel': 'off',
    'update.mode': 'none',
    'workbench.colorTheme': THEMES[theme],
    'workbench.enableExperiments': false,
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    ...settings,
  };
}
