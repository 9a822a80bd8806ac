import { describe, expect, it } from 'vitest';
import { decodeElements, type ElementType } from '../../../../src/model/elements';
import { cast } from '../../../../src/model/onnx/constants/cast';
import { fromValues } from '../../../../src/model/tensor';

async function castValues(
  values: readonly number[],
  from: string,
  to: string,
  saturate = true,
): Promise<readonly number[]> {
  const tensor = cast(fromValues('v', [values.length], Float64Array.from(values)), from, to, saturate);
  if (tensor === null) throw new Error(`${from} cannot become ${to}`);
  // Zero has two signs, and the tests care for none.
  return [...(await tensor.read())].map((value) => value + 0);
}

/** Every finite number of a type of at most 16 bits, ascending, with its code. */
function numbersOf(type: ElementType, bits: number): { value: number; code: number }[] {
  const codes = Uint16Array.from({ length: 2 ** Math.max(bits, 8) }, (_, code) => code);
  const bytes = bits > 8 ? new Uint8Array(codes.buffer) : Uint8Array.from(codes);
  const values = decodeElements(bytes, type, 2 ** bits === 16 ? 512 : codes.length);
  const known = new Map<number, number>();
  for (let i = 0; i < 2 ** bits; i++) {
    // Two elements of 4 bits share a byte, the first in its lower half: byte b < 16 holds b and 0.
    const value = values[bits === 4 ? 2 * i : i];
    if (Number.isFinite(value) && !Object.is(value, -0)) known.set(value, i);
  }
  return [...known].map(([value, code]) => ({ value, code })).sort((a, b) => a.value - b.value);
}

const formats: [ElementType, number][] = [
  ['float16', 16],
  ['bfloat16', 16],
  ['float8e4m3fn', 8],
  ['float8e4m3fnuz', 8],
  ['float8e5m2', 8],
  ['float8e5m2fnuz', 8],
  ['float4e2m1', 4],
];

describe.each(formats)('a cast to %s', (type, bits) => {
  const numbers = numbersOf(type, bits);

  it('keeps the numbers that the type has', async () => {
    const values = numbers.map(({ value }) => value);
    expect(values.length).toBeGreaterThan(2 ** bits * 0.96 - 4);
    expect(await castValues(values, 'double', type)).toEqual(values);
  });

  it('rounds to the nearest, and a tie to the even code', async () => {
    const below = numbers.slice(0, -1);
    const middle = below.map(({ value }, i) => value / 2 + numbers[i + 1].value / 2);
    const even = below.map((lower, i) => (lower.code % 2 === 0 ? lower : numbers[i + 1]).value);
    expect(await castValues(middle, 'double', type)).toEqual(even);

    const [low, high] = [0.4999, 0.5001].map((part) =>
      below.map(({ value }, i) => value + part * (numbers[i + 1].value - value)),
    );
    expect(await castValues(low, 'double', type)).toEqual(below.map(({ value }) => value));
    expect(await castValues(high, 'double', type)).toEqual(numbers.slice(1).map(({ value }) => value));
  });
});

describe('cast', () => {
  it.each([
    ['float16', 65519, 65504, 65504],
    ['float16', 65520, Infinity, Infinity],
    ['bfloat16', 3.4e38, Infinity, Infinity],
    ['float8e4m3fn', 500, 448, NaN],
    ['float8e4m3fnuz', -1e9, -240, NaN],
    ['float8e5m2', 1e9, 57344, Infinity],
    ['float8e5m2fnuz', Infinity, 57344, NaN],
    ['float4e2m1', -77, -6, -6],
  ])('to %s of %d, which is too large', async (type, value, saturated, not) => {
    expect(await castValues([value], 'float', type)).toEqual([saturated]);
    expect(await castValues([value], 'float', type, false)).toEqual([not]);
  });

  it('keeps what is no number', async () => {
    for (const [type] of formats) expect(await castValues([NaN], 'float', type)).toEqual([NaN]);
  });

  it('to float rounds what is wider, and leaves the rest as it is', async () => {
    expect(await castValues([0.1, 1e-50, 1e300], 'double', 'float')).toEqual([Math.fround(0.1), 0, Infinity]);
    expect(await castValues([16777217], 'int32', 'float')).toEqual([16777216]);
    const half = fromValues('h', [1], Float32Array.of(0.5));
    expect(cast(half, 'float16', 'float', true)).toBe(half);
    expect(cast(half, 'int8', 'double', true)).toBe(half);
  });

  it('to integers cuts the fraction off, and takes the lower bits of wider ones', async () => {
    expect(await castValues([2.9, -2.9, 0.5], 'float', 'int32')).toEqual([2, -2, 0]);
    expect(await castValues([200, -129, 256], 'int16', 'int8')).toEqual([-56, 127, 0]);
    expect(await castValues([-1, 300], 'int32', 'uint8')).toEqual([255, 44]);
    expect(await castValues([3, -7, 2 ** 31], 'int32', 'int64')).toEqual([3, -7, 2 ** 31]);
    expect(await castValues([17, -9], 'int8', 'int4')).toEqual([1, 7]);
    expect(await castValues([0, -0.2, 3], 'float', 'bool')).toEqual([0, 1, 1]);
  });

  it('makes no number of what the operator leaves undefined', async () => {
    expect(await castValues([300, -1, NaN, 5], 'float', 'uint8')).toEqual([NaN, NaN, NaN, 5]);
  });

  it('is none between texts or complex numbers', () => {
    const tensor = fromValues('v', [1], Float32Array.of(1));
    for (const [from, to] of [
      ['float', 'string'],
      ['string', 'float'],
      ['complex64', 'float16'],
      ['float', 'complex64'],
      ['float', 'float8e8m0'],
    ]) {
      expect(cast(tensor, from, to, true)).toBeNull();
    }
  });

  it('has a key of its own for every result', () => {
    const tensor = fromValues('v', [1], Float32Array.of(1));
    const keys = ['float16', 'bfloat16', 'int8'].map((to) => cast(tensor, 'float', to, true)?.key);
    expect(new Set([...keys, tensor.key, cast(tensor, 'float', 'float16', false)?.key]).size).toBe(5);
  });
});
