import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literalAt, literalsIn } from '../../../../src/editor/hover/literals';
import type { Language } from '../../../../src/editor/hover/literals';

const LANGUAGES: readonly Language[] = ['python', 'json', 'yaml', 'toml', 'markdown', 'words'];

const texts = (line: string, language: Language) => literalsIn(line, language).map(({ text }) => text);

describe('literalsIn', () => {
  it.each<[Language, string, string[]]>([
    ['python', `load("a.onnx", 'b.onnx')  # "c.onnx"`, ['a.onnx', 'b.onnx']],
    [
      'python',
      String.raw`open("a\\b.onnx"), open(r'a\b.onnx'), open("\u00e9.onnx")`,
      ['a\\b.onnx', 'a\\b.onnx', 'é.onnx'],
    ],
    ['python', '"""a.onnx""" + "x" \'\'\'b\'\'\'', ['a.onnx', 'x', 'b']],
    ['python', `"""it begins "here"`, []],
    ['python', `for"x" in r"a\\n"`, ['x', 'a\\n']],
    ['python', String.raw`"\U0010ffff\Uffffffff"`, ['\u{10ffff}\\Uffffffff']],
    ['python', `"__proto__\\constructor"`, ['__proto__\\constructor']],
    [
      'json',
      String.raw`{"layer1.weight": "model-1.safetensors", "a\/b": 1} // "c"`,
      ['layer1.weight', 'model-1.safetensors', 'a/b'],
    ],
    ['json', '"unclosed', []],
    ['yaml', '- path: models/my net.onnx  # why', ['-', 'path', ':', 'models/my net.onnx']],
    ['yaml', `"a.b": 'it''s.onnx'`, ['a.b', ':', "it's.onnx"]],
    ['yaml', 'layers: [layer1.0.conv1, fc]', ['layers', ':', 'layer1.0.conv1', 'fc']],
    ['yaml', 'path: C:\\models\\a.onnx', ['path', ':', 'C:\\models\\a.onnx']],
    ['toml', `[layers.conv1] # x`, ['layers.conv1']],
    ['toml', `path = 'C:\\a.onnx'`, ['path', 'C:\\a.onnx']],
    [
      'markdown',
      'See `a.onnx` and ``b`c`` or [it](dir/c%20d.onnx) and [x](<e f.onnx>).',
      ['a.onnx', 'b`c', 'dir/c d.onnx', 'e f.onnx'],
    ],
    ['markdown', '[x](100%.onnx) `unclosed', ['100%.onnx']],
    ['markdown', `It's "a.onnx", isn't it? 'fc', “b.onnx” or ‘conv1’.`, ['a.onnx', 'fc', 'b.onnx', 'conv1']],
    ['markdown', 'See "the `a.onnx` file".', ['the `a.onnx` file', 'a.onnx']],
    [
      'words',
      `$ analyze models/a.onnx --layers='fc' layer1.0.conv1.`,
      ['models/a.onnx', 'fc', 'layer1.0.conv1'],
    ],
    ['words', 'It does not say more... than: this', []],
  ])('finds in %s: %s', (language, line, expected) => {
    expect(texts(line, language)).toEqual(expected);
  });

  it('does not look at lines that nobody reads', () => {
    for (const language of LANGUAGES) expect(texts(`"${'a'.repeat(20_000)}"`, language)).toEqual([]);
  });

  it.each(['"', "'", '`', '“', '‘', '.', 'a', '\\"', '"\\', "'''", '"""x', '](<', '# ', 'a: ', '``` ` `` '])(
    'takes no longer for a line full of %s',
    (piece) => {
      const line = piece.repeat(10_000 / piece.length);
      for (const language of LANGUAGES) {
        const began = performance.now();
        literalsIn(line, language);
        expect(performance.now() - began).toBeLessThan(500);
      }
    },
  );
});

describe('literalAt', () => {
  it('takes the one under the pointer, quotes included', () => {
    const line = 'f("a", "b")';
    expect(literalAt(line, 2, 'python')).toEqual({ text: 'a', start: 2, end: 5 });
    expect(literalAt(line, 5, 'python')?.text).toBe('a');
    expect(literalAt(line, 7, 'python')?.text).toBe('b');
    expect(literalAt(line, 0, 'python')).toBeNull();
    expect(literalAt('"a""b"', 3, 'python')?.text).toBe('b');
  });

  it('takes the smallest of those that contain each other', () => {
    expect(literalAt('`[x](a.onnx)`', 6, 'markdown')?.text).toBe('a.onnx');
  });

  it('contains the position, lies in the line and never throws', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc
        .array(
          fc.constantFrom(
            '"',
            "'",
            '\\',
            '`',
            '#',
            ': ',
            '- ',
            ',',
            '[',
            ']',
            '(',
            ')',
            '<',
            '>',
            'a.b',
            'r',
            '%',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(line, fc.nat(100), fc.constantFrom(...LANGUAGES), (text, position, language) => {
        const literal = literalAt(text, position, language);
        if (literal === null) return;
        const { start, end } = literal;
        expect(start).toBeLessThanOrEqual(position);
        expect(position).toBeLessThanOrEqual(end);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 2000 },
    );
  });
});
