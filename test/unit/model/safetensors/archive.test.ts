import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  GitLfsPointerError,
  LimitExceededError,
  MalformedFileError,
  UnknownFormatError,
  UnreadableFileError,
  UnsafePathError,
} from '../../../../src/model/errors';
import { Folder } from '../../folder';
import { f32, safetensors } from '../../safetensors-builder';
import { layer, Models, names, reasons } from './models';

const folder = new Folder();
const models = new Models(folder);
const posix = process.platform !== 'win32';

const indexName = 'model.safetensors.index.json';
const first = safetensors({ 'a.weight': f32([2, 3]), 'b.weight': f32([3, 2]) });
const second = safetensors({ 'c.weight': f32([4, 4]) });

function indexOf(weightMap: unknown): string {
  return JSON.stringify({ metadata: { total_size: 112 }, weight_map: weightMap });
}

const good = { 'c.weight': 'two.safetensors', 'a.weight': 'one.safetensors', 'b.weight': 'one.safetensors' };

async function sharded(place: string, index: string): Promise<string> {
  await folder.write(`${place}/one.safetensors`, first);
  await folder.write(`${place}/two.safetensors`, second);
  return folder.write(`${place}/${indexName}`, index);
}

describe('a model in shards', () => {
  it('has the tensors of all of them, in the order of the index', async () => {
    const path = await sharded('good', indexOf(good));
    const model = await models.at(path);
    expect(names(model)).toEqual(['c', 'a', 'b']);
    expect(model).toMatchObject({ path, format: 'safetensors', skipped: [] });
    expect(model.bytes).toBe(first.length + second.length + indexOf(good).length);
    const { operator } = layer(model, 'b');
    if (operator.kind !== 'matrix') throw new Error(operator.kind);
    expect([...(await operator.tensor.read())]).toEqual([1, -2, 3, -4, 5, -6]);
  });

  it('lists tensors that the index does not place where they are', async () => {
    await folder.write(
      'stray/third.safetensors',
      safetensors({ 'c.weight': f32([9, 9]), 'd.weight': f32([2, 2]) }),
    );
    const model = await models.at(
      await sharded('stray', indexOf({ ...good, 'd.weight': 'third.safetensors' })),
    );
    expect(names(model)).toEqual(['c', 'a', 'b', 'd']);
    expect(layer(model, 'c').shape).toEqual([4, 4]);
    expect(reasons(model)).toEqual({ 'c.weight': 'in a shard, but not in the index' });
  });

  it('takes names that mean something to JavaScript as names', async () => {
    const tensors = ['__proto__.weight', '__proto__', 'constructor', 'toString.weight'];
    await folder.write(
      'odd/odd.safetensors',
      safetensors(tensors.map((name) => [name, f32([2, 3])] as const)),
    );
    const map = tensors.map((name) => `${JSON.stringify(name)}:"odd.safetensors"`).join(',');
    const model = await models.at(await folder.write(`odd/${indexName}`, `{"weight_map":{${map}}}`));
    expect(names(model)).toEqual(['__proto__', '__proto__ (2)', 'constructor', 'toString']);
  });

  it('reads an index of 60 MB', async () => {
    const tensors = Array.from(
      { length: 500_000 },
      (_, i) => `model.layers.${i % 61}.mlp.experts.${i}.down_proj.weight`,
    );
    const missing = `${'x'.repeat(40)}.safetensors`;
    const map = Object.fromEntries(tensors.map((name) => [name, missing]));
    const index = indexOf(map);
    expect(index.length).toBeGreaterThan(50e6);
    await expect(models.at(await folder.write(`large/${indexName}`, index))).rejects.toThrow(
      UnreadableFileError,
    );
  });

  const bad: [string, string, new (...args: never[]) => Error, string][] = [
    ['text that is no JSON', 'weight_map', MalformedFileError, 'not valid JSON'],
    ['a list', '[]', MalformedFileError, 'not a JSON object'],
    ['other JSON', '{"name":"package"}', UnknownFormatError, 'not the index'],
    ['a weight_map that is a list', indexOf([]), MalformedFileError, 'weight_map'],
    ['a shard that is no text', indexOf({ 'a.weight': 1 }), MalformedFileError, '"a.weight"'],
    [
      'a tensor placed twice',
      '{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}',
      MalformedFileError,
      '"a" twice',
    ],
    [
      'a missing shard',
      indexOf({ ...good, 'd.weight': 'three.safetensors' }),
      UnreadableFileError,
      '"three.safetensors"',
    ],
    [
      'a tensor that its shard lacks',
      indexOf({ 'a.weight': 'two.safetensors' }),
      MalformedFileError,
      '"a.weight" in "two.safetensors"',
    ],
    [
      'a tensor called as a property of objects',
      indexOf({ toString: 'two.safetensors' }),
      MalformedFileError,
      '"toString"',
    ],
    ['an absolute path', indexOf({ a: '/etc/passwd' }), UnsafePathError, '"/etc/passwd"'],
    ['a path with a drive', indexOf({ a: 'C:\\one.safetensors' }), UnsafePathError, 'absolute'],
    [
      'a path out of the folder',
      indexOf({ a: '../good/one.safetensors' }),
      UnsafePathError,
      '"../good/one.safetensors"',
    ],
    ['a URL', indexOf({ a: 'https://example.org/one.safetensors' }), UnsafePathError, 'URL'],
    ['an empty name', indexOf({ a: '' }), UnsafePathError, 'no name'],
    [
      'too many shards',
      indexOf(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`t${i}`, `${i}.safetensors`]))),
      LimitExceededError,
      '1001 files',
    ],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n',
      GitLfsPointerError,
      'LFS',
    ],
  ];
  it.each(bad)('refuses %s', async (what, index, kind, part) => {
    const path = await sharded(`bad ${what.length}`, index);
    const error: unknown = await models.at(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message.startsWith(`${path}: `)).toBe(true);
    expect((error as Error).message).toContain(part);
  });

  it('names the shard that is broken', async () => {
    const path = await sharded('broken', indexOf(good));
    await folder.write('broken/two.safetensors', second.slice(0, -1));
    await expect(models.at(path)).rejects.toThrow(
      `${folder.join('broken/two.safetensors')}: tensor "c.weight" ends`,
    );
    await folder.write('broken/two.safetensors', 'version https://git-lfs.github.com/spec/v1\nsize 9\n');
    await expect(models.at(path)).rejects.toThrow(GitLfsPointerError);
  });

  it.skipIf(!posix)('works in the cache of Hugging Face, where files are links to blobs', async () => {
    const blobs = folder.join('cache/blobs');
    const snapshot = folder.join('cache/snapshots/0123/model');
    await mkdir(snapshot, { recursive: true });
    await mkdir(blobs, { recursive: true });
    const files = { [indexName]: indexOf(good), 'one.safetensors': first, 'two.safetensors': second };
    for (const [name, content] of Object.entries(files)) {
      await writeFile(`${blobs}/blob-of-${name}`, content);
      await symlink(`../../../blobs/blob-of-${name}`, `${snapshot}/${name}`);
    }
    expect(names(await models.at(`${snapshot}/${indexName}`))).toEqual(['c', 'a', 'b']);
    expect(names(await models.at(`${snapshot}/one.safetensors`))).toEqual(['a', 'b']);
  });

  it.skipIf(!posix)('follows no link out of the folder', async () => {
    const path = await sharded('leaving', indexOf({ 'a.weight': 'link.safetensors' }));
    await symlink(folder.join('good/one.safetensors'), `${dirname(path)}/link.safetensors`);
    await expect(models.at(path)).rejects.toThrow(UnsafePathError);
  });
});
