import { describe, expect, it } from 'vitest';
import { findFences } from '../../../../src/editor/hover/fences';

/** The languages of the lines of a text, '-' outside of blocks. */
function languages(text: string): string[] {
  const lines = text.split('\n');
  const fenced = findFences(lines);
  return lines.map((_, line) => fenced.get(line) ?? '-');
}

describe('findFences', () => {
  it.each<[string, string, string[]]>([
    ['a known language', 'a\n```python\nb\n```\nc', ['-', '-', 'python', '-', '-']],
    ['another language', '```sh\nb\n```', ['-', 'words', '-']],
    ['no language', '~~~\nb\n```\n~~~', ['-', 'words', 'words', '-']],
    ['attributes', '``` {.Py #id}\nb\n```', ['-', 'python', '-']],
    ['a longer fence', '````yml\n```\nb\n`````', ['-', 'yaml', 'yaml', '-']],
    ['a fence with words is no end', '```json\n``` x\n```', ['-', 'json', '-']],
    [
      'a list and a quotation',
      '- x\n\n  ```toml\n  a\n  ```\n> ```\n> b\n> ```',
      '- - - toml - - words -'.split(' '),
    ],
    ['no end', '```json\na', ['-', 'json']],
    ['a code span is no block', '``` a ``` b\nc', ['-', '-']],
  ])('knows %s', (_, text, expected) => {
    expect(languages(text)).toEqual(expected);
  });

  it('takes no longer for a very long document', () => {
    const began = performance.now();
    for (const line of ['> '.repeat(50), '`'.repeat(2000), '~'.repeat(2000)]) {
      findFences(Array<string>(5000).fill(line));
    }
    expect(findFences(['```', ...Array<string>(1_000_000).fill('a')]).size).toBe(0);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
