/** How long ago something was, in words of the user's language. */

/** Seconds of each unit, the largest first. */
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_556_952],
  ['month', 2_629_746],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** `3 minutes ago`, `yesterday`, `now`. @param milliseconds below 0 (a clock that was set back) counts as 0. */
export function formatAge(milliseconds: number, locale: string): string {
  const seconds = Math.max(0, milliseconds / 1000);
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['second', Infinity];
  return relativeTime(locale).format(-Math.floor(seconds / length), unit);
}

function relativeTime(locale: string): Intl.RelativeTimeFormat {
  try {
    return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  } catch {
    // Pseudo-languages of translators are no language tags.
    return new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  }
}
