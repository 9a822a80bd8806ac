/** What Python classes assign on `self`, found by indentation alone: no file has to be whole or correct. */
import type { Stretch } from './literals';

export interface PythonClass {
  /** First line of the class and the first one behind it, from 0. */
  readonly start: number;
  readonly end: number;
  /** Names that are assigned on `self` anywhere in it. */
  readonly attributes: ReadonlySet<string>;
}

/** `self.block[0].conv1`, up to some part of it. */
export interface SelfReference extends Stretch {
  /** `block.0.conv1` */
  readonly path: string;
}

/** Lines of a document that is looked at: longer ones are written by programs. */
const MOST_LINES = 50_000;
/** UTF-16 units of a line that is looked at. */
const LONGEST_LINE = 2_000;
/** As Python counts a tab. */
const TAB = 8;

const NAME = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
const REFERENCE = new RegExp(String.raw`(?<![\p{L}\p{N}_.])self(?:\.${NAME}|\[\d+\])+`, 'gu');
const PART = new RegExp(String.raw`\.(?<name>${NAME})|\[(?<index>\d+)\]`, 'gu');
const ASSIGNMENT = new RegExp(String.raw`^\s*self\.(?<name>${NAME})\s*(?::[^=]*)?=(?!=)`, 'u');
const CLASS = new RegExp(String.raw`^\s*class\s+${NAME}`, 'u');
const STATEMENT = /^\s*(?:class|def|async\s+def|@)\b/;
const TOKEN = /#.*|"""|'''|"(?:[^"\\]|\\.|\\$)*(?:"|$)|'(?:[^'\\]|\\.|\\$)*(?:'|$)|[([{]|[)\]}]/g;

/** In order of their first lines; a class inside another comes after it. */
export function findClasses(lines: readonly string[]): PythonClass[] {
  if (lines.length > MOST_LINES) return [];
  const classes: { start: number; end: number; indent: number; attributes: Set<string> }[] = [];
  const open: typeof classes = [];
  const scanner = new LineScanner();
  lines.forEach((line, number) => {
    if (scanner.beginsStatement(line)) {
      const indent = indentOf(line);
      while (open.length > 0 && indent <= open[open.length - 1].indent) {
        open[open.length - 1].end = number;
        open.pop();
      }
      if (CLASS.test(line)) {
        const found = { start: number, end: lines.length, indent, attributes: new Set<string>() };
        classes.push(found);
        open.push(found);
      }
      const assigned = assignmentIn(line);
      if (assigned) open.at(-1)?.attributes.add(assigned.path);
    }
    scanner.read(line);
  });
  return classes;
}

/** The innermost class that a line belongs to. */
export function classAt(classes: readonly PythonClass[], line: number): PythonClass | null {
  return classes.findLast(({ start, end }) => start <= line && line < end) ?? null;
}

/** The attribute that a line assigns on `self`. */
export function assignmentIn(line: string): SelfReference | null {
  const name = line.length > LONGEST_LINE ? undefined : ASSIGNMENT.exec(line)?.groups?.name;
  if (name === undefined) return null;
  const start = line.indexOf('self');
  return { path: name, start, end: start + 'self.'.length + name.length };
}

/** What stands at a position, up to the part under it: on `conv1` of `self.conv1.weight` it is `conv1`. */
export function selfReferenceAt(line: string, position: number): SelfReference | null {
  if (line.length > LONGEST_LINE) return null;
  for (const { 0: whole, index: start } of line.matchAll(REFERENCE)) {
    if (position < start || position > start + whole.length) continue;
    const parts: string[] = [];
    for (const part of whole.matchAll(PART)) {
      parts.push(part.groups?.name ?? part.groups?.index ?? '');
      const partStart = start + part.index;
      const end = partStart + part[0].length;
      // On the word `self` itself nothing is named.
      if (position < partStart) return null;
      if (position < end || end === start + whole.length) return { path: parts.join('.'), start, end };
    }
  }
  return null;
}

/** Follows strings of several lines and open brackets from line to line. */
class LineScanner {
  private quote: string | null = null;
  private depth = 0;

  /** Neither blank nor a comment nor the continuation of what began before. */
  beginsStatement(line: string): boolean {
    if (this.quote !== null || /^\s*(?:#|$)/.test(line)) return false;
    // No bracket holds these: one was left open while the text is being written.
    if (STATEMENT.test(line)) this.depth = 0;
    return this.depth === 0;
  }

  read(line: string): void {
    let from = 0;
    if (this.quote !== null) {
      const close = line.indexOf(this.quote);
      if (close < 0) return;
      from = close + this.quote.length;
      this.quote = null;
    }
    TOKEN.lastIndex = from;
    for (let match = TOKEN.exec(line); match !== null; match = TOKEN.exec(line)) {
      const [token] = match;
      if (token === '"""' || token === "'''") {
        const close = line.indexOf(token, TOKEN.lastIndex);
        if (close < 0) {
          this.quote = token;
          return;
        }
        TOKEN.lastIndex = close + token.length;
      } else if ('([{'.includes(token)) this.depth++;
      else if (')]}'.includes(token)) this.depth = Math.max(0, this.depth - 1);
    }
  }
}

function indentOf(line: string): number {
  let width = 0;
  for (const character of line) {
    if (character === '\t') width += TAB - (width % TAB);
    else if (character === ' ') width++;
    else break;
  }
  return width;
}
