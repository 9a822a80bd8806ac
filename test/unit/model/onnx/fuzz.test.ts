import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../../src/model/errors';
import type { Attribute, Graph } from '../../../../src/model/onnx/graph';
import { readOnnx } from '../../../../src/model/onnx/read';
import type { Tensor } from '../../../../src/model/model';
import { DataType, encodeModel, type ModelProto, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import {
  float,
  floats,
  graphAttribute,
  int,
  integers,
  ints,
  model,
  node,
  tensor,
  tensorAttribute,
  text,
  texts,
  value,
} from '../../onnx-builder';
import { lengthPositions } from '../../wire';

const folder = new Folder();

const externalTensor: TensorProto = {
  name: 'external',
  dims: [2, 2],
  dataType: DataType.FLOAT,
  dataLocation: 1,
  externalData: [
    { key: 'location', value: 'weights.bin' },
    { key: 'offset', value: '4' },
    { key: 'length', value: '16' },
  ],
};

const seeds: readonly ModelProto[] = [
  model({
    node: [
      node(
        'Conv',
        ['x', 'w'],
        ['y'],
        { strides: ints(2, 2), pads: ints(1, 1, 1, 1), auto_pad: text('NOTSET') },
        { name: 'conv' },
      ),
      node('Gemm', ['y', 'v'], ['z'], { alpha: float(0.5), transB: int(1) }),
    ],
    initializer: [
      tensor('w', [4, 2, 3, 3], [1, -2, 3]),
      { name: 'v', dims: [2, 3], dataType: DataType.FLOAT16, int32Data: [1, 2, 0x3c00, 0xbc00, 65535, 0] },
      integers('shape', [1, -1, 3]),
      externalTensor,
    ],
    input: [value('x', ['n', 2, 8, 8])],
    output: [value('z', null)],
    valueInfo: [value('y', [1, 4, 3, 3])],
  }),
  model(
    {
      node: [
        node('Constant', [], ['c'], {
          value: tensorAttribute({ dims: [3], dataType: DataType.INT4, int32Data: [33, 7] }),
        }),
        node('If', ['c'], ['r'], {
          then_branch: graphAttribute({
            initializer: [tensor('a', [5], [1])],
            node: [node('Relu', ['a'], ['r'])],
          }),
          else_branch: graphAttribute({
            node: [
              node('If', ['c'], ['r'], { then_branch: graphAttribute({ initializer: [tensor('b', [1])] }) }),
            ],
          }),
        }),
        node('Call', ['r'], ['s'], { names: texts('a', 'b'), scales: floats(1, 2, 3) }, { domain: 'own' }),
      ],
      initializer: [
        { name: 'd', dims: [2], dataType: DataType.DOUBLE, doubleData: [1, 2] },
        { name: 'f', dims: [2], dataType: DataType.FLOAT, floatData: [1, 2] },
        { name: 'u', dims: [2], dataType: DataType.UINT64, uint64Data: [1, 2 ** 40] },
        { name: 'i', dims: [4], dataType: DataType.INT8, int32Data: [1, -2, 3, -128] },
        { name: 'six', dims: [4], dataType: DataType.FLOAT6E2M3, int32Data: [1, 63, 0, 5] },
      ],
      sparseInitializer: [{ values: tensor('s', [1]), indices: integers('', [0]), dims: [4] }],
    },
    {
      functions: [
        {
          name: 'Call',
          domain: 'own',
          input: ['a'],
          output: ['b'],
          attributeProto: [{ name: 'n', ...int(3) }],
          node: [node('Relu', ['a'], ['b'])],
        },
      ],
    },
  ),
];

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** A place in a file, as a fraction so that it fits files of every length. */
const somewhere = fc.nat(999_999).map((millionth) => millionth / 1_000_000);
const smallBytes = fc.uint8Array({ minLength: 1, maxLength: 12 });
const telling = fc.constantFrom(0, 1, 2, 8, 127, 128, 255, 0x0a, 0x2a, 0x3a, 0x80, 0xff);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(somewhere, fc.nat(7)).map(([where, bit]): Mutation => (bytes) => {
    const at = Math.floor(where * bytes.length);
    return bytes.with(at, bytes[at] ^ (1 << bit));
  }),
  fc.tuple(somewhere, fc.oneof(telling, fc.nat(255))).map(
    ([where, byte]): Mutation =>
      (bytes) =>
        bytes.with(Math.floor(where * bytes.length), byte),
  ),
  fc.tuple(somewhere, smallBytes).map(([where, added]): Mutation => (bytes) => {
    const at = Math.floor(where * bytes.length);
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
  }),
  fc.tuple(somewhere, fc.integer({ min: 1, max: 40 })).map(([where, length]): Mutation => (bytes) => {
    const at = Math.floor(where * bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
  }),
  somewhere.map(
    (where): Mutation =>
      (bytes) =>
        bytes.subarray(0, Math.floor(where * bytes.length)),
  ),
  // Another length in place of one: the most telling damage, as it moves the borders of all that follows.
  fc
    .tuple(
      somewhere,
      fc.oneof(
        fc.nat(127).map((n) => [n]),
        fc.constantFrom([0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]),
      ),
    )
    .map(([where, length]): Mutation => (bytes) => {
      const positions = lengthPositions(bytes);
      if (positions.length === 0) return bytes;
      const at = positions[Math.floor(where * positions.length)];
      return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(length), bytes.subarray(at + 1)]);
    }),
);

/** The tensors of a graph and of the graphs in it. */
function* tensorsOf(graph: Graph): Generator<Tensor> {
  yield* graph.initializers.values();
  for (const { attributes } of graph.nodes) yield* tensorsIn(attributes.values());
}

function* tensorsIn(attributes: Iterable<Attribute>): Generator<Tensor> {
  for (const attribute of attributes) {
    if (attribute.kind === 'tensor') yield attribute.value;
    else if (attribute.kind === 'tensors') yield* attribute.value;
    else if (attribute.kind === 'graph') yield* tensorsOf(attribute.value);
    else if (attribute.kind === 'graphs') for (const graph of attribute.value) yield* tensorsOf(graph);
  }
}

/** What became of a file: tensors read and refused, or null where it was refused as a whole. */
async function tryAll(path: string, size: number): Promise<{ read: number; refused: number } | null> {
  const acceptable = (error: unknown): void => {
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).message).toMatch(/^\/?[^\n]+: [^\n]+[^.\n]$/s);
    expect((error as ModelError).message).toContain(folder.path);
  };
  try {
    const file = await readOnnx(path);
    const counts = { read: 0, refused: 0 };
    for (const { attributes, nodes } of file.functions) {
      expect([...tensorsIn(attributes.values())].length + nodes.length).toBeGreaterThanOrEqual(0);
    }
    for (const found of tensorsOf(file.graph)) {
      try {
        const values = await found.read();
        // The narrowest types take eight bytes of numbers for one of the file (and the external data 20 more).
        expect(values.byteLength).toBeLessThanOrEqual(16 * (size + 20));
        counts.read += 1;
      } catch (error) {
        acceptable(error);
        counts.refused += 1;
      }
    }
    await file.close();
    return counts;
  } catch (error) {
    acceptable(error);
    return null;
  }
}

/** Numbers at which something changes. */
const tellingNumbers = [
  0,
  1,
  -1,
  2,
  3,
  4,
  7,
  8,
  9,
  10,
  14,
  16,
  18,
  22,
  27,
  127,
  128,
  255,
  256,
  2 ** 31,
  2 ** 53,
  2 ** 62,
  0.5,
];
const tellingTexts = [
  '',
  'w',
  '..',
  '/etc/passwd',
  'weights.bin',
  'none',
  '-1',
  '17',
  '\0',
  'constructor',
  '__proto__',
];

/** One value in a message, changed; `dice` gives a whole number below its argument. */
function changed(value: unknown, dice: (sides: number) => number): unknown {
  if (typeof value === 'number') return tellingNumbers[dice(tellingNumbers.length)];
  if (typeof value === 'string') return tellingTexts[dice(tellingTexts.length)];
  if (value instanceof Uint8Array) {
    return dice(2) === 0
      ? value.subarray(0, dice(value.length + 1))
      : Buffer.concat([value, Buffer.alloc(1 + dice(8))]);
  }
  if (Array.isArray(value)) {
    const list: unknown[] = value;
    const at = dice(Math.max(list.length, 1));
    if (list.length === 0 || dice(4) === 0) return [...list, ...list.slice(at, at + 1)];
    return dice(4) === 0 ? list.toSpliced(at, 1) : list.with(at, changed(list[at], dice));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 0) return value;
  const [key, content] = entries[dice(entries.length)] as [string, unknown];
  const others = entries.filter(([name]) => name !== key);
  return Object.fromEntries(dice(12) === 0 ? others : [...others, [key, changed(content, dice)]]);
}

interface Outcomes {
  opened: number;
  refused: number;
  tensorsRead: number;
  tensorsRefused: number;
}

describe('damaged ONNX files', () => {
  async function outcomesOf(files: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<Outcomes> {
    await folder.write('weights.bin', new Uint8Array(20).fill(63));
    const path = folder.join('model.onnx');
    const outcomes: Outcomes = { opened: 0, refused: 0, tensorsRead: 0, tensorsRefused: 0 };
    await fc.assert(
      fc.asyncProperty(files, async (bytes) => {
        await writeFile(path, bytes);
        const counts = await tryAll(path, bytes.length);
        outcomes[counts === null ? 'refused' : 'opened'] += 1;
        outcomes.tensorsRead += counts?.read ?? 0;
        outcomes.tensorsRefused += counts?.refused ?? 0;
      }),
      { numRuns },
    );
    return outcomes;
  }

  const seed = fc.constantFrom(...seeds);

  it('whose bytes are changed, are read or refused, never anything else', async () => {
    const files = fc
      .tuple(seed, fc.array(mutation, { minLength: 1, maxLength: 4 }))
      .map(([message, mutations]) =>
        mutations.reduce(
          (bytes, mutate) => (bytes.length === 0 ? bytes : mutate(bytes)),
          encodeModel(message),
        ),
      );
    const { opened, refused, tensorsRead } = await outcomesOf(files, 1500);
    expect(Math.min(opened, refused, tensorsRead)).toBeGreaterThan(20);
  });

  it('whose messages are changed, are read or refused, never anything else', async () => {
    const files = fc
      .tuple(seed, fc.array(fc.infiniteStream(fc.nat()), { minLength: 1, maxLength: 3 }))
      .map(([message, streams]) =>
        encodeModel(
          streams.reduce<ModelProto>(
            (before, stream) =>
              changed(before, (sides) => (stream.next().value as number) % sides) as ModelProto,
            message,
          ),
        ),
      );
    const { opened, refused, tensorsRefused } = await outcomesOf(files, 1500);
    expect(Math.min(opened, refused, tensorsRefused)).toBeGreaterThan(20);
  });

  it('made of random fields are read or refused', async () => {
    const files = fc
      .tuple(fc.uint8Array({ maxLength: 127 }), fc.boolean())
      .map(([bytes, inGraph]) =>
        inGraph ? Buffer.concat([Uint8Array.of(8, 10, 0x3a, bytes.length), bytes]) : bytes,
      );
    const { refused } = await outcomesOf(files, 500);
    expect(refused).toBeGreaterThan(20);
  });

  it('are none to begin with', async () => {
    const path = folder.join('good.onnx');
    for (const message of seeds) {
      const bytes = encodeModel(message);
      await writeFile(path, bytes);
      expect(await tryAll(path, bytes.length)).toMatchObject({ refused: 0 });
    }
  });
});
