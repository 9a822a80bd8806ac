/** Cells that cover the torus of frequencies, measured as Bernstein's inequality measures. */
import { product, unravel } from '../kernel';
import { UNIT_ROUNDOFF } from '../rounding';
import type { Frequency } from './symbol';

/**
 * A set of frequencies w around a centre: `|x_1| / s_1 + |x_2| / s_2 <= 1` and `|x_j| <= s_j` on all further axes, for
 * `x_j = tau_j (w_j - centre_j)`, where the axes are those on which the symbol varies (`tau_j > 0`).
 *
 * What counts is the reach, the largest `sum_j |x_j|` over the cell. On two axes its ball is a diamond, and diamonds tile the
 * plane: half as many as there are squares of the same reach.
 */
export interface Cell {
  readonly centre: Frequency;
  /** The s_j, one for every axis that varies. */
  readonly extent: readonly number[];
}

/** Axes on which a symbol of types tau varies. */
function varying(tau: readonly number[]): number[] {
  return tau.flatMap((t, axis) => (t > 0 ? [axis] : []));
}

/** What a centre may be off by on any axis: up to 64 roundings, a few at first and one for each split, of an angle below 8. */
const CENTRE_ERROR = 512 * UNIT_ROUNDOFF;

/** The largest `sum_j |x_j|` over a cell, rounded up. */
export function reachOf({ extent }: Cell, tau: readonly number[]): number {
  const diamond = Math.max(0, ...extent.slice(0, 2));
  const rounding = CENTRE_ERROR * tau.reduce((sum, t) => sum + t, 0);
  return (extent.slice(2).reduce((sum, s) => sum + s, diamond) + rounding) * (1 + 1e-12);
}

/** `cos(reach)`, rounded down. */
export function cosineOf(cell: Cell, tau: readonly number[]): number {
  return Math.cos(reachOf(cell, tau)) - 4 * UNIT_ROUNDOFF;
}

/**
 * What `sigma_1(F(centre))` must be at most for `sigma_1(F(w))^2` to have its maximum over all w, if that is above the limit, outside of the
 * cell: the root of `limit - min(limit, swing) sin^2(reach)`, rounded down. The less `F(w)^H F(w)` varies, the less can its largest eigenvalue
 * fall within a cell.
 *
 * @param cosine of the cell, or what is less
 * @param swing bound on how much `v^H F(w)^H F(w) v` varies with w, for any unit vector v; may be infinite
 */
export function thresholdOf(limit: number, cosine: number, swing: number): number {
  // Nothing is known beyond a quarter turn.
  if (!(cosine > 0)) return 0;
  const square = cosine * cosine;
  // The same twice, as the difference would be left with the rounding of its terms where the cosine is small.
  const most = limit * (1 - 16 * UNIT_ROUNDOFF);
  const least = Math.max(most * square, most - Math.min(limit, swing) * (1 - square));
  return Math.sqrt(least) * (1 - 4 * UNIT_ROUNDOFF);
}

/** The converse: the least limit that goes with a bound of `sigma_1(F(centre))`, rounded up. */
export function limitOf(bound: number, cosine: number, swing: number): number {
  if (!(cosine > 0)) return Infinity;
  const square = cosine * cosine;
  const most = bound * bound * (1 + 16 * UNIT_ROUNDOFF);
  const fallen = swing * (1 - square + 4 * UNIT_ROUNDOFF) * (1 + 16 * UNIT_ROUNDOFF);
  return Math.min((most / square) * (1 + 16 * UNIT_ROUNDOFF), most + fallen);
}

/** Positions of centres on every axis that varies; on the first two of several, every other one of both is taken. */
function countsOf(tau: readonly number[], reach: number): number[] {
  const axes = varying(tau);
  // The largest volume for a given reach: two parts for a diamond, one for each further axis.
  const part = reach / axes.length;
  return axes.map((axis, place) => {
    const period = 2 * Math.PI * tau[axis];
    if (axes.length === 1 || place > 1) return Math.ceil(period / (2 * part));
    return 2 * Math.ceil(period / (4 * part));
  });
}

/** How many cells `coverOfHalfTorus` answers, but for a few that are their own mirror images. */
export function coverSize(tau: readonly number[], reach: number): number {
  const counts = countsOf(tau, reach);
  return Math.ceil(product(counts) / (counts.length > 1 ? 4 : 2));
}

/** Cells of at most the given reach that cover one of each pair w, -w, at which symbols of real kernels are conjugate. */
export function coverOfHalfTorus(tau: readonly number[], reach: number): Cell[] {
  const axes = varying(tau);
  const counts = countsOf(tau, reach);
  const spacing = axes.map((axis, place) => (2 * Math.PI * tau[axis]) / counts[place]);
  const extent = spacing.map((s, place) => (axes.length === 1 || place > 1 ? s / 2 : s));
  const cells: Cell[] = [];
  for (let index = 0; index < product(counts); index++) {
    const place = unravel(index, counts);
    // Diamonds stand on the black squares of a chessboard.
    if (axes.length > 1 && (place[0] + place[1]) % 2 === 1) continue;
    const mirror = place.reduce((sum, i, j) => sum * counts[j] + ((counts[j] - i) % counts[j]), 0);
    if (mirror < index) continue;
    const centre = tau.map(() => 0);
    axes.forEach((axis, j) => (centre[axis] = (place[j] * spacing[j]) / tau[axis]));
    cells.push({ centre, extent });
  }
  return cells;
}

/** Smaller cells that cover a cell: four diamonds of half the size, or two halves along a further axis. */
export function split(cell: Cell, tau: readonly number[]): Cell[] {
  const axes = varying(tau);
  const { centre, extent } = cell;
  const shifted = (place: number, by: number, smaller: readonly number[]): Cell => ({
    centre: centre.map((w, axis) => (axis === axes[place] ? w + by / tau[axis] : w)),
    extent: smaller,
  });
  const halved = (...places: number[]) => extent.map((s, place) => (places.includes(place) ? s / 2 : s));
  if (extent.length === 1) {
    const smaller = halved(0);
    return [-smaller[0], smaller[0]].map((by) => shifted(0, by, smaller));
  }
  let longest = 2;
  for (let place = 3; place < extent.length; place++) if (extent[place] > extent[longest]) longest = place;
  if (extent.length === 2 || Math.max(extent[0], extent[1]) >= 1.5 * extent[longest]) {
    const smaller = halved(0, 1);
    return [0, 1].flatMap((place) =>
      [-smaller[place], smaller[place]].map((by) => shifted(place, by, smaller)),
    );
  }
  const smaller = halved(longest);
  return [-smaller[longest], smaller[longest]].map((by) => shifted(longest, by, smaller));
}
