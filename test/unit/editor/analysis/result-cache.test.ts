import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { areUnchanged, ResultCache } from '../../../../src/editor/analysis/result-cache';
import type { LayerReport } from '../../../../src/report/report';
import { Folder } from '../../folder';
import { DEFAULT_SETTINGS, FULL, layer } from '../../report/sample';
import { stored } from './stored';

const folder = new Folder();
const VERSION = '1.0.0';
const PLENTY = 1e9;
let folders = 0;

/** A folder for results that no test has used. */
function fresh(): string {
  return folder.join(`results-${++folders}`);
}

/** The results in `at`, as another window would see them. */
function open(at: string, maxBytes = PLENTY, version = VERSION): ResultCache {
  return new ResultCache(at, version, () => maxBytes);
}

function model(name = 'net.onnx'): Promise<string> {
  return folder.write(`models-${++folders}/${name}`, 'model');
}

/** The only file in the folder. */
async function onlyFile(at: string): Promise<string> {
  const names = await readdir(at);
  expect(names).toHaveLength(1);
  return join(at, names[0]);
}

async function sizeOf(at: string): Promise<number> {
  return (await stat(await onlyFile(at))).size;
}

describe('ResultCache', () => {
  it('has nothing, and makes no folder, before the first result', async () => {
    const at = fresh();
    const cache = open(at);
    expect(await cache.get('net.onnx', DEFAULT_SETTINGS)).toBeNull();
    expect(await cache.find('net.onnx')).toBeNull();
    expect(await cache.all()).toEqual([]);
    await expect(stat(at)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['in the same window', false],
    ['in the next one', true],
  ])('gives back every number and name, %s', async (_, reopened) => {
    const at = fresh();
    const path = await model();
    const result = await stored(path, { ...FULL, model: { path, format: 'onnx', bytes: 5 } });
    const first = open(at);
    await first.put(result);
    const cache = reopened ? open(at) : first;
    expect(await cache.get(path, result.report.settings)).toEqual(result);
    expect(await cache.find(path)).toEqual({ ...result, stale: false });
    expect(await cache.all()).toEqual([{ ...result, stale: false }]);
  });

  it('gives back hostile names', async () => {
    const names = [
      '<img src=x onerror=alert(1)>',
      'a\nb\r\nc',
      '\u2028\u2029\u0085',
      '\u202e\ud800',
      '**x**',
    ];
    names.push('x'.repeat(10_000), '');
    const at = fresh();
    const path = await model();
    const result = await stored(path, { layers: names.map((name) => layer({ name })) });
    await open(at).put(result);
    expect(await open(at).get(path, DEFAULT_SETTINGS)).toEqual(result);
    // A reader that ends lines at these would see a damaged file.
    expect(await readFile(await onlyFile(at), 'utf8')).not.toMatch(/[\u2028\u2029]/);
  });

  it('gives back 5,000 rows', async () => {
    const at = fresh();
    const path = await model();
    const layers = Array.from({ length: 5000 }, (_, i) => layer({ name: `l${i}`, seconds: i / 7 }));
    const result = await stored(path, { layers });
    await open(at).put(result);
    expect(await open(at).get(path, DEFAULT_SETTINGS)).toEqual(result);
  });

  it('has nothing long in a line, however much was skipped', async () => {
    const at = fresh();
    const path = await model();
    const skipped = Array.from({ length: 5000 }, (_, i) => ({
      name: `scale\u2028${i}`,
      op: 'tensor',
      weight: i % 2 === 0 ? null : `w${i}`,
      reason: 'one-dimensional: a scale or bias of unknown use',
    }));
    const result = await stored(path, { layers: [layer()], skipped });
    await open(at).put(result);
    const lines = (await readFile(await onlyFile(at), 'utf8')).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(2000);
    expect(await open(at).get(path, DEFAULT_SETTINGS)).toEqual(result);
  });

  it('keeps other settings and other models apart, and finds the latest of a model', async () => {
    const at = fresh();
    const [path, other] = [await model(), await model()];
    const exact = { ...DEFAULT_SETTINGS, tolerance: 1e-6 };
    const first = open(at);
    await first.put(await stored(path, {}, { analysedAt: 20 }));
    await first.put(await stored(path, { settings: exact }, { analysedAt: 10 }));
    await first.put(await stored(other, {}, { analysedAt: 30 }));
    for (const cache of [first, open(at)]) {
      expect((await cache.get(path, DEFAULT_SETTINGS))?.analysedAt).toBe(20);
      expect((await cache.get(path, exact))?.report.settings).toEqual(exact);
      expect(await cache.get(path, { ...exact, device: 'cpu' })).toBeNull();
      expect((await cache.find(path))?.analysedAt).toBe(20);
      expect((await cache.all()).map(({ analysedAt }) => analysedAt)).toEqual([30, 20]);
    }
  });

  it('replaces the result of the same analysis', async () => {
    const at = fresh();
    const path = await model();
    const cache = open(at);
    await cache.put(await stored(path, { seconds: 1 }, { analysedAt: 1 }));
    await cache.put(await stored(path, { seconds: 2 }, { analysedAt: 2 }));
    expect((await cache.get(path, DEFAULT_SETTINGS))?.report.seconds).toBe(2);
    await onlyFile(at);
    expect((await open(at).get(path, DEFAULT_SETTINGS))?.report.seconds).toBe(2);
  });

  it('does not lose a whole result to a cancelled run of the same analysis', async () => {
    const at = fresh();
    const path = await model();
    const whole = await stored(path);
    const cancelled = await stored(
      path,
      { layers: [], cancelled: { finished: 0, of: 2 } },
      { analysedAt: 2 },
    );
    const cache = open(at);
    await cache.put(whole);
    await cache.put(cancelled);
    expect(await cache.get(path, DEFAULT_SETTINGS)).toEqual(whole);
    expect(await open(at).find(path)).toEqual({ ...whole, stale: false });
    // Of a file that has changed, the cancelled result is all that still holds.
    await writeFile(path, 'another model');
    const later = await stored(path, { layers: [], cancelled: { finished: 0, of: 2 } }, { analysedAt: 3 });
    await cache.put(later);
    expect(await open(at).find(path)).toEqual({ ...later, stale: false });
  });

  it('finds a cancelled result, but does not take it for the analysis', async () => {
    const at = fresh();
    const path = await model();
    const cancelled = { finished: 1, of: 3 };
    await open(at).put(await stored(path, { cancelled }));
    const cache = open(at);
    expect(await cache.get(path, DEFAULT_SETTINGS)).toBeNull();
    expect((await cache.find(path))?.report.cancelled).toEqual(cancelled);
    expect(await cache.all()).toHaveLength(1);
  });

  describe('when the files of the model are others', () => {
    it.each([
      ['has another size', (path: string) => writeFile(path, 'longer model')],
      ['has another time', (path: string) => utimes(path, new Date(0), new Date(0))],
      ['is gone', (path: string) => rm(path)],
    ])('is stale where a file %s', async (_, change) => {
      const at = fresh();
      const path = await model();
      const data = await model('weights.data');
      const cache = open(at);
      const result = await stored(path, {}, { others: [data] });
      await cache.put(result);
      expect(await areUnchanged(result.files)).toBe(true);
      await change(data);
      expect(await areUnchanged(result.files)).toBe(false);
      expect(await cache.get(path, DEFAULT_SETTINGS)).toBeNull();
      expect(await cache.find(path)).toEqual({ ...result, stale: true });
      expect((await open(at).all()).map(({ stale }) => stale)).toEqual([true]);
    });

    it('is stale where a file that was missing has come', async () => {
      const path = await model();
      const missing = `${path}.data`;
      const cache = open(fresh());
      await cache.put(await stored(path, {}, { others: [missing] }));
      expect((await cache.find(path))?.stale).toBe(false);
      await writeFile(missing, 'data');
      expect((await cache.find(path))?.stale).toBe(true);
    });
  });

  describe('what cannot be used', () => {
    it('drops what another version wrote', async () => {
      const at = fresh();
      const path = await model();
      await open(at).put(await stored(path));
      const cache = open(at, PLENTY, '1.0.1');
      expect(await cache.find(path)).toBeNull();
      expect(await cache.get(path, DEFAULT_SETTINGS)).toBeNull();
      expect(await readdir(at)).toEqual([]);
    });

    it.each([
      ['is empty', () => ''],
      ['is no JSON', () => 'PK\u0003\u0004\n'],
      ['is null', () => 'null\n'],
      ['has no report', (text: string) => text.replace('"report"', '"retort"')],
      ['is of another format', (text: string) => text.replace('"format":2', '"format":1')],
      ['ends within the first line', (text: string) => text.slice(0, 100)],
      ['ends within a row', (text: string) => text.slice(0, -20)],
      ['misses a row', (text: string) => text.slice(0, text.trimEnd().lastIndexOf('\n') + 1)],
      ['has a row too many', (text: string) => text + text.trimEnd().split('\n').at(-1)],
      ['has a row that is none', (text: string) => text.replace(/\n\{.*\n/, '\nnull\n')],
      ['has nothing for something skipped', (text: string) => text.replace(/\n\{.*\n$/, '\nnull\n')],
      ['says no reason', (text: string) => text.replace('"reason":"', '"season":"')],
      ['has an empty interval', (text: string) => text.replaceAll('"lower":2.5', '"lower":7.5')],
      ['has a number too large', (text: string) => text.replaceAll('"upper":2.5', '"upper":9e999,"x":2.5')],
    ])('drops a file that %s, and only that', async (_, damage) => {
      const at = fresh();
      const [path, whole] = [await model(), await model()];
      await open(at).put(
        await stored(path, { layers: [layer(), layer({ name: 'conv2' })], skipped: FULL.skipped }),
      );
      const file = await onlyFile(at);
      await open(at).put(await stored(whole));
      const text = await readFile(file, 'utf8');
      expect(damage(text)).not.toBe(text);
      await writeFile(file, damage(text));
      const cache = open(at);
      expect(await cache.get(path, DEFAULT_SETTINGS)).toBeNull();
      expect(await cache.find(path)).toBeNull();
      expect((await cache.all()).map(({ report }) => report.model.path)).toEqual([whole]);
      expect(await readdir(at)).not.toContain(basename(file));
    });

    it('does not mind a file that vanished', async () => {
      const at = fresh();
      const path = await model();
      await open(at).put(await stored(path));
      const cache = open(at);
      await cache.get('other.onnx', DEFAULT_SETTINGS);
      await rm(at, { recursive: true });
      expect(await cache.find(path)).toBeNull();
    });

    it('leaves files of others alone', async () => {
      const at = fresh();
      await folder.write(`${basename(at)}/notes.txt`, 'mine');
      expect(await open(at).all()).toEqual([]);
      expect(await readdir(at)).toEqual(['notes.txt']);
    });
  });

  it('deletes what a window did not finish writing, and leaves alone what one writes', async () => {
    const at = fresh();
    await open(at).put(await stored(await model()));
    const name = basename(await onlyFile(at));
    // Above the largest number that Linux, macOS and Windows give to a process in use here.
    await writeFile(join(at, `${name}.99999999`), '{');
    await writeFile(join(at, `${name}.${process.pid}`), '{');
    expect(await open(at).all()).toHaveLength(1);
    expect((await readdir(at)).sort()).toEqual([name, `${name}.${process.pid}`]);
  });

  describe('the size', () => {
    it('drops the oldest results when it becomes less', async () => {
      const at = fresh();
      const [a, b] = [await model(), await model()];
      let maxBytes = PLENTY;
      const cache = new ResultCache(at, VERSION, () => maxBytes);
      await cache.put(await stored(a, {}, { analysedAt: 1 }));
      const { size } = await stat(await onlyFile(at));
      await cache.put(await stored(b, {}, { analysedAt: 2 }));
      await cache.trim();
      expect(await readdir(at)).toHaveLength(2);
      maxBytes = 1.5 * size;
      await cache.trim();
      expect((await cache.all()).map(({ report }) => report.model.path)).toEqual([b]);
      expect(await readdir(at)).toHaveLength(1);
    });

    it('drops the oldest results above it', async () => {
      const at = fresh();
      const [a, b, c] = [await model(), await model(), await model()];
      const probe = fresh();
      await open(probe).put(await stored(a, {}, { analysedAt: 1 }));
      const cache = open(at, 2.5 * (await sizeOf(probe)));
      await cache.put(await stored(b, {}, { analysedAt: 2 }));
      await cache.put(await stored(a, {}, { analysedAt: 1 }));
      expect(await cache.all()).toHaveLength(2);
      await cache.put(await stored(c, {}, { analysedAt: 3 }));
      for (const seen of [cache, open(at)]) {
        expect((await seen.all()).map(({ report }) => report.model.path)).toEqual([c, b]);
        expect(await seen.get(a, DEFAULT_SETTINGS)).toBeNull();
      }
      expect(await readdir(at)).toHaveLength(2);
    });

    it('keeps results in memory only where it is 0', async () => {
      const at = fresh();
      const path = await model();
      const result = await stored(path);
      const cache = open(at, 0);
      await cache.put(result);
      expect(await cache.get(path, DEFAULT_SETTINGS)).toEqual(result);
      expect(await cache.all()).toHaveLength(1);
      await expect(stat(at)).rejects.toThrow('ENOENT');
      expect(await open(at).find(path)).toBeNull();
    });
  });

  it('says once that results are left out where all of them take too much memory', async () => {
    const told: string[] = [];
    const cache = new ResultCache(
      fresh(),
      VERSION,
      () => 0,
      (message) => told.push(message),
    );
    // 20 MB each: the size of a result that is in memory alone goes by the number of its rows.
    const layers = Array<LayerReport>(25_000).fill(layer());
    const paths = [await model(), await model(), await model()];
    for (const [i, path] of paths.entries()) {
      await cache.put(await stored(path, { layers }, { analysedAt: i }));
      await cache.all();
    }
    expect((await cache.all()).map(({ report }) => report.model.path)).toEqual([paths[2]]);
    expect(told).toEqual([expect.stringContaining('(1)'), expect.stringContaining('(2)')]);
  });

  it('clears everything that is put before, and takes results again', async () => {
    const at = fresh();
    const path = await model();
    const cache = open(at);
    void cache.put(await stored(path));
    await cache.clear();
    expect(await cache.get(path, DEFAULT_SETTINGS)).toBeNull();
    expect(await cache.all()).toEqual([]);
    await expect(stat(at)).rejects.toThrow('ENOENT');
    await cache.put(await stored(path));
    expect(await open(at).find(path)).not.toBeNull();
  });

  it('tells of every change, until nobody listens', async () => {
    const cache = open(fresh());
    const path = await model();
    let changes = 0;
    const listener = cache.onChange(() => changes++);
    await cache.put(await stored(path));
    expect(changes).toBe(1);
    cache.recheck();
    expect(changes).toBe(2);
    await cache.clear();
    expect(changes).toBe(3);
    listener.dispose();
    await cache.put(await stored(path));
    expect(changes).toBe(3);
  });

  it('knows a result that cannot be written, and goes on', async () => {
    const at = join(await model(), 'results');
    const path = await model();
    const cache = open(at);
    let changes = 0;
    cache.onChange(() => changes++);
    await expect(cache.put(await stored(path))).rejects.toThrow(/ENOTDIR|EEXIST|ENOENT/);
    expect(changes).toBe(1);
    expect(await cache.get(path, DEFAULT_SETTINGS)).not.toBeNull();
    await expect(cache.put(await stored(await model()))).rejects.toThrow();
    expect(await cache.all()).toHaveLength(2);
  });
});
