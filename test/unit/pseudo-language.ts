/** A language for tests: every text of `l10n/bundle.l10n.json` in brackets, values and all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './product';

export const pseudoBundle = Object.fromEntries(
  Object.keys(JSON.parse(readFileSync(join(root, 'l10n/bundle.l10n.json'), 'utf8')) as object).map((text) => [
    text,
    inBrackets(text),
  ]),
);

export function inBrackets(text: string): string {
  return `⟦${text}⟧`;
}

/** A text with its values put in. */
export function put(text: string, values: readonly (string | number)[]): string {
  return text.replace(/\{(\d+)\}/g, (place, index) => String(values[Number(index)] ?? place));
}
