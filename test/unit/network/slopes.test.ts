import { describe, expect, it } from 'vitest';
import { findSlopes } from '../../../src/network/slopes';
import { withSlopes } from '../../../src/worker/network-in-worker';
import { Folder } from '../folder';
import { node, tensor, value } from '../onnx-builder';
import { bounded, boundOf, graphOf, NORMS } from './networks';

const folder = new Folder();
const SECONDS = 0.3;

describe('slopes that are met', () => {
  it('of a linear network come near its norm, and never above the bound', async () => {
    const weights = tensor('w', [4, 4], [3, 1, 0, 0, 0, 1, 1, 0, 2, 0, 0, 1, 0, 0, 1, 1]);
    const found = await bounded(folder, graphOf([node('MatMul', ['x', 'w'], ['y'])], [1, 4], [weights]));
    const { slopes, reason } = await findSlopes(
      found.path,
      [{ name: 'x', type: 'float', shape: [1, 4] }],
      SECONDS,
    );
    expect(reason).toBeNull();
    expect(slopes.map(({ norm }) => norm).toSorted()).toEqual([...NORMS].toSorted());
    for (const { norm, slope } of slopes) {
      const { upper } = boundOf(found, norm);
      expect(slope).toBeLessThanOrEqual(upper ?? 0);
      expect(slope).toBeGreaterThan(0.8 * (upper ?? Infinity));
    }
  });

  it('are those of each input alone, to every output', async () => {
    const graph = {
      node: [node('Add', ['a', 'b'], ['p']), node('Neg', ['b'], ['q'])],
      input: [value('a', [1, 3]), value('b', [1, 3])],
      output: [value('p'), value('q')],
    };
    const { path } = await bounded(folder, graph);
    const inputs = ['a', 'b'].map((name) => ({ name, type: 'float', shape: [1, 3] }));
    const { slopes } = await findSlopes(path, inputs, SECONDS);
    const met = slopes
      .filter(({ norm }) => norm === 'L2')
      .map(({ input, output, slope }) => [input, output, Number(slope.toFixed(2))]);
    expect(met.toSorted()).toEqual([
      ['a', 'p', 1],
      ['b', 'p', 1],
      ['b', 'q', 1],
    ]);
  });

  it.each([
    [[{ name: 'x', type: 'int64', shape: [1] }], 'its input "x" is of type int64'],
    [[{ name: 'x', type: 'float', shape: [2 ** 13, 2 ** 13] }], 'too large'],
    [[], 'no inputs'],
    [[{ name: 'x', type: 'float', shape: [1, 5] }], 'the model does not run: '],
  ])('%j: there are none, with a reason', async (inputs, message) => {
    const { path } = await bounded(folder, graphOf([node('Relu', ['x'], ['y'])], [1, 4]));
    const { slopes, reason } = await findSlopes(path, inputs, SECONDS);
    expect(slopes).toEqual([]);
    expect(reason).toContain(message);
  });

  it('withdraw a bound that is below one of them', async () => {
    const { network } = await bounded(folder, graphOf([node('Relu', ['x'], ['y'])], [1, 4]));
    const met = (slope: number) =>
      withSlopes(network, { slopes: [{ norm: 'L2', input: 'x', output: 'y', slope }], reason: null });
    expect(met(0.9).bounds[0]).toMatchObject({ lower: 0.9, upper: 1, certainty: 'certified' });
    expect(met(1.1).bounds[0]).toMatchObject({ lower: 1.1, upper: null, log10Upper: null, certainty: null });
    expect(met(1.1).notes.join()).toContain('withdrawn');
    expect(withSlopes(network, { slopes: [], reason: 'too slow' }).notes).toEqual(['No slopes: too slow.']);
  });
});
