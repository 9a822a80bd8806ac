/** How large the cells are that the torus of frequencies is first covered with, so that bounding them is the least work. */
import { coverSize } from './cells';
import type { Frequency } from './symbol';

/** Reaches that first cells may have: from `1 / cos` of 1.6 down to 1.0002. */
const REACHES = Array.from({ length: 20 }, (_, place) => 0.9 * 0.82 ** place);
/** Steps among the reaches that halve a reach, about. */
const STEPS_OF_HALVING = 3.5;
const HALVINGS = 8;
/** The place that is tried first, and at how many frequencies places are tried. */
const FIRST_TRY = 4;
const SAMPLES = 5;
/** First cells, which are all held at a time; only those of the largest reach may be more. */
const MOST_CELLS = 2 ** 16;

/**
 * The reach of the first cells that is the least work. A flat symbol takes small cells everywhere, and larger ones that are halved
 * again and again only add to them; for one with a single peak cells can be large but there. Only work depends on the answer.
 *
 * @param tau half the extent of the kernel on every axis
 * @param isDone whether a cell of some reach around a frequency would be done with
 * @param affordable how many first cells there is time for
 */
export async function firstReach(
  tau: readonly number[],
  isDone: (frequency: Frequency, reach: number) => Promise<boolean>,
  affordable = Infinity,
): Promise<number> {
  const last = REACHES.length;
  const placeAt = async (sample: number, start: number): Promise<number> => {
    const frequency = tau.map((_, axis) => ((sample * (0.618 + 0.137 * axis)) % 1) * Math.PI);
    let place = Math.min(start, last - 1);
    if (await isDone(frequency, REACHES[place])) {
      while (place > 0 && (await isDone(frequency, REACHES[place - 1]))) place--;
    } else {
      do place++;
      while (place < last && !(await isDone(frequency, REACHES[place])));
    }
    return place;
  };
  const first = await placeAt(1, FIRST_TRY);
  const others = Array.from({ length: SAMPLES - 1 }, (_, k) => placeAt(k + 2, first));
  const places = [first, ...(await Promise.all(others))];
  const most = Math.min(MOST_CELLS, affordable);
  return Math.max(
    leastWork(places, tau),
    REACHES.findLast((reach) => coverSize(tau, reach) <= most) ?? REACHES[0],
  );
}

/**
 * The largest reach of cells that are done with at `1 + tolerance` times the largest norm, where the symbol's is so many times that.
 *
 * @param swing how much `v^H F(w)^H F(w) v` varies with w at most, next to the largest eigenvalue
 */
export function reachWhere(ratio: number, tolerance: number, swing: number): number {
  const limit = (1 + tolerance) ** 2;
  const fallen = Math.max(0, limit - ratio ** 2) / Math.min(limit, swing);
  return Math.min(REACHES[0], Math.asin(Math.sqrt(Math.min(1, fallen))));
}

/** Where cells at the given places among the reaches are done with, as many in all of the torus as among these. */
function leastWork(places: readonly number[], tau: readonly number[]): number {
  const axes = tau.filter((t) => t > 0).length;
  const work = REACHES.map((reach, first) => {
    let cells = 0;
    for (let halvings = 0; halvings < HALVINGS; halvings++) {
      const asked = first + STEPS_OF_HALVING * (halvings - 1);
      const share = halvings === 0 ? 1 : places.filter((place) => place > asked).length / places.length;
      cells += share * 2 ** (halvings * axes);
    }
    return cells * reach ** -axes;
  });
  return REACHES[work.indexOf(Math.min(...work))];
}
