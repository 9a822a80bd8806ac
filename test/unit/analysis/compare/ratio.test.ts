import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quotient, ratioOf } from '../../../../src/analysis/compare/ratio';

/** An interval around x. */
const around = (x: number, width: number) => ({ lower: x * (1 - width), upper: x * (1 + width) });

describe('ratioOf', () => {
  it('holds the ratio of the norms', () => {
    const norm = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    const width = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(
        norm,
        norm,
        width,
        width,
        fc.double({ min: 1, max: 3, noNaN: true }),
        (a, b, v, w, factor) => {
          // The norm of a difference is at least that of the norms.
          const difference = around(Math.abs(b - a) * factor, v);
          for (const known of [null, { ...difference, upper: Math.max(difference.upper, Math.abs(b - a)) }]) {
            const ratio = ratioOf(around(a, v), around(b, w), known);
            expect(ratio?.lower).toBeLessThanOrEqual((b / a) * (1 + 1e-15));
            expect(ratio?.upper).toBeGreaterThanOrEqual((b / a) * (1 - 1e-15));
          }
        },
      ),
    );
  });

  it('is one where nothing differs, and tight where little does', () => {
    const [a, b] = [around(2, 1e-3), around(2, 1e-3)];
    expect(ratioOf(a, b, { lower: 0, upper: 0 })).toEqual({ lower: 1, upper: 1 });
    const ratio = ratioOf(a, b, { lower: 1e-9, upper: 2e-9 });
    expect(ratio?.lower).toBeGreaterThan(1 - 2e-9);
    expect(ratio?.upper).toBeLessThan(1 + 2e-9);
  });

  it('is none where the layer may be zero', () => {
    const zero = { lower: 0, upper: 0 };
    expect(ratioOf(zero, { lower: 1, upper: 1 }, null)).toBeNull();
    expect(ratioOf(zero, zero, zero)).toBeNull();
    expect(quotient(zero, zero)).toEqual(zero);
    expect(quotient({ lower: 1, upper: 2 }, zero)).toBeNull();
    expect(quotient({ lower: 1e300, upper: 1e300 }, { lower: 1e-300, upper: 1 })).toBeNull();
    expect(quotient({ lower: 0, upper: 5e-324 }, { lower: 1e300, upper: 1e300 })?.upper).toBeGreaterThan(0);
  });
});
