import { describe, expect, it } from 'vitest';
import type { LayerReport } from '../../../src/report/report';
import { rowDefect } from '../../../src/report/row-defect';
import { FULL, layer } from './sample';

const rank = (lower: number, upper: number) => ({
  value: lower,
  normalized: 0.5,
  interval: { lower, upper },
});

describe('rowDefect', () => {
  it('has nothing against a sound row', () => {
    expect(FULL.layers.map(rowDefect)).toEqual(FULL.layers.map(() => null));
  });

  it.each<[Partial<LayerReport>, string]>([
    [{ lipschitz: null }, 'it has neither a bound nor an error'],
    [{ frobenius: NaN }, 'its frobenius is NaN'],
    [{ seconds: Infinity }, 'its seconds is Infinity'],
    [{ stableRank: rank(1, Infinity) }, 'its stableRank.interval.upper is Infinity'],
    [{ stableRank: rank(2, 1) }, 'its stableRank.interval has its lower end 2 above its upper end 1'],
    [
      {
        groups: [
          { lower: 1, upper: 1, stableRank: null },
          { lower: 2, upper: 1, stableRank: null },
        ],
      },
      'its groups.1 has its lower end 2 above its upper end 1',
    ],
    [
      { lipschitz: { lower: 1.5, upper: 1, certainty: 'certified', scope: 'any input size', method: 'm' } },
      'its lipschitz has its lower end 1.5 above its upper end 1',
    ],
  ])('finds %j', (change, defect) => {
    expect(rowDefect(layer(change))).toBe(defect);
  });
});
