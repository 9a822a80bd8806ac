import { describe, expect, it } from 'vitest';
import { type BulkArray, Engine } from '../../../src/compute/engine';
import { multiply } from '../../../src/compute/program';
import { ProviderError, Sessions } from '../../../src/compute/runtime';
import { Float32Engine } from '../bounds/rounding-engine';
import { seeded } from '../truth/random';

const engine = new Engine('cpu');
const float32 = new Float32Engine();

/** Integers from -4 to 4: their products and sums are exact in every precision. */
function integers(count: number, seed: number): Float64Array {
  const random = seeded(seed);
  return Float64Array.from({ length: count }, () => Math.floor(9 * random()) - 4);
}

/** `A B`, a (m, k), b (k, n). */
function product(a: BulkArray, b: BulkArray, m: number, k: number, n: number): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a[Math.floor(at / n) * k + i] * b[i * n + (at % n)];
    return sum;
  });
}

/** Without negative zeros, which depend on the order of the sums. */
function numbers(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => value + 0);
}

/** Of a (rows, columns). */
function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  return a.map((_, at) => a[(at % rows) * columns + Math.floor(at / rows)]);
}

describe('an engine', () => {
  const [m, k, n] = [7, 11, 5];

  it('multiplies', async () => {
    const [a, b] = [integers(m * k, 1), integers(k * n, 2)];
    expect(numbers(await engine.multiply(a, b, m, k, n))).toEqual(product(a, b, m, k, n));
    expect(await engine.multiply(new Float64Array(0), b, 0, k, n)).toHaveLength(0);
  });

  it.each([
    ['float64', engine, Float64Array],
    ['float32', float32, Float32Array],
  ])('multiplies on the device, in %s', async (_, one, kind) => {
    const [a, b] = [integers(m * k, 1), integers(k * n, 2)];
    const [left, right] = [one.toBulk(a), one.toBulk(b)];
    const c = await one.bulkMultiply(left, right, m, k, n);
    expect(c).toBeInstanceOf(kind);
    expect(numbers(c)).toEqual(product(a, b, m, k, n));
    const d = await one.multiplyTransposed(left, one.toBulk(transposed(b, k, n)), m, k, n);
    expect(d).toBeInstanceOf(kind);
    expect(numbers(d)).toEqual(product(a, b, m, k, n));
  });

  it('multiplies batches', async () => {
    const [a, b] = [integers(3 * m * k, 3), integers(3 * k * n, 4)];
    const expected = [0, 1, 2].flatMap((i) =>
      product(a.subarray(i * m * k, (i + 1) * m * k), b.subarray(i * k * n, (i + 1) * k * n), m, k, n),
    );
    expect(numbers(await engine.batchMultiply(a, b, 3, m, k, n))).toEqual(expected);
  });

  it('multiplies on the CPU in either precision', async () => {
    const [a, b] = [integers(m * k, 1), integers(k * n, 2)];
    const c = await float32.hostMultiply(Float32Array.from(a), Float32Array.from(b), m, k, n);
    expect(c).toBeInstanceOf(Float32Array);
    expect(numbers(c)).toEqual(product(a, b, m, k, n));
  });

  it('writes a product where it is told to', async () => {
    const [a, b] = [integers(m * k, 1), integers(n * k, 2)];
    const buffer = new Float64Array(m * n + 2).fill(0.5);
    await engine.multiplyTransposed(a, b, m, k, n, buffer.subarray(1, m * n + 1));
    expect(numbers(buffer)).toEqual([0.5, ...product(a, transposed(b, n, k), m, k, n), 0.5]);
  });

  it.each([
    [m, k, n],
    [1, 200, 300],
    [300, 200, 1],
    [257, 129, 300],
  ])('subtracts products from a part of an array: %i, %i, %i', async (rows, inner, columns) => {
    const [a, b, c] = [
      integers(rows * inner, 5),
      integers(inner * columns, 6),
      integers(rows * columns + 2, 7),
    ];
    const ab = product(a, b, rows, inner, columns);
    const expected = numbers(c).map((value, at) => value - (ab[at - 1] ?? 0));
    const [one, other] = [c.slice(), c.slice()];
    await engine.subtractProduct(one.subarray(1, one.length - 1), a, b, rows, inner, columns);
    expect(numbers(one)).toEqual(expected);
    const bt = transposed(b, inner, columns);
    await engine.subtractTransposedProduct(other.subarray(1, other.length - 1), a, bt, rows, inner, columns);
    expect(numbers(other)).toEqual(expected);
  });

  it.each([
    ['float64', engine],
    ['float32', float32],
  ])('squares complex matrices, in %s', async (_, one) => {
    const [x, y] = [integers(m * n, 10), integers(m * n, 11)];
    const [xt, yt] = [x, y].map((part) => transposed(part, m, n));
    const real = product(xt, x, n, m, n).map((value, at) => value + product(yt, y, n, m, n)[at]);
    const imaginary = product(xt, y, n, m, n).map((value, at) => value - product(yt, x, n, m, n)[at]);
    const gram = await one.hermitianGram(one.toBulk(x), one.toBulk(y), 1, m, n);
    expect(numbers(gram.real)).toEqual(real);
    expect(numbers(gram.imaginary)).toEqual(imaginary);

    const square = await one.hermitianSquare(gram.real, gram.imaginary, [2 ** -6], n);
    const [p, q] = [Float64Array.from(real), Float64Array.from(imaginary)];
    const pp = product(p, p, n, n, n);
    const qq = product(q, q, n, n, n);
    const pq = product(p, q, n, n, n);
    const qp = product(q, p, n, n, n);
    expect(numbers(square.real)).toEqual(pp.map((value, at) => (value - qq[at]) / 64));
    expect(numbers(square.imaginary)).toEqual(pq.map((value, at) => (value + qp[at]) / 64));
  });

  it('rejects with the provider and one line where the runtime refuses', async () => {
    const run = new Sessions('cpu').run(multiply, 'float64', {
      a: { values: new Float64Array(6), shape: [2, 3] },
      b: { values: new Float64Array(6), shape: [2, 3] },
    });
    const error = await run.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ name: 'ProviderError', provider: 'cpu' });
    expect((error as ProviderError).message).toMatch(/^\S.*\S$/);
  });
});
