/** Numbers, dates and texts in the user's language. */
import type { PanelStrings } from '../src/editor/protocol/strings';

export class Locale {
  private readonly counts: Intl.NumberFormat;
  private readonly relative: Intl.RelativeTimeFormat;
  private readonly point: string;

  /** @param tag BCP 47; one that is unknown becomes the browser's own */
  constructor(
    readonly strings: PanelStrings,
    tag: string,
  ) {
    const known = isKnown(tag) ? tag : undefined;
    this.counts = new Intl.NumberFormat(known);
    this.relative = new Intl.RelativeTimeFormat(known, { numeric: 'auto' });
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

  /** `3 minutes ago`; times in milliseconds since 1970. */
  ago(time: number, now: number): string {
    const seconds = Math.min(0, (time - now) / 1000);
    const [unit, size] = UNITS.find(([, size]) => -seconds >= size) ?? (['second', 1] as const);
    return this.relative.format(Math.round(seconds / size), unit);
  }
}

const UNITS = [
  ['year', 365 * 86400],
  ['month', 30 * 86400],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
] as const;

function isKnown(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}
