import { describe, expect, it } from 'vitest';
import { DataType, decodeModel, encodeModel } from '../../../src/schema/onnx';
import { int, model, node, tensor, value } from '../onnx-builder';

describe('ONNX messages', () => {
  const message = model({
    node: [node('Conv', ['x', 'w'], ['y'], { group: int(0) }, { name: 'conv' })],
    initializer: [
      tensor('w', [1, 2], [3, 4]),
      { name: 'i', dataType: DataType.INT64, int64Data: [-1, 2 ** 40] },
    ],
    input: [value('x', [1, 'n', null, 0])],
  });

  it('come back from their encoding, zeros present, absent fields absent', () => {
    const decoded = decodeModel(encodeModel(message));
    expect(decoded).toEqual({
      ...message,
      graph: {
        ...message.graph,
        node: [{ ...message.graph!.node![0], attribute: [{ name: 'group', type: 2, i: 0 }] }],
        initializer: [
          { ...message.graph!.initializer![0], rawData: Buffer.from(new Float32Array([3, 4]).buffer) },
          message.graph!.initializer![1],
        ],
      },
    });
    expect(Object.keys(decoded.graph!.input![0].type!.tensorType!.shape!.dim![2])).toEqual([]);
  });

  it('keep an integer beyond 2^53 as the nearest number', () => {
    const bytes = encodeModel({ irVersion: Number.MAX_SAFE_INTEGER });
    expect(decodeModel(bytes).irVersion).toBe(Number.MAX_SAFE_INTEGER);
    const largest = Uint8Array.of(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f);
    expect(decodeModel(largest).irVersion).toBe(2 ** 63);
  });

  it('are encoded with the field numbers and packing of the format', () => {
    const bytes = encodeModel({ irVersion: 10, graph: { initializer: [{ dims: [2, 3], floatData: [1] }] } });
    expect(Buffer.from(bytes).toString('hex')).toBe('080a' + '3a0c' + '2a0a' + '0a020203' + '22040000803f');
  });
});
