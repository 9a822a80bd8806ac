import { describe, expect, it } from 'vitest';
import {
  DataType,
  type AttributeProto,
  type GraphProto,
  type TensorProto,
} from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { int, modelBytes, node, tensor, value } from '../../onnx-builder';
import { normByRuntime, normOf } from './jacobian';
import { matrix, microsoft, Networks, only, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const domain = { domain: 'com.microsoft' };

function bytesOf(name: string, dims: number[], seed = 1): TensorProto {
  const count = dims.reduce((product, length) => product * length, 1);
  const int32Data = Array.from({ length: count }, (_, i) => (seed * 31 + 57 * i * i + 11 * i) % 256);
  return { name, dims, dataType: DataType.UINT8, int32Data };
}

const scale = (dims: number[]): TensorProto => tensor('s', dims, [0.5, 0.25, 0.75, 0.3, 0.9, 0.1]);

function nBits(
  bits: number,
  columns: number,
  initializer: TensorProto[],
  rest: Record<string, AttributeProto> = {},
): GraphProto {
  const attributes = { K: int(columns), N: int(3), bits: int(bits), block_size: int(16), ...rest };
  const inputs = ['x', ...initializer.map(({ name }) => name ?? '')];
  return {
    node: [node('MatMulNBits', inputs, ['y'], attributes, { ...domain, name: 'packed' })],
    initializer,
    input: [value('x', [2, columns])],
    output: [value('y')],
  };
}

describe('MatMulNBits', () => {
  it('takes the first integer from the lowest bits', async () => {
    const weight: TensorProto = {
      name: 'w',
      dims: [3, 1, 8],
      dataType: DataType.UINT8,
      int32Data: [0x21, 0xf0, ...Array<number>(22).fill(0x88)],
    };
    const layer = only(await networks.of(nBits(4, 16, [weight, tensor('s', [3, 1], [0.5, 1, 1])])));
    expect(layer).toMatchObject({
      op: 'MatMulNBits',
      weight: 'w',
      shape: [3, 1, 8],
      dtype: 'uint8',
      parameters: 48,
    });
    expect(matrix(layer)).toMatchObject({ blocks: 1, rows: 3, columns: 16, scale: 1 });
    const values = await matrix(layer).tensor.read();
    expect([...values.slice(0, 5)]).toEqual([-3.5, -3, -4, 3.5, 0]);
  });

  it.each<[string, number, TensorProto[]]>([
    ['2 bits', 2, [bytesOf('w', [3, 2, 4]), scale([6])]],
    ['4 bits', 4, [bytesOf('w', [3, 2, 8]), scale([3, 2])]],
    ['8 bits', 8, [bytesOf('w', [3, 2, 16]), scale([3, 2])]],
    ['2 bits and zero points', 2, [bytesOf('w', [3, 2, 4]), scale([3, 2]), bytesOf('z', [3, 1], 2)]],
    ['4 bits and zero points', 4, [bytesOf('w', [3, 2, 8]), scale([3, 2]), bytesOf('z', [3], 3)]],
    ['8 bits and zero points', 8, [bytesOf('w', [3, 2, 16]), scale([3, 2]), bytesOf('z', [3, 2], 4)]],
    [
      '4 bits and real zero points',
      4,
      [bytesOf('w', [3, 2, 8]), scale([3, 2]), tensor('z', [3, 2], [7.5, 1.25, 3])],
    ],
  ])('of %s is what ONNX Runtime computes', async (_, bits, initializer) => {
    for (const columns of [32, 23]) {
      const graph = nBits(bits, columns, initializer);
      const known = await normByRuntime(modelBytes(graph, microsoft), [2, columns]);
      expect((await normOf(only(await networks.of(graph)))) / known).toBeCloseTo(1, 4);
    }
  });

  it('is skipped where it is not decoded or does not fit', async () => {
    const reason = async (bits: number, initializer: TensorProto[], rest?: Record<string, AttributeProto>) =>
      reasons(await networks.of(nBits(bits, 32, initializer, rest))).packed;
    const weight = bytesOf('w', [3, 2, 8]);
    expect(await reason(3, [weight, scale([6])])).toBe(
      'its weight is packed in 3 bits, which are not decoded',
    );
    expect(await reason(8, [weight, scale([6])])).toBe(
      'its weight "w" of shape (3, 2, 8) does not hold 3 x 32 integers of 8 bits',
    );
    expect(await reason(4, [weight, scale([5])])).toBe('its scale "s" of shape (5) does not fit its blocks');
    expect(await reason(4, [weight, scale([6]), bytesOf('z', [5])])).toBe(
      'its zero point "z" of shape (5) does not fit its blocks',
    );
    expect(await reason(4, [weight, scale([6])], { block_size: int(0) })).toBe(
      'its attributes give no matrix',
    );
    expect(await reason(4, [weight, scale([6])], { weight_prepacked: int(1) })).toBe(
      'its weight is packed for one kind of device, which is not decoded',
    );
    expect(await reason(4, [tensor('w', [3, 2, 8]), scale([6])])).toBe('its weight "w" is of type float');
    const ordered = nBits(4, 32, [weight, scale([6])]);
    ordered.node?.[0].input?.push('', 'order');
    ordered.initializer?.push({
      name: 'order',
      dims: [32],
      dataType: DataType.INT32,
      int32Data: Array<number>(32).fill(0),
    });
    expect(reasons(await networks.of(ordered)).packed).toBe(
      'its columns have an order of their own, which is not followed',
    );
  });

  it('allocates nothing for the size that it claims', async () => {
    const graph = nBits(4, 2 ** 40, [bytesOf('w', [3, 2, 8]), scale([6])]);
    graph.input = [value('x', null)];
    expect(reasons(await networks.of(graph)).packed).toMatch(/does not hold 3 x 1099511627776 integers/);
  });
});

describe('GatherBlockQuantized', () => {
  function lookUp(
    table: TensorProto,
    rest: TensorProto[],
    attributes: Record<string, AttributeProto>,
  ): GraphProto {
    const inputs = [table.name ?? '', 'i', ...rest.map(({ name }) => name ?? '')];
    return {
      node: [
        node(
          'GatherBlockQuantized',
          inputs,
          ['y'],
          { block_size: int(16), ...attributes },
          { ...domain, name: 'g' },
        ),
      ],
      initializer: [table, ...rest],
      input: [value('i', ['n'], DataType.INT64)],
      output: [value('y')],
    };
  }

  it('is an embedding of bytes that hold several integers', async () => {
    const layer = only(await networks.of(lookUp(bytesOf('t', [3, 10]), [scale([3, 2])], { bits: int(4) })));
    expect(matrix(layer)).toMatchObject({ rows: 3, columns: 20, embedding: true });
    expect(layer.parameters).toBe(60);
    const first = 31 % 256;
    expect([...(await matrix(layer).tensor.read()).slice(0, 2)]).toEqual([
      ((first & 15) - 8) * 0.5,
      ((first >> 4) - 8) * 0.5,
    ]);
  });

  it('is an embedding of 4-bit integers, whose zero point is zero', async () => {
    const table: TensorProto = {
      name: 't',
      dims: [2, 3],
      dataType: DataType.INT4,
      rawData: Uint8Array.of(0xf1, 0x82, 0x03),
    };
    const layer = only(await networks.of(lookUp(table, [tensor('s', [2, 1], [2, 3])], {})));
    expect([...(await matrix(layer).tensor.read())]).toEqual([2, -2, 4, -24, 9, 0]);
  });

  it('is skipped where it looks up something else', async () => {
    const columns = lookUp(bytesOf('t', [3, 10]), [scale([3, 2])], { quantize_axis: int(0) });
    expect(reasons(await networks.of(columns)).g).toBe(
      'it looks up columns or has its blocks along them, which is not followed',
    );
    const cube = lookUp(bytesOf('t', [3, 2, 5]), [scale([3, 2])], {});
    expect(reasons(await networks.of(cube)).g).toBe(
      'its table "t" has the shape (3, 2, 5), not that of a matrix',
    );
  });
});
