import { describe, expect, it } from 'vitest';
import { blockLanczos } from '../../../../src/bounds/matrices/block-lanczos';
import { Engine } from '../../../../src/compute/engine';
import { matrixFamilies, multiply, seeded } from '../../truth/random';
import { largestEigenvalue, transpose } from '../../truth/singular-values';

const engine = new Engine('cpu');
const options = { maxSteps: 64, tolerance: 1e-9, seed: 1 };

function quotient(g: Float64Array, n: number, x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += x[i] * g[i * n + j] * x[j];
  return sum;
}

describe('blockLanczos', () => {
  it.each([
    ['gaussian', 1],
    ['gaussian', 5],
    ['gaussian', 8],
    ['gaussian', 9],
    ['gaussian', 130],
    ['orthogonal', 40],
    ['clustered', 100],
    ['pair', 60],
    ['power', 100],
    ['rankOne', 64],
    ['spiked', 90],
    ['graded', 50],
    ['sparse', 70],
  ] as const)('finds a vector of the largest eigenvalue: %s, %i', async (family, n) => {
    const a = matrixFamilies[family](seeded(n), n + 3, n);
    const g = multiply(transpose(a), a).values;
    const truth = largestEigenvalue(g.slice(), n);
    for (const [stored, width] of [
      [g, 1e-8],
      [Float32Array.from(g), 1e-6],
    ] as const) {
      const x = await blockLanczos(engine, stored, n, options);
      expect(Math.hypot(...x)).toBeCloseTo(1, 12);
      const found = quotient(g, n, x);
      expect(found).toBeLessThanOrEqual(truth * (1 + 1e-12));
      expect(found).toBeGreaterThanOrEqual(truth * (1 - width));
    }
  });

  it('answers a vector for a zero matrix too', async () => {
    const x = await blockLanczos(engine, new Float64Array(400), 20, options);
    expect(x).toHaveLength(20);
    expect(x.every(Number.isFinite)).toBe(true);
  });

  it('takes no more steps than it may', async () => {
    let products = 0;
    class CountingEngine extends Engine {
      override hostMultiply(...operands: Parameters<Engine['hostMultiply']>) {
        if (operands[2] === 300 && operands[3] === 300) products++;
        return super.hostMultiply(...operands);
      }
    }
    const a = matrixFamilies.gaussian(seeded(1), 300, 300);
    const g = multiply(transpose(a), a).values;
    await blockLanczos(new CountingEngine('cpu'), g, 300, { ...options, maxSteps: 6, tolerance: 0 });
    expect(products).toBe(6);
  });
});
