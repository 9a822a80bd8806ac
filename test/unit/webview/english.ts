/** The texts of the panel's page as the extension has them in English, for tests of the page's modules. */
import { vi } from 'vitest';
import { panelStrings } from '../../../src/editor/panel/panel-strings';
import { Locale } from '../../../webview/locale';

vi.mock('vscode', () => ({ l10n: { t: (text: string) => text } }));

export const strings = panelStrings();
export const english = new Locale(strings, 'en');
export const german = new Locale(strings, 'de');
