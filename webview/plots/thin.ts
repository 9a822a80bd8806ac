/** Fewer points where a plot has more than pixels: the picture stays the same, drawing it does not take seconds. */

/**
 * Of all items that fall into one column of the plot, the first with the smallest and the first with the largest value,
 * in the order of the items. All of them where there are no more than columns.
 */
export function thinByColumn<T>(items: readonly T[], columns: number, valueOf: (item: T) => number): T[] {
  if (items.length <= columns) return [...items];
  const thinned: T[] = [];
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * items.length) / columns);
    const to = Math.floor(((column + 1) * items.length) / columns);
    let [low, high] = [from, from];
    for (let i = from + 1; i < to; i++) {
      if (valueOf(items[i]) < valueOf(items[low])) low = i;
      if (valueOf(items[i]) > valueOf(items[high])) high = i;
    }
    thinned.push(items[Math.min(low, high)]);
    if (low !== high) thinned.push(items[Math.max(low, high)]);
  }
  return thinned;
}

/** The first item of every cell of a grid of `cells` by `cells`; places are 0 to 1. */
export function thinByCell<T>(
  items: readonly T[],
  cells: number,
  placeOf: (item: T) => readonly [number, number],
): T[] {
  const taken = new Set<number>();
  return items.filter((item) => {
    const [x, y] = placeOf(item).map((share) => Math.min(cells - 1, Math.floor(share * cells)));
    const cell = x * cells + y;
    if (taken.has(cell)) return false;
    taken.add(cell);
    return true;
  });
}
