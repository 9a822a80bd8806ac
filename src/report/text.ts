/** Text of unknown origin in a grid of character cells. */
import { t } from '@vscode/l10n';

/** Controls (escape sequences begin with one), invisible and direction-changing characters, line ends, half characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** More marks than any script stacks on one letter: they would blot out the lines around. */
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu;
const NONSPACING = /[\p{Mn}\p{Me}]/u;
/** East Asian Wide and Fullwidth (UAX #11), and what is drawn as a picture; of the first character of a grapheme. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;
const PICTURE_SELECTOR = '\ufe0f';

/** Longest name that is looked at as a whole: no cell is as wide, and a name in a file may have any length. */
const LONGEST_NAME = 4000;

/** One cell each: most names are of these alone. */
const PRINTABLE_ASCII = /^[ -~]*$/;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** One line of `text` that cannot move the cursor, change colours or reorder its surroundings. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd').replace(STACKED_MARKS, '$1');
}

/** `printable` for a name of any length. */
export function displayName(name: string): string {
  if (name === '') return t('(no name)');
  const half = LONGEST_NAME / 2;
  return printable(name.length > LONGEST_NAME ? `${name.slice(0, half)}…${name.slice(-half)}` : name);
}

/** Terminal cells that printable `text` takes. */
export function cellWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Printable `text` in at most `width` cells, without its middle where it is longer. */
export function ellipsize(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  const parts = Array.from(graphemes.segment(text), ({ segment }) => segment);
  const widths = parts.map(graphemeWidth);
  let [head, tail] = [0, parts.length];
  let [headWidth, tailWidth] = [0, 0];
  for (;;) {
    const fromHead = headWidth <= tailWidth;
    const next = widths[fromHead ? head : tail - 1] ?? 0;
    if (headWidth + tailWidth + next > width - 1) break;
    if (fromHead) {
      head++;
      headWidth += next;
    } else {
      tail--;
      tailWidth += next;
    }
  }
  return `${parts.slice(0, head).join('')}…${parts.slice(tail).join('')}`;
}

/** `text` with spaces up to `width` cells. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - cellWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** Lines of at most `width` cells, broken at spaces where that is possible. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const flush = () => {
    if (line !== '') lines.push(line);
    [line, used] = ['', 0];
  };
  for (const word of text.split(' ')) {
    const length = cellWidth(word);
    if (line !== '' && used + 1 + length > width) flush();
    if (length <= width) {
      used += (line === '' ? 0 : 1) + length;
      line += line === '' ? word : ` ${word}`;
      continue;
    }
    for (const { segment } of graphemes.segment(word)) {
      const next = graphemeWidth(segment);
      if (used + next > width) flush();
      line += segment;
      used += next;
    }
  }
  flush();
  return lines;
}

/** `wrap` behind `lead`, the further lines indented by as much. */
export function hanging(lead: string, text: string, width: number): string[] {
  const room = cellWidth(lead);
  const [first = '', ...rest] = wrap(text, width - room);
  return [lead + first, ...rest.map((line) => ' '.repeat(room) + line)];
}

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme) || grapheme.includes(PICTURE_SELECTOR)) return 2;
  let width = 0;
  for (const character of grapheme) width += NONSPACING.test(character) ? 0 : 1;
  return width;
}
