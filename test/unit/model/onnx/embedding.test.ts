import { describe, expect, it } from 'vitest';
import { DataType, type NodeProto, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import { float, int, node, tensor, value } from '../../onnx-builder';
import { matrix, names, Networks, only, reasons } from './networks';

const folder = new Folder();
const networks = new Networks(folder);

const table = tensor('t', [3, 2], [1, 2, 3, 4, 5, 6]);
const open = (nodes: NodeProto[], ...initializer: TensorProto[]) =>
  networks.of({ node: nodes, initializer, input: [value('i', ['n'], DataType.INT64), value('x', [3])] });

describe('Gather', () => {
  it('of the rows of a constant matrix is an embedding', async () => {
    for (const axis of [0, -2]) {
      const layer = only(await open([node('Gather', ['t', 'i'], ['y'], { axis: int(axis) })], table));
      expect(layer).toMatchObject({ op: 'Gather', weight: 't', shape: [3, 2], parameters: 6 });
      expect(matrix(layer)).toMatchObject({ blocks: 1, rows: 3, columns: 2, embedding: true });
    }
  });

  it('takes the scale of a DequantizeLinear behind it', async () => {
    const integers: TensorProto = {
      name: 't',
      dims: [3, 2],
      dataType: DataType.INT8,
      int32Data: [1, 2, 3, 4, 5, 6],
    };
    const look = node('Gather', ['t', 'i'], ['q'], {}, { name: 'look' });
    const scale = tensor('s', [], [0.5]);
    const zero: TensorProto = { name: 'z', dims: [], dataType: DataType.INT8, int32Data: [1] };
    const dequantize = node('DequantizeLinear', ['q', 's', 'z'], ['y']);
    const layer = only(await open([look, dequantize], integers, scale, zero));
    expect(layer).toMatchObject({ weight: 't', dtype: 'int8' });
    expect([...(await matrix(layer).tensor.read())]).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);

    for (const nodes of [
      [look],
      [look, dequantize, node('Cast', ['q'], ['c'], { to: int(DataType.FLOAT) })],
    ]) {
      expect(reasons(await open(nodes, integers, scale, zero)).look).toBe('its table "t" has no scale');
    }
  });

  it('is skipped where it looks up something else', async () => {
    const model = await open(
      [
        node('Gather', ['t', 'i'], ['a'], { axis: int(1) }, { name: 'columns' }),
        node('Gather', ['v', 'i'], ['b'], {}, { name: 'numbers' }),
        node('Gather', ['sizes', 'i'], ['c'], {}, { name: 'sizes' }),
        node('Gather', ['x', 'i'], ['d'], {}, { name: 'activations' }),
      ],
      table,
      tensor('v', [5]),
      { name: 'sizes', dims: [4], dataType: DataType.INT64, int64Data: [1, 2, 3, 4] },
    );
    expect(model.layers).toEqual([]);
    expect(reasons(model)).toEqual({
      columns: 'its table "t" is not looked up by the rows of a matrix',
      numbers: 'its table "v" is not looked up by the rows of a matrix',
    });
  });
});

describe('EmbedLayerNormalization', () => {
  it('has a row for each table and one for the normalisation', async () => {
    const inputs = ['i', '', 'word', 'position', '', 'gain', 'bias'];
    const model = await open(
      [
        node(
          'EmbedLayerNormalization',
          inputs,
          ['y', 'm'],
          { epsilon: float(0.5) },
          { name: 'e', domain: 'com.microsoft' },
        ),
      ],
      tensor('word', [7, 4]),
      tensor('position', [5, 4]),
      tensor('gain', [4]),
      tensor('bias', [4]),
    );
    expect(names(model)).toEqual(['e/word_embedding', 'e/position_embedding', 'e']);
    expect(model.layers[2].operator).toMatchObject({
      kind: 'normalization',
      epsilon: 0.5,
      centered: true,
      size: 4,
    });
    expect(model.skipped).toEqual([]);
  });
});
