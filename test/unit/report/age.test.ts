import { describe, expect, it } from 'vitest';
import { formatAge } from '../../../src/report/age';

describe('formatAge', () => {
  it.each([
    [-5_000, 'now'],
    [0, 'now'],
    [59_000, 'now'],
    [60_000, '1 minute ago'],
    [204_000, '3 minutes ago'],
    [7_300_000, '2 hours ago'],
    [86_400_000, 'yesterday'],
    [5 * 86_400_000, '5 days ago'],
    [10 * 86_400_000, 'last week'],
    [400 * 86_400_000, 'last year'],
  ])('%i ms is %s', (milliseconds, expected) => {
    expect(formatAge(milliseconds, 'en')).toBe(expected);
  });

  it('takes the language, and English where that is none', () => {
    expect(formatAge(180_000, 'de')).toBe('vor 3 Minuten');
    for (const tag of ['no such language', '', 'de_DE', '\u202e']) {
      expect(formatAge(180_000, tag)).toBe('3 minutes ago');
    }
  });
});
