import { describe, expect, it } from 'vitest';
import type { EndedState } from '../../../src/editor/protocol/protocol';
import { outcome } from '../../../webview/head/state-text';
import { OF_COMPARISON, OF_MODEL, OF_SERIES } from '../../../webview/head/words';
import type { RunWords } from '../../../webview/head/words';
import { english, strings } from './english';

describe('outcome', () => {
  const cancelled = { kind: 'cancelled', finished: 17, of: 23 } as const;

  it('says of a cancelled run on a file that has changed both', () => {
    expect(outcome({ state: cancelled, stale: true }, OF_MODEL, english)).toBe(
      `Cancelled after 17 of 23 layers. ${strings.stale}`,
    );
  });

  it('says what is the case alone', () => {
    expect(outcome({ state: { kind: 'finished' }, stale: false }, OF_MODEL, english)).toBe('');
    expect(outcome({ state: { kind: 'finished' }, stale: true }, OF_MODEL, english)).toBe(strings.stale);
    expect(outcome({ state: cancelled, stale: false }, OF_MODEL, english)).toBe(
      'Cancelled after 17 of 23 layers.',
    );
    expect(outcome({ state: { ...cancelled, finished: 0, of: 0 }, stale: false }, OF_MODEL, english)).toBe(
      strings.cancelledEarly,
    );
  });

  it('names what was counted', () => {
    const of = (words: RunWords) => outcome({ state: cancelled, stale: false }, words, english);
    expect(of(OF_COMPARISON)).toBe('Cancelled after 17 of 23 pairs of layers.');
    expect(of(OF_SERIES)).toBe('Cancelled after 17 of 23 checkpoints.');
  });

  it('says that an earlier result is shown where the latest run failed', () => {
    const said = (shown: EndedState | null, stale: boolean) =>
      outcome({ state: { kind: 'failed', sentence: 'no', shown }, stale }, OF_MODEL, english);
    expect(said(null, false)).toBe('');
    expect(said({ kind: 'finished' }, false)).toBe(strings.earlierResult);
    expect(said(cancelled, true)).toBe(
      `${strings.earlierResult} Cancelled after 17 of 23 layers. ${strings.stale}`,
    );
  });
});
