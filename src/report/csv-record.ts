/** Records of CSV files (RFC 4180). */
import { printable } from './text';

export type Field = string | number | null;

/** Numbers are exact; a text that a spreadsheet would take for a formula is preceded by an apostrophe. */
export function record(fields: readonly Field[]): string {
  return `${fields.map(field).join(',')}\r\n`;
}

/** A shape or a size as one field: `3x3`. */
export function sizes(values: readonly number[] | null | undefined): string | null {
  return values?.join('x') ?? null;
}

function field(value: Field): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = printable(value);
  const inert = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
