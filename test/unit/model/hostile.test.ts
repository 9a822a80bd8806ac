/** Files that no one should trust, in every format, through the one door that callers use. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CyclicGraphError,
  GitLfsPointerError,
  InvalidTensorError,
  LimitExceededError,
  MalformedFileError,
  ModelError,
  TruncatedFileError,
  UnknownFormatError,
  UnreadableFileError,
  UnsafePathError,
} from '../../../src/model/errors';
import type { Model } from '../../../src/model/model';
import { openModel } from '../../../src/model/open';
import { DataType, type GraphProto, type TensorProto } from '../../../src/schema/onnx';
import { Folder } from '../folder';
import { modelBytes, node, rawTensor, tensor, value } from '../onnx-builder';
import { container, f32, safetensors } from '../safetensors-builder';

const folder = new Folder();
const posix = process.platform !== 'win32';
const root = process.getuid?.() === 0;

const opened: Model[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((model) => model.close()));
});

async function open(path: string): Promise<Model> {
  const model = await openModel(path, { inputSize: null });
  opened.push(model);
  return model;
}

type ErrorClass = abstract new (...args: never[]) => ModelError;

/** Opens a file that must be refused. `at` is the file that the message has to name. */
async function expectRefusal(
  path: string,
  kind: ErrorClass,
  part: string | RegExp,
  at = path,
): Promise<void> {
  const before = process.memoryUsage();
  const error: unknown = await open(path).catch((reason: unknown) => reason);
  const after = process.memoryUsage();
  expect(error).toBeInstanceOf(kind);
  const { message, file, name } = error as ModelError;
  expect(name).toBe(kind.name);
  expect(file).toBe(at);
  expect(message.startsWith(`${at}: `)).toBe(true);
  const sentence = message.slice(at.length + 2);
  expect(sentence).toMatch(part);
  expect(sentence).toMatch(/^[a-z"`]/);
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(sentence).not.toMatch(/[\0-\x1f\x7f]|\.$|\. [A-Z]|ENOENT|EACCES|undefined|NaN|\[object|Error:/);
  expect(sentence.length).toBeLessThan(500);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64e6);
}

/** A convolution, with this kernel, and what comes with it. */
function onnx(kernel: TensorProto = tensor('w', [2, 3, 3, 3]), more: Partial<GraphProto> = {}): Uint8Array {
  return modelBytes({
    node: [node('Conv', ['x', 'w'], ['y'], {}, { name: 'conv' })],
    initializer: [kernel],
    input: [value('x', [1, 3, 8, 8])],
    output: [value('y')],
    ...more,
  });
}

function external(
  location: string,
  rest: Readonly<Record<string, string>> = {},
  dims = [2, 3, 3, 3],
): Uint8Array {
  const externalData = Object.entries({ location, ...rest }).map(([key, content]) => ({
    key,
    value: content,
  }));
  return onnx({ name: 'w', dims, dataType: DataType.FLOAT, dataLocation: 1, externalData });
}

const kernelBytes = new Uint8Array(2 * 3 * 3 * 3 * 4);
const goodOnnx = onnx();
const goodSafetensors = safetensors({ 'conv.weight': f32([2, 3, 3, 3]), 'fc.weight': f32([4, 4]) });
const lfsPointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n';
const html = '<!DOCTYPE html>\n<html><body>404: not found</body></html>\n';

/** One tensor of 16 bytes, of which the header says this. */
function entry(members: object): Uint8Array {
  const all = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16], ...members };
  return container(JSON.stringify({ 'fc.weight': all }), new Uint8Array(16));
}

function withLength(length: bigint): Uint8Array {
  const bytes = Buffer.from(goodSafetensors);
  bytes.writeBigUInt64LE(length);
  return bytes;
}

/** Reproducible noise. */
function noise(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

describe('the good files that the bad ones are made from', () => {
  it.each<[string, Uint8Array, string[]]>([
    ['good.onnx', goodOnnx, ['conv']],
    ['good.safetensors', goodSafetensors, ['conv', 'fc']],
    ['entry.safetensors', entry({}), ['fc']],
    ['good model', goodSafetensors, ['conv', 'fc']],
  ])('%s', async (name, bytes, layers) => {
    const model = await open(await folder.write(name, bytes));
    expect(model.layers.map((layer) => layer.name)).toEqual(layers);
    for (const { operator } of model.layers) {
      if (operator.kind !== 'convolution' && operator.kind !== 'matrix') throw new Error(operator.kind);
      await operator.tensor.read();
    }
  });

  it('external.onnx', async () => {
    await folder.write('external/weights/w.bin', kernelBytes);
    const path = await folder.write('external/model.onnx', external('weights/w.bin'));
    expect((await open(path)).layers).toHaveLength(1);
  });
});

const contents: [name: string, content: Uint8Array | string, kind: ErrorClass, part: string | RegExp][] = [
  ['empty.onnx', '', UnknownFormatError, 'empty'],
  ['empty.safetensors', '', UnknownFormatError, 'empty'],
  ['empty', '', UnknownFormatError, 'empty'],
  ['page.onnx', html, UnknownFormatError, 'web page'],
  ['page.safetensors', html, UnknownFormatError, 'web page'],
  ['page', html, UnknownFormatError, 'web page'],
  ['text.onnx', 'hello world, this is text\n', UnknownFormatError, 'text'],
  ['text.safetensors', 'hello world, this is text\n', UnknownFormatError, 'text'],
  ['json.onnx', '{"a": [1, 2, 3]}', UnknownFormatError, 'JSON'],
  ['json.safetensors', '{"a": [1, 2, 3]}', UnknownFormatError, 'JSON'],
  ['pickle.onnx', '\x80\x02}q\0(X\x03\0\0\0abc', UnknownFormatError, /pickle|text|ONNX/],
  ['zip.onnx', `PK\x03\x04${'\0'.repeat(60)}`, UnknownFormatError, 'zip archive'],
  ['zip.safetensors', `PK\x03\x04${'\0'.repeat(60)}`, UnknownFormatError, 'zip archive'],
  ['safetensors.onnx', goodSafetensors, UnknownFormatError, 'a safetensors file'],
  ['onnx.safetensors', goodOnnx, UnknownFormatError, 'not a safetensors file'],
  ['pointer.onnx', lfsPointer, GitLfsPointerError, '12345 bytes'],
  ['pointer.safetensors', lfsPointer, GitLfsPointerError, '12345 bytes'],
  ['pointer.safetensors.index.json', lfsPointer, GitLfsPointerError, '12345 bytes'],

  ['length0.safetensors', withLength(0n), MalformedFileError, 'length 0'],
  ['length62.safetensors', withLength(1n << 62n), LimitExceededError, '4611686018427387904'],
  ['length64.safetensors', withLength((1n << 64n) - 1n), LimitExceededError, '18446744073709551615'],
  ['lengthlong.safetensors', withLength(99_999_999n), TruncatedFileError, '99999999'],
  ['negative.safetensors', entry({ shape: [-2, -2] }), InvalidTensorError, '"fc.weight"'],
  ['fraction.safetensors', entry({ shape: [0.5, 8] }), InvalidTensorError, '"fc.weight"'],
  ['outside.safetensors', entry({ data_offsets: [8, 24] }), TruncatedFileError, '"fc.weight"'],
  ['backwards.safetensors', entry({ data_offsets: [16, 0] }), InvalidTensorError, '"fc.weight"'],
  ['huge.safetensors', entry({ shape: [1e9, 1e9] }), InvalidTensorError, '"fc.weight"'],
  ['hugeoffset.safetensors', entry({ data_offsets: [0, 2 ** 62] }), InvalidTensorError, '"fc.weight"'],
  [
    'overlap.safetensors',
    container(
      '{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]},"b":{"dtype":"U8","shape":[9],"data_offsets":[7,16]}}',
      new Uint8Array(16),
    ),
    MalformedFileError,
    '"a" and "b"',
  ],
  ['nested.safetensors', container(`{"a":${'['.repeat(5e6)}`), MalformedFileError, 'nested'],
  ['twice.safetensors', container('{"a":{},"a":{}}'), MalformedFileError, '"a" twice'],
  ['noindex.safetensors.index.json', '{}', UnknownFormatError, 'weight_map'],

  [
    'negative.onnx',
    onnx(rawTensor('w', [-2, 3, 3, 3], DataType.FLOAT, kernelBytes)),
    InvalidTensorError,
    '"w"',
  ],
  ['huge.onnx', onnx(rawTensor('w', [1e9, 1e9], DataType.FLOAT, kernelBytes)), InvalidTensorError, '"w"'],
  [
    'wrap.onnx',
    onnx(rawTensor('w', [2 ** 32, 2 ** 32, 54], DataType.FLOAT, kernelBytes)),
    InvalidTensorError,
    '"w"',
  ],
  [
    'short.onnx',
    onnx(rawTensor('w', [2, 3, 3, 3], DataType.FLOAT, kernelBytes.slice(4))),
    InvalidTensorError,
    '"w"',
  ],
  ['nograph.onnx', new Uint8Array([0x08, 10]), MalformedFileError, 'graph'],
  [
    'cycle.onnx',
    modelBytes({
      node: [
        node('Add', ['x', 'b'], ['a'], {}, { name: 'one' }),
        node('Relu', ['a'], ['b'], {}, { name: 'two' }),
      ],
      input: [value('x')],
      output: [value('b')],
    }),
    CyclicGraphError,
    /one|two/,
  ],
  [
    'constantcycle.onnx',
    modelBytes({
      node: [
        node('Identity', ['b'], ['a'], {}, { name: 'one' }),
        node('Identity', ['a'], ['b'], {}, { name: 'two' }),
        node('MatMul', ['x', 'a'], ['y'], {}, { name: 'three' }),
      ],
      input: [value('x')],
      output: [value('y')],
    }),
    CyclicGraphError,
    /one|two/,
  ],
  ['recursion.onnx', recursive(['f']), CyclicGraphError, 'f'],
  ['mutual.onnx', recursive(['f', 'g', 'h']), CyclicGraphError, /f|g|h/],
  ['expansion.onnx', doubling(60), LimitExceededError, /./],
  ['bodies.onnx', nestedBodies(500), LimitExceededError, /nested|deep/],
];

/** Functions that call each other in a circle. */
function recursive(names: readonly string[]): Uint8Array {
  const call = (name: string) => node(name, ['x'], ['y'], {}, { domain: 'own', name: `call of ${name}` });
  return modelBytes(
    { node: [call(names[0])], input: [value('x')], output: [value('y')] },
    {
      opsetImport: [
        { domain: '', version: 21 },
        { domain: 'own', version: 1 },
      ],
      functions: names.map((name, i) => ({
        domain: 'own',
        name,
        input: ['x'],
        output: ['y'],
        node: [call(names[(i + 1) % names.length])],
      })),
    },
  );
}

/** Each function calls the next one twice: as many nodes as 2 to the power of the depth. */
function doubling(depth: number): Uint8Array {
  const call = (i: number, input: string, output: string) =>
    i === depth ? node('Relu', [input], [output]) : node(`f${i}`, [input], [output], {}, { domain: 'own' });
  return modelBytes(
    { node: [call(0, 'x', 'y')], input: [value('x')], output: [value('y')] },
    {
      opsetImport: [
        { domain: '', version: 21 },
        { domain: 'own', version: 1 },
      ],
      functions: Array.from({ length: depth }, (_, i) => ({
        domain: 'own',
        name: `f${i}`,
        input: ['x'],
        output: ['y'],
        node: [call(i + 1, 'x', 'm'), call(i + 1, 'm', 'y')],
      })),
    },
  );
}

/** A body in a node in a body in a node ..., deeper than any encoder goes, so written by hand. */
function nestedBodies(depth: number): Uint8Array {
  const field = (number: number, content: Uint8Array) =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
  let graph: Uint8Array = new Uint8Array();
  // NodeProto.attribute is field 5, AttributeProto.g field 6, GraphProto.node field 1, ModelProto.graph field 7.
  for (let i = 0; i < depth; i++) graph = field(1, field(5, field(6, graph)));
  return Buffer.concat([Buffer.from([0x08, 10]), field(7, graph)]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Uint8Array.of(...bytes, value);
}

describe('hostile content', () => {
  it.each(contents)('%s', async (name, content, kind, part) => {
    await expectRefusal(await folder.write(`contents/${name}`, content), kind, part);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('noise %i', async (seed) => {
    for (const name of ['noise.onnx', 'noise.safetensors', 'noise']) {
      await expectRefusal(await folder.write(name, noise(seed, 1 << (seed + 4))), UnknownFormatError, /./);
    }
  });

  it('a safetensors file that ends anywhere', async () => {
    const path = folder.join('short.safetensors');
    for (let length = 0; length < goodSafetensors.length; length++) {
      await folder.write('short.safetensors', goodSafetensors.slice(0, length));
      await expectRefusal(path, length === 0 ? UnknownFormatError : TruncatedFileError, /./);
    }
  });

  it('an ONNX file that ends anywhere', async () => {
    const path = folder.join('short.onnx');
    let whole = 0;
    for (let length = 0; length < goodOnnx.length; length++) {
      await folder.write('short.onnx', goodOnnx.slice(0, length));
      const error: unknown = await open(path).then(
        () => whole++,
        (reason: unknown) => reason,
      );
      if (typeof error === 'number') continue;
      expect(error).toBeInstanceOf(ModelError);
      expect((error as ModelError).message.startsWith(`${path}: `)).toBe(true);
    }
    // What is missing at the end may be a whole field that can do without.
    expect(whole).toBeLessThan(5);
  });

  it.skipIf(!posix)('sparse files of a terabyte', async () => {
    for (const name of ['sparse.onnx', 'sparse.safetensors', 'sparse', 'sparse.safetensors.index.json']) {
      await truncate(await folder.write(name, ''), 2 ** 40);
      const error: unknown = await open(folder.join(name)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ModelError);
    }
  });
});

describe('hostile places', () => {
  it('a file that is not there', async () => {
    for (const name of [
      'none.onnx',
      'none.safetensors',
      'none.safetensors.index.json',
      'none',
      'none/none',
    ]) {
      await expectRefusal(folder.join(name), UnreadableFileError, 'does not exist');
    }
  });

  it('folders without a model, or with several', async () => {
    await mkdir(folder.join('nothing.onnx'));
    await expectRefusal(folder.join('nothing.onnx'), UnknownFormatError, 'holds no');
    await folder.write('several/a.onnx', goodOnnx);
    await folder.write('several/b.safetensors', goodSafetensors);
    await expectRefusal(folder.join('several'), UnknownFormatError, 'a.onnx, b.safetensors');
    await folder.write('single/model.onnx', goodOnnx);
    expect((await open(folder.join('single'))).layers).toHaveLength(1);
  });

  it('a folder where a file of the model should be', async () => {
    await mkdir(folder.join('inner/shard.safetensors'), { recursive: true });
    const index = JSON.stringify({ weight_map: { a: 'shard.safetensors' } });
    const path = await folder.write('inner/model.safetensors.index.json', index);
    await expectRefusal(path, UnreadableFileError, 'folder', folder.join('inner/shard.safetensors'));
    const model = await folder.write('inner/model.onnx', external('shard.safetensors'));
    await expectRefusal(model, UnreadableFileError, 'folder', folder.join('inner/shard.safetensors'));
  });

  it.skipIf(!posix)('pipes and devices, which never end', async () => {
    for (const name of ['pipe.onnx', 'pipe.safetensors', 'pipe']) {
      execFileSync('mkfifo', [folder.join(name)]);
      await expectRefusal(folder.join(name), UnreadableFileError, 'no regular file');
    }
    await expectRefusal('/dev/zero', UnreadableFileError, 'no regular file');
    await symlink('/dev/zero', folder.join('zero.onnx'));
    await expectRefusal(folder.join('zero.onnx'), UnreadableFileError, 'no regular file');
  });

  it.skipIf(!posix)('pipes beside a model', async () => {
    execFileSync('mkfifo', [folder.join('external/pipe')]);
    const path = await folder.write('external/pipe.onnx', external('pipe'));
    await expectRefusal(path, UnreadableFileError, 'no regular file', folder.join('external/pipe'));
    const side = `${await folder.write('piped/model.safetensors', goodSafetensors)}.lipschitz.json`;
    execFileSync('mkfifo', [side]);
    await expectRefusal(folder.join('piped/model.safetensors'), UnreadableFileError, 'no regular file', side);
  });

  it.skipIf(!posix)('links in a circle, and to nothing', async () => {
    await symlink('loop.onnx', folder.join('loop.onnx'));
    await expectRefusal(folder.join('loop.onnx'), UnreadableFileError, 'circle');
    await symlink('gone', folder.join('dangling.safetensors'));
    await expectRefusal(folder.join('dangling.safetensors'), UnreadableFileError, 'does not exist');
  });

  it.skipIf(!posix || root)('a file that may not be read', async () => {
    for (const name of ['locked.onnx', 'locked.safetensors']) {
      await chmod(await folder.write(name, goodOnnx), 0);
      await expectRefusal(folder.join(name), UnreadableFileError, 'permission');
    }
  });
});

const references: [what: string, location: string, kind: ErrorClass][] = [
  ['a missing file', 'missing.bin', UnreadableFileError],
  ['an absolute path', '/etc/passwd', UnsafePathError],
  ['an absolute path of Windows', 'C:\\Windows\\win.ini', UnsafePathError],
  ['a path relative to a drive', 'C:w.bin', UnsafePathError],
  ['a network path', '\\\\server\\share\\w.bin', UnsafePathError],
  ['a path out of the folder', '../external/weights/w.bin', UnsafePathError],
  ['a path out of the folder of Windows', '..\\external\\weights\\w.bin', UnsafePathError],
  ['a path out of the folder and back', 'a/../../references/w.bin', UnsafePathError],
  ['a URL', 'https://example.org/w.bin', UnsafePathError],
  ['a file URL', 'file:///etc/passwd', UnsafePathError],
  ['a NUL character', 'w.bin\0.png', UnsafePathError],
];

describe('references to other files', () => {
  it.each(references)('%s, as external data and as a shard', async (_, location, kind) => {
    const part = JSON.stringify(location).slice(1, -1).split('\\u0000')[0];
    const matches = new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const model = await folder.write('references/model.onnx', external(location));
    await expectRefusal(model, kind, matches);
    const index = JSON.stringify({ weight_map: { 'a.weight': location } });
    const path = await folder.write('references/model.safetensors.index.json', index);
    await expectRefusal(path, kind, matches);
  });

  it('external data that is too short, elsewhere, or not fetched', async () => {
    const data = await folder.write('references/w.bin', kernelBytes);
    const cases: [Readonly<Record<string, string>>, ErrorClass][] = [
      [{ length: '215' }, InvalidTensorError],
      [{ length: '1000000000000000000' }, InvalidTensorError],
      [{ offset: '4' }, InvalidTensorError],
      [{ offset: '-4' }, InvalidTensorError],
      [{ offset: '4611686018427387904' }, InvalidTensorError],
      [{ offset: 'x' }, InvalidTensorError],
    ];
    for (const [rest, kind] of cases) {
      await expectRefusal(await folder.write('references/data.onnx', external('w.bin', rest)), kind, '"w"');
    }
    await folder.write('references/w.bin', lfsPointer);
    const path = await folder.write('references/lfs.onnx', external('w.bin'));
    await expectRefusal(path, GitLfsPointerError, '12345', data);
  });

  it.skipIf(!posix)('links that leave the folder', async () => {
    await folder.write('secret/w.bin', kernelBytes);
    await folder.write('secret/shard.safetensors', goodSafetensors);
    const model = await folder.write('leaving/model.onnx', external('w.bin'));
    await symlink('../secret/w.bin', `${dirname(model)}/w.bin`);
    await expectRefusal(model, UnsafePathError, '"w.bin"');
    await symlink('../secret', folder.join('leaving/inside'));
    await folder.write('leaving/model.onnx', external('inside/w.bin'));
    await expectRefusal(model, UnsafePathError, '"inside/w.bin"');
    const index = await folder.write(
      'leaving/model.safetensors.index.json',
      JSON.stringify({ weight_map: { 'fc.weight': 'inside/shard.safetensors' } }),
    );
    await expectRefusal(index, UnsafePathError, '"inside/shard.safetensors"');
  });

  it.skipIf(!posix)('links within the folder, and the cache of Hugging Face, work', async () => {
    const snapshot = folder.join('hub/snapshots/0123');
    await mkdir(snapshot, { recursive: true });
    const index = JSON.stringify({
      weight_map: { 'fc.weight': 'one.safetensors', 'conv.weight': 'one.safetensors' },
    });
    const blobs: Record<string, Uint8Array | string> = {
      'model.onnx': external('model.onnx_data'),
      'model.onnx_data': kernelBytes,
      'one.safetensors': goodSafetensors,
      'model.safetensors.index.json': index,
    };
    for (const [i, [name, content]] of Object.entries(blobs).entries()) {
      await folder.write(`hub/blobs/${i}abc`, content);
      await symlink(`../../blobs/${i}abc`, `${snapshot}/${name}`);
    }
    expect((await open(`${snapshot}/model.onnx`)).layers).toHaveLength(1);
    expect((await open(`${snapshot}/model.safetensors.index.json`)).layers).toHaveLength(2);
    expect((await open(snapshot)).format).toBe('safetensors');

    await folder.write('linked/real.bin', kernelBytes);
    await symlink('real.bin', folder.join('linked/w.bin'));
    expect((await open(await folder.write('linked/model.onnx', external('w.bin')))).layers).toHaveLength(1);
  });
});
