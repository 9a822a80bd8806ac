/** Numbers and texts in the user's language. */
import type { PanelStrings } from '../src/editor/protocol/strings';

export class Locale {
  private readonly counts: Intl.NumberFormat;
  private readonly point: string;

  /** @param tag BCP 47; one that is unknown becomes the browser's own */
  constructor(
    readonly strings: PanelStrings,
    readonly tag: string,
  ) {
    const known = isKnown(tag) ? tag : undefined;
    this.counts = new Intl.NumberFormat(known);
    this.point =
      new Intl.NumberFormat(known).formatToParts(0.5).find(({ type }) => type === 'decimal')?.value ?? '.';
  }

  /** The text of a key with its values put in. */
  text(key: keyof PanelStrings, ...values: readonly (string | number)[]): string {
    return this.strings[key].replace(/\{(\d)\}/g, (place, index: string) =>
      String(values[Number(index)] ?? place),
    );
  }

  /** A number written by `report/numbers`, with this language's decimal point. */
  number(text: string): string {
    return this.point === '.' ? text : text.replace(/(?<=\d)\.(?=\d)/g, this.point);
  }

  count(count: number): string {
    return this.counts.format(count);
  }
}

function isKnown(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}
