import { expect, it } from 'vitest';
import { coldCosts } from '../../../src/analysis/cold';
import type { Operator } from '../../../src/model/model';
import { FakeTensor, matrixOf } from './fakes';

const none = new FakeTensor([1], new Float32Array(1));
const conditions = { padding: null, slowness: { products: 1, loops: 1 } };
const matrix = matrixOf(none, 8, 8);

function overheads(operators: readonly Operator[], warm: readonly number[], loops = 1): number[] {
  const costs = coldCosts(operators, warm, { ...conditions, slowness: { products: 1, loops } });
  return costs.map((cost, index) => cost - warm[index]);
}

it('adds to the first layers at most what they cost, and to all of them together at most so much', () => {
  const norm: Operator = { kind: 'diagonal', gain: none, variance: none, epsilon: 0 };
  const [tiny, ...others] = overheads([norm, norm, norm, norm], [0.001, 0.05, 0.05, 5]);
  expect(tiny).toBeCloseTo(0.001, 12);
  expect(others[0]).toBeCloseTo(0.05, 12);
  expect(others[1]).toBeCloseTo(0.029, 12);
  expect(others[2]).toBe(0);
});

it('adds what the first of a kind takes once, and more on a slower machine', () => {
  const [first, second] = overheads([matrix, matrix], [0, 0]);
  expect(first).toBeGreaterThan(0);
  expect(second).toBe(0);
  expect(overheads([matrix], [0], 2)[0]).toBeCloseTo(2 * first, 12);
});
