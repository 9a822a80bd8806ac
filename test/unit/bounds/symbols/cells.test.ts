import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Cell,
  cosineOf,
  coverOfHalfTorus,
  coverSize,
  reachOf,
  split,
} from '../../../../src/bounds/symbols/cells';
import { product } from '../../../../src/bounds/kernel';

/** Types of symbols: half integers, some axes on which nothing varies. */
const types = fc
  .array(fc.constantFrom(0, 0.5, 1, 1, 1.5, 3), { minLength: 1, maxLength: 4 })
  .filter((tau) => tau.some((t) => t > 0) && tau.filter((t) => t > 0).length <= 3);
const reaches = fc.constantFrom(0.3, 0.47, 0.9);
const places = fc.array(fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }), {
  minLength: 4,
  maxLength: 4,
});

/** `sum_j tau_j |w_j - centre_j|`, angles taken around the circle. */
function distance(tau: readonly number[], w: readonly number[], centre: readonly number[]): number {
  return tau.reduce((sum, t, axis) => {
    const turns = (w[axis] - centre[axis]) / (2 * Math.PI);
    return sum + t * 2 * Math.PI * Math.abs(turns - Math.round(turns));
  }, 0);
}

function nearest(cells: readonly Cell[], tau: readonly number[], w: readonly number[]): Cell {
  return cells.reduce((best, cell) =>
    distance(tau, w, cell.centre) < distance(tau, w, best.centre) ? cell : best,
  );
}

describe('coverOfHalfTorus', () => {
  it('has a centre within reach of every frequency or of its opposite', () => {
    fc.assert(
      fc.property(types, reaches, places, (tau, reach, place) => {
        const counts = tau.filter((t) => t > 0).map((t) => (2 * Math.PI * t) / reach);
        fc.pre(product(counts) < 1e4);
        const cells = coverOfHalfTorus(tau, reach);
        const w = tau.map((_, axis) => place[axis]);
        const opposite = w.map((x) => -x);
        const away = Math.min(
          ...[w, opposite].map((one) => distance(tau, one, nearest(cells, tau, one).centre)),
        );
        for (const cell of cells) expect(reachOf(cell, tau)).toBeLessThanOrEqual(reach * (1 + 1e-9));
        expect(away).toBeLessThanOrEqual(reachOf(cells[0], tau));
        const mirrored = 2 ** counts.length;
        expect(cells.length).toBeGreaterThanOrEqual(coverSize(tau, reach));
        expect(cells.length).toBeLessThanOrEqual(coverSize(tau, reach) + mirrored);
      }),
      { numRuns: 400 },
    );
  });

  it('takes half as many diamonds as squares of the same reach', () => {
    // Squares of reach 0.47: (2 pi / 0.47)^2 on the whole torus.
    expect(coverOfHalfTorus([1, 1], 0.47).length).toBeLessThan(0.6 * 0.5 * ((2 * Math.PI) / 0.47) ** 2);
  });
});

describe('split', () => {
  it('covers the cell with smaller ones', () => {
    fc.assert(
      fc.property(types, places, fc.integer({ min: 1, max: 4 }), (tau, place, depth) => {
        const axes = tau.flatMap((t, axis) => (t > 0 ? [axis] : []));
        const extent = axes.map((_, k) => 0.1 + 0.05 * (k % 2));
        let cells: Cell[] = [{ centre: tau.map(() => 0.2), extent }];
        const whole = cells[0];
        // A point of the cell: inside the diamond of the first two axes, inside the intervals of the others.
        const x = axes.map((_, k) => (extent[k] * place[k]) / Math.PI);
        if (axes.length > 1) {
          const size = Math.abs(x[0]) / extent[0] + Math.abs(x[1]) / extent[1];
          if (size > 1) for (const k of [0, 1]) x[k] /= size;
        }
        const w = [...whole.centre];
        axes.forEach((axis, k) => (w[axis] += x[k] / tau[axis]));
        expect(distance(tau, w, whole.centre)).toBeLessThanOrEqual(reachOf(whole, tau));
        for (let level = 0; level < depth; level++) {
          const parents = cells;
          cells = parents.flatMap((cell) => split(cell, tau));
          expect(reachOf(cells[0], tau)).toBeLessThan(reachOf(parents[0], tau));
          expect(distance(tau, w, nearest(cells, tau, w).centre)).toBeLessThanOrEqual(reachOf(cells[0], tau));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('rounds the cosine of the reach down', () => {
    const cell = { centre: [0, 0], extent: [0.25, 0.5] };
    expect(cosineOf(cell, [1, 1])).toBeLessThan(Math.cos(0.5));
    expect(cosineOf(cell, [1, 1])).toBeGreaterThan(Math.cos(0.5) - 1e-11);
  });
});
