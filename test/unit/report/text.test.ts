import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellWidth, displayName, ellipsize, hanging, pad, printable, wrap } from '../../../src/report/text';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });
const name = anyText.map(displayName);

describe('printable', () => {
  it.each([
    ['escape sequences', 'a\u001b[31mb', 'a\ufffd[31mb'],
    ['C1 controls', 'a\u009b31mb', 'a\ufffd31mb'],
    ['line ends', 'a\r\nb\u2028c', 'a\ufffd\ufffdb\ufffdc'],
    ['characters that change the direction', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
    ['invisible characters', 'a\u200bb\u00adc', 'a\ufffdb\ufffdc'],
    ['half characters', 'a\ud800b', 'a\ufffdb'],
    ['towers of marks', `a${'\u0301'.repeat(50)}b`, `a${'\u0301'.repeat(4)}b`],
  ])('disarms %s', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('leaves what is harmless alone', () => {
    const text = '/model/層_1/Conv → "é" e\u0301 😀';
    expect(printable(text)).toBe(text);
  });

  it('leaves no character that acts on a terminal', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });
});

describe('displayName', () => {
  it('names what has no name', () => {
    expect(displayName('')).toBe('(no name)');
  });

  it('looks at the ends of an endless name only', () => {
    const shown = displayName(`${'a'.repeat(1e6)}${'b'.repeat(1e6)}`);
    expect(shown).toBe(`${'a'.repeat(2000)}…${'b'.repeat(2000)}`);
  });
});

describe('cellWidth', () => {
  it.each([
    ['abc', 3],
    ['畳み込み', 8],
    ['ｶﾅ', 2],
    ['한국어', 6],
    ['e\u0301', 1],
    ['😀', 2],
    ['❤️', 2],
    ['🇯🇵', 2],
    ['ｆｕｌｌ', 8],
    ['…–×█▏', 5],
  ])('%s takes %i', (text, width) => {
    expect(cellWidth(text)).toBe(width);
  });
});

describe('ellipsize', () => {
  it.each([
    ['abcdefghij', 10, 'abcdefghij'],
    ['abcdefghij', 9, 'abcd…ghij'],
    ['abcdefghij', 4, 'ab…j'],
    ['abcdefghij', 1, '…'],
    ['畳み込み層重み', 9, '畳み…重み'],
    ['畳み込み層重み', 8, '畳み…み'],
  ])('%s in %i is %s', (text, width, expected) => {
    expect(ellipsize(text, width)).toBe(expected);
  });

  it('fits, and keeps what fits', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 40 }), (text, width) => {
        const short = ellipsize(text, width);
        if (cellWidth(text) <= width) expect(short).toBe(text);
        else {
          expect(cellWidth(short)).toBeLessThanOrEqual(width);
          expect(short).toContain('…');
        }
      }),
    );
  });
});

describe('pad', () => {
  it('counts cells, not characters', () => {
    expect(pad('層', 4)).toBe('層  ');
    expect(pad('1.5', 5, 'right')).toBe('  1.5');
    expect(pad('too long', 3)).toBe('too long');
  });
});

describe('wrap', () => {
  it('breaks at spaces, and words that are longer than a line', () => {
    expect(wrap('the norm of a kernel', 9)).toEqual(['the norm', 'of a', 'kernel']);
    expect(wrap('a /very/long/name b', 7)).toEqual(['a', '/very/l', 'ong/nam', 'e b']);
    expect(wrap('', 10)).toEqual([]);
  });

  it('fits, and loses nothing but spaces', () => {
    fc.assert(
      fc.property(fc.array(name), fc.integer({ min: 2, max: 30 }), (words, width) => {
        const lines = wrap(words.join(' '), width);
        for (const line of lines) expect(cellWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(words.join('').replaceAll(' ', ''));
      }),
    );
  });
});

describe('hanging', () => {
  it('indents the further lines, and keeps the lead of an empty text', () => {
    expect(hanging('1  ', 'a note that is long', 12)).toEqual(['1  a note', '   that is', '   long']);
    expect(hanging('1  ', '', 12)).toEqual(['1  ']);
  });
});
