import { describe, expect, it } from 'vitest';
import { runMessage } from '../../../webview/head/run-message';
import { DEFAULT_SETTINGS } from '../report/sample';

describe('runMessage', () => {
  const { device, tolerance } = DEFAULT_SETTINGS;
  const asking = { state: { kind: 'confirm', seconds: 900 }, settings: DEFAULT_SETTINGS } as const;

  it('answers the question of the panel', () => {
    expect(runMessage(asking, { device, tolerance })).toEqual({ type: 'confirm' });
  });

  it('begins anew with other settings than those that the question is about', () => {
    for (const chosen of [
      { device: 'cpu', tolerance },
      { device, tolerance: 0.1 },
    ] as const) {
      expect(runMessage(asking, chosen)).toEqual({ type: 'run', ...chosen });
    }
  });

  it('begins anew where nothing is asked', () => {
    const finished = { ...asking, state: { kind: 'finished' } } as const;
    expect(runMessage(finished, { device, tolerance })).toEqual({ type: 'run', device, tolerance });
  });
});
