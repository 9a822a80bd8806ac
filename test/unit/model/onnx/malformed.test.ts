import { symlink } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  GitLfsPointerError,
  InvalidTensorError,
  LimitExceededError,
  MalformedFileError,
  TruncatedFileError,
  UnknownFormatError,
  UnreadableFileError,
  UnsafePathError,
  type ModelError,
} from '../../../../src/model/errors';
import { readOnnx } from '../../../../src/model/onnx/read';
import { DataType, type GraphProto, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { graphAttribute, int, modelBytes, node } from '../../onnx-builder';
import { concat, field, numberField, varint } from '../../wire';

const folder = new Folder();

async function open(content: Uint8Array | string, name = 'model.onnx'): Promise<void> {
  const file = await readOnnx(await folder.write(name, content));
  await file.close();
}

type ErrorClass = abstract new (...parameters: never[]) => ModelError;

async function expectRefused(
  content: Uint8Array | string,
  error: ErrorClass,
  message: RegExp,
): Promise<void> {
  const path = folder.join('model.onnx');
  const result = open(content);
  await expect(result).rejects.toThrow(error);
  await expect(result).rejects.toThrow(message);
  await expect(result).rejects.toThrow(new RegExp(`^${path.replaceAll(/[.\\]/g, '\\$&')}: [^\\n]+[^.\\n]$`));
}

const floatTensor = (dims: readonly (number | bigint)[], ...rest: Uint8Array[]): Uint8Array =>
  field(
    7,
    field(
      5,
      concat(
        field(1, concat(...dims.map((d) => varint(BigInt.asUintN(64, BigInt(d)))))),
        numberField(2, DataType.FLOAT),
        field(8, 'w'),
        ...rest,
      ),
    ),
  );
const raw = (length: number): Uint8Array => field(9, new Uint8Array(length));

const attributeTensor = (content: Uint8Array): Uint8Array => {
  const stored = field(5, concat(numberField(2, DataType.FLOAT), content));
  return field(7, field(1, concat(field(3, 'n'), field(5, concat(field(1, 'value'), stored)))));
};

const external = (entries: Record<string, string>, rest: Partial<TensorProto> = {}): Uint8Array =>
  modelBytes({
    initializer: [
      {
        name: 'w',
        dims: [2],
        dataType: DataType.FLOAT,
        dataLocation: 1,
        externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
        ...rest,
      },
    ],
  });

/** A graph in an attribute of a node in a graph ... */
function nested(depth: number): GraphProto {
  return depth === 0
    ? {}
    : { node: [node('If', [], [], { then_branch: graphAttribute(nested(depth - 1)) })] };
}

describe('a damaged ONNX file', () => {
  const whole = concat(
    numberField(1, 10),
    field(8, numberField(2, 21)),
    field(
      7,
      field(
        5,
        concat(
          numberField(1, 3),
          numberField(2, DataType.FLOAT),
          field(8, 'w'),
          field(9, new Uint8Array(12)),
        ),
      ),
    ),
  );

  // What is wrong, the file, the same without the defect, the error.
  const cases: [string, Uint8Array, Uint8Array, ErrorClass, RegExp][] = [
    [
      'no graph',
      numberField(1, 8),
      concat(numberField(1, 8), field(7, '')),
      MalformedFileError,
      /it has no graph$/,
    ],
    [
      'a graph of 2^62 bytes',
      field(7, '', 2n ** 62n),
      field(7, ''),
      TruncatedFileError,
      /cut off: graph takes 4611686018427388000 bytes/,
    ],
    [
      'a tensor of 2^62 bytes',
      field(7, field(5, '', 2n ** 62n)),
      field(7, field(5, '')),
      MalformedFileError,
      /initializer is longer than the message around it/,
    ],
    [
      'raw data longer than its tensor',
      floatTensor([1], field(9, new Uint8Array(4), 5)),
      floatTensor([1], field(9, new Uint8Array(4), 4)),
      MalformedFileError,
      /raw_data is longer/,
    ],
    [
      'a number without end',
      field(7, field(1, new Uint8Array(12).fill(255))),
      field(7, field(1, '')),
      MalformedFileError,
      /a number does not end/,
    ],
    [
      'a number that its message cuts',
      field(7, field(1, Uint8Array.of(0x1a, 0x80))),
      field(7, field(1, Uint8Array.of(0x1a, 0))),
      MalformedFileError,
      /does not end/,
    ],
    [
      'field number 0',
      field(7, Uint8Array.of(2, 0)),
      field(7, Uint8Array.of(0x7a, 0)),
      MalformedFileError,
      /there is no field 0/,
    ],
    [
      'a field number beyond the format',
      field(7, concat(varint(2 ** 32), varint(0))),
      field(7, concat(varint(2 ** 31), varint(0))),
      MalformedFileError,
      /there is no field/,
    ],
    [
      'wire type 7',
      field(7, Uint8Array.of(0x0f)),
      field(7, Uint8Array.of(0x0a, 0)),
      MalformedFileError,
      /cannot have the wire type 7/,
    ],
    [
      'an unknown field of wire type 6',
      field(7, Uint8Array.of(0x26, 0)),
      field(7, Uint8Array.of(0x22, 0)),
      MalformedFileError,
      /6 is no wire type/,
    ],
    [
      'a group',
      field(7, Uint8Array.of(0x23, 0x24)),
      field(7, Uint8Array.of(0x22, 0)),
      MalformedFileError,
      /3 is no wire type/,
    ],
    [
      'a text where a number belongs',
      field(7, field(5, field(2, 'x'))),
      field(7, field(5, numberField(2, 0))),
      MalformedFileError,
      /data_type cannot have the wire type 2/,
    ],
    [
      'a list with half a number',
      field(7, field(5, field(1, Uint8Array.of(0x80)))),
      field(7, field(5, field(1, Uint8Array.of(0)))),
      MalformedFileError,
      /a list of numbers in its graph is damaged/,
    ],
    [
      'an attribute twice',
      field(7, field(1, concat(field(5, field(1, 'a')), field(5, field(1, 'a'))))),
      field(7, field(1, concat(field(5, field(1, 'a')), field(5, field(1, 'b'))))),
      MalformedFileError,
      /node "" has the attribute "a" more than once/,
    ],
    [
      'graphs in graphs without end',
      modelBytes(nested(33)),
      modelBytes(nested(32)),
      LimitExceededError,
      /nested deeper than 100/,
    ],
    [
      'a name of megabytes',
      field(7, field(2, new Uint8Array(2 ** 20 + 1).fill(97))),
      field(7, field(2, new Uint8Array(2 ** 20).fill(97))),
      LimitExceededError,
      /name takes 1048577 bytes/,
    ],
    [
      'millions of nodes',
      field(7, repeated([0x0a, 0], 2 ** 21)),
      field(7, repeated([0x0a, 0], 2 ** 10)),
      LimitExceededError,
      /more than 2097152 messages/,
    ],
    [
      'millions of names',
      field(7, field(1, repeated([0x0a, 0], 2 ** 22))),
      field(7, field(1, repeated([0x0a, 0], 2 ** 10))),
      LimitExceededError,
      /more than 4194304 parts/,
    ],

    [
      'a negative dimension',
      floatTensor([3, -1], raw(12)),
      floatTensor([3, 1], raw(12)),
      InvalidTensorError,
      /tensor "w" has the impossible shape \(3, -1\)/,
    ],
    [
      'a dimension of 2^62',
      floatTensor([2n ** 62n], raw(4)),
      floatTensor([1], raw(4)),
      InvalidTensorError,
      /impossible shape/,
    ],
    [
      '10^18 elements',
      floatTensor([10 ** 9, 10 ** 9], raw(4)),
      floatTensor([1, 1], raw(4)),
      InvalidTensorError,
      /too many elements/,
    ],
    [
      '10^12 elements',
      floatTensor([10 ** 6, 10 ** 6], raw(4)),
      floatTensor([1, 1], raw(4)),
      InvalidTensorError,
      /has 4 bytes of data for 1000000000000 elements/,
    ],
    [
      'fewer bytes than elements',
      floatTensor([4], raw(12)),
      floatTensor([3], raw(12)),
      InvalidTensorError,
      /12 bytes of data, but 4 elements of type float32 take 16/,
    ],
    [
      'more bytes than elements',
      floatTensor([2], raw(12)),
      floatTensor([3], raw(12)),
      InvalidTensorError,
      /12 bytes of data, but 2 elements/,
    ],
    [
      '10^13 elements and no data',
      floatTensor([10 ** 9, 10 ** 4]),
      floatTensor([10 ** 9, 0]),
      InvalidTensorError,
      /"w" has 0 bytes of data for 10000000000000 elements/,
    ],
    [
      '65 dimensions',
      floatTensor(new Array<number>(65).fill(1), raw(4)),
      floatTensor(new Array<number>(64).fill(1), raw(4)),
      InvalidTensorError,
      /"w" has 65 dimensions/,
    ],
    [
      'numbers of another amount',
      floatTensor([2], field(4, new Uint8Array(12))),
      floatTensor([3], field(4, new Uint8Array(12))),
      InvalidTensorError,
      /12 bytes/,
    ],
    [
      'a tensor in an attribute of another amount',
      attributeTensor(concat(numberField(1, 2), raw(4))),
      attributeTensor(concat(numberField(1, 1), raw(4))),
      InvalidTensorError,
      /the tensor in attribute "value" of node "n" has 4 bytes of data, but 2 elements/,
    ],
  ];

  it.each(cases)('%s', async (_, bad, good, error, message) => {
    await expect(open(good)).resolves.toBeUndefined();
    await expectRefused(bad, error, message);
  });

  it('cut off anywhere is refused', async () => {
    await expect(open(whole)).resolves.toBeUndefined();
    for (let length = 0; length < whole.length; length++) {
      await expect(open(whole.subarray(0, length)), `after ${length} bytes`).rejects.toSatisfy(
        (error) =>
          error instanceof TruncatedFileError ||
          error instanceof MalformedFileError ||
          (error instanceof UnknownFormatError && length === 0),
      );
    }
    await expectRefused(whole.subarray(0, whole.length - 1), TruncatedFileError, /the file ends at byte/);
  });

  it('cannot say where its tensors are with the fields of the reader', async () => {
    const place = concat(numberField(1, 9), numberField(3, 0), numberField(4, 12));
    const file = await readOnnx(await folder.write('own.onnx', floatTensor([3], field(10001, place))));
    await expect(file.graph.initializers.get('w')!.read()).rejects.toThrow(/"w" has 0 bytes of data for 3/);
    await file.close();
  });

  it('has its names in messages short and harmless', async () => {
    const name = `a\u202e\u009b\n"${'x'.repeat(1000)}`;
    const bad = field(
      7,
      field(5, concat(field(8, name), numberField(1, 2), numberField(2, DataType.FLOAT), raw(4))),
    );
    await expectRefused(
      bad,
      InvalidTensorError,
      /tensor "a\\u202e\\u009b\\n\\"x{90,100}…x{90,110}" has 4 bytes/,
    );
  });
});

function repeated(bytes: number[], times: number): Uint8Array {
  return Buffer.alloc(bytes.length * times, Uint8Array.from(bytes));
}

describe('another kind of file under the name of an ONNX model', () => {
  const header = JSON.stringify({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } });

  it.each<[string, Uint8Array | string, RegExp]>([
    ['nothing', '', /no ONNX model but an empty file/],
    [
      'safetensors',
      concat(
        new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer),
        Buffer.from(header),
        new Uint8Array(4),
      ),
      /a safetensors file/,
    ],
    ['zip', concat(Buffer.from('PK\x03\x04'), new Uint8Array(100)), /a zip archive/],
    ['pickle', concat(Uint8Array.of(0x80, 2), Buffer.from('}q\0(X\x05\0\0\0model')), /a Python pickle/],
    ['JSON', '{"format": "onnx"}', /JSON text/],
    ['HTML', '\n<!DOCTYPE html>\n<html><body>404</body></html>', /a web page/],
    ['text', 'Entry not found', /no ONNX model but text/],
    ['text with a byte order mark', '\ufeffmodèle', /text/],
    ['HDF5', concat(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), new Uint8Array(100)), /an HDF5 file/],
    ['GGUF', concat(Buffer.from('GGUF'), new Uint8Array(100)), /a GGUF model/],
    ['gzip', gzipSync('x'), /a gzip archive/],
    ['zeros', new Uint8Array(100), /it is no ONNX model$/],
    ['an image', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), /it is no ONNX model$/],
  ])('%s', async (_, content, message) => {
    await expectRefused(content, UnknownFormatError, message);
  });

  it('a Git LFS pointer', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`;
    await expectRefused(pointer, GitLfsPointerError, /Git LFS pointer/);
    await folder.write('pointer.bin', pointer);
    await expect(open(external({ location: 'pointer.bin' }))).rejects.toThrow(GitLfsPointerError);
    await expect(open(external({ location: 'pointer.bin' }))).rejects.toThrow(
      /pointer\.bin: it is a Git LFS pointer/,
    );
  });

  it('no file', async () => {
    await expect(readOnnx(folder.join('none.onnx'))).rejects.toThrow(UnreadableFileError);
    await expect(readOnnx(folder.path)).rejects.toThrow(UnreadableFileError);
  });
});

describe('wrong external data', () => {
  it.each<[string, Record<string, string>, ErrorClass, RegExp]>([
    [
      'a missing file',
      { location: 'none.bin' },
      UnreadableFileError,
      /it refers to "none\.bin": the file does not exist/,
    ],
    ['a path upwards', { location: '../eight.bin' }, UnsafePathError, /leaves the folder of the model/],
    ['an absolute path', { location: '/etc/passwd' }, UnsafePathError, /an absolute path/],
    ['a path with a drive', { location: 'C:\\eight.bin' }, UnsafePathError, /an absolute path/],
    ['a URL', { location: 'https://example.org/eight.bin' }, UnsafePathError, /a URL/],
    ['no location', { offset: '0' }, InvalidTensorError, /"w" does not say in which file/],
    [
      'an offset beyond the end',
      { location: 'eight.bin', offset: '4' },
      InvalidTensorError,
      /takes bytes 4 to 12 of "eight\.bin", which has 8/,
    ],
    [
      'an offset of 2^62',
      { location: 'eight.bin', offset: String(2n ** 62n) },
      InvalidTensorError,
      /as the offset/,
    ],
    ['a negative offset', { location: 'eight.bin', offset: '-4' }, InvalidTensorError, /"-4" as the offset/],
    [
      'an offset in words',
      { location: 'eight.bin', offset: '0x0' },
      InvalidTensorError,
      /"0x0" as the offset/,
    ],
    [
      'a length that is too short',
      { location: 'eight.bin', length: '4' },
      InvalidTensorError,
      /4 bytes of data, but 2 elements/,
    ],
    [
      'a length beyond the end',
      { location: 'eight.bin', length: '80' },
      InvalidTensorError,
      /80 bytes of data/,
    ],
    ['a folder', { location: 'folder' }, UnreadableFileError, /folder: it is a folder/],
  ])('%s', async (_, entries, error, message) => {
    await folder.write('eight.bin', new Uint8Array(8));
    await folder.write('folder/x', '');
    await expect(
      open(external({ location: 'eight.bin', offset: '0', length: '8' })),
    ).resolves.toBeUndefined();
    await expect(open(external(entries))).rejects.toThrow(error);
    await expect(open(external(entries))).rejects.toThrow(message);
  });

  it('two locations', async () => {
    const twice = [
      { key: 'location', value: 'eight.bin' },
      { key: 'location', value: 'other.bin' },
    ];
    await expectRefused(
      external({}, { externalData: twice }),
      InvalidTensorError,
      /"w" gives the "location" of its external data twice/,
    );
  });

  it.runIf(process.platform !== 'win32')('a link that leaves the folder', async () => {
    await symlink('/etc/passwd', folder.join('link.bin'));
    await expectRefused(
      external({ location: 'link.bin' }),
      UnsafePathError,
      /"link\.bin", a link that leaves the folder/,
    );
  });

  it('a tensor in a nested graph is found as well', async () => {
    const inner = {
      name: 'w',
      dims: [2],
      dataType: DataType.FLOAT,
      dataLocation: 1,
      externalData: [{ key: 'location', value: '../x' }],
    };
    const graph = {
      node: [node('If', [], [], { then_branch: graphAttribute({ initializer: [inner] }), n: int(1) })],
    };
    await expectRefused(modelBytes(graph), UnsafePathError, /"\.\.\/x"/);
  });
});
