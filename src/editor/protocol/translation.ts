/**
 * Sentences of the core in the user's language. Reports are in English, whoever reads them: they are translated where
 * they are shown, by finding the text of the bundle that a sentence is an instance of.
 */

/** English texts of the program, with `{0}`, `{1}` for values, to those of the user's language, as VS Code has them. */
export type Bundle = Readonly<Record<string, string>>;

/** A sentence of the core to the same in the user's language; one that is not known stays as it is. */
export type Translate = (sentence: string) => string;

/** Sentences inside sentences that are looked for: an error inside a reason inside an error of a row. */
const DEEPEST = 6;
/** Places where what stands behind a colon may be a sentence of its own; paths and names have colons, too. */
const MOST_COLONS = 4;
/** Sentences in a row with semicolons between them. */
const MOST_CLAUSES = 8;
/** Letters of a text that begins with a value, from which on it says enough to be known by. */
const TELLING = 6;
/** Translated sentences that are kept: rows of one model say much the same. */
const MOST_KEPT = 5_000;
/** UTF-16 units of a sentence that is kept. */
const LONGEST_KEPT = 2_000;

/** @param bundle undefined: the language is English */
export function translatorOf(bundle: Bundle | undefined): Translate {
  if (bundle === undefined) return (sentence) => sentence;
  const translation = new Translation(bundle);
  const kept = new Map<string, string>();
  return (sentence) => {
    const known = kept.get(sentence);
    if (known !== undefined) return known;
    const translated = translation.of(sentence);
    if (kept.size === MOST_KEPT) kept.clear();
    if (sentence.length <= LONGEST_KEPT) kept.set(sentence, translated);
    return translated;
  };
}

interface Template {
  /** What stands before, between and behind the values; one more than there are values. */
  readonly literals: readonly string[];
  /** The numbers of the values, in the order of the English text. */
  readonly places: readonly number[];
  readonly letters: number;
  readonly rank: Rank;
  readonly translation: string;
}

/**
 * Of readings that differ only in what is inside of what, the one of the highest rank is outside: what introduces a
 * sentence (`damaged at byte 3: ..`), then sentences, then what may be their subject (`tensor "w"`).
 */
enum Rank {
  Subject,
  Sentence,
  Introduction,
}

interface Found {
  readonly text: string;
  /** Letters that the program wrote: of several readings of a sentence, the one with most of them is right. */
  readonly letters: number;
}

class Translation {
  /** Texts without values. */
  private readonly whole = new Map<string, Found>();
  private readonly templates: Template[] = [];

  constructor(bundle: Bundle) {
    for (const [english, translation] of Object.entries(bundle)) {
      const literals = english.split(/\{\d+\}/);
      const letters = lettersIn(literals.join(''));
      const places = Array.from(english.matchAll(/\{(\d+)\}/g), ([, place]) => Number(place));
      if (places.length === 0) this.whole.set(english, { text: translation, letters });
      else if (letters > 0) {
        this.templates.push({ literals, places, letters, rank: rankOf(literals), translation });
      }
    }
  }

  of(sentence: string): string {
    return this.find(sentence, 0, new Map()).text;
  }

  private find(text: string, depth: number, known: Map<string, Found>): Found {
    const before = this.whole.get(text) ?? known.get(text);
    if (before !== undefined) return before;
    if (depth === DEEPEST || isValue(text)) return { text, letters: 0 };
    const within = (part: string) => this.find(part, depth + 1, known);
    const quotes = quotesIn(text);
    let found = this.read(text, quotes?.inside ?? null, within);
    // Quotes in a path need not be in pairs; where they are, words inside of them are none of the program.
    if (found.letters === 0 && quotes?.isPaired === false) found = this.read(text, null, within);
    known.set(text, found);
    return found;
  }

  private read(text: string, quoted: Uint8Array | null, within: (part: string) => Found): Found {
    let best: Found = { text, letters: 0 };
    let place: readonly number[] = [0, 0, 0];
    const consider = (found: Found, rank: Rank, own = 0) => {
      const other = [found.letters, rank, own];
      const first = other.findIndex((value, i) => value !== place[i]);
      if (found.letters === 0 || first < 0 || other[first] < place[first]) return;
      best = found;
      place = other;
    };
    for (const template of this.templates) {
      const values = valuesOf(text, template, quoted);
      if (values !== null) consider(instance(template, values.map(within)), template.rank, template.letters);
    }
    // `path: sentence`
    let colon = -1;
    for (let count = 0; count < MOST_COLONS; count++) {
      colon = indexOutside(quoted, text, ': ', colon + 1);
      if (colon < 0) break;
      const rest = within(text.slice(colon + 2));
      consider(
        { text: text.slice(0, colon + 2) + rest.text, letters: rest.letters },
        Rank.Introduction,
        Infinity,
      );
    }
    // `sentence; sentence`
    const clauses = splitOutside(quoted, text, '; ', MOST_CLAUSES);
    if (clauses.length > 1) {
      const parts = clauses.map(within);
      const letters = parts.reduce((sum, part) => sum + part.letters, 0);
      consider({ text: parts.map((part) => part.text).join('; '), letters }, Rank.Sentence);
    }
    return best;
  }
}

function rankOf(literals: readonly string[]): Rank {
  if (literals[literals.length - 1] !== '') return Rank.Sentence;
  if (/[:,;] $/.test(literals[literals.length - 2])) return Rank.Introduction;
  return literals[0] === '' ? Rank.Sentence : Rank.Subject;
}

/** The values in the order of the English text; null where the text is no instance. Linear in its length. */
function valuesOf(
  text: string,
  { literals, letters }: Template,
  quoted: Uint8Array | null,
): readonly string[] | null {
  const first = literals[0];
  const last = literals[literals.length - 1];
  if (!text.startsWith(first) || !text.endsWith(last)) return null;
  const end = text.length - last.length;
  const values: string[] = [];
  let from = first.length;
  for (const literal of literals.slice(1, -1)) {
    const at = indexOutside(quoted, text, literal, from);
    if (at < 0) return null;
    values.push(text.slice(from, at));
    from = at + literal.length;
  }
  if (from > end) return null;
  values.push(text.slice(from, end));
  return first !== '' || letters >= TELLING || values.every(isValue) ? values : null;
}

function instance({ places, letters, translation }: Template, values: readonly Found[]): Found {
  const byPlace = new Map(places.map((place, i) => [place, values[i].text]));
  return {
    text: translation.replace(/\{(\d+)\}/g, (whole, place) => byPlace.get(Number(place)) ?? whole),
    letters: values.reduce((sum, value) => sum + value.letters, letters),
  };
}

/** A number, or a name in quotes: nothing to translate. */
function isValue(text: string): boolean {
  return /^[-+\d.,×x e]*$/.test(text) || (text.startsWith('"') && endOfQuote(text, 0) === text.length - 1);
}

interface Quotes {
  /** 1 at every UTF-16 unit behind an opening quote up to its closing one. */
  readonly inside: Uint8Array;
  /** Every quote that opens ends. */
  readonly isPaired: boolean;
}

/** Null where nothing is quoted. */
function quotesIn(text: string): Quotes | null {
  let open = text.indexOf('"');
  if (open < 0) return null;
  const inside = new Uint8Array(text.length);
  while (open >= 0) {
    const close = endOfQuote(text, open);
    if (close < 0) return { inside, isPaired: false };
    inside.fill(1, open + 1, close);
    open = text.indexOf('"', close + 1);
  }
  return { inside, isPaired: true };
}

/** Where the quote ends that opens at `open`; -1: nowhere. A quote may be inside, behind a backslash. */
function endOfQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '"') return i;
    if (text[i] === '\\') i++;
  }
  return -1;
}

/** As `indexOf`, of what does not begin inside quotes: names in them may hold any words. */
function indexOutside(quoted: Uint8Array | null, text: string, searched: string, from: number): number {
  let at = text.indexOf(searched, from);
  while (at >= 0 && quoted?.[at] === 1) at = text.indexOf(searched, at + 1);
  return at;
}

/** As `split`, at what does not begin inside quotes; the last part has what is behind the first `most` - 1. */
function splitOutside(quoted: Uint8Array | null, text: string, separator: string, most: number): string[] {
  const parts: string[] = [];
  let from = 0;
  while (parts.length < most - 1) {
    const at = indexOutside(quoted, text, separator, from);
    if (at < 0) break;
    parts.push(text.slice(from, at));
    from = at + separator.length;
  }
  return [...parts, text.slice(from)];
}

function lettersIn(text: string): number {
  return text.match(/\p{L}/gu)?.length ?? 0;
}
