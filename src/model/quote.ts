/** Characters shown of a text from a file: names in real files are shorter. */
const longest = 200;

/** Not letters: controls, and what hides or turns text. JSON escapes the first 32 itself. */
const unprintable = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A name or a value from a file, in quotes, for a message: in one line, of bounded length, without control characters. */
export function quote(text: string): string {
  const shown = text.length > longest ? `${text.slice(0, longest / 2)}…${text.slice(-longest / 2)}` : text;
  return JSON.stringify(shown).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
