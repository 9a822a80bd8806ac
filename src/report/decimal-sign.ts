/** Numbers of `numbers.ts` as a language writes them. */

/** A number as it is written with a point, to the same with the decimal sign of a language. */
export type Numerals = (text: string) => string;

/** @param tag BCP 47; one that is unknown stands for the language of the system */
export function numeralsOf(tag: string): Numerals {
  const parts = new Intl.NumberFormat(knownTag(tag)).formatToParts(0.5);
  const sign = parts.find(({ type }) => type === 'decimal')?.value ?? '.';
  return sign === '.' ? (text) => text : (text) => text.replace(/(?<=\d)\.(?=\d)/g, sign);
}

/** Undefined, which `Intl` takes for the language of the system, where it does not know the tag or it is none. */
export function knownTag(tag: string): string | undefined {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).at(0);
  } catch {
    return undefined;
  }
}
