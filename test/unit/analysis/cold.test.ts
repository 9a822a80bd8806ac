import { expect, it } from 'vitest';
import { coldCosts } from '../../../src/analysis/cold';
import type { Operator } from '../../../src/model/model';
import { bareConvolution, FakeTensor, matrixOf } from './fakes';

const none = new FakeTensor([1], new Float32Array(1));
const matrix = matrixOf(none, 8, 8);

interface Run {
  readonly warm?: readonly number[];
  readonly shared?: readonly boolean[];
  readonly loops?: number;
}

function overheads(operators: readonly Operator[], { warm, shared, loops = 1 }: Run = {}): number[] {
  const alone = warm ?? operators.map(() => 0);
  const conditions = { padding: null, method: 'auto' as const, slowness: { products: 1, loops } };
  const costs = coldCosts(operators, alone, shared ?? operators.map(() => false), conditions);
  return costs.map((cost, index) => cost - alone[index]);
}

it('adds to the first layers at most what they cost, and to all of them together at most so much', () => {
  const norm: Operator = { kind: 'diagonal', gain: none, variance: none, epsilon: 0 };
  const [tiny, ...others] = overheads([norm, norm, norm, norm], { warm: [0.001, 0.2, 0.05, 5] });
  expect(tiny).toBeCloseTo(0.001, 12);
  expect(others[0]).toBeCloseTo(0.2, 12);
  expect(others[1]).toBeCloseTo(0.049, 12);
  expect(others[2]).toBe(0);
});

it('adds what the first of a kind takes once, and more on a slower machine', () => {
  const small = bareConvolution([8, 8, 3, 3]);
  const kinds = [
    matrix,
    bareConvolution([8, 8, 1, 1]),
    { ...small, inputSize: [4, 4] },
    small,
    bareConvolution([8, 1, 3, 3], 8),
    bareConvolution([64, 64, 3, 3]),
    bareConvolution([256, 256, 3, 3]),
  ];
  const once = overheads([...kinds, ...kinds]);
  expect(once.slice(0, kinds.length).every((seconds) => seconds > 0)).toBe(true);
  expect(once.slice(kinds.length).every((seconds) => seconds === 0)).toBe(true);
  overheads(kinds, { loops: 2 }).forEach((seconds, index) => {
    expect(seconds).toBeCloseTo(2 * once[index], 12);
  });
});

it('adds what companions take, to the first layer and to the first that asks them', () => {
  const operators = [matrix, ...[1, 2, 3].map(() => bareConvolution([64, 64, 3, 3]))];
  const alone = overheads(operators);
  const shared = overheads(operators, { shared: [false, false, true, true] });
  expect(shared.map((seconds, index) => seconds > alone[index])).toEqual([true, false, true, false]);
});
