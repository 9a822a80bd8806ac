import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  autocorrelate,
  gramSymbolInto,
  gramSymbols,
  lagsBeyondZero,
  usualDeviation,
} from '../../../../src/bounds/symbols/autocorrelation';
import { boundByTaps, type PolyphaseKernel, polyphase } from '../../../../src/bounds/kernel';
import { Engine } from '../../../../src/compute/engine';
import { groupAlone } from '../../truth/layer';
import { lowerOf } from '../../truth/triangle';
import { convolutions, everyConvolution, gaussian, seeded } from '../../truth/random';
import { UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');
const layers = convolutions({ ...everyConvolution, modes: ['zeros'], axes: [1, 2, 3] });

/** `F(w)^H F(w)` from the definition. */
function gramAt({ rows, columns, positions, values }: PolyphaseKernel, w: readonly number[]) {
  const f = Array.from({ length: rows * columns }, (_, e) => {
    let [re, im] = [0, 0];
    positions.forEach((position, p) => {
      const angle = position.reduce((sum, x, axis) => sum + x * w[axis], 0);
      re += values[p * rows * columns + e] * Math.cos(angle);
      im -= values[p * rows * columns + e] * Math.sin(angle);
    });
    return [re, im];
  });
  const real = new Float64Array(columns ** 2);
  const imaginary = new Float64Array(columns ** 2);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      for (let r = 0; r < rows; r++) {
        const [a, b] = f[r * columns + i];
        const [c, d] = f[r * columns + j];
        real[i * columns + j] += a * c + b * d;
        imaginary[i * columns + j] += a * d - b * c;
      }
    }
  }
  return { real, imaginary };
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(...Array.from(a, (value, i) => value - b[i]));
}

describe('autocorrelate', () => {
  it.each([
    ['float64', engine],
    ['rounding always upwards', new UnluckyEngine(1)],
    ['rounding always downwards', new UnluckyEngine(-1)],
  ])('gives the Gram matrix of every symbol within its error: %s', async (_, one) => {
    await fc.assert(
      fc.asyncProperty(
        layers,
        fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 }),
        async ({ layer: drawn }, angles) => {
          const layer = groupAlone({ ...drawn, scale: 1 }, 0);
          const shape = {
            outChannels: layer.shape[0],
            inChannelsPerGroup: layer.shape[1],
            size: layer.shape.slice(2),
            strides: layer.strides,
            dilations: layer.dilations,
            groups: 1,
          };
          const kernel = polyphase(layer.weight, shape, 0);
          const w = angles.slice(0, layer.strides.length);
          const found = await autocorrelate(one, kernel);
          const truth = gramAt(kernel, w);
          // The truth is as good as the definition in float64.
          const error = 2 * found.error;
          const { real, imaginary } = await gramSymbols(one, found, [w.map((x) => x / 2), w]);
          const n = kernel.columns;
          const lower = { real: lowerOf(truth.real, n), imaginary: lowerOf(truth.imaginary, n) };
          const size = lower.real.length;
          expect(distance(real.subarray(size), lower.real)).toBeLessThanOrEqual(error);
          expect(distance(imaginary.subarray(size), lower.imaginary)).toBeLessThanOrEqual(error);
          const own = [new Float64Array(size), new Float64Array(size)];
          gramSymbolInto(found, w, own[0], own[1]);
          expect(distance(own[0], lower.real)).toBeLessThanOrEqual(error);
          expect(distance(own[1], lower.imaginary)).toBeLessThanOrEqual(error);
          // And it is small: of the size of float64's rounding beside the square of the largest possible norm.
          expect(found.error).toBeLessThanOrEqual(1e-12 * boundByTaps(kernel) ** 2);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('is the same by products of the runtime and by plain loops', async () => {
    const [rows, columns] = [40, 30];
    const positions = [[0], [1], [3]];
    const random = seeded(4);
    const values = Float64Array.from({ length: positions.length * rows * columns }, () => gaussian(random));
    const kernel: PolyphaseKernel = { rows, columns, positions, values, fullRank: columns };
    const found = await autocorrelate(engine, kernel);
    const truth = gramAt(kernel, [0.7]);
    const { real, imaginary } = await gramSymbols(engine, found, [[0.7]]);
    expect(distance(real, lowerOf(truth.real, columns))).toBeLessThan(1e-9);
    expect(distance(imaginary, lowerOf(truth.imaginary, columns))).toBeLessThan(1e-9);
  });

  it('bounds what all lags but zero can add', async () => {
    // |1 + 2 z + 3 z^2|^2 has the coefficients 14, 8, 3.
    const kernel: PolyphaseKernel = {
      rows: 1,
      columns: 1,
      positions: [[0], [1], [2]],
      values: Float64Array.of(1, 2, 3),
      fullRank: 1,
    };
    const found = await autocorrelate(engine, kernel);
    expect(found.even[0]).toBe(14);
    expect(lagsBeyondZero(found)).toBeGreaterThanOrEqual(22);
    expect(lagsBeyondZero(found)).toBeLessThan(22 * (1 + 1e-12));
    // 2 (8 cos w + 3 cos 2 w), squared, is 2 (64 + 9) in the mean.
    expect(usualDeviation(found)).toBeCloseTo(Math.sqrt(2 * (64 + 9)), 12);
  });
});
