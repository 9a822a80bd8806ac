import { expect, it } from 'vitest';
import { coverOfHalfTorus, thresholdOf } from '../../../../src/bounds/symbols/cells';
import { firstReach, reachWhere } from '../../../../src/bounds/symbols/first-reach';

const tau = [1, 1];

/** Cells that are looked at from first cells of some reach, where those below `needed(frequency)` are done with. */
function cellsFrom(reach: number, needed: (frequency: readonly number[]) => number): number {
  let looked = 0;
  let size = reach;
  let cells = coverOfHalfTorus(tau, reach).map(({ centre }) => centre);
  while (cells.length > 0) {
    looked += cells.length;
    cells = cells
      .filter((centre) => size > needed(centre))
      .flatMap((centre) => [centre, centre, centre, centre]);
    size /= 2;
  }
  return looked;
}

it.each([
  ['a flat symbol', () => 0.16],
  [
    'a symbol with one peak',
    ([x, y]: readonly number[]) => Math.max(0.05, Math.min(0.95, Math.hypot(x, y) / 2)),
  ],
])('saves work for %s', async (_, needed) => {
  const reach = await firstReach(tau, (frequency, tried) => Promise.resolve(tried <= needed(frequency)));
  const work = cellsFrom(reach, needed);
  for (const other of [0.1, 0.2, 0.3, 0.47, 0.7, 0.9]) {
    expect(work).toBeLessThan(2 * cellsFrom(other, needed));
  }
});

it('ends where no reach does', async () => {
  const reach = await firstReach(tau, () => Promise.resolve(false));
  expect(reach).toBeGreaterThan(0);
  expect(reach).toBeLessThan(Math.PI / 2);
});

it.each([
  [0.7, 1e-3, Infinity],
  [0.97, 1e-3, Infinity],
  [0.97, 0.1, Infinity],
  [0.99, 1e-3, 0.05],
  [1, 1e-5, 1],
])('of a symbol of %f to %f, of swing %f, cells are done with up to a reach', (ratio, tolerance, swing) => {
  const limit = (1 + tolerance) ** 2;
  const reach = reachWhere(ratio, tolerance, swing);
  expect(thresholdOf(limit, Math.cos(reach), swing)).toBeCloseTo(ratio, 9);
  expect(thresholdOf(limit, Math.cos(1.01 * reach), swing)).toBeLessThan(ratio);
});

it('is not more than first cells have, however low a symbol is elsewhere', () => {
  expect(reachWhere(0, 1e-3, Infinity)).toBe(reachWhere(0.3, 1e-3, Infinity));
  expect(reachWhere(1, 0.5, 0.01)).toBe(reachWhere(0, 1e-3, Infinity));
});

it.each([
  ['held', [3, 3, 3], Infinity, 2 ** 16],
  ['there is time for', tau, 100, 100],
])(
  'has no more first cells than may be %s, however flat the symbol is',
  async (_, types, affordable, most) => {
    const needed = 0.035;
    const reach = await firstReach(
      types,
      (_frequency, tried) => Promise.resolve(tried <= needed),
      affordable,
    );
    expect(coverOfHalfTorus(types, reach).length).toBeLessThanOrEqual(1.1 * most);
  },
);
