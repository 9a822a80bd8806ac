import { describe, expect, it } from 'vitest';
import { networkOverBudget, overBudget } from '../../../src/report/budget';
import { layer, network, networkBound, report } from './sample';

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

describe('networkOverBudget', () => {
  const named = (output: string, upper: number | null, domain: string | null = null) =>
    networkBound({ output, upper, log10Upper: upper === null ? null : Math.log10(upper), domain });
  const bounds = [
    named('below', 1),
    named('above', 5),
    named('higher', 7),
    named('sometimes', 1, 'inputs in [-1, 1]'),
    named('unknown', null),
    { ...named('in another norm', 100), norm: 'L1' as const },
  ];

  it('has the bounds that do not show it, those without a number for all inputs first', () => {
    const over = (limit: number) => networkOverBudget(network({ bounds }), limit).map(({ output }) => output);
    expect(over(3)).toEqual(['sometimes', 'unknown', 'higher', 'above']);
    expect(over(10)).toEqual(['sometimes', 'unknown']);
  });

  it('takes bounds for examples of sizes for none', () => {
    const assumed = network({ bounds: bounds.slice(0, 2), isAssumed: true });
    expect(networkOverBudget(assumed, 10).map(({ output }) => output)).toEqual(['above', 'below']);
  });

  it('knows a bound beyond float64 for one that is too large', () => {
    const huge = networkBound({ upper: null, log10Upper: 400 });
    expect(networkOverBudget(network({ bounds: [huge] }), 1e308)).toEqual([huge]);
  });
});
