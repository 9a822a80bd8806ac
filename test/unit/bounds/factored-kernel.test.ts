import { describe, expect, it } from 'vitest';
import { reduceKernel } from '../../../src/bounds/factored-kernel';
import { NotFiniteError } from '../../../src/bounds/values';
import { Engine } from '../../../src/compute/engine';
import { frobenius } from '../truth/layer';
import { gaussian, seeded } from '../truth/random';
import { largestSingularValue } from '../truth/singular-values';
import { UnluckyEngine } from './rounding-engine';

const engine = new Engine('cpu');

describe('reduceKernel', () => {
  it.each([
    ['', engine],
    [', rounding always upwards', new UnluckyEngine(1)],
    [', rounding always downwards', new UnluckyEngine(-1)],
  ])('keeps the norms of the kernel as a matrix, and says what it may be off by%s', async (_, one) => {
    for (let seed = 0; seed < 60; seed++) {
      const random = seeded(seed);
      const upTo = (most: number) => 1 + Math.floor(random() * most);
      const [rows, p, taps] = [upTo(12), upTo(5), upTo(4)];
      const q = upTo(5);
      const columns = seed % 3 === 0 ? q : upTo(12);
      const draw = (length: number) => Float64Array.from({ length }, () => gaussian(random) * 3 ** upTo(4));
      const up = draw(rows * p);
      const core = draw(p * q * taps);
      const down = seed % 3 === 0 ? null : draw(q * columns);
      // Columns that cancel leave a kernel that is small beside its factors.
      if (seed % 2 === 0 && p > 1) {
        for (let r = 0; r < rows; r++) up[r * p + 1] = -up[r * p];
        for (let i = 0; i < q * taps; i++) core[q * taps + i] = core[i] * (1 + 1e-9);
      }
      const values = new Float64Array(rows * columns * taps);
      for (let i = 0; i < rows; i++) {
        for (let a = 0; a < p; a++) {
          for (let b = 0; b < q; b++) {
            for (let j = 0; j < columns; j++) {
              const right = down === null ? (b === j ? 1 : 0) : down[b * columns + j];
              for (let t = 0; t < taps; t++) {
                values[(i * columns + j) * taps + t] += up[i * p + a] * core[(a * q + b) * taps + t] * right;
              }
            }
          }
        }
      }
      const found = await reduceKernel(one, { up, core, down, rows, p, q, columns, taps });
      expect(found.outChannels).toBe(Math.min(rows, p));
      expect(found.inChannels).toBe(Math.min(columns, q));
      const scale = found.scales.reduce((a, b) => a * b, 1);
      const size = frobenius(up) * frobenius(core) * (down === null ? 1 : frobenius(down));
      const slack = found.error * scale + 1e-14 * size;
      expect(found.error * scale).toBeLessThanOrEqual(1e-11 * size);
      const norm = (rowCount: number, entries: Float64Array) =>
        largestSingularValue({ rows: rowCount, columns: entries.length / rowCount, values: entries });
      expect(
        Math.abs(norm(found.outChannels, found.values) * scale - norm(rows, values)),
      ).toBeLessThanOrEqual(slack);
      expect(Math.abs(frobenius(found.values) * scale - frobenius(values))).toBeLessThanOrEqual(slack);
    }
  });

  it('refuses what is not finite', async () => {
    const one = new Float64Array(1).fill(1);
    const bad = new Float64Array(1).fill(NaN);
    const kernel = { up: one, core: one, down: one, ...{ rows: 1, p: 1, q: 1, columns: 1, taps: 1 } };
    for (const part of ['up', 'core', 'down']) {
      await expect(reduceKernel(engine, { ...kernel, [part]: bad })).rejects.toBeInstanceOf(NotFiniteError);
    }
  });
});
