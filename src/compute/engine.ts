import type { Companions } from './companions';
import * as programs from './program';
import type { Precision } from './program';
import { type Operand, type Provider, Sessions } from './runtime';

/** Values of a bulk product, in the precision in which it is to be taken. */
export type BulkArray = Float32Array | Float64Array;

export const UNIT_ROUNDOFF_OF: Record<Precision, number> = { float32: 2 ** -24, float64: 2 ** -53 };

/**
 * Products of matrices. Bulk products run on the provider; the skinny ones that decide the accuracy always run on the
 * CPU in float64. All matrices are row-major.
 */
export class Engine {
  /** The widest precision of the provider. */
  readonly precision: Precision;
  private readonly bulk: Sessions;
  private readonly exact: Sessions;
  private single: Engine | null = null;

  constructor(
    readonly provider: Provider,
    exact: Sessions = new Sessions('cpu'),
    /** Processes that compute for this one; null: none. */
    readonly companions: Companions | null = null,
  ) {
    this.exact = exact;
    this.bulk = provider === 'cpu' ? this.exact : new Sessions(provider);
    this.precision = provider === 'cpu' ? 'float64' : 'float32';
  }

  /** One that computes in float64 on one core of the CPU: for products so small that sharing them out takes longer. */
  onOneCore(): Engine {
    return (this.single ??= new Engine('cpu', new Sessions('cpu', 1)));
  }

  /** Rounded to a precision; the same array where it is float64. */
  toBulk(values: Float64Array, precision: Precision = this.precision): BulkArray {
    return precision === 'float64' ? values : Float32Array.from(values);
  }

  /**
   * `A B^T`, a (m, k), b (n, k), both of one precision: float64 on the CPU, float32 on the device.
   * @param out where the product may be written, of the same precision
   */
  async multiplyTransposed(
    a: BulkArray,
    b: BulkArray,
    m: number,
    k: number,
    n: number,
    out?: BulkArray,
  ): Promise<BulkArray> {
    const precision = precisionOf(a);
    const sessions = precision === 'float64' ? this.exact : this.bulk;
    const { c } = await sessions.run(
      programs.multiplyTransposed,
      precision,
      { a: { values: a, shape: [m, k] }, b: { values: b, shape: [n, k] } },
      out && { c: { values: out, shape: [m, n] } },
    );
    return c;
  }

  /**
   * `A B`, a (m, k), b (k, n), in float64 on the CPU.
   * @param out where the product may be written
   */
  async multiply(
    a: Float64Array,
    b: Float64Array,
    m: number,
    k: number,
    n: number,
    out?: Float64Array,
  ): Promise<Float64Array> {
    return (await this.hostMultiply(a, b, m, k, n, out)) as Float64Array;
  }

  /**
   * `A B`, a (m, k), b (k, n), both of one precision, on the CPU: for skinny products, whose operands a device waits for.
   * @param out where the product may be written, of the same precision
   */
  async hostMultiply(
    a: BulkArray,
    b: BulkArray,
    m: number,
    k: number,
    n: number,
    out?: BulkArray,
  ): Promise<BulkArray> {
    if (m === 0 || n === 0) return a.slice(0, 0);
    const { c } = await this.exact.run(
      programs.multiply,
      precisionOf(a),
      { a: { values: a, shape: [m, k] }, b: { values: b, shape: [k, n] } },
      out && { c: { values: out, shape: [m, n] } },
    );
    return c;
  }

  /** Batch of products, a (batch, m, k), b (batch, k, n), in float64 on the CPU. */
  async batchMultiply(
    a: Float64Array,
    b: Float64Array,
    batch: number,
    m: number,
    k: number,
    n: number,
  ): Promise<Float64Array> {
    const { c } = await this.exact.run(programs.batchMultiply, 'float64', {
      a: { values: a, shape: [batch, m, k] },
      b: { values: b, shape: [batch, k, n] },
    });
    return c as Float64Array;
  }

  /** Overwrites `C` with `C - A B`, a (m, k), b (k, n), c (m, n), in float64 on the CPU. */
  async subtractProduct(
    c: Float64Array,
    a: Float64Array,
    b: Float64Array,
    m: number,
    k: number,
    n: number,
  ): Promise<void> {
    await this.overwrite(c, [m, n], programs.subtractProduct, a, [m, k], b, [k, n]);
  }

  /** Overwrites `C` with `C - A B^T`, a (m, k), b (n, k), c (m, n), in float64 on the CPU. */
  async subtractTransposedProduct(
    c: Float64Array,
    a: Float64Array,
    b: Float64Array,
    m: number,
    k: number,
    n: number,
  ): Promise<void> {
    await this.overwrite(c, [m, n], programs.subtractTransposedProduct, a, [m, k], b, [n, k]);
  }

  /** Overwrites `C` with `C + A B^T`, a (m, k), b (n, k), c (m, n), in float64 on the CPU. */
  async addTransposedProduct(
    c: Float64Array,
    a: Float64Array,
    b: Float64Array,
    m: number,
    k: number,
    n: number,
  ): Promise<void> {
    await this.overwrite(c, [m, n], programs.addTransposedProduct, a, [m, k], b, [n, k]);
  }

  /** Gemm copies C to where its answer goes, if it is not there already, and adds to that. */
  private async overwrite(
    values: Float64Array,
    shape: readonly number[],
    program: programs.Program,
    a: Float64Array,
    aShape: readonly number[],
    b: Float64Array,
    bShape: readonly number[],
  ): Promise<void> {
    const target = { values, shape };
    const operands = { a: { values: a, shape: aShape }, b: { values: b, shape: bShape }, c: target };
    await this.exact.run(program, 'float64', operands, { d: target });
  }

  /** `A B`, a (m, k), b (k, n), both of one precision, on the device. */
  async bulkMultiply(a: BulkArray, b: BulkArray, m: number, k: number, n: number): Promise<BulkArray> {
    const { c } = await this.bulk.run(programs.multiply, precisionOf(a), {
      a: { values: a, shape: [m, k] },
      b: { values: b, shape: [k, n] },
    });
    return c;
  }

  /** `F^H F` for a batch of `F = x + iy` (batch, m, n): real and imaginary parts (batch, n, n), exactly Hermitian. */
  async hermitianGram(
    x: BulkArray,
    y: BulkArray,
    batch: number,
    m: number,
    n: number,
  ): Promise<{ real: BulkArray; imaginary: BulkArray }> {
    const shape = [batch, m, n];
    const precision = precisionOf(x);
    const { p, q } = await this.bulk.run(programs.hermitianGram, precision, {
      x: { values: x, shape },
      y: { values: y, shape },
      half: this.constants([0.5], precision),
    });
    return { real: p, imaginary: q };
  }

  /** `scales[i] H_i^2` for a batch of Hermitian matrices of order n. */
  async hermitianSquare(
    real: BulkArray,
    imaginary: BulkArray,
    scales: readonly number[],
    n: number,
  ): Promise<{ real: BulkArray; imaginary: BulkArray }> {
    const shape = [scales.length, n, n];
    const precision = precisionOf(real);
    const { p2, q2 } = await this.bulk.run(programs.hermitianSquare, precision, {
      p: { values: real, shape },
      q: { values: imaginary, shape },
      scale: this.constants(scales, precision),
      half: this.constants([0.5], precision),
    });
    return { real: p2, imaginary: q2 };
  }

  private constants(values: readonly number[], precision: Precision): Operand {
    return { values: this.toBulk(Float64Array.from(values), precision), shape: [values.length, 1, 1] };
  }
}

export function precisionOf(values: BulkArray): Precision {
  return values instanceof Float64Array ? 'float64' : 'float32';
}
