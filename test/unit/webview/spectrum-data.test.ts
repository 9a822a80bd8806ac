import { describe, expect, it } from 'vitest';
import { barsOf, frequenciesOf, placesOf } from '../../../webview/plots/spectrum-data';

const histogram = { edges: [1, 4, 16], counts: [0, 2], zeros: 1 };

describe('what the plots of a spectrum are drawn from', () => {
  it('has a place for every value that is not zero', () => {
    expect(placesOf([8, 3, 1e-20], histogram)).toEqual([
      { x: 1, y: 8 },
      { x: 2, y: 3 },
    ]);
  });

  it('has a bar for every bin that is not empty', () => {
    expect(barsOf(histogram)).toEqual([{ from: 4, to: 16, x: 8, y: 2 }]);
  });

  it('has angles from -pi on in the place of frequencies, in the order of the axes', () => {
    const values = [0, 1, 2, 3, 4, 5];
    const points = frequenciesOf({ grid: [2, 3], largest: values, median: values, smallest: values });
    const thirds = points.map(({ frequency }) => frequency.map((w) => Math.round((3 * w) / Math.PI)));
    expect(thirds).toEqual([
      [0, 0],
      [0, 2],
      [0, -2],
      [-3, 0],
      [-3, 2],
      [-3, -2],
    ]);
    expect(points[5]).toMatchObject({ largest: 5, median: 5, smallest: 5 });
  });
});
