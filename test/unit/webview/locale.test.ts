import { describe, expect, it } from 'vitest';
import { Locale } from '../../../webview/locale';
import { english, german, strings } from './english';

describe('text', () => {
  const locale = new Locale({ ...strings, running: '{1} of {0}, {1}', stale: 'no {0}' }, 'en');

  it('puts each value where its number stands', () => {
    expect(locale.text('running', 'a', 3)).toBe('3 of a, 3');
  });

  it('takes values literally', () => {
    expect(locale.text('running', '$&', '{0}')).toBe('{0} of $&, {0}');
    expect(locale.text('running', '', '<img src=x onerror=alert(1)>')).toContain(
      '<img src=x onerror=alert(1)>',
    );
  });

  it('leaves a place without a value', () => {
    expect(locale.text('stale')).toBe('no {0}');
  });
});

describe('number', () => {
  it('has the decimal comma in German', () => {
    expect(german.number('2.5094')).toBe('2,5094');
    expect(german.number('2.51–2.56')).toBe('2,51–2,56');
    expect(german.number('1.0000e-12')).toBe('1,0000e-12');
    expect(german.number('10^31.6')).toBe('10^31,6');
    expect(german.number('4.70 MB')).toBe('4,70 MB');
  });

  it('leaves numbers as they are where the point is usual', () => {
    expect(english.number('2.51–2.56')).toBe('2.51–2.56');
    expect(german.number('42 s')).toBe('42 s');
  });
});

describe('count', () => {
  it('groups digits as the language does', () => {
    expect(english.count(23440896)).toBe('23,440,896');
    expect(german.count(23440896)).toBe('23.440.896');
  });
});

describe('an unknown tag', () => {
  it.each(['', 'xx', 'no such language', 'de_DE', '\u202e', 'a'.repeat(10_000)])('%j does no harm', (tag) => {
    const locale = new Locale(strings, tag);
    expect(locale.count(7)).toBe('7');
    expect(locale.number('12')).toBe('12');
  });
});
