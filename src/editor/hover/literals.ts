/** Finds what may name a model or a layer in one line of a document: strings, bare keys and values, link targets. */

/** `words`: text of which no more is known. */
export type Language = 'python' | 'json' | 'yaml' | 'toml' | 'markdown' | 'words';

/** A stretch of a line; positions are UTF-16 units, as the editor counts them. */
export interface Stretch {
  /** With the quotes, where there are some. */
  readonly start: number;
  readonly end: number;
}

export interface Literal extends Stretch {
  /** What it stands for: without quotes, escapes resolved. */
  readonly text: string;
}

/** UTF-16 units of a line that is looked at: longer ones are data that nobody reads with a pointer. */
const LONGEST_LINE = 10_000;

// Every pattern takes an unclosed quote up to the end of the line, so that no character is looked at from two starts.
const DOUBLE = String.raw`"(?:[^"\\]|\\.|\\$)*(?:"|$)`;
const SINGLE = String.raw`'(?:[^'\\]|\\.|\\$)*(?:'|$)`;
const TRIPLE = String.raw`"""(?:[^\\]|\\.|\\$)*?(?:"""|$)|'''(?:[^\\]|\\.|\\$)*?(?:'''|$)`;

const TOKENS: Readonly<Record<Exclude<Language, 'markdown' | 'words'>, RegExp>> = {
  python: new RegExp(`#.*|${TRIPLE}|${DOUBLE}|${SINGLE}`, 'gu'),
  json: new RegExp(String.raw`//.*|${DOUBLE}`, 'gu'),
  // A comment begins behind a space; a bare word ends at ": ", at a comment and at the marks of a flow collection.
  yaml: new RegExp(
    String.raw`(?<!\S)#.*|${DOUBLE}|'(?:[^']|'')*(?:'|$)|[-?:](?=\s|$)|[^\s,[\]{}"'](?:(?!:(?:\s|$)|\s#)[^,[\]{}])*`,
    'gu',
  ),
  toml: new RegExp(String.raw`#.*|${TRIPLE}|${DOUBLE}|'[^']*(?:'|$)|[\w.-]+`, 'gu'),
};

/** As people write them: an apostrophe inside of a word is none. */
const QUOTED = String.raw`(?<!\w)"[^"]*"(?!\w)|(?<!\w)'[^']*'(?!\w)|“[^“”]*”|‘[^‘’]*’(?!\w)`;
const QUOTES = new RegExp(QUOTED, 'gu');
const WORDS = new RegExp(String.raw`${QUOTED}|[^\s"'“”‘’\x60()[\]{}<>,;=]+`, 'gu');

const LINK = /\]\((?:<(?<pointed>[^<>]*)>|(?<plain>[^\s()<>]+))/dg;

/** All of a line, from left to right; those of Markdown may contain each other. */
export function literalsIn(line: string, language: Language): Literal[] {
  if (line.length > LONGEST_LINE) return [];
  if (language === 'markdown') {
    return [...codeSpans(line), ...links(line), ...quotes(line)].sort((a, b) => a.start - b.start);
  }
  if (language === 'words') return words(line);
  return Array.from(line.matchAll(TOKENS[language]), (match) => literalOf(match, line, language)).filter(
    (literal) => literal !== null,
  );
}

/** The smallest one that a position (between two characters, or on the first) belongs to. */
export function literalAt(line: string, position: number, language: Language): Literal | null {
  const touching = literalsIn(line, language).filter(
    ({ start, end }) => start <= position && position <= end,
  );
  // Of two that meet here, the one that the pointer is on.
  const under = touching.filter(({ end }) => position < end);
  const candidates = under.length > 0 ? under : touching;
  return candidates.toSorted((a, b) => a.end - a.start - (b.end - b.start))[0] ?? null;
}

function literalOf(match: RegExpExecArray, line: string, language: Language): Literal | null {
  const [token] = match;
  const start = match.index;
  if (token.startsWith('#') || token.startsWith('//')) return null;
  const quote = /^(?:"""|'''|["'])/.exec(token)?.[0];
  if (quote === undefined) {
    const text = token.trimEnd();
    return { text, start, end: start + text.length };
  }
  if (token.length < 2 * quote.length || !token.endsWith(quote)) return null;
  const inner = token.slice(quote.length, -quote.length);
  const end = start + token.length;
  if (language === 'yaml' && quote === "'") return { text: inner.replaceAll("''", "'"), start, end };
  const text = isEscaped(quote, line.slice(0, start), language) ? unescape(inner) : inner;
  return { text, start, end };
}

/** Whether backslashes mean something in a string that begins behind `before`. */
function isEscaped(quote: string, before: string, language: Language): boolean {
  if (language === 'python') return !/(?<!\w)(?:r[bf]?|[bf]r)$/i.test(before.slice(-3));
  return quote.startsWith('"');
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['/', '/'],
]);

function unescape(text: string): string {
  return text.replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{2})|(.))/gu,
    (whole: string, short?: string, long?: string, byte?: string, character?: string) => {
      const digits = short ?? long ?? byte;
      if (digits === undefined) return ESCAPES.get(character ?? '') ?? whole;
      const code = parseInt(digits, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Between a run of backticks and the next one of the same length. */
function codeSpans(line: string): Literal[] {
  const runs = [...line.matchAll(/`+/g)];
  const byLength = new Map<number, number[]>();
  runs.forEach(([run], index) => {
    const same = byLength.get(run.length);
    if (same) same.push(index);
    else byLength.set(run.length, [index]);
  });
  const spans: Literal[] = [];
  for (let index = 0; index < runs.length; index++) {
    const { 0: run, index: start } = runs[index];
    const same = byLength.get(run.length) ?? [];
    // Those up to here are used up.
    while (same.length > 0 && same[0] <= index) same.shift();
    const [close] = same;
    if (close === undefined) continue;
    const contentEnd = runs[close].index;
    spans.push({
      text: line.slice(start + run.length, contentEnd).trim(),
      start,
      end: contentEnd + run.length,
    });
    index = close;
  }
  return spans;
}

function quotes(line: string): Literal[] {
  return Array.from(line.matchAll(QUOTES), ({ 0: token, index }) => quoteOf(token, index));
}

function quoteOf(token: string, start: number): Literal {
  return { text: token.slice(1, -1), start, end: start + token.length };
}

/** Quotes, and of all other words those that a dot or slash makes a path or the name of a layer. */
function words(line: string): Literal[] {
  return Array.from(line.matchAll(WORDS), ({ 0: token, index: start }) => {
    if (/^["'“‘]/.test(token)) return quoteOf(token, start);
    let { length } = token;
    while (length > 0 && '.:'.includes(token[length - 1])) length--;
    const text = token.slice(0, length);
    return /[./\\]/.test(text) ? { text, start, end: start + length } : null;
  }).filter((literal) => literal !== null);
}

function links(line: string): Literal[] {
  return Array.from(line.matchAll(LINK), ({ groups, indices }) => {
    const [start, end] = indices?.groups?.pointed ?? indices?.groups?.plain ?? [0, 0];
    return { text: percentDecoded(groups?.pointed ?? groups?.plain ?? ''), start, end };
  });
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that is one.
    return text;
  }
}
