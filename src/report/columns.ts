/** A table of text in columns of character cells, for results that have no bars and groups. */
import type { Paint } from './paint';
import { cellWidth, ellipsize, pad } from './text';

export interface Column {
  readonly title: string;
  /** What it may be narrowed to where the table is too wide, cells; absent: never, as of numbers. */
  readonly least?: number;
}

const GAP = '  ';

/** Lines of the table, its titles first; columns without content are left out. Cells hold printable text. */
export function columnLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  paint: Paint,
): string[] {
  const widths = columns.map(({ title }, column) => {
    const widest = rows.reduce((most, row) => Math.max(most, cellWidth(row[column])), 0);
    return widest === 0 ? 0 : Math.max(widest, cellWidth(title));
  });
  const shown = [...columns.keys()].filter((column) => widths[column] > 0);
  let excess = shown.reduce((sum, column) => sum + widths[column] + GAP.length, -GAP.length) - width;
  // The widest gives first.
  while (excess > 0) {
    const [widest] = shown
      .filter((column) => widths[column] > (columns[column].least ?? Infinity))
      .sort((a, b) => widths[b] - widths[a]);
    if (widest === undefined) break;
    widths[widest]--;
    excess--;
  }
  const line = (cells: readonly string[]) =>
    shown.map((column) => pad(ellipsize(cells[column], widths[column]), widths[column])).join(GAP);
  return [paint('faint', line(columns.map(({ title }) => title)).trimEnd()), ...rows.map(line)];
}
