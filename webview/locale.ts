/** Numbers and texts in the user's language. */
import type { PanelStrings } from '../src/editor/protocol/strings';
import { translatorOf } from '../src/editor/protocol/translation';
import type { Bundle, Translate } from '../src/editor/protocol/translation';
import { knownTag, numeralsOf } from '../src/report/decimal-sign';
import type { Numerals } from '../src/report/decimal-sign';

export class Locale {
  /** A number written by `report/numbers`, with this language's decimal sign. */
  readonly number: Numerals;
  /** A sentence of a report. */
  readonly translate: Translate;
  private readonly counts: Intl.NumberFormat;

  /** @param tag BCP 47; one that is unknown becomes the browser's own */
  constructor(
    readonly strings: PanelStrings,
    readonly tag: string,
    bundle?: Bundle,
  ) {
    this.number = numeralsOf(tag);
    this.translate = translatorOf(bundle);
    this.counts = new Intl.NumberFormat(knownTag(tag));
  }

  /** The text of a key with its values put in. */
  text(key: keyof PanelStrings, ...values: readonly (string | number)[]): string {
    return this.strings[key].replace(/\{(\d)\}/g, (place, index: string) =>
      String(values[Number(index)] ?? place),
    );
  }

  count(count: number): string {
    return this.counts.format(count);
  }
}
