/** Text of unknown origin as Markdown: shown as it is, never obeyed. */
import { displayName, ellipsize, printable } from '../../report/text';
import type { Command } from '../ids';

/** Markdown in which everything that came from a file is escaped. */
export type Markdown = string & { readonly __markdown: never };

/** Cells of a name in a hover, which is not much wider. */
const WIDEST_NAME = 80;
/** UTF-16 units of a sentence from a file. */
const LONGEST_PROSE = 1_000;

/** Words inside a line: no character of it is markup, and no address in it becomes a link. */
export function prose(text: string): Markdown {
  const line = printable(text.slice(0, LONGEST_PROSE)).replace(/\s+/gu, ' ').trim();
  const cut = text.length > LONGEST_PROSE ? `${line}…` : line;
  return cut.replace(/[!-/:-@[-`{-~]/g, '\\$&') as Markdown;
}

/** A name as a code span, in one line and without its middle where it is long. */
export function code(name: string): Markdown {
  // A code span cannot be of spaces alone.
  const text = ellipsize(displayName(name.trim() === '' ? '' : name), WIDEST_NAME);
  const longestRun = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longestRun + 1);
  // It gives away a space at each end.
  const space = longestRun > 0 || text.startsWith(' ') || text.endsWith(' ') ? ' ' : '';
  return `${fence}${space}${text}${space}${fence}` as Markdown;
}

/** A link that runs a command with one argument, which must survive JSON. */
export function commandLink(label: Markdown, command: Command, argument: unknown): Markdown {
  const query = encodeURIComponent(JSON.stringify([argument])).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return `[${label}](command:${command}?${query})` as Markdown;
}

/** Lines below each other; those that are empty are left out. */
export function lines(parts: readonly Markdown[]): Markdown {
  return parts.filter((part) => part !== '').join('  \n') as Markdown;
}

export function joined(parts: readonly Markdown[], separator: string): Markdown {
  return parts.join(separator) as Markdown;
}

/** Paragraphs with a rule between them. */
export function sections(parts: readonly Markdown[]): Markdown {
  return parts.join('\n\n---\n\n') as Markdown;
}
