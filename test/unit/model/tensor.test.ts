import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Tensor } from '../../../src/model/model';
import {
  dequantized,
  dividedBy,
  elementCount,
  fromValues,
  isRanged,
  reshaped,
  scaledBy,
  sliced,
  transposed,
  type RangedTensor,
} from '../../../src/model/tensor';

/** 0, 1, 2, ... in a shape. */
function counting(...shape: number[]): RangedTensor {
  return fromValues(
    't',
    shape,
    Float32Array.from({ length: elementCount(shape) }, (_, i) => i),
  );
}

/** The same tensor without a way to read a part of it. */
function whole(tensor: Tensor): Tensor {
  const { name, shape, dtype, key } = tensor;
  return { name, shape, dtype, key, read: () => tensor.read() };
}

const read = async (tensor: Tensor): Promise<number[]> => [...(await tensor.read())];

/** Row-major position of an index. */
const position = (shape: readonly number[], index: readonly number[]): number =>
  shape.reduce((sum, dimension, axis) => sum * dimension + index[axis], 0);

/** Every index of a shape in row-major order. */
function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, dimension) => all.flatMap((index) => Array.from({ length: dimension }, (_, i) => [...index, i])),
    [[]],
  );
}

describe('fromValues', () => {
  it('has the values, fresh for each reader', async () => {
    const tensor = counting(2, 2);
    (await tensor.read()).fill(9);
    expect(await read(tensor)).toEqual([0, 1, 2, 3]);
    expect([...(await tensor.readRange(1, 3))]).toEqual([1, 2]);
    expect(() => fromValues('t', [3], new Float32Array(2))).toThrow(RangeError);
  });

  it('has a key of its content', () => {
    expect(counting(4).key).toBe(counting(4).key);
    const others = [
      counting(2, 2),
      counting(5),
      fromValues('t', [4], Float64Array.of(0, 1, 2, 3)),
      counting(1, 4),
    ];
    expect(new Set([counting(4), ...others].map(({ key }) => key)).size).toBe(5);
    expect(fromValues('t', [1], Float32Array.of(0)).key).not.toBe(
      fromValues('t', [1], Float32Array.of(-0)).key,
    );
  });
});

describe('reshaped', () => {
  it('shows the same values; back to the first shape is the same tensor', async () => {
    const tensor = counting(2, 3);
    const other = reshaped(tensor, [3, 2]);
    expect(other.shape).toEqual([3, 2]);
    expect(await read(other)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(other.key).not.toBe(tensor.key);
    expect(reshaped(other, [6]).key).toBe(reshaped(tensor, [6]).key);
    expect(reshaped(other, [2, 3])).toBe(tensor);
    expect(() => reshaped(tensor, [7])).toThrow(RangeError);
    expect(() => reshaped(tensor, [-2, -3])).toThrow(RangeError);
    expect(reshaped(counting(), [1, 1]).shape).toEqual([1, 1]);
    expect(reshaped(counting(0, 5), [7, 0]).shape).toEqual([7, 0]);
  });
});

describe('transposed', () => {
  it('moves every element to its place', async () => {
    const cases = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }).chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray(
          shape.map((_, i) => i),
          { minLength: shape.length },
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([shape, permutation]) => {
        const result = transposed(counting(...shape), permutation);
        expect(result.shape).toEqual(permutation.map((axis) => shape[axis]));
        const expected = indices(result.shape).map((index) => {
          const source = shape.map(() => 0);
          permutation.forEach((axis, i) => (source[axis] = index[i]));
          return position(shape, source);
        });
        expect(await read(result)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('is right for matrices that take several tiles', async () => {
    const [rows, columns] = [70, 45];
    const values = await transposed(counting(rows, columns), [1, 0]).read();
    const right = values.every((value, i) => value === (i % rows) * columns + Math.floor(i / rows));
    expect(right).toBe(true);
    expect(values).toBeInstanceOf(Float32Array);
  });

  it('is the tensor itself where nothing moves, and refuses what is no permutation', () => {
    const tensor = counting(2, 3);
    expect(transposed(tensor, [0, 1])).toBe(tensor);
    expect(transposed(tensor, [1, 0]).key).not.toBe(tensor.key);
    for (const permutation of [[0], [0, 0], [1, 2], [0, 1, 2], [-1, 0]]) {
      expect(() => transposed(tensor, permutation)).toThrow(RangeError);
    }
  });
});

describe('sliced', () => {
  it('cuts along any axis, with or without reading by range', async () => {
    const cases = fc
      .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
      .chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1)))
      .chain(([shape, axis]) =>
        fc.tuple(fc.constant(shape), fc.constant(axis), fc.nat(shape[axis]), fc.nat(shape[axis])),
      );
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async ([shape, axis, a, b], ranged) => {
        const [begin, end] = [Math.min(a, b), Math.max(a, b)];
        const tensor = counting(...shape);
        const result = sliced(ranged ? tensor : whole(tensor), axis, begin, end);
        expect(result.shape).toEqual(shape.with(axis, end - begin));
        const expected = indices(shape).filter((index) => index[axis] >= begin && index[axis] < end);
        expect(await read(result)).toEqual(expected.map((index) => position(shape, index)));
      }),
      { numRuns: 300 },
    );
  });

  it('reads only what it needs where that is in one piece', async () => {
    const tensor = counting(4, 3);
    const all = vi.spyOn(tensor, 'read');
    const range = vi.spyOn(tensor, 'readRange');
    const rows = sliced(reshaped(tensor, [1, 4, 3]), 1, 1, 3);
    expect(await read(rows)).toEqual([3, 4, 5, 6, 7, 8]);
    expect(range).toHaveBeenLastCalledWith(3, 9);
    expect(await read(sliced(reshaped(rows, [2, 3]), 0, 1, 2))).toEqual([6, 7, 8]);
    expect(range).toHaveBeenLastCalledWith(6, 9);
    expect(await read(sliced(scaledBy(tensor, 2), 0, 3, 4))).toEqual([18, 20, 22]);
    expect(all).not.toHaveBeenCalled();
    expect(await read(sliced(tensor, 1, 0, 1))).toEqual([0, 3, 6, 9]);
    expect(all).toHaveBeenCalledOnce();
  });

  it('refuses what is no slice', () => {
    const tensor = counting(2, 3);
    expect(sliced(tensor, 1, 0, 3)).toBe(tensor);
    for (const [axis, begin, end] of [
      [2, 0, 1],
      [-1, 0, 1],
      [0, 0, 3],
      [0, -1, 1],
      [0, 2, 1],
      [0, 0.5, 1],
    ]) {
      expect(() => sliced(tensor, axis, begin, end)).toThrow(RangeError);
    }
  });
});

describe('scaledBy and dividedBy', () => {
  it('compute in float64', async () => {
    const tensor = fromValues('t', [2], Float32Array.of(0.1, 3));
    const product = scaledBy(tensor, 0.1);
    expect(await product.read()).toBeInstanceOf(Float64Array);
    expect(await read(product)).toEqual([Math.fround(0.1) * 0.1, 3 * 0.1]);
    expect(await read(dividedBy(tensor, 10))).toEqual([Math.fround(0.1) / 10, 3 / 10]);
    expect(scaledBy(tensor, 1)).toBe(tensor);
    const keys = [
      scaledBy(tensor, 2),
      scaledBy(tensor, -2),
      dividedBy(tensor, 2),
      scaledBy(tensor, 0),
      scaledBy(tensor, -0),
    ];
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
    expect(isRanged(scaledBy(whole(tensor), 2))).toBe(false);
  });
});

describe('dequantized', () => {
  const values = (shape: number[], ...numbers: number[]): Tensor =>
    fromValues('s', shape, Float32Array.from(numbers));

  it('with one scale', async () => {
    const q = counting(2, 2);
    expect(await read(dequantized(q, values([], 0.5), null, null, null))).toEqual([0, 0.5, 1, 1.5]);
    expect(await read(dequantized(q, values([1], 0.5), values([1], 2), 0, null))).toEqual([-1, -0.5, 0, 0.5]);
    const exact = dequantized(values([1], 200), values([], 0.1), values([], 77), null, null);
    expect(await read(exact)).toEqual([123 * Math.fround(0.1)]);
    expect(await exact.read()).toBeInstanceOf(Float64Array);
  });

  it('with a scale for each index of an axis', async () => {
    const q = counting(2, 3, 2);
    const scale = values([3], 1, 10, 100);
    const zero = values([3], 0, 1, 2);
    expect(await read(dequantized(q, scale, zero, 1, null))).toEqual([
      0, 1, 10, 20, 200, 300, 6, 7, 70, 80, 800, 900,
    ]);
    expect(await read(dequantized(counting(2, 2), values([2], 1, 10), null, 0, null))).toEqual([
      0, 1, 20, 30,
    ]);
  });

  it('with a scale for each block of an axis, the last one shorter', async () => {
    const q = fromValues('q', [2, 3, 2], new Float32Array(12).fill(1));
    const scale = counting(2, 2, 2);
    expect(await read(dequantized(q, scale, null, 1, 2))).toEqual([0, 1, 0, 1, 2, 3, 4, 5, 4, 5, 6, 7]);
    expect(await read(dequantized(q, scale, scale, 1, 2))).toEqual([
      0, 0, 0, 0, -2, -6, -12, -20, -12, -20, -30, -42,
    ]);
  });

  it('refuses scales that do not fit', () => {
    const q = counting(2, 3);
    const fit = (scale: Tensor, zero: Tensor | null, axis: number | null, block: number | null) => () =>
      dequantized(q, scale, zero, axis, block);
    expect(fit(counting(3), null, 1, null)).not.toThrow();
    expect(fit(counting(3), null, 0, null)).toThrow(RangeError);
    expect(fit(counting(3), null, null, null)).toThrow(RangeError);
    expect(fit(counting(3), null, 2, null)).toThrow(RangeError);
    expect(fit(counting(3), counting(2), 1, null)).toThrow(RangeError);
    expect(fit(counting(2, 2), null, 1, 2)).not.toThrow();
    expect(fit(counting(2, 3), null, 1, 2)).toThrow(RangeError);
    expect(fit(counting(2, 3), null, 1, 0)).toThrow(RangeError);
    expect(fit(counting(), counting(2), null, null)).toThrow(RangeError);
  });

  it('has a key of all that it depends on', () => {
    const q = counting(4);
    const keys = [
      dequantized(q, values([], 1), null, null, null),
      dequantized(q, values([], 2), null, null, null),
      dequantized(q, values([], 2), values([], 1), null, null),
      dequantized(q, values([4], 1, 1, 1, 1), null, 0, null),
      dequantized(q, values([4], 1, 1, 1, 1), null, 0, 1),
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
