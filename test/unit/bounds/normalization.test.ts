import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundDiagonal, boundNormalization, UnboundedError } from '../../../src/bounds/normalization';
import { NotFiniteError } from '../../../src/bounds/values';
import { gaussian, seeded } from '../truth/random';
import { largestSingularValue } from '../truth/singular-values';

describe('boundDiagonal', () => {
  it('encloses the largest entry', () => {
    const gain = Float32Array.of(1, -6, 2);
    const variance = Float32Array.of(0.25, 4, 0.0625);
    const found = boundDiagonal(gain, variance, 0);
    expect(found.lower).toBeLessThanOrEqual(8);
    expect(found.upper).toBeGreaterThanOrEqual(8);
    expect(found.upper - found.lower).toBeLessThan(1e-12);
    expect(found.frobenius).toBeCloseTo(Math.hypot(2, 3, 8), 12);
  });

  it('adds epsilon to the variance, and takes a missing gain as ones', () => {
    const found = boundDiagonal(null, Float64Array.of(0, 3), 0.0625);
    expect(found.lower).toBeLessThanOrEqual(4);
    expect(found.upper).toBeGreaterThanOrEqual(4);
  });

  it('rounds outwards', () => {
    // The nearest double to 1 / sqrt(2) is above it, the computed quotient below; 1 / sqrt(3) the other way round.
    expect(1 / Math.sqrt(2)).toBeLessThan(Math.SQRT1_2);
    expect(boundDiagonal(null, Float64Array.of(2), 0).upper).toBeGreaterThanOrEqual(Math.SQRT1_2);
    const below = 0.5773502691896257;
    expect(1 / Math.sqrt(3)).toBeGreaterThan(below);
    expect(boundDiagonal(null, Float64Array.of(3), 0).lower).toBeLessThanOrEqual(below);
    expect(boundNormalization(Float64Array.of(1), 2, false, 1).upper).toBeGreaterThanOrEqual(Math.SQRT1_2);
    expect(boundNormalization(Float64Array.of(1), 3, false, 1).lower).toBeLessThanOrEqual(below);
  });

  it('answers 0 for zero gains', () => {
    expect(boundDiagonal(new Float32Array(3), new Float32Array(3).fill(1), 1e-5)).toEqual({
      lower: 0,
      upper: 0,
      frobenius: 0,
    });
  });

  it('takes more channels than a call takes arguments', () => {
    const found = boundDiagonal(null, new Float32Array(300_000).fill(1), 0);
    expect(found.upper).toBeCloseTo(1, 12);
    expect(found.frobenius).toBeCloseTo(Math.sqrt(300_000), 6);
  });

  it('refuses what has no bound', () => {
    expect(() => boundDiagonal(null, Float32Array.of(1, 0), 0)).toThrow(UnboundedError);
    expect(() => boundDiagonal(null, Float32Array.of(1, -1), 0.5)).toThrow(UnboundedError);
    expect(() => boundDiagonal(Float32Array.of(1, NaN), Float32Array.of(1, 1), 0)).toThrow(NotFiniteError);
    expect(() => boundDiagonal(null, Float32Array.of(1, Infinity), 0)).toThrow(NotFiniteError);
  });
});

describe('boundNormalization', () => {
  const epsilon = 1e-3;

  /** The norm of the layer's derivative at x, by its definition with central differences. */
  function derivativeNorm(x: readonly number[], gain: readonly number[], centered: boolean): number {
    const n = x.length;
    const apply = (input: readonly number[]) => {
      const mean = centered ? input.reduce((a, b) => a + b, 0) / n : 0;
      const deviation = Math.sqrt(input.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n + epsilon);
      return input.map((value, index) => (gain[index] * (value - mean)) / deviation);
    };
    const step = 1e-6;
    const values = new Float64Array(n * n);
    for (let j = 0; j < n; j++) {
      const above = apply(x.map((value, index) => value + (index === j ? step : 0)));
      const below = apply(x.map((value, index) => value - (index === j ? step : 0)));
      for (let i = 0; i < n; i++) values[i * n + j] = (above[i] - below[i]) / (2 * step);
    }
    return largestSingularValue({ rows: n, columns: n, values });
  }

  it.each([true, false])(
    'is above every derivative, and attained at a constant (or zero) input: centered %s',
    (centered) => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 2, max: 8 }), (seed, size) => {
          const random = seeded(seed);
          const gain = Array.from({ length: size }, () => gaussian(random));
          const found = boundNormalization(Float64Array.from(gain), epsilon, centered, size);
          for (const spread of [0.001, 0.03, 1]) {
            const x = gain.map(() => spread * gaussian(random));
            expect(derivativeNorm(x, gain, centered)).toBeLessThanOrEqual(found.upper * (1 + 1e-6));
          }
          const flat = derivativeNorm(
            gain.map(() => 0),
            gain,
            centered,
          );
          expect(flat).toBeLessThanOrEqual(found.upper * (1 + 1e-6));
          expect(flat).toBeGreaterThanOrEqual(found.lower * (1 - 1e-6));
        }),
        { numRuns: 100 },
      );
    },
  );

  it('of one element with its own mean is not claimed to be more than 0', () => {
    expect(boundNormalization(Float64Array.of(3), 1e-5, true, 1).lower).toBe(0);
  });

  it('is the gain over the root of epsilon for any size', () => {
    const found = boundNormalization(Float32Array.of(0.5, -2), 2 ** -16, true, null);
    expect(found.lower).toBeLessThanOrEqual(512);
    expect(found.upper).toBeGreaterThanOrEqual(512);
    expect(found.upper - found.lower).toBeLessThan(1e-9);
  });

  it('refuses what has no bound', () => {
    expect(() => boundNormalization(Float32Array.of(1), 0, true, 4)).toThrow(UnboundedError);
    expect(() => boundNormalization(Float32Array.of(1), -1e-5, false, 4)).toThrow(UnboundedError);
    expect(() => boundNormalization(Float32Array.of(1), NaN, false, 4)).toThrow(UnboundedError);
    expect(() => boundNormalization(Float32Array.of(NaN), 1e-5, false, 4)).toThrow(NotFiniteError);
  });
});
