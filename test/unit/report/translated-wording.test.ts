/** Words that formats share speak the language that they are told to, as they do in the panel's page. */
import { config } from '@vscode/l10n';
import { afterEach, describe, expect, it } from 'vitest';
import { formatBytes, formatSeconds, formatShape } from '../../../src/report/numbers';
import { displayName } from '../../../src/report/text';
import { describeSettings } from '../../../src/report/wording';
import { pseudoBundle } from '../pseudo-language';
import { DEFAULT_SETTINGS } from './sample';

afterEach(() => {
  config({ contents: {} });
});

describe('in a language of its own', () => {
  it('units, shapes, names and settings are put into words', () => {
    config({ contents: pseudoBundle });
    expect([2.84, 42, 200, 7500].map(formatSeconds)).toEqual([
      '⟦2.8 s⟧',
      '⟦42 s⟧',
      '⟦3 min 20 s⟧',
      '⟦2 h 5 min⟧',
    ]);
    expect([12, 1500, 4_700_000, 2.4e9, 5e15].map(formatBytes)).toEqual([
      '⟦12 B⟧',
      '⟦1.50 kB⟧',
      '⟦4.70 MB⟧',
      '⟦2.40 GB⟧',
      '⟦5000 TB⟧',
    ]);
    expect([formatShape([]), displayName('')]).toEqual(['⟦scalar⟧', '⟦(no name)⟧']);
    const settings = { ...DEFAULT_SETTINGS, method: 'gram', iterations: 7, tolerance: 0.1 } as const;
    expect(describeSettings({ ...settings, inputSize: [8, 9], padding: 'zeros' })).toBe(
      '⟦method gram⟧, ⟦7 iterations⟧, ⟦tolerance 0.1⟧, ⟦input size 8×9⟧, ⟦padding zeros⟧',
    );
  });
});
