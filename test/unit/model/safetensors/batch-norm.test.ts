import { describe, expect, it } from 'vitest';
import { Folder } from '../../folder';
import { f32, raw } from '../../safetensors-builder';
import { layer, Models, names, reasons } from './models';

const folder = new Folder();
const models = new Models(folder);

const complete = {
  'bn.weight': f32([3], [1, 2, 3]),
  'bn.bias': f32([3]),
  'bn.running_mean': f32([3]),
  'bn.running_var': f32([3], [4, 5, 6]),
  'bn.num_batches_tracked': raw('I64', [], 8),
};

describe('normalisations with stored statistics', () => {
  it('are diagonal', async () => {
    const model = await models.of({ ...complete, 'fc.weight': f32([2, 2]) });
    expect(model.skipped).toEqual([]);
    expect(names(model)).toEqual(['bn', 'fc']);
    const { operator, ...row } = layer(model, 'bn');
    expect(row).toMatchObject({ op: 'BatchNorm', weight: 'bn.weight', shape: [3], parameters: 3 });
    expect(row.notes).toEqual(['Epsilon is not in the file: 0.00001 is assumed.']);
    if (operator.kind !== 'diagonal') throw new Error(operator.kind);
    expect(operator.epsilon).toBe(1e-5);
    expect([...((await operator.gain?.read()) ?? [])]).toEqual([1, 2, 3]);
    expect([...(await operator.variance.read())]).toEqual([4, 5, 6]);
  });

  it('take epsilon from the side file', async () => {
    const model = await models.of(complete, { side: { layers: { bn: { epsilon: 1e-3 } } } });
    expect(layer(model, 'bn')).toMatchObject({ operator: { epsilon: 1e-3 }, notes: [] });
    const without = await models.of(complete, { side: { layers: { 'bn*': { op: 'skip' } } } });
    expect(without.layers).toEqual([]);
    expect(Object.keys(reasons(without))).toEqual(Object.keys(complete));
  });

  it('need no gain', async () => {
    const { 'bn.running_mean': mean, 'bn.running_var': variance } = complete;
    const model = await models.of({ 'bn.running_mean': mean, 'bn.running_var': variance });
    expect(layer(model, 'bn')).toMatchObject({
      weight: 'bn.running_var',
      operator: { kind: 'diagonal', gain: null },
    });
    expect(model.skipped).toEqual([]);
  });

  it('are skipped part by part where a part is missing or of another size', async () => {
    const incomplete: Partial<typeof complete> = { ...complete };
    delete incomplete['bn.running_mean'];
    for (const content of [incomplete as typeof complete, { ...complete, 'bn.running_var': f32([4]) }]) {
      const model = await models.of(content);
      expect(model.layers).toEqual([]);
      expect(Object.keys(reasons(model))).toEqual(Object.keys(content));
    }
  });
});
