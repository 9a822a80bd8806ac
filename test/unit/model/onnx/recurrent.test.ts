import { describe, expect, it } from 'vitest';
import { DataType, type AttributeProto, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { int, node, tensor, text, value } from '../../onnx-builder';
import { layer, matrix, names, Networks, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

/** 0, 1, 2, ..: every element tells its place. */
const counting = (name: string, dims: number[]): TensorProto =>
  tensor(
    name,
    dims,
    Float32Array.from({ length: dims.reduce((product, length) => product * length, 1) }, (_, i) => i),
  );

function network(
  op: string,
  gates: number,
  directions: number,
  attributes: Record<string, AttributeProto> = {},
): Parameters<Networks['of']>[0] {
  return {
    node: [node(op, ['x', 'W', 'R', 'B'], ['y'], { hidden_size: int(2), ...attributes }, { name: 'cell' })],
    initializer: [
      counting('W', [directions, gates * 2, 3]),
      counting('R', [directions, gates * 2, 2]),
      counting('B', [directions, gates * 4]),
    ],
    input: [value('x', [5, 1, 3])],
  };
}

describe('recurrent layers', () => {
  it('LSTM has the gates i, o, f and c', async () => {
    const model = await networks.of(network('LSTM', 4, 1));
    expect(model.skipped).toEqual([]);
    expect(names(model)).toEqual(
      ['W.i', 'W.o', 'W.f', 'W.c', 'R.i', 'R.o', 'R.f', 'R.c'].map((part) => `cell/${part}`),
    );
    const [input, output] = model.layers;
    expect(input).toMatchObject({ op: 'LSTM', weight: 'W', shape: [1, 8, 3], dtype: 'float', parameters: 6 });
    expect(matrix(output)).toMatchObject({ blocks: 1, rows: 2, columns: 3, scale: 1 });
    expect([...(await matrix(output).tensor.read())]).toEqual([6, 7, 8, 9, 10, 11]);
    expect([...(await matrix(model.layers[7]).tensor.read())]).toEqual([12, 13, 14, 15]);
    expect(new Set(model.layers.map((layer) => matrix(layer).tensor.key)).size).toBe(8);
  });

  it('GRU has z, r and h in both directions, RNN one matrix', async () => {
    const gru = await networks.of(network('GRU', 3, 2, { direction: text('bidirectional') }));
    expect(names(gru)).toEqual(
      ['W', 'reverse/W', 'R', 'reverse/R'].flatMap((stack) =>
        ['z', 'r', 'h'].map((gate) => `cell/${stack}.${gate}`),
      ),
    );
    const reverse = matrix(layer(gru, 'cell/reverse/W.r'));
    expect([...(await reverse.tensor.read())]).toEqual([24, 25, 26, 27, 28, 29]);

    const rnn = await networks.of(network('RNN', 1, 1, { direction: text('reverse') }));
    expect(names(rnn)).toEqual(['cell/W.i', 'cell/R.i']);
  });

  it('shows what it has where one matrix is no constant, and names the peepholes', async () => {
    const model = await networks.of({
      node: [
        node('Relu', ['r'], ['R'], {}, { name: 'relu' }),
        node('LSTM', ['x', 'W', 'R', '', '', '', '', 'P'], ['y'], { hidden_size: int(2) }, { name: 'cell' }),
      ],
      initializer: [counting('W', [1, 8, 3]), counting('r', [1, 8, 2]), counting('P', [1, 6])],
      input: [value('x', [5, 1, 3])],
    });
    expect(model.layers).toHaveLength(4);
    expect(reasons(model)).toEqual({
      relu: 'computes a constant from constants, which is not followed',
      'cell/R': 'its weight R is computed from constants by "relu" (Relu), which is not followed',
      'cell/P': 'peepholes scale the elements of the cell state, which is not analysed',
    });
  });

  it.each<[string, number, number, Record<string, AttributeProto>]>([
    ['too few directions', 4, 1, { direction: text('bidirectional') }],
    ['other units', 4, 1, { hidden_size: int(3) }],
    ['other gates', 3, 1, {}],
  ])('is skipped with %s', async (_, gates, directions, attributes) => {
    const model = await networks.of(network('LSTM', gates, directions, attributes));
    expect(model.layers).toEqual([]);
    expect(reasons(model)['cell/W']).toMatch(
      /^its weight "W" of shape \(1, \d, 3\) does not hold directions x gates x hidden units, \d x 4 x \d/,
    );
  });

  it('of integers has a scale for each direction or each row', async () => {
    const integers = (name: string, dims: number[]): TensorProto => ({
      name,
      dims,
      dataType: DataType.INT8,
      int32Data: Array.from({ length: dims[0] * dims[1] * dims[2] }, (_, i) => i),
    });
    const inputs = ['x', 'W', 'R', '', '', '', '', '', 'ws', 'wz', 'rs', 'rz'];
    const model = await networks.of({
      node: [
        node(
          'DynamicQuantizeLSTM',
          inputs,
          ['y'],
          { hidden_size: int(1), direction: text('bidirectional') },
          { name: 'cell', domain: 'com.microsoft' },
        ),
      ],
      initializer: [
        integers('W', [2, 3, 4]),
        integers('R', [2, 1, 4]),
        tensor('ws', [2], [1, 10]),
        { name: 'wz', dims: [2], dataType: DataType.INT8, int32Data: [0, 1] },
        tensor('rs', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
        { name: 'rz', dims: [2, 4], dataType: DataType.INT8, int32Data: [0, 0, 0, 0, 0, 0, 0, 7] },
      ],
      input: [value('x', [5, 1, 3])],
    });
    expect(model.skipped).toEqual([]);
    const values = async (name: string): Promise<number[]> => [
      ...(await matrix(layer(model, `cell/${name}`)).tensor.read()),
    ];
    // Gates are columns: i, o, f, c.
    expect(await values('W.o')).toEqual([1, 5, 9]);
    expect(await values('reverse/W.i')).toEqual([110, 150, 190]);
    expect(await values('R.f')).toEqual([6]);
    expect(await values('reverse/R.c')).toEqual([0]);
  });
});
