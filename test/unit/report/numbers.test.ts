import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatNumber,
  formatPowerOfTen,
  formatSeconds,
  formatShape,
  formatShare,
} from '../../../src/report/numbers';

/** Finite numbers >= 0 of every size. */
const size = fc
  .tuple(fc.double({ min: 1, max: 10, noNaN: true, maxExcluded: true }), fc.integer({ min: -320, max: 307 }))
  .map(([mantissa, exponent]) => Number(`${mantissa}e${exponent}`));

/** Intervals from equal ends to many orders of magnitude. */
const interval = fc
  .tuple(size, fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true }), fc.constant(1e-5), size))
  .map(([lower, excess]) => ({ lower, upper: Math.min(Number.MAX_VALUE, lower * (1 + excess)) }));

describe('formatInterval', () => {
  it.each([
    [2.50939, 2.50941, '2.5094'],
    [2.5103, 2.5553, '2.51–2.56'],
    [1, 1, '1.0000'],
    [0.99999999, 1.00000001, '1.0000'],
    [2.509349, 2.509351, '2.5093–2.5094'],
    [2.509, 2.5099, '2.5090–2.5099'],
    [9.98, 10.03, '9.98–10.03'],
    [9.999, 10.4, '9.9–10.4'],
    [0.3, 5, '0.30–5.0'],
    [0, 2.5, '0–2.5'],
    [0, 0, '0'],
    [12345.4, 12345.4, '12345'],
    [123456, 123456, '1.2346e5'],
    [1e-12, 1e-12, '1.0000e-12'],
    [1e-12, 2e-12, '1.0e-12–2.0e-12'],
    [1e30, 1e30, '1.0000e30'],
    [0.00123456, 0.00123456, '0.0012346'],
    [0.000123456, 0.000123456, '1.2346e-4'],
    [Number.MIN_VALUE, Number.MIN_VALUE, '4.9407e-324'],
    [1, Number.MAX_VALUE, '1.0–1.8e308'],
    [1e-12, 1e30, '1.0e-12–1.0e30'],
  ])('[%d, %d] is %s', (lower, upper, text) => {
    expect(formatInterval({ lower, upper })).toBe(text);
  });

  it('contains the interval wherever it shows two ends, and widens it by at most as much again', () => {
    fc.assert(
      fc.property(interval, ({ lower, upper }) => {
        const [from, to] = formatInterval({ lower, upper }).split('–').map(Number);
        if (to === undefined) return;
        expect(from).toBeLessThanOrEqual(lower);
        // A number that is larger than every double reads as Infinity.
        expect(to).toBeGreaterThanOrEqual(upper);
        if (to < Infinity && lower > 1e-300 && upper / lower > 1.001) {
          expect(to - from).toBeLessThan(2 * (upper - lower));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('shows one number only where both ends round to it', () => {
    fc.assert(
      fc.property(interval, ({ lower, upper }) => {
        const text = formatInterval({ lower, upper });
        if (text.includes('–')) return;
        for (const end of [lower, upper]) expect(Number(text)).toBe(Number(end.toPrecision(5)));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes at most 23 characters', () => {
    fc.assert(
      fc.property(interval, (any) => {
        expect(formatInterval(any).length).toBeLessThanOrEqual(23);
      }),
      { numRuns: 3000 },
    );
  });

  it('shows the integer part of a number with fewer digits', () => {
    expect(formatInterval({ lower: 12345.6, upper: 12345.6 }, 4)).toBe('12346');
    expect(formatInterval({ lower: 1.23456, upper: 1.23456 }, 4)).toBe('1.235');
  });
});

describe('formatNumber', () => {
  it('is the number to five digits', () => {
    fc.assert(
      fc.property(size, (x) => {
        expect(Number(formatNumber(x))).toBe(Number(x.toPrecision(5)));
      }),
    );
  });
});

describe('formatPowerOfTen', () => {
  it.each([
    [0, '1.000'],
    [Math.log10(2.5094), '2.510'],
    [31.6, '10^31.6'],
    [31.61, '10^31.7'],
    [-7.25, '10^-7.2'],
    [-Infinity, '0'],
  ])('%d is %s', (log10, text) => {
    expect(formatPowerOfTen(log10)).toBe(text);
  });
});

describe('the other numbers', () => {
  it('shares', () => {
    expect([0, 0.0005, 0.0142, 0.0999, 0.5, 1].map(formatShare)).toEqual([
      '0.0%',
      '<0.1%',
      '1.4%',
      '10%',
      '50%',
      '100%',
    ]);
  });

  it('counts', () => {
    expect([0, 9999, 10_000, 999_499, 999_500, 1_171_234, 7e9].map(formatCount)).toEqual([
      '0',
      '9999',
      '10.0 k',
      '999 k',
      '1.00 M',
      '1.17 M',
      '7.00 G',
    ]);
  });

  it('bytes', () => {
    expect([12, 1500, 4_700_000, 12_345_678, 2.4e9, 5e15].map(formatBytes)).toEqual([
      '12 B',
      '1.50 kB',
      '4.70 MB',
      '12.3 MB',
      '2.40 GB',
      '5000 TB',
    ]);
  });

  it('seconds', () => {
    expect([0, 2.84, 9.96, 59.6, 200, 7500].map(formatSeconds)).toEqual([
      '0.0 s',
      '2.8 s',
      '10 s',
      '1 min 0 s',
      '3 min 20 s',
      '2 h 5 min',
    ]);
  });

  it('shapes', () => {
    expect([formatShape([8, 3, 3, 3]), formatShape([])]).toEqual(['8×3×3×3', 'scalar']);
  });
});
