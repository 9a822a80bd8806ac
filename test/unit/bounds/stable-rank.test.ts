import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundConvolution } from '../../../src/bounds/convolution';
import { boundMatrix } from '../../../src/bounds/matrices/matrix';
import { stableRank } from '../../../src/bounds/stable-rank';
import { Engine } from '../../../src/compute/engine';
import { anySizeGroupNorms } from '../truth/any-size';
import { goldenCircular } from '../truth/golden';
import { frobenius, groupAlone, product } from '../truth/layer';
import { convolutions, everyConvolution, matrices } from '../truth/random';
import { singularValues } from '../truth/singular-values';
import { searchError, toBounds } from './layers';

const engine = new Engine('cpu');

describe('stableRank', () => {
  it('of a matrix encloses the sum of the squared singular values over the largest of them', async () => {
    await fc.assert(
      fc.asyncProperty(matrices(20), async ({ rows, columns, values }) => {
        const spectrum = singularValues({ rows, columns, values: Float64Array.from(values) });
        const fullRank = Math.min(rows, columns);
        const enclosure = await boundMatrix(engine, { values, rows, columns }, 1e-6);
        const found = stableRank([{ ...enclosure, fullRank }]);
        if (spectrum[0] === 0) {
          expect(found).toEqual({ value: 0, normalized: 0, lower: 0, upper: 0 });
          return;
        }
        const truth = spectrum.reduce((sum, value) => sum + (value / spectrum[0]) ** 2, 0);
        expect(found.lower).toBeLessThanOrEqual(truth * (1 + 1e-13));
        expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - 1e-13));
        expect(found.value).toBe(found.lower);
        expect(Math.abs(found.normalized * fullRank - found.value)).toBeLessThanOrEqual(1e-8 * truth);
      }),
      { numRuns: 150 },
    );
  });

  it('of a convolution is the mean over its groups, normalised by min(co, ci prod(strides))', async () => {
    await fc.assert(
      fc.asyncProperty(
        convolutions({ ...everyConvolution, modes: ['zeros'], axes: [1, 2] }),
        async ({ layer }) => {
          const norms = anySizeGroupNorms({ ...layer, scale: 1 });
          const truths = norms.map((norm, index) =>
            norm === 0 ? 0 : (frobenius(groupAlone(layer, index).weight) / norm) ** 2,
          );
          const truth = truths.reduce((sum, value) => sum + value, 0) / truths.length;
          const { groups } = await boundConvolution(engine, toBounds(layer, 'any size'), null);
          const found = stableRank(groups);
          expect(found.lower).toBeLessThanOrEqual(truth * (1 + searchError));
          expect(found.upper).toBeGreaterThanOrEqual(truth * (1 - searchError));
          expect(found.value).toBeGreaterThanOrEqual(truth / 1.05 ** 2);
          const fullRank = Math.min(layer.shape[0] / layer.groups, layer.shape[1] * product(layer.strides));
          expect(Math.abs(found.normalized - found.value / fullRank)).toBeLessThanOrEqual(
            1e-8 * found.normalized,
          );
          expect(found.normalized).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each(goldenCircular())('is what the reference answers: $name', async ({ layer, reference }) => {
    const { groups } = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    const expected = reference?.stableRankNormalized ?? NaN;
    expect(Math.abs(stableRank(groups).normalized - expected)).toBeLessThanOrEqual(1e-4 * expected);
  });

  it('is an interval where nothing is known from below', () => {
    const found = stableRank([{ lower: 0, upper: 2, frobenius: 3, fullRank: 7 }]);
    expect(found.lower).toBeCloseTo(2.25, 6);
    expect(found.upper).toBeGreaterThanOrEqual(7);
  });
});
