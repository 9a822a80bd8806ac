/** What the plots of a spectrum are drawn from. */
import type { FrequencyReport, SpectrumHistogram } from '../../src/report/report';

export interface SpectrumPoint {
  readonly x: number;
  readonly y: number;
}

/** The values that are not zero, by their place from 1 on: no more than the histogram counts. */
export function placesOf(values: readonly number[], histogram: SpectrumHistogram): SpectrumPoint[] {
  const [least] = histogram.edges;
  return values.flatMap((y, i) => (y >= least ? [{ x: i + 1, y }] : []));
}

export interface Bar extends SpectrumPoint {
  readonly from: number;
  readonly to: number;
}

/** The bins that hold something; x is their middle on a logarithmic axis. */
export function barsOf({ edges, counts }: SpectrumHistogram): Bar[] {
  return counts.flatMap((y, i) => {
    const [from, to] = [edges[i], edges[i + 1]];
    return y > 0 ? [{ from, to, x: Math.sqrt(from) * Math.sqrt(to), y }] : [];
  });
}

/** One frequency of a grid of one or more axes. */
export interface FrequencyPoint {
  /** Angles in [-pi, pi), one for each axis. */
  readonly frequency: readonly number[];
  readonly largest: number;
  readonly median: number;
  readonly smallest: number;
}

export function frequenciesOf({ grid, largest, median, smallest }: FrequencyReport): FrequencyPoint[] {
  return largest.map((_, index) => {
    let rest = index;
    const frequency = grid.toReversed().map((points) => {
      const k = rest % points;
      rest = Math.floor(rest / points);
      return (2 * Math.PI * (2 * k < points ? k : k - points)) / points;
    });
    return {
      frequency: frequency.reverse(),
      largest: largest[index],
      median: median[index],
      smallest: smallest[index],
    };
  });
}
