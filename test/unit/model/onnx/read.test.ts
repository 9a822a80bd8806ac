import { existsSync } from 'node:fs';
import { appendFile, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  bitsPerElement,
  bytesOfElements,
  decodeElements,
  type ElementType,
} from '../../../../src/model/elements';
import { InvalidTensorError, UnreadableFileError } from '../../../../src/model/errors';
import { RangeFile } from '../../../../src/model/file';
import type { OnnxFile } from '../../../../src/model/onnx/graph';
import { readOnnx } from '../../../../src/model/onnx/read';
import { isRanged } from '../../../../src/model/tensor';
import { DataLocation, DataType, encodeModel, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import {
  float,
  floats,
  graphAttribute,
  int,
  integers,
  ints,
  model,
  modelBytes,
  node,
  rawTensor,
  reference,
  tensor,
  tensorAttribute,
  text,
  texts,
  value,
} from '../../onnx-builder';
import { concat, field, numberField, varint } from '../../wire';

const folder = new Folder();
const opened: OnnxFile[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(opened.splice(0).map((file) => file.close()));
});

async function open(content: Uint8Array, name = 'model.onnx'): Promise<OnnxFile> {
  const file = await readOnnx(await folder.write(name, content));
  opened.push(file);
  return file;
}

/** The values of an initializer of a graph with one. */
async function only({ graph }: OnnxFile): Promise<Float32Array | Float64Array> {
  const [found, ...others] = graph.initializers.values();
  expect(others).toEqual([]);
  return found.read();
}

describe('readOnnx', () => {
  it('gives the graph as plain data', async () => {
    const file = await open(
      modelBytes(
        {
          name: 'main',
          node: [
            node('Conv', ['x', 'w', ''], ['y'], { strides: ints(2, 2), alpha: float(0.5), mode: text('é') }),
            node(
              'Call',
              ['y'],
              ['z'],
              { n: int(-7), a: floats(1, 2), s: texts('a', ''), t: tensorAttribute(tensor('', [1])) },
              {
                name: 'call',
                domain: 'own',
                overload: 'o',
              },
            ),
            node(
              'If',
              ['c'],
              ['r'],
              { then_branch: graphAttribute({ node: [node('Relu', ['z'], ['r'])] }) },
              { domain: 'ai.onnx' },
            ),
          ],
          initializer: [tensor('w', [1, 2], [3, 4])],
          sparseInitializer: [{ values: tensor('sparse', [1]), dims: [9] }],
          input: [
            value('x', ['n', 3, null, 0]),
            value('c', null, DataType.BOOL),
            { name: 'sequence', type: {} },
          ],
          output: [value('r', [])],
          valueInfo: [value('y', [1])],
        },
        {
          irVersion: 8,
          opsetImport: [
            { domain: 'ai.onnx', version: 17 },
            { domain: 'own', version: 1 },
          ],
          functions: [
            {
              name: 'Call',
              domain: 'own',
              overload: 'o',
              input: ['a'],
              output: ['b'],
              attribute: ['needed'],
              attributeProto: [{ name: 'n', ...int(3) }],
              node: [node('Scale', ['a'], ['b'], { k: reference('n', 2) })],
            },
          ],
        },
      ),
    );
    expect(file.irVersion).toBe(8);
    expect([...file.opsets]).toEqual([
      ['', 17],
      ['own', 1],
    ]);
    const { graph } = file;
    expect(graph.name).toBe('main');
    expect(graph.sparseInitializers).toEqual(['sparse']);
    expect(graph.inputs).toEqual([
      { name: 'x', elementType: 1, shape: ['n', 3, null, 0] },
      { name: 'c', elementType: 9, shape: null },
      { name: 'sequence', elementType: 0, shape: null },
    ]);
    expect(graph.outputs).toEqual([{ name: 'r', elementType: 1, shape: [] }]);
    expect([...graph.valueInfo.keys()]).toEqual(['y']);
    const [conv, call, branch] = graph.nodes;
    expect(conv).toEqual({
      name: '',
      opType: 'Conv',
      domain: '',
      overload: '',
      inputs: ['x', 'w', ''],
      outputs: ['y'],
      attributes: new Map<string, unknown>([
        ['strides', { kind: 'ints', value: [2, 2] }],
        ['alpha', { kind: 'float', value: 0.5 }],
        ['mode', { kind: 'string', value: 'é' }],
      ]),
    });
    expect(call).toMatchObject({ name: 'call', domain: 'own', overload: 'o' });
    expect(call.attributes.get('n')).toEqual({ kind: 'int', value: -7 });
    expect(call.attributes.get('a')).toEqual({ kind: 'floats', value: [1, 2] });
    expect(call.attributes.get('s')).toEqual({ kind: 'strings', value: ['a', ''] });
    expect(call.attributes.get('t')).toMatchObject({ kind: 'tensor', value: { name: 'call.t', shape: [1] } });
    expect(branch.domain).toBe('');
    expect(branch.attributes.get('then_branch')).toMatchObject({
      kind: 'graph',
      value: { nodes: [{ opType: 'Relu' }] },
    });
    expect(file.functions).toMatchObject([
      {
        name: 'Call',
        domain: 'own',
        overload: 'o',
        inputs: ['a'],
        outputs: ['b'],
        nodes: [{ opType: 'Scale' }],
      },
    ]);
    expect([...file.functions[0].attributes]).toEqual([['n', { kind: 'int', value: 3 }]]);
    expect(file.functions[0].nodes[0].attributes.get('k')).toEqual({ kind: 'reference', value: 'n' });
  });

  it('understands attributes whose zero is left out, or that have no type', async () => {
    const attributes = {
      i: { type: 2 },
      f: { type: 1 },
      s: { type: 3 },
      l: { type: 7 },
      old: { ints: [1] },
      none: {},
      t: { type: 4 },
    };
    const { graph } = await open(
      modelBytes({ node: [node('Op', [], [], attributes)] }, { irVersion: 2, opsetImport: [] }),
    );
    expect([...graph.nodes[0].attributes.values()]).toEqual([
      { kind: 'int', value: 0 },
      { kind: 'float', value: 0 },
      { kind: 'string', value: '' },
      { kind: 'ints', value: [] },
      { kind: 'ints', value: [1] },
      { kind: 'other' },
      { kind: 'other' },
    ]);
  });

  it.each([
    [2, [], [['', 1]]],
    [3, [], []],
    [3, [{ version: 8 }], [['', 8]]],
    [14, [{ domain: '', version: 26 }], [['', 26]]],
    [99, [{ domain: '', version: 99 }], [['', 99]]],
  ])('IR version %i with operator sets %j', async (irVersion, opsetImport, opsets) => {
    const file = await open(modelBytes({}, { irVersion, opsetImport }));
    expect(file.irVersion).toBe(irVersion);
    expect([...file.opsets]).toEqual(opsets);
  });

  it('reads text that is not UTF-8, and numbers beyond 2^53', async () => {
    const bad = field(
      1,
      concat(
        field(3, Uint8Array.of(0x61, 0xff)),
        field(5, concat(field(1, 'i'), numberField(3, 2n ** 63n - 1n))),
      ),
    );
    const { graph } = await open(field(7, bad));
    expect(graph.nodes[0].name).toBe('a\ufffd');
    expect(graph.nodes[0].attributes.get('i')).toEqual({ kind: 'int', value: 2 ** 63 });
  });

  it('gives the same keys to the same stored values only', async () => {
    const attribute = (t: TensorProto) => node('Constant', [], ['c'], { value: tensorAttribute(t) });
    const { graph } = await open(
      modelBytes({
        initializer: [tensor('a', [2]), tensor('b', [2]), integers('c', [1])],
        node: [attribute(tensor('', [2]))],
      }),
    );
    const constant = graph.nodes[0].attributes.get('value');
    const keys = [...graph.initializers.values(), constant?.kind === 'tensor' ? constant.value : null].map(
      (t) => t?.key,
    );
    expect(new Set(keys).size).toBe(4);
  });
});

/** Each type with the field of numbers that holds it, and what stands in that field for its bytes. */
const storedTypes: [
  type: number,
  element: ElementType,
  numbers: (bytes: Uint8Array) => Partial<TensorProto>,
][] = [
  [DataType.FLOAT, 'float32', ({ buffer }) => ({ floatData: [...new Float32Array(buffer)] })],
  [DataType.DOUBLE, 'float64', ({ buffer }) => ({ doubleData: [...new Float64Array(buffer)] })],
  [DataType.INT64, 'int64', ({ buffer }) => ({ int64Data: [...new BigInt64Array(buffer)].map(Number) })],
  [DataType.UINT64, 'uint64', ({ buffer }) => ({ uint64Data: [...new BigUint64Array(buffer)].map(Number) })],
  [DataType.UINT32, 'uint32', ({ buffer }) => ({ uint64Data: [...new Uint32Array(buffer)] })],
  [DataType.INT32, 'int32', ({ buffer }) => ({ int32Data: [...new Int32Array(buffer)] })],
  [DataType.INT16, 'int16', ({ buffer }) => ({ int32Data: [...new Int16Array(buffer)] })],
  [DataType.UINT16, 'uint16', ({ buffer }) => ({ int32Data: [...new Uint16Array(buffer)] })],
  [DataType.FLOAT16, 'float16', ({ buffer }) => ({ int32Data: [...new Uint16Array(buffer)] })],
  [DataType.BFLOAT16, 'bfloat16', ({ buffer }) => ({ int32Data: [...new Uint16Array(buffer)] })],
  [DataType.INT8, 'int8', ({ buffer }) => ({ int32Data: [...new Int8Array(buffer)] })],
  [DataType.UINT8, 'uint8', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.BOOL, 'bool', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.FLOAT8E4M3FN, 'float8e4m3fn', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.FLOAT8E4M3FNUZ, 'float8e4m3fnuz', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.FLOAT8E5M2, 'float8e5m2', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.FLOAT8E5M2FNUZ, 'float8e5m2fnuz', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.FLOAT8E8M0, 'float8e8m0', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.INT4, 'int4', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.UINT4, 'uint4', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.FLOAT4E2M1, 'float4e2m1', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.INT2, 'int2', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.UINT2, 'uint2', (bytes) => ({ int32Data: [...bytes] })],
  [DataType.FLOAT6E2M3, 'float6e2m3', (bytes) => ({ int32Data: sixBits(bytes) })],
  [DataType.FLOAT6E3M2, 'float6e3m2', (bytes) => ({ int32Data: sixBits(bytes) })],
];

/** Groups of six bits, as many as there are whole ones in three bytes at a time. */
function sixBits(bytes: Uint8Array): number[] {
  const bits = [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> i) & 1));
  return Array.from({ length: Math.floor(bits.length / 6) }, (_, i) =>
    bits.slice(6 * i, 6 * i + 6).reduce((sum, bit, power) => sum + bit * 2 ** power, 0),
  );
}

describe('stored tensors', () => {
  // Twelve bytes or more that, as integers of 64 bits, stay below 2^53.
  const pattern = Uint8Array.of(
    1,
    255,
    128,
    64,
    7,
    20,
    0,
    0,
    200,
    3,
    130,
    93,
    254,
    11,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  );

  describe.each(storedTypes)('of type %i (%s)', (dataType, element, numbers) => {
    const count = Math.floor((pattern.length * 8) / bitsPerElement(element));
    const expected = decodeElements(pattern.slice(), element, count);

    it('in raw_data', async () => {
      const file = await open(modelBytes({ initializer: [rawTensor('w', [count], dataType, pattern)] }));
      const values = await only(file);
      expect(values).toEqual(expected);
      expect(values.constructor).toBe(expected.constructor);
    });

    it('in a field of numbers, packed or not', async () => {
      const stored = { name: 'w', dims: [count], dataType, ...numbers(pattern.slice()) };
      const file = await open(modelBytes({ initializer: [stored] }));
      expect(await only(file)).toEqual(expected);
      const unpacked = await open(field(7, field(5, unpack(encodeModel(model({ initializer: [stored] }))))));
      expect(await only(unpacked)).toEqual(expected);
    });

    it('in a file of its own, in part', async () => {
      await folder.write('weights.bin', concat(new Uint8Array(5), pattern, new Uint8Array(3)));
      const externalData = Object.entries({
        location: 'weights.bin',
        offset: '5',
        length: String(pattern.length),
      });
      const stored = {
        name: 'w',
        dims: [count],
        dataType,
        dataLocation: DataLocation.EXTERNAL,
        externalData: externalData.map(([key, entry]) => ({ key, value: entry })),
      };
      const file = await open(modelBytes({ initializer: [stored] }));
      expect(await only(file)).toEqual(expected);
      const found = file.graph.initializers.get('w')!;
      for (const [begin, end] of [
        [0, 1],
        [1, count],
        [2, 2],
        [count - 1, count],
      ]) {
        expect(isRanged(found) && (await found.readRange(begin, end))).toEqual(expected.slice(begin, end));
      }
    });

    it('without elements', async () => {
      const stored = [rawTensor('w', [3, 0], dataType, new Uint8Array()), { name: 'v', dims: [0], dataType }];
      const { graph } = await open(modelBytes({ initializer: stored }));
      expect(await graph.initializers.get('w')!.read()).toHaveLength(0);
      expect(await graph.initializers.get('v')!.read()).toHaveLength(0);
    });

    it('with one element and no dimension', async () => {
      const bytes = pattern.slice(0, bytesOfElements(element, 1));
      const file = await open(modelBytes({ initializer: [rawTensor('w', [], dataType, bytes)] }));
      expect(await only(file)).toEqual(decodeElements(bytes.slice(), element, 1));
    });
  });

  it('keep what numbers cannot say: NaN, infinities, minus zero, integers of 64 bits', async () => {
    const special = tensor('w', [4], [NaN, Infinity, -Infinity, -0]);
    expect([...(await only(await open(modelBytes({ initializer: [special] }))))]).toEqual([
      NaN,
      Infinity,
      -Infinity,
      -0,
    ]);
    const long = concat(
      numberField(2, DataType.INT64),
      numberField(1, 3),
      field(7, concat(varint(2n ** 63n), varint(2n ** 63n - 1n), varint(2n ** 64n - 1n))),
    );
    expect([...(await only(await open(field(7, field(5, long)))))]).toEqual([-(2 ** 63), 2 ** 63, -1]);
  });

  it('may have their numbers in several lists, with and without tags', async () => {
    const one = Buffer.from(Float32Array.of(1).buffer);
    const two = Buffer.from(Float32Array.of(2, 3).buffer);
    const mixed = concat(
      numberField(2, DataType.FLOAT),
      field(4, one),
      field(4, two),
      Uint8Array.of(0x25),
      one,
      field(8, 'w'),
      field(4, new Uint8Array()),
      Uint8Array.of(0x25),
      one,
      numberField(1, 5),
    );
    expect([...(await only(await open(field(7, field(5, mixed)))))]).toEqual([1, 2, 3, 1, 1]);
  });

  it('take integers with or without their sign', async () => {
    const int8 = { name: 'w', dims: [4], dataType: DataType.INT8, int32Data: [253, -3, 127, -128] };
    expect([...(await only(await open(modelBytes({ initializer: [int8] }))))]).toEqual([-3, -3, 127, -128]);
    const half = { name: 'w', dims: [2], dataType: DataType.FLOAT16, int32Data: [0xbc00, 0xbc00 - 0x10000] };
    expect([...(await only(await open(modelBytes({ initializer: [half] }))))]).toEqual([-1, -1]);
  });

  it('are fresh for each reader', async () => {
    const file = await open(modelBytes({ initializer: [tensor('w', [2], [1, 2])] }));
    (await only(file)).fill(0);
    expect([...(await only(file))]).toEqual([1, 2]);
  });

  const broken: [string, TensorProto, RegExp][] = [
    [
      'complex numbers',
      rawTensor('w', [1], DataType.COMPLEX64, new Uint8Array(8)),
      /"w" is of the type complex64/,
    ],
    ['text', { name: 'w', dims: [1], dataType: DataType.STRING }, /"w" is of the type string/],
    ['no element type', { name: 'w', dims: [1] }, /"w" has no element type/],
    [
      'an unknown element type',
      { name: 'w', dims: [1], dataType: 77 },
      /element type that is not known \(77\)/,
    ],
    [
      'a field of another type',
      { name: 'w', dims: [1], dataType: DataType.FLOAT, int32Data: [1] },
      /not stored in int32_data/,
    ],
    ['two fields', { ...tensor('w', [1]), floatData: [1] }, /values more than once/],
    ['a number out of range', { name: 'w', dims: [1], dataType: DataType.INT8, int32Data: [256] }, /no int8/],
    [
      'a number below the range',
      { name: 'w', dims: [1], dataType: DataType.INT8, int32Data: [-129] },
      /no int8/,
    ],
    [
      'a number of seven bits for six',
      { name: 'w', dims: [1], dataType: DataType.FLOAT6E2M3, int32Data: [64] },
      /six bits/,
    ],
    [
      'too many numbers',
      { name: 'w', dims: [1], dataType: DataType.INT8, int32Data: [1, 2] },
      /more values than its 1 elements/,
    ],
    [
      'too few numbers',
      { name: 'w', dims: [2], dataType: DataType.INT32, int32Data: [-1] },
      /too few values for its 2 elements/,
    ],
    ['no data', { name: 'w', dims: [2], dataType: DataType.FLOAT }, /"w" has 0 bytes of data for 2 elements/],
    ['an unknown place of its data', { ...tensor('w', [1]), dataLocation: 5 }, /unknown place/],
  ];

  it.each(broken)('with %s fail alone, and only when they are read', async (_, bad, message) => {
    const { graph, path } = await open(modelBytes({ initializer: [bad, tensor('good', [1], [7])] }));
    expect(graph.initializers.get('w')!.shape).toEqual(bad.dims);
    await expect(graph.initializers.get('w')!.read()).rejects.toThrow(InvalidTensorError);
    await expect(graph.initializers.get('w')!.read()).rejects.toThrow(message);
    await expect(graph.initializers.get('w')!.read()).rejects.toThrow(path);
    expect([...(await graph.initializers.get('good')!.read())]).toEqual([7]);
  });

  it('of one name are not told apart, and not used', async () => {
    const { graph } = await open(
      modelBytes({ initializer: [tensor('w', [1], [1]), tensor('w', [1], [2]), tensor('v', [1])] }),
    );
    await expect(graph.initializers.get('w')!.read()).rejects.toThrow(/"w" is in the graph more than once/);
    await expect(graph.initializers.get('v')!.read()).resolves.toHaveLength(1);
  });

  it('in attributes are named by their node', async () => {
    const bad = node('Constant', [], ['c'], {
      value: tensorAttribute({ dims: [1], dataType: DataType.COMPLEX128 }),
    });
    const { graph } = await open(modelBytes({ node: [bad] }));
    const attribute = graph.nodes[0].attributes.get('value');
    expect(attribute?.kind).toBe('tensor');
    if (attribute?.kind !== 'tensor') return;
    expect(attribute.value.name).toBe('c.value');
    await expect(attribute.value.read()).rejects.toThrow(
      /attribute "value" of node "c" is of the type complex128/,
    );
  });
});

/** The content of the only tensor of a model, its packed numbers one by one. */
function unpack(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const wireTypes = new Map([
    [4, 5],
    [5, 0],
    [7, 0],
    [10, 1],
    [11, 0],
  ]);
  const fields = (content: Uint8Array): [number: number, wireType: number, content: Uint8Array][] => {
    const found: [number, number, Uint8Array][] = [];
    let position = 0;
    const next = (): number => {
      let result = 0;
      for (let power = 1; ; power *= 128) {
        const byte = content[position++];
        result += (byte % 128) * power;
        if (byte < 128) return result;
      }
    };
    while (position < content.length) {
      const tag = next();
      const length = tag % 8 === 2 ? next() : null;
      const begin = position;
      if (length === null) next();
      else position += length;
      found.push([Math.floor(tag / 8), tag % 8, content.subarray(begin, position)]);
    }
    return found;
  };
  const inside = (content: Uint8Array, number: number) => fields(content).find(([n]) => n === number)![2];
  for (const [number, wireType, content] of fields(inside(inside(bytes, 7), 5))) {
    const single = wireTypes.get(number);
    if (wireType !== 2) parts.push(concat(varint(number * 8 + wireType), content));
    else if (single === undefined) parts.push(field(number, content));
    else {
      const width = single === 5 ? 4 : 8;
      for (let begin = 0; begin < content.length;) {
        let end = begin + width;
        if (single === 0) for (end = begin + 1; content[end - 1] >= 128;) end += 1;
        parts.push(concat(varint(number * 8 + single), content.subarray(begin, end)));
        begin = end;
      }
    }
  }
  return concat(...parts);
}

describe('external data', () => {
  const external = (entries: Record<string, string>, rest: Partial<TensorProto> = {}): Uint8Array =>
    modelBytes({
      initializer: [
        {
          name: 'w',
          dims: [2],
          dataType: DataType.FLOAT,
          dataLocation: DataLocation.EXTERNAL,
          externalData: Object.entries(entries).map(([key, entry]) => ({ key, value: entry })),
          ...rest,
        },
      ],
    });
  const data = new Uint8Array(Float32Array.of(1, 2, 3).buffer);

  it('goes to the end of the file where it has no length, and counts as part of the model', async () => {
    await folder.write('three.bin', data);
    const content = external({ location: 'three.bin', offset: '4' });
    const file = await open(content);
    expect([...(await only(file))]).toEqual([2, 3]);
    expect(file.bytes).toBe(content.length + 12);
    expect([...(await only(await open(external({ location: './three.bin', checksum: 'x' }))))]).toEqual([
      1, 2,
    ]);
  });

  it('of attributes, nested graphs and functions is looked for as well', async () => {
    const attribute = (name: string) =>
      tensorAttribute({
        dims: [1],
        dataType: DataType.FLOAT,
        dataLocation: 1,
        externalData: [{ key: 'location', value: name }],
      });
    const constant = (name: string) => node('Constant', [], ['c'], { value: attribute(name) });
    const body = graphAttribute({ node: [constant('three.bin')] });
    const inFunction = { name: 'f', node: [constant('three.bin')] };
    await folder.write('three.bin', data);
    const found = await open(
      modelBytes(
        { node: [constant('three.bin'), node('If', [], [], { then_branch: body })] },
        { functions: [inFunction] },
      ),
    );
    expect(found.graph.nodes).toHaveLength(2);
    const missing = graphAttribute({ node: [constant('none.bin')] });
    await expect(open(modelBytes({ node: [node('If', [], [], { then_branch: missing })] }))).rejects.toThrow(
      UnreadableFileError,
    );
    await expect(open(modelBytes({}, { functions: [{ node: [constant('none.bin')] }] }))).rejects.toThrow(
      UnreadableFileError,
    );
  });

  it('is not read when it has changed since', async () => {
    const path = await folder.write('other.bin', data);
    const file = await open(external({ location: 'other.bin' }));
    await expect(only(file)).resolves.toHaveLength(2);
    await utimes(path, 1, 1);
    await expect(only(file)).rejects.toThrow(/other\.bin: the file was changed since the model was opened/);
    await appendFile(path, 'x');
    await expect(only(file)).rejects.toThrow(UnreadableFileError);
  });

  it('beside inline data is ambiguous', async () => {
    await folder.write('three.bin', data);
    const file = await open(external({ location: 'three.bin' }, { rawData: data.slice(0, 8) }));
    await expect(only(file)).rejects.toThrow(/values more than once/);
  });

  it.runIf(process.platform !== 'win32')('works through the links of a cache', async () => {
    await folder.write('blobs/aaaa', external({ location: 'model.onnx_data' }));
    await folder.write('blobs/bbbb', data);
    await folder.write('snapshots/0123/readme', '');
    await symlink('../../blobs/aaaa', folder.join('snapshots/0123/model.onnx'));
    await symlink('../../blobs/bbbb', folder.join('snapshots/0123/model.onnx_data'));
    const file = await readOnnx(folder.join('snapshots/0123/model.onnx'));
    opened.push(file);
    expect([...(await only(file))]).toEqual([1, 2]);
  });
});

describe('a large file', () => {
  it('is opened without reading its weights, its documentation or its training', async () => {
    const million = 2 ** 20;
    const weights = tensor('w', [million, 2], [1, 2, 3]);
    const numbers: TensorProto = {
      name: 'v',
      dims: [million],
      dataType: DataType.INT64,
      int64Data: new Array<number>(million).fill(1),
    };
    const rest = concat(
      field(6, new Uint8Array(million)),
      field(20, new Uint8Array(million)),
      field(14, new Uint8Array(million)),
    );
    const content = concat(
      modelBytes({ initializer: [weights, numbers], node: [node('Relu', ['x'], ['y'])] }),
      rest,
    );
    const read = vi.spyOn(RangeFile.prototype, 'read');
    const { graph, bytes } = await open(content);
    const bytesRead = read.mock.calls.reduce((sum, [, length]) => sum + length, 0);
    expect(bytes).toBeGreaterThan(12 * million);
    expect(bytesRead).toBeLessThan(million / 2);
    expect(graph.nodes).toHaveLength(1);
    const values = await graph.initializers.get('w')!.read();
    expect([values.length, values[0], values[4], values.at(-1)]).toEqual([
      2 * million,
      1,
      2,
      ((2 * million - 1) % 3) + 1,
    ]);
    const range = graph.initializers.get('w')!;
    read.mockClear();
    expect(isRanged(range) && [...(await range.readRange(3, 6))]).toEqual([1, 2, 3]);
    expect(read.mock.calls.map(([, length]) => length)).toEqual([12]);
    expect((await graph.initializers.get('v')!.read()).every((number) => number === 1)).toBe(true);
  });

  it('has no attribute with more values than any layer needs', async () => {
    const table = (length: number) => ({ type: 7, ints: new Array<number>(length).fill(1) });
    const nodes = [
      node('Trees', [], [], {
        few: table(2 ** 20),
        many: table(2 ** 20 + 1),
        blob: text('x'.repeat(2 ** 21)),
      }),
    ];
    const { graph } = await open(modelBytes({ node: nodes }));
    const { attributes } = graph.nodes[0];
    expect(attributes.get('few')).toMatchObject({ kind: 'ints' });
    expect(attributes.get('many')).toEqual({ kind: 'other' });
    expect(attributes.get('blob')).toEqual({ kind: 'other' });
  });
});

const shared = join(import.meta.dirname, '../../../../../shared/models');

describe.skipIf(!existsSync(shared))('real files (../shared/models)', () => {
  const real = async (name: string): Promise<OnnxFile> => {
    const file = await readOnnx(join(shared, name));
    opened.push(file);
    return file;
  };
  it('IR version 3, weights in float_data', async () => {
    const file = await real('cntk-mnist-ir3.onnx');
    expect(file.irVersion).toBe(3);
    expect(file.graph.nodes.map(({ opType }) => opType)).toContain('Conv');
    const inputs = new Set(file.graph.inputs.map(({ name }) => name));
    expect([...file.graph.initializers.keys()].every((name) => inputs.has(name))).toBe(true);
    const kernel = file.graph.initializers.get('Parameter5')!;
    expect(kernel.shape).toEqual([8, 1, 5, 5]);
    expect((await kernel.read()).every((weight) => Number.isFinite(weight) && Math.abs(weight) < 10)).toBe(
      true,
    );
  });

  it('external data beside inline data', async () => {
    const file = await real('mnist-external/mnist.onnx');
    const squares: Record<string, number> = {};
    for (const found of file.graph.initializers.values()) {
      squares[found.name] = [...(await found.read())].reduce((sum, weight) => sum + weight ** 2, 0);
    }
    // From the ONNX package for Python.
    expect(squares['conv1.weight']).toBeCloseTo(44.00211106539048, 12);
    expect(squares['conv1.bias']).toBeCloseTo(2.165306084861138, 12);
    expect(squares['conv2.weight']).toBeCloseTo(393.2063337987581, 9);
    expect(squares['fc.weight']).toBeCloseTo(15.327359951496494, 12);
    expect(file.bytes).toBe(10880 + 105376);
    const inline = await real('mnist-inline.onnx');
    expect([...inline.graph.initializers.keys()]).toEqual(Object.keys(squares));
  });

  it('every tensor of the others can be read', async () => {
    for (const name of ['silero_vad_16k_op15.onnx', 'tiny-random-gpt2-fp16.onnx']) {
      const { graph } = await real(name);
      for (const found of graph.initializers.values()) {
        expect(await found.read()).toHaveLength(
          found.shape.reduce((product, dimension) => product * dimension, 1),
        );
      }
    }
  });
});
