import { describe, expect, it } from 'vitest';
import { outcome } from '../../../webview/head/state-text';
import { english, strings } from './english';

describe('outcome', () => {
  const cancelled = { kind: 'cancelled', finished: 17, of: 23 } as const;

  it('says of a cancelled run on a file that has changed both', () => {
    expect(outcome({ state: cancelled, stale: true }, english)).toBe(
      `Cancelled after 17 of 23 layers. ${strings.stale}`,
    );
  });

  it('says what is the case alone', () => {
    expect(outcome({ state: { kind: 'finished' }, stale: false }, english)).toBe('');
    expect(outcome({ state: { kind: 'finished' }, stale: true }, english)).toBe(strings.stale);
    expect(outcome({ state: cancelled, stale: false }, english)).toBe('Cancelled after 17 of 23 layers.');
    expect(outcome({ state: { ...cancelled, finished: 0, of: 0 }, stale: false }, english)).toBe(
      strings.cancelledEarly,
    );
  });
});
