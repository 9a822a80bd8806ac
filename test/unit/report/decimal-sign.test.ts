import { describe, expect, it } from 'vitest';
import { numeralsOf } from '../../../src/report/decimal-sign';

describe('numeralsOf', () => {
  it.each([
    ['de', '2.51–2.56 (1.6%)', '2,51–2,56 (1,6%)'],
    ['fr', '1.0000e-12', '1,0000e-12'],
    ['pt-br', '10^31.6', '10^31,6'],
    ['en', '4.70 MB', '4.70 MB'],
    ['ja', '0.8 s', '0.8 s'],
    ['de', 'no number. at all', 'no number. at all'],
  ])('%s writes %s as %s', (tag, text, shown) => {
    expect(numeralsOf(tag)(text)).toBe(shown);
  });

  it.each(['', 'xx', 'qps-ploc', 'de_DE', '\u202e'])('takes the tag %j, which it does not know', (tag) => {
    expect(numeralsOf(tag)('12')).toBe('12');
  });
});
