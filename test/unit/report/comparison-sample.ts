/** A comparison made by hand, for the tests of its formats. */
import type { ComparisonReport, PairReport } from '../../../src/report/comparison/comparison';
import { DEFAULT_SETTINGS, layer } from './sample';

export function pair(name: string, moved: number, overrides: Partial<PairReport> = {}): PairReport {
  const norm = (x: number) => ({
    lower: x * 0.999999,
    upper: x * 1.000001,
    certainty: 'certified' as const,
    scope: 'any input size',
    method: 'm',
  });
  return {
    a: layer({ name, lipschitz: norm(2) }),
    b: layer({ name, lipschitz: norm(3) }),
    matchedBy: 'name',
    transposed: false,
    ratio: { lower: 1.499997, upper: 1.500003 },
    difference: {
      lipschitz: norm(2 * moved),
      relative: { lower: moved * 0.999998, upper: moved * 1.000002 },
      stableRank: { value: 2, normalized: 0.5, interval: { lower: 2, upper: 2.00001 } },
      frobenius: 3 * moved,
      largestRowNorm: null,
    },
    notes: [],
    error: null,
    seconds: 0.01,
    ...overrides,
  };
}

const description = layer();

/** Everything a comparison can hold. */
export const COMPARISON: ComparisonReport = {
  schema: 1,
  kind: 'comparison',
  a: { path: 'before.onnx', format: 'onnx', bytes: 4_700_000 },
  b: { path: 'after.safetensors', format: 'safetensors', bytes: 4_600_000 },
  settings: DEFAULT_SETTINGS,
  device: { provider: 'cpu', description: 'CPU, 2 threads', fallback: null },
  pairs: [
    pair('still', 0, { ratio: { lower: 1, upper: 1 } }),
    pair('little', 0.01, { matchedBy: 'position', transposed: true, notes: ['a note | with a pipe'] }),
    pair('most', 0.5, { b: layer({ name: 'evil\u001b[31m\u202e\nname' }), matchedBy: 'prefix' }),
    pair('from zero', 0, { difference: { ...nonzero(), relative: null }, ratio: null }),
    pair('broken', 0, {
      difference: null,
      ratio: null,
      b: layer({ name: 'broken', lipschitz: null, error: 'after.safetensors: the weight contains NaN' }),
    }),
    pair('other strides', 0, { difference: null, notes: ['no difference: strides differ'] }),
  ],
  onlyInA: [{ ...description, name: 'gone', reason: 'its namesake in B is a Gemm' }],
  onlyInB: [{ ...description, name: 'new', reason: null }],
  skippedInA: [{ name: 'plus', op: 'Add', weight: null, reason: 'adds a constant' }],
  skippedInB: [],
  seconds: 2.84,
};

function nonzero(): NonNullable<PairReport['difference']> {
  const { difference } = pair('', 1);
  if (difference === null) throw new Error('no difference');
  return difference;
}
