/** At most `count` of the items, from all over the list. */
export function spread<T>(items: readonly T[], count: number): T[] {
  const every = Math.ceil(items.length / count);
  return items.filter((_, i) => i % every === 0);
}
