import { mkdir, symlink } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { UnknownFormatError, UnreadableFileError } from '../../../src/model/errors';
import type { Model } from '../../../src/model/model';
import { openModel } from '../../../src/model/open';
import { Folder } from '../folder';
import { modelBytes, node, tensor, value } from '../onnx-builder';
import { f32, safetensors } from '../safetensors-builder';

const folder = new Folder();
const opened: Model[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((model) => model.close()));
});

const onnx = modelBytes({
  node: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'product' })],
  initializer: [tensor('w', [2, 3])],
  input: [value('x', [1, 2])],
});
const weights = safetensors({ 'layer.weight': f32([2, 3], [1, 2, 3, 4, 5, 6]) });
const index = JSON.stringify({ weight_map: { 'layer.weight': 'shard.safetensors' } });

async function open(path: string): Promise<Model> {
  const model = await openModel(path, { inputSize: null });
  opened.push(model);
  return model;
}

describe('openModel', () => {
  it.each([
    ['model.onnx', onnx, 'onnx', 'product'],
    ['MODEL.ONNX', onnx, 'onnx', 'product'],
    ['model.safetensors', weights, 'safetensors', 'layer'],
    // Files of the Hugging Face cache have names without an end.
    ['blobs/1a2b3c', onnx, 'onnx', 'product'],
    ['blobs/4d5e6f', weights, 'safetensors', 'layer'],
  ])('opens %s', async (name, content, format, layer) => {
    const path = await folder.write(name, content);
    const model = await open(path);
    expect(model).toMatchObject({ path, format });
    expect(model.layers.map(({ name }) => name)).toEqual([layer]);
    expect(model.bytes).toBe(content.length);
  });

  it('opens the index of a model in shards', async () => {
    await folder.write('sharded/shard.safetensors', weights);
    const path = await folder.write('sharded/model.safetensors.index.json', index);
    expect(await open(path)).toMatchObject({ path, format: 'safetensors' });
  });

  it.each<[string, Record<string, Uint8Array | string>, string]>([
    ['one file', { 'model.onnx': onnx, 'config.json': '{}', '.hidden.onnx': onnx }, 'onnx'],
    [
      'an index and its shards',
      { 'shard.safetensors': weights, 'model.safetensors.index.json': index },
      'safetensors',
    ],
    [
      'an index beside another format',
      { 'shard.safetensors': weights, 'a.safetensors.index.json': index, 'b.onnx': onnx },
      'safetensors',
    ],
  ])('opens a folder with %s', async (name, files, format) => {
    for (const [file, content] of Object.entries(files)) await folder.write(`${name}/${file}`, content);
    const path = folder.join(name);
    const model = await open(path);
    expect(model).toMatchObject({ path, format });
    expect(model.layers).toHaveLength(1);
  });

  it('opens a folder of links', async () => {
    const target = await folder.write('store/content', weights);
    await mkdir(folder.join('snapshot/model.onnx'), { recursive: true });
    await symlink(target, folder.join('snapshot/model.safetensors'));
    expect((await open(folder.join('snapshot'))).format).toBe('safetensors');
  });

  it('refuses a folder in which it would have to choose', async () => {
    for (const name of ['b.onnx', 'a.safetensors', 'c.onnx']) await folder.write(`several/${name}`, onnx);
    const opening = open(folder.join('several'));
    await expect(opening).rejects.toThrow(UnknownFormatError);
    await expect(opening).rejects.toThrow(
      /several: the folder holds 3 models, name one of them: a\.safetensors, b\.onnx, c\.onnx$/,
    );
  });

  it('refuses a folder without a model, and what is not there', async () => {
    await folder.write('empty/readme.md', 'nothing');
    await expect(open(folder.join('empty'))).rejects.toThrow(UnknownFormatError);
    await expect(open(folder.join('empty'))).rejects.toThrow(
      /empty: the folder holds no \.onnx or \.safetensors file$/,
    );
    await expect(open(folder.join('nowhere'))).rejects.toThrow(UnreadableFileError);
    await expect(open(folder.join('nowhere.onnx'))).rejects.toThrow(UnreadableFileError);
  });

  it('believes the name where it has one, and the content where it has none', async () => {
    await expect(open(await folder.write('wrong.onnx', weights))).rejects.toThrow(
      /wrong\.onnx: it is no ONNX model/,
    );
    await expect(open(await folder.write('page', '<!doctype html><html></html>'))).rejects.toThrow(
      UnknownFormatError,
    );
    await expect(open(await folder.write('short', 'abc'))).rejects.toThrow(UnknownFormatError);
  });
});
