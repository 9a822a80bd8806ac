import { execFileSync } from 'node:child_process';
import { truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  GitLfsPointerError,
  InvalidTensorError,
  LimitExceededError,
  MalformedFileError,
  type ModelError,
  TruncatedFileError,
  UnknownFormatError,
} from '../../../../src/model/errors';
import { RangeFile } from '../../../../src/model/file';
import { readHeader, type TensorEntry } from '../../../../src/model/safetensors/header';
import { Folder } from '../../folder';
import { container, f32, raw, safetensors } from '../../safetensors-builder';

const folder = new Folder();

async function headerOf(bytes: Uint8Array | string): Promise<TensorEntry[]> {
  const file = await RangeFile.open(await folder.write('model.safetensors', bytes));
  try {
    return await readHeader(file);
  } finally {
    await file.close();
  }
}

/** A file with one tensor `w` of 16 bytes of data, of which some members are replaced. */
function withEntry(members: Record<string, unknown>): Uint8Array {
  const entry = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16], ...members };
  return container(JSON.stringify({ w: entry }), new Uint8Array(16));
}

describe('readHeader', () => {
  it('answers names, types, shapes and places, in the order of the header', async () => {
    const bytes = safetensors(
      { b: f32([2, 3]), a: raw('I8', [5], 1), s: f32([]), none: f32([0, 4]) },
      { format: 'pt' },
    );
    const data = bytes.length - 24 - 5 - 4;
    expect(await headerOf(bytes)).toEqual([
      { name: 'b', dtype: 'F32', shape: [2, 3], begin: data, end: data + 24 },
      { name: 'a', dtype: 'I8', shape: [5], begin: data + 24, end: data + 29 },
      { name: 's', dtype: 'F32', shape: [], begin: data + 29, end: data + 33 },
      { name: 'none', dtype: 'F32', shape: [0, 4], begin: data + 33, end: data + 33 },
    ]);
  });

  it('accepts what is unusual but harmless', async () => {
    expect(await headerOf(container('{}   '))).toEqual([]);
    expect(await headerOf(container('{"__metadata__":{}}'))).toEqual([]);
    // A hole before the tensor, and bytes after it.
    expect(await headerOf(withEntry({ shape: [2], data_offsets: [4, 12] }))).toHaveLength(1);
    expect(await headerOf(withEntry({ extra: null }))).toHaveLength(1);
    // Nothing can be said of the span of an element type that does not exist yet.
    expect(await headerOf(withEntry({ dtype: 'F7_NEW', shape: [1000] }))).toMatchObject([
      { dtype: 'F7_NEW' },
    ]);
    // Elements narrower than a byte, where they fill bytes together.
    expect(await headerOf(withEntry({ dtype: 'F4', shape: [8, 4] }))).toHaveLength(1);
    // Tensors without elements may lie anywhere.
    const empty = { dtype: 'F32', shape: [0], data_offsets: [4, 4] };
    const full = { dtype: 'F32', shape: [4], data_offsets: [0, 16] };
    expect(await headerOf(container(JSON.stringify({ empty, full }), new Uint8Array(16)))).toHaveLength(2);
  });

  it('takes names that mean something to JavaScript as names', async () => {
    const names = [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '',
      '0',
      ' ',
      'a\u0000b',
      'é\u202e.weight',
    ];
    const entries = await headerOf(safetensors(names.map((name) => [name, f32([1])] as const)));
    expect(entries.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  const good = safetensors({ w: f32([2, 2]) });
  const text = '{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}';
  const data = new Uint8Array(16);
  const lengthOf = (length: bigint) => {
    const bytes = Buffer.from(good);
    bytes.writeBigUInt64LE(length);
    return bytes;
  };
  const overlapping = {
    first: { dtype: 'U8', shape: [10], data_offsets: [0, 10] },
    second: { dtype: 'U8', shape: [7], data_offsets: [9, 16] },
  };

  it('reads the file that the malformed ones are made from', async () => {
    expect(await headerOf(good)).toHaveLength(1);
    expect(await headerOf(container(text, data))).toHaveLength(1);
    expect(await headerOf(withEntry({}))).toHaveLength(1);
    const { first, second } = structuredClone(overlapping);
    second.data_offsets = [10, 17];
    expect(await headerOf(container(JSON.stringify({ first, second }), new Uint8Array(17)))).toHaveLength(2);
  });

  const bad: [string, Uint8Array | string, new (...args: never[]) => ModelError, string | RegExp][] = [
    ['an empty file', '', UnknownFormatError, 'the file is empty'],
    ['a few bytes', 'abc', TruncatedFileError, '3 bytes'],
    ['a length and nothing else', good.slice(0, 8), TruncatedFileError, 'header of 57 bytes'],
    ['half a header', good.slice(0, 40), TruncatedFileError, 'header of 57 bytes'],
    ['half of the data', good.slice(0, -8), TruncatedFileError, 'tensor "w" ends at offset 16'],
    ['a length of 0', lengthOf(0n), MalformedFileError, 'length 0'],
    ['a length of 2^62', lengthOf(1n << 62n), LimitExceededError, '4611686018427387904 bytes'],
    ['a length of 2^64 - 1', lengthOf((1n << 64n) - 1n), LimitExceededError, '18446744073709551615'],
    ['a length that ends the header too early', lengthOf(50n), MalformedFileError, 'not valid JSON'],
    ['a length that takes data for header', lengthOf(60n), MalformedFileError, 'UTF-8'],
    ['a web page', '<!DOCTYPE html><html></html>', UnknownFormatError, 'a web page'],
    ['a zip archive', 'PK\x03\x04\x14\0\0\0\0\0archive', UnknownFormatError, 'zip archive'],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1234\n',
      GitLfsPointerError,
      '1234',
    ],
    ['a list', container('[]'), UnknownFormatError, 'not a safetensors file'],
    ['text that is not UTF-8', container(Buffer.from('{"\xff":1}', 'latin1')), MalformedFileError, 'UTF-8'],
    [
      'a name given twice',
      container(`${text.slice(0, -1)},${text.slice(1)}`, data),
      MalformedFileError,
      '"w" twice',
    ],
    [
      'a name given twice in two spellings',
      container(`${text.slice(0, -1)},"\\u0077":{}}`, data),
      MalformedFileError,
      '"w" twice',
    ],
    [
      'a member given twice',
      container(text.replace('{"dtype"', '{"shape":[4],"dtype"'), data),
      MalformedFileError,
      '"shape" twice',
    ],
    ['deep nesting', container(`{"w":${'['.repeat(1e6)}`), MalformedFileError, 'nested deeper'],
    [
      'millions of lists',
      container(`{"w":[${'[],'.repeat(6e6)}0]}`),
      LimitExceededError,
      'more than 5000000 keys, lists and objects',
    ],
    ['metadata that is no object', container('{"__metadata__":[]}'), MalformedFileError, '__metadata__'],
    ['metadata that is no text', container('{"__metadata__":{"a":1}}'), MalformedFileError, '"a"'],
    ['an entry that is no object', container('{"w":3}'), MalformedFileError, '"w"'],
    ['an entry that is null', container('{"w":null}'), MalformedFileError, '"w"'],
    ['no element type', withEntry({ dtype: 5 }), MalformedFileError, '"w" has no element type'],
    ['no shape', withEntry({ shape: '2x2' }), MalformedFileError, '"w" has no shape'],
    ['a negative shape', withEntry({ shape: [-2, -2] }), InvalidTensorError, '"w" has a dimension'],
    ['a fractional shape', withEntry({ shape: [2.5, 2] }), InvalidTensorError, '"w" has a dimension'],
    ['a shape of text', withEntry({ shape: ['2', 2] }), InvalidTensorError, '"w" has a dimension'],
    [
      'a shape beyond all numbers',
      container(text.replace('[2,2]', '[1e400]'), data),
      InvalidTensorError,
      '"w"',
    ],
    [
      'a shape of unsafe integers',
      withEntry({ shape: [2 ** 60] }),
      InvalidTensorError,
      '"w" has a dimension',
    ],
    [
      '10^18 elements',
      withEntry({ shape: [1e9, 1e9] }),
      InvalidTensorError,
      /"w" of shape \(1000000000, 1000000000\)/,
    ],
    [
      'a product that wraps around to the right one',
      withEntry({ shape: [2 ** 32, 2 ** 32, 4] }),
      InvalidTensorError,
      '"w"',
    ],
    ['a shape smaller than the span', withEntry({ shape: [3] }), InvalidTensorError, '16 bytes'],
    ['a shape larger than the span', withEntry({ shape: [5] }), InvalidTensorError, '16 bytes'],
    [
      'elements that end inside a byte',
      withEntry({ dtype: 'F4', shape: [31] }),
      InvalidTensorError,
      '16 bytes',
    ],
    ['65 dimensions', withEntry({ shape: Array(65).fill(1) }), InvalidTensorError, '65 dimensions'],
    ['no offsets', withEntry({ data_offsets: 0 }), MalformedFileError, 'data_offsets'],
    ['one offset', withEntry({ data_offsets: [0] }), MalformedFileError, 'data_offsets'],
    ['a negative offset', withEntry({ data_offsets: [-16, 0] }), InvalidTensorError, '"w" has an offset'],
    [
      'a fractional offset',
      withEntry({ data_offsets: [0.5, 16.5] }),
      InvalidTensorError,
      '"w" has an offset',
    ],
    [
      'offsets of 2^62',
      withEntry({ data_offsets: [2 ** 62, 2 ** 62 + 1e6] }),
      InvalidTensorError,
      '"w" has an offset',
    ],
    [
      'offsets the wrong way round',
      withEntry({ data_offsets: [16, 0] }),
      InvalidTensorError,
      'begins at offset 16',
    ],
    [
      'an offset outside the data',
      withEntry({ data_offsets: [4, 20] }),
      TruncatedFileError,
      'only 16 bytes of data',
    ],
    [
      'overlapping tensors',
      container(JSON.stringify(overlapping), data),
      MalformedFileError,
      '"first" and "second"',
    ],
  ];
  it.each(bad)('refuses %s', async (_, bytes, kind, part) => {
    const error: unknown = await headerOf(bytes).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    const { message } = error as ModelError;
    expect(message.startsWith(`${folder.join('model.safetensors')}: `)).toBe(true);
    expect(message).toMatch(part);
    expect(message).not.toMatch(/[\n\0]|\.$/);
  });

  it('shortens and escapes hostile names in messages', async () => {
    const name = `\n\u001b[31m${'x'.repeat(1e6)}`;
    const error = await headerOf(container(JSON.stringify({ [name]: 1 }))).catch((reason: unknown) => reason);
    const { message } = error as Error;
    expect(message).toMatch(/"\\n\\u001b\[31mx{50,200}/);
    expect(message.length - folder.path.length).toBeLessThan(500);
  });

  it('reads a header of 50 MB', async () => {
    const entries = Array.from({ length: 450_000 }, (_, i) => {
      return `"model.layers.${i}.mlp.experts.${i}.gate_proj.weight":{"dtype":"F8_E4M3","shape":[0,${i}],"data_offsets":[0,0]}`;
    });
    expect(await headerOf(container(`{${entries.join(',')}}`))).toHaveLength(450_000);
  });

  it.skipIf(process.platform === 'win32')('reads only the header of a file of a terabyte', async () => {
    const size = 2 ** 40;
    const header = JSON.stringify({ w: { dtype: 'U8', shape: [size / 4, 4], data_offsets: [0, size] } });
    const path = await folder.write('huge.safetensors', container(header));
    await truncate(path, 8 + header.length + size);
    expect(Number(execFileSync('du', ['-k', path]).toString().split('\t')[0])).toBeLessThan(100);
    const file = await RangeFile.open(path);
    expect(await readHeader(file)).toMatchObject([{ shape: [size / 4, 4] }]);
    await file.close();
  });
});
