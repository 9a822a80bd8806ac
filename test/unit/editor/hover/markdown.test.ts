import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { code, commandLink, prose } from '../../../../src/editor/hover/markdown';
import { COMMANDS } from '../../../../src/editor/ids';

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '`',
        '``',
        '\\',
        '[x](command:a)',
        '<img src=x onerror=alert(1)>',
        '\n',
        '\r\n',
        '\u202e',
        '*',
        '_',
        '|',
        ' ',
        '$(x)',
        'http://e.org',
        '&lt;',
      ),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom('', ' ', '`'.repeat(10_000), '\ud800', 'x'.repeat(10_000)),
);
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('prose', () => {
  it('leaves no mark of Markdown, no line end and nothing that turns text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = prose(text);
        expect(shown.replace(/\\[!-/:-@[-`{-~]/g, '')).not.toMatch(/[!-/:-@[-`{-~]/);
        expect(shown).not.toMatch(UNPRINTABLE);
        expect(shown.length).toBeLessThanOrEqual(2_001);
      }),
    );
  });
});

describe('code', () => {
  it.each([
    ['conv1', '`conv1`'],
    ['<img src=x onerror=alert(1)>', '`<img src=x onerror=alert(1)>`'],
    ['a`b', '`` a`b ``'],
    ['', '`(no name)`'],
    ['   ', '`(no name)`'],
    ['a\nb', '`a\ufffdb`'],
  ])('shows %j as %s', (name, expected) => {
    expect(code(name)).toBe(expected);
  });

  it('holds the name in one span', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const shown = code(name);
        const fence = /^`+/.exec(shown)?.[0] ?? '';
        const content = shown.slice(fence.length, -fence.length);
        expect(shown.endsWith(fence)).toBe(true);
        // A run of backticks as long as the fence would close it.
        expect([...content.matchAll(/`+/g)].every(([run]) => run.length !== fence.length)).toBe(true);
        expect(content.trim()).not.toBe('');
        expect(content).not.toMatch(UNPRINTABLE);
        expect(shown.length).toBeLessThan(1_000);
      }),
    );
  });
});

describe('commandLink', () => {
  it('carries any argument, in one link', () => {
    fc.assert(
      fc.property(hostile, (layer) => {
        const link = commandLink(prose('Open'), COMMANDS.openLayer, { path: layer, layer });
        const target = /^\[Open\]\(command:lipschitzLens\.openLayer\?([\w%.-]*)\)$/.exec(link)?.[1];
        expect(JSON.parse(decodeURIComponent(target ?? ''))).toEqual([{ path: layer, layer }]);
      }),
    );
  });
});
