import { describe, expect, it } from 'vitest';
import {
  bitsPerElement,
  bytesOfElements,
  decodeElements,
  type ElementType,
} from '../../../src/model/elements';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** All 256 (or fewer) codes of a type of at most eight bits, one after the other. */
function everyCode(type: ElementType): number[] {
  const bits = bitsPerElement(type);
  const packed = new Uint8Array(bytesOfElements(type, 2 ** bits));
  for (let code = 0; code < 2 ** bits; code++) {
    for (let bit = 0; bit < bits; bit++) {
      const position = code * bits + bit;
      if ((code >> bit) & 1) packed[position >> 3] |= 1 << (position & 7);
    }
  }
  return [...decodeElements(packed, type, 2 ** bits)];
}

describe('decodeElements', () => {
  it.each<[ElementType, number[], number[]]>([
    // arXiv:2209.05433, table 1: largest, smallest normal, smallest subnormal, NaN.
    [
      'float8e4m3fn',
      [0x7e, 0x08, 0x01, 0x7f, 0xff, 0x38, 0xb8, 0x80],
      [448, 2 ** -6, 2 ** -9, NaN, NaN, 1, -1, -0],
    ],
    [
      'float8e5m2',
      [0x7b, 0x04, 0x01, 0x7c, 0xfc, 0x7d, 0xff],
      [57344, 2 ** -14, 2 ** -16, Infinity, -Infinity, NaN, NaN],
    ],
    // arXiv:2206.02915: no infinity, no minus zero, one more binade below.
    ['float8e4m3fnuz', [0x7f, 0x08, 0x01, 0x80, 0xff, 0x40], [240, 2 ** -7, 2 ** -10, NaN, -240, 1]],
    ['float8e5m2fnuz', [0x7f, 0x04, 0x01, 0x80, 0xff, 0x40], [57344, 2 ** -15, 2 ** -17, NaN, -57344, 1]],
    ['float8e8m0', [0, 127, 254, 255], [2 ** -127, 1, 2 ** 127, NaN]],
    ['int8', [0, 127, 128, 255], [0, 127, -128, -1]],
    ['uint8', [0, 127, 128, 255], [0, 127, 128, 255]],
    ['bool', [0, 1, 2, 255], [0, 1, 1, 1]],
  ])('%s', (type, codes, values) => {
    expect([...decodeElements(bytes(...codes), type, codes.length)]).toEqual(values);
  });

  it('four and six bits have the values of the OCP Microscaling Formats', () => {
    const four = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
    expect(everyCode('float4e2m1')).toEqual([...four, ...four.map((value) => -value)]);
    const e2m3 = everyCode('float6e2m3');
    expect([e2m3[1], e2m3[8], e2m3[31], e2m3[32], e2m3[63]]).toEqual([0.125, 1, 7.5, -0, -7.5]);
    const e3m2 = everyCode('float6e3m2');
    expect([e3m2[1], e3m2[4], e3m2[31], e3m2[32], e3m2[63]]).toEqual([0.0625, 0.25, 28, -0, -28]);
  });

  it.each<ElementType>(['float6e2m3', 'float6e3m2', 'float4e2m1', 'float8e4m3fn', 'float8e5m2'])(
    'the positive codes of %s ascend',
    (type) => {
      const codes = everyCode(type);
      const positive = codes.slice(0, codes.length / 2).filter((value) => Number.isFinite(value));
      expect(positive).toEqual([...positive].sort((a, b) => a - b));
      expect(new Set(positive).size).toBe(positive.length);
    },
  );

  it('elements narrower than a byte begin at its lowest bit, the last byte may be half used', () => {
    expect([...decodeElements(bytes(0x21, 0xf8), 'uint4', 3)]).toEqual([1, 2, 8]);
    expect([...decodeElements(bytes(0x21, 0xf8), 'int4', 4)]).toEqual([1, 2, -8, -1]);
    expect([...decodeElements(bytes(0b11_10_01_00, 0b01), 'uint2', 5)]).toEqual([0, 1, 2, 3, 1]);
    expect([...decodeElements(bytes(0b11_10_01_00), 'int2', 4)]).toEqual([0, 1, -2, -1]);
    expect(everyCode('uint4')).toEqual(Array.from({ length: 16 }, (_, code) => code));
  });

  it('float16', () => {
    const codes = Uint16Array.of(
      0x3c00,
      0x7bff,
      0x0001,
      0x0400,
      0x8000,
      0x7c00,
      0xfc00,
      0x7e00,
      0xc000,
      0x3555,
    );
    expect([...decodeElements(new Uint8Array(codes.buffer), 'float16', codes.length)]).toEqual([
      ...[1, 65504, 2 ** -24, 2 ** -14, -0, Infinity, -Infinity, NaN, -2, 1365 / 4096],
    ]);
  });

  it('every bfloat16 is the float32 that begins with its bits', () => {
    const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
    const values = decodeElements(new Uint8Array(codes.buffer), 'bfloat16', codes.length);
    const view = new DataView(new ArrayBuffer(4));
    const expected = Array.from(codes, (code) => {
      view.setUint16(0, code);
      return view.getFloat32(0);
    });
    expect([...values]).toEqual(expected);
  });

  it('wide integers are float64, exact up to 2^53 and to the nearest beyond', () => {
    const values = BigInt64Array.of(
      0n,
      -1n,
      2n ** 53n - 1n,
      -(2n ** 53n),
      2n ** 53n + 1n,
      2n ** 63n - 1n,
      -(2n ** 63n),
    );
    const signed = decodeElements(new Uint8Array(values.buffer), 'int64', values.length);
    expect(signed).toBeInstanceOf(Float64Array);
    expect([...signed]).toEqual([...values].map(Number));
    const unsigned = decodeElements(new Uint8Array(values.buffer), 'uint64', values.length);
    expect([...unsigned]).toEqual([...new BigUint64Array(values.buffer)].map(Number));
    const thirtyTwo = new Uint8Array(Uint32Array.of(0, 2 ** 31, 2 ** 32 - 1).buffer);
    expect([...decodeElements(thirtyTwo, 'uint32', 3)]).toEqual([0, 2 ** 31, 2 ** 32 - 1]);
    expect([...decodeElements(thirtyTwo, 'int32', 3)]).toEqual([0, -(2 ** 31), -1]);
    const sixteen = new Uint8Array(Uint16Array.of(0, 32768, 65535).buffer);
    expect([...decodeElements(sixteen, 'uint16', 3)]).toEqual([0, 32768, 65535]);
    expect([...decodeElements(sixteen, 'int16', 3)]).toEqual([0, -32768, -1]);
  });

  it('floats are taken as they are, wherever their bytes lie', () => {
    const floats = Float32Array.of(1.5, -0, Infinity, NaN, 3e-45);
    const doubles = Float64Array.of(Math.PI, -5e-324, -Infinity);
    for (const shift of [0, 1, 3, 4]) {
      const memory = new Uint8Array(64);
      memory.set(new Uint8Array(floats.buffer), shift);
      expect([...decodeElements(memory.subarray(shift, shift + 20), 'float32', 5)]).toEqual([...floats]);
      memory.set(new Uint8Array(doubles.buffer), shift);
      const decoded = decodeElements(memory.subarray(shift, shift + 24), 'float64', 3);
      expect(decoded).toBeInstanceOf(Float64Array);
      expect([...decoded]).toEqual([...doubles]);
    }
  });

  it('refuses other numbers of bytes, and takes none', () => {
    expect(() => decodeElements(bytes(1, 2, 3), 'float32', 1)).toThrow(RangeError);
    expect(() => decodeElements(bytes(1, 2), 'uint4', 2)).toThrow(RangeError);
    expect(decodeElements(bytes(), 'float32', 0)).toHaveLength(0);
    expect(decodeElements(bytes(), 'uint4', 0)).toHaveLength(0);
  });
});
