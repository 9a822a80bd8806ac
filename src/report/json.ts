import type { Report } from './report';

/** Characters that a terminal would obey or hide and that JSON lets through. */
const UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * JSON text: the object of one report, or the array of several. Names are exact; characters that could act on a
 * terminal are escaped. Throws on a number that JSON cannot hold, which would silently become null.
 */
export function formatJson(reports: Report | readonly Report[]): string {
  const text = JSON.stringify(reports, refuseNonFinite, 2);
  return `${text.replace(UNSAFE, escapeUnits)}\n`;
}

function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError(`the report's ${key} is ${value}`);
  }
  return value;
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
