import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { logTicks } from '../../../webview/plots/ticks';

describe('ticks of a logarithmic axis', () => {
  it('are powers of ten', () => {
    expect(logTicks(0.5, 200)).toEqual([1, 10, 100]);
    expect(logTicks(1, 100)).toEqual([1, 10, 100]);
  });

  it('are thinned evenly, and keep 1', () => {
    expect(logTicks(1.2e-12, 164)).toEqual([1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 1, 100].slice(1));
  });

  it('lie between powers of ten where the axis is short', () => {
    expect(logTicks(0.9, 6)).toEqual([1, 2, 5]);
    expect(logTicks(20, 90)).toEqual([20, 50]);
  });

  it('are few, in order and on the axis, whatever its limits', () => {
    const limit = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(limit, limit, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const ticks = logTicks(low, high);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect(
          ticks.every((tick, i) => tick >= low && tick <= high && (i === 0 || tick > ticks[i - 1])),
        ).toBe(true);
      }),
    );
  });
});
