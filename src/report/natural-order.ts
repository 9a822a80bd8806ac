const collator = new Intl.Collator('en', { numeric: true });

/** Order of names with their numbers by value: `step-2` before `step-10`. */
export function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
