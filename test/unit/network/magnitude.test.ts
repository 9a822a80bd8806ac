import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as m from '../../../src/network/magnitude';

/** A positive float64 as a fraction of integers. */
function exact(x: number): { readonly n: bigint; readonly d: bigint } {
  let [mantissa, power] = [x, 0];
  while (!Number.isInteger(mantissa)) [mantissa, power] = [mantissa * 2, power + 1];
  return { n: BigInt(mantissa), d: 2n ** BigInt(power) };
}

function exactOf({ mantissa, exponent }: m.Magnitude): { readonly n: bigint; readonly d: bigint } {
  const { n, d } = exact(mantissa);
  return exponent >= 0 ? { n: n * 2n ** BigInt(exponent), d } : { n, d: d * 2n ** BigInt(-exponent) };
}

const positive = fc
  .tuple(fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }), fc.integer({ min: -200, max: 200 }))
  .map(([mantissa, exponent]) => mantissa * 2 ** exponent);

/** At least the exact value, and not by more than some units in the last place. */
function expectJustAbove(found: m.Magnitude, n: bigint, d: bigint): void {
  const own = exactOf(found);
  expect(own.n * d >= n * own.d).toBe(true);
  expect(own.n * d * 2n ** 48n <= n * own.d * (2n ** 48n + 1n)).toBe(true);
}

describe('magnitudes', () => {
  it('products and sums are just above the exact ones', () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const [x, y] = [exact(a), exact(b)];
        expectJustAbove(m.times(m.magnitude(a), m.magnitude(b)), x.n * y.n, x.d * y.d);
        expectJustAbove(m.plus(m.magnitude(a), m.magnitude(b)), x.n * y.d + y.n * x.d, x.d * y.d);
      }),
      { numRuns: 500 },
    );
  });

  it('roots are just above the exact ones', () => {
    fc.assert(
      fc.property(positive, (a) => {
        const root = exactOf(m.squareRoot(m.magnitude(a)));
        const { n, d } = exact(a);
        expect(root.n * root.n * d >= n * root.d * root.d).toBe(true);
        expect(root.n * root.n * d * 2n ** 48n <= n * root.d * root.d * (2n ** 48n + 1n)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('are compared as numbers are', () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        expect(m.isAbove(m.magnitude(a), m.magnitude(b))).toBe(a > b);
      }),
    );
  });

  it('come back as they were given', () => {
    for (const x of [0, 5e-324, 2 ** -1022, 1, 3, 1.7976931348623157e308]) {
      expect(m.toNumber(m.magnitude(x))).toBeGreaterThanOrEqual(x);
      expect(m.toNumber(m.magnitude(x))).toBeLessThanOrEqual(x + 2 * Number.MIN_VALUE);
    }
  });

  it('do not overflow, and powers of two are exact', () => {
    let product = m.ONE;
    for (let i = 0; i < 5000; i++) product = m.times(product, m.magnitude(2));
    expect(product).toEqual({ mantissa: 1, exponent: 5000 });
    expect(m.toNumber(product)).toBeNull();
    expect(m.log10(product)).toBeCloseTo(5000 * Math.log10(2), 8);
    expect(m.log10(product)).toBeGreaterThanOrEqual(1505.1499783199058);
  });

  it('zero wins over what is not known, and otherwise that spreads', () => {
    expect(m.times(m.ZERO, m.UNBOUNDED)).toEqual(m.ZERO);
    expect(m.isFinite(m.times(m.ONE, m.UNBOUNDED))).toBe(false);
    expect(m.isFinite(m.plus(m.ZERO, m.UNBOUNDED))).toBe(false);
    expect(m.isFinite(m.magnitude(NaN))).toBe(false);
    expect(m.log10(m.ZERO)).toBe(-Infinity);
  });
});
