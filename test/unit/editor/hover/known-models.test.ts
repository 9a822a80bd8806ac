import { describe, expect, it } from 'vitest';
import type { Result, Results } from '../../../../src/editor/analysis/results';
import {
  Freshness,
  KnownModels,
  layersNamed,
  layersOfAttribute,
  modelOfFolder,
} from '../../../../src/editor/hover/known-models';
import { layer, report } from '../../report/sample';

const resultAt = (path: string, ...names: string[]): Result => ({
  report: report({
    model: { path, format: 'safetensors', bytes: 1 },
    layers: names.map((name) => layer({ name })),
  }),
  files: [],
  analysedAt: 0,
  stale: false,
});

class FakeResults implements Results {
  loads = 0;
  listeners = new Set<() => void>();

  constructor(public list: readonly Result[] | Error) {}

  find(): Promise<Result | null> {
    return Promise.resolve(null);
  }

  all(): Promise<readonly Result[]> {
    this.loads++;
    return this.list instanceof Error ? Promise.reject(this.list) : Promise.resolve(this.list);
  }

  onChange(listener: () => void) {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }
}

const knownFrom = (...results: Result[]) => new KnownModels(new FakeResults(results)).all();
const found = (layers: readonly { result: Result; row: { name: string } }[]) =>
  layers.map(({ result, row }) => [result.report.model.path, row.name]);

describe('KnownModels', () => {
  it('keeps what it loaded until the results change, and its indices as long as the reports', async () => {
    const results = new FakeResults([resultAt('/a', 'conv1')]);
    const models = new KnownModels(results);
    const [first] = await models.all();
    await models.all();
    expect(results.loads).toBe(1);
    results.listeners.forEach((listener) => listener());
    const [again] = await models.all();
    expect(results.loads).toBe(2);
    expect(again.index).toBe(first.index);
    models.dispose();
    expect(results.listeners.size).toBe(0);
  });

  it('tries again after a failure', async () => {
    const results = new FakeResults(new Error('the disk is gone'));
    const models = new KnownModels(results);
    await expect(models.all()).rejects.toThrow('the disk is gone');
    results.list = [];
    await expect(models.all()).resolves.toEqual([]);
  });
});

describe('layersNamed', () => {
  it('gives the newest model first, whole names before parts', async () => {
    const models = await knownFrom(
      resultAt('/new', 'backbone.layer1.conv1'),
      resultAt('/newer-exact', 'layer1.conv1'),
      resultAt('/old-exact', 'layer1.conv1'),
    );
    expect(found(layersNamed(models, 'layer1.conv1.weight'))).toEqual([
      ['/newer-exact', 'layer1.conv1'],
      ['/old-exact', 'layer1.conv1'],
    ]);
  });

  it.each(['/m/model.safetensors.index.json', '/m'])(
    'prefers the model of the index file: %s',
    async (path) => {
      const models = await knownFrom(resultAt('/other', 'a.b'), resultAt(path, 'a.b'));
      expect(found(layersNamed(models, 'a.b', '/m/model.safetensors.index.json'))).toEqual([[path, 'a.b']]);
      expect(found(layersNamed(models, 'a.b'))).toHaveLength(2);
    },
  );
});

it('looks attributes up only in a class that assigns them', async () => {
  const models = await knownFrom(resultAt('/a', 'net.conv1'));
  const within = { start: 0, end: 9, attributes: new Set(['conv1']) };
  expect(found(layersOfAttribute(models, 'conv1', within))).toEqual([['/a', 'net.conv1']]);
  expect(layersOfAttribute(models, 'conv1', { ...within, attributes: new Set(['conv2']) })).toEqual([]);
  expect(layersOfAttribute(models, 'conv1', null)).toEqual([]);
});

it('finds the model of a folder', async () => {
  const models = await knownFrom(
    resultAt('/m/model.safetensors.index.json'),
    resultAt('/n'),
    resultAt('/o/a.onnx'),
  );
  expect(modelOfFolder(models, '/m')).toBe('/m/model.safetensors.index.json');
  expect(modelOfFolder(models, '/n')).toBe('/n');
  expect(modelOfFolder(models, '/o')).toBeNull();
});

it('says that a file has changed since, whoever noticed', async () => {
  const files = [{ path: '/no/such/file.onnx', bytes: 5, modified: 1 }];
  const [{ result }] = await new Freshness().of([{ row: layer(), result: { ...resultAt('/a'), files } }]);
  expect(result.stale).toBe(true);
});
