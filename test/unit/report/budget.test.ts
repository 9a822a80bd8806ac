import { describe, expect, it } from 'vitest';
import { overBudget } from '../../../src/report/budget';
import { layer, report } from './sample';

const bounded = (name: string, lower: number, upper: number) =>
  layer({ name, lipschitz: { lower, upper, certainty: 'certified', scope: 'any input size', method: 'm' } });

function over(limit: number, ...layers: ReturnType<typeof layer>[]) {
  return overBudget(report({ layers }), limit).map(({ layer: { name }, certainly }) => [name, certainly]);
}

describe('overBudget', () => {
  it('tells layers that are above the limit from those that may be', () => {
    const layers = [bounded('below', 1, 2), bounded('across', 2, 4), bounded('above', 3.5, 4)];
    expect(over(3, ...layers)).toEqual([
      ['across', false],
      ['above', true],
    ]);
  });

  it('allows the limit itself', () => {
    expect(over(3, bounded('exact', 3, 3))).toEqual([]);
    expect(over(3, bounded('lower end', 3, 3 + 2 ** -51))).toEqual([['lower end', false]]);
    expect(over(0, bounded('zero', 0, 0))).toEqual([]);
  });

  it('does not count a layer without a bound', () => {
    expect(over(0, layer({ lipschitz: null, error: 'broken' }))).toEqual([]);
    expect(over(1)).toEqual([]);
  });

  it('gives the layers with their bounds', () => {
    const above = bounded('above', 2, 3);
    expect(overBudget(report({ layers: [above] }), 1)).toEqual([{ layer: above, certainly: true }]);
  });
});
