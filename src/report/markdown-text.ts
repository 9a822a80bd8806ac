/** Text of unknown origin in GitHub-flavoured Markdown. */
import { displayName, printable } from './text';

/** A code span inside a table cell: nothing in it is markup but the pipe. */
export function code(name: string): string {
  const shown = displayName(name);
  // A backslash in front of a pipe would end the cell: no code span can hold it.
  if (shown.includes('\\|')) return escape(shown);
  const text = shown.replaceAll('|', '\\|');
  const longestRun = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longestRun + 1);
  const space = longestRun > 0 || /^ .* $/.test(text) ? ' ' : '';
  return `${fence}${space}${text}${space}${fence}`;
}

/** Text without markup. */
export function escape(text: string): string {
  return printable(text).replace(/[\\`*_[\]<>|~&$]/g, '\\$&');
}

/** A list below its title, '' of nothing. */
export function numbered(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return [`${title}:`, '', ...items.map((item, index) => `${index + 1}. ${escape(item)}`)].join('\n');
}

/** A table line by line; columns whose title is in `right` are aligned to the right. */
export function* tableLines(
  header: readonly string[],
  right: readonly string[],
  rows: Iterable<readonly string[]>,
): Generator<string> {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  yield line(header);
  yield line(header.map((title) => (right.includes(title) ? '---:' : '---')));
  for (const cells of rows) yield line(cells);
}
