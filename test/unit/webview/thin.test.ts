import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thinByCell, thinByColumn } from '../../../webview/plots/thin';

interface Point {
  readonly x: number;
  readonly y: number;
}

const points = fc
  .array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 300 })
  .map((values): Point[] => values.map((y, x) => ({ x, y })));
const columns = fc.integer({ min: 1, max: 50 });

const y = (point: Point) => point.y;

describe('thinByColumn', () => {
  it('keeps all items where there are no more than columns', () => {
    const items = [
      { x: 0, y: 2 },
      { x: 1, y: 1 },
    ];
    expect(thinByColumn(items, 2, y)).toEqual(items);
    expect(thinByColumn([], 2, y)).toEqual([]);
  });

  it('keeps of every column the lowest and the highest', () => {
    const items = [3, 1, 2, 9, 5, 5, 5, 5].map((value, x) => ({ x, y: value }));
    expect(thinByColumn(items, 2, y).map(({ x }) => x)).toEqual([1, 3, 4]);
  });

  it('keeps the order and the extremes, and no more than two items a column', () => {
    fc.assert(
      fc.property(points, columns, (items, columns) => {
        const thinned = thinByColumn(items, columns, y);
        expect(thinned.length).toBeLessThanOrEqual(2 * columns);
        expect(new Set(thinned).size).toBe(thinned.length);
        expect(thinned).toEqual(items.filter((item) => thinned.includes(item)));
        expect(Math.max(...thinned.map(y))).toBe(Math.max(...items.map(y)));
        expect(Math.min(...thinned.map(y))).toBe(Math.min(...items.map(y)));
      }),
    );
  });

  it('leaves no column empty', () => {
    fc.assert(
      fc.property(points, columns, (items, columns) => {
        fc.pre(items.length > columns);
        const places = thinByColumn(items, columns, y).map(({ x }) =>
          Math.floor(((x + 1) * columns - 1) / items.length),
        );
        expect(new Set(places).size).toBe(columns);
      }),
    );
  });
});

describe('thinByCell', () => {
  it('keeps the first item of every cell, edges included', () => {
    const items = [
      [0, 0],
      [0.4, 0.4],
      [0.6, 0.1],
      [1, 1],
      [0.9, 0.9],
      [1.0000001, 0.7],
    ] as const;
    expect(thinByCell(items, 2, (item) => item)).toEqual([items[0], items[2], items[3]]);
  });

  it('covers every cell that has an item, once', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(share, share)), fc.integer({ min: 1, max: 10 }), (items, cells) => {
        const cellOf = (item: readonly number[]) =>
          item.map((part) => Math.min(cells - 1, Math.floor(part * cells))).join();
        const kept = thinByCell(items, cells, (item) => item).map(cellOf);
        expect(new Set(kept).size).toBe(kept.length);
        expect(new Set(kept)).toEqual(new Set(items.map(cellOf)));
      }),
    );
  });
});
