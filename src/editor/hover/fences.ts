/** The fenced code blocks of a Markdown document, and how names are written in them. */
import type { Language } from './literals';

/** By the first word behind a fence; in blocks of other languages names are words. */
const LANGUAGES: ReadonlyMap<string, Language> = new Map([
  ...['python', 'py', 'python3', 'ipython'].map((name) => [name, 'python'] as const),
  ...['json', 'jsonc', 'json5'].map((name) => [name, 'json'] as const),
  ...['yaml', 'yml'].map((name) => [name, 'yaml'] as const),
  ['toml', 'toml'],
]);

/** In a list or a quotation, too. */
const FENCE = /^[\s>]*(`{3,}|~{3,})[ \t]*(.*)$/;
/** Lines of a document that is looked at: longer ones are not written by hand. */
const MOST_LINES = 50_000;

/** The language of every line inside of a block, by its number from 0 on; as CommonMark 4.5 has it. */
export function findFences(lines: readonly string[]): ReadonlyMap<number, Language> {
  const fenced = new Map<number, Language>();
  if (lines.length > MOST_LINES) return fenced;
  let open: { readonly fence: string; readonly language: Language } | null = null;
  for (const [number, line] of lines.entries()) {
    const [, fence, rest] = FENCE.exec(line) ?? [];
    if (open !== null) {
      if (fence?.startsWith(open.fence) && rest.trim() === '') open = null;
      else fenced.set(number, open.language);
    } else if (fence !== undefined && !(fence.startsWith('`') && rest.includes('`'))) {
      const name = /^[\w+#.-]*/.exec(rest.replace(/^\{\.?/, ''))?.[0].toLowerCase() ?? '';
      open = { fence, language: LANGUAGES.get(name) ?? 'words' };
    }
  }
  return fenced;
}
