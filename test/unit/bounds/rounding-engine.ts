import { seeded } from '../truth/random';
import { gamma, UNIT_ROUNDOFF } from '../../../src/bounds/rounding';
import { type BulkArray, Engine, UNIT_ROUNDOFF_OF } from '../../../src/compute/engine';
import type { Precision } from '../../../src/compute/program';

/** Bulk products in float32 on the CPU: what any other device promises, without the device. */
export class Float32Engine extends Engine {
  override readonly precision: Precision = 'float32';

  constructor() {
    super('cpu');
  }
}

/**
 * An engine whose every product is off by half of what the error analysis allows a product of that length, all in one
 * direction: an answer that counts on lucky rounding does not survive it.
 */
export class UnluckyEngine extends Engine {
  override readonly precision: Precision;

  constructor(
    private readonly direction: 1 | -1,
    precision: Precision = 'float64',
  ) {
    super('cpu');
    this.precision = precision;
  }

  override onOneCore(): Engine {
    return this;
  }

  override async multiplyTransposed(
    a: BulkArray,
    b: BulkArray,
    m: number,
    k: number,
    n: number,
    out?: BulkArray,
  ): Promise<BulkArray> {
    const product = await super.multiplyTransposed(a, b, m, k, n, out);
    // Sums of up to 64 products in float32 are those of slices, which are exact on any device.
    return a instanceof Float32Array && k <= 64 ? product : this.skew(product, k, roundoffOf(a));
  }

  override async hostMultiply(
    a: BulkArray,
    b: BulkArray,
    m: number,
    k: number,
    n: number,
  ): Promise<BulkArray> {
    return this.skew(await super.hostMultiply(a, b, m, k, n), k, roundoffOf(a));
  }

  override async batchMultiply(
    a: Float64Array,
    b: Float64Array,
    batch: number,
    m: number,
    k: number,
    n: number,
  ): Promise<Float64Array> {
    return this.skew(await super.batchMultiply(a, b, batch, m, k, n), k, UNIT_ROUNDOFF);
  }

  override subtractProduct(
    c: Float64Array,
    a: Float64Array,
    b: Float64Array,
    m: number,
    k: number,
    n: number,
  ): Promise<void> {
    return super.subtractProduct(c, this.skew(a, k, UNIT_ROUNDOFF), b, m, k, n);
  }

  override subtractTransposedProduct(
    c: Float64Array,
    a: Float64Array,
    b: Float64Array,
    m: number,
    k: number,
    n: number,
  ): Promise<void> {
    return super.subtractTransposedProduct(c, this.skew(a, k, UNIT_ROUNDOFF), b, m, k, n);
  }

  override async bulkMultiply(
    a: BulkArray,
    b: BulkArray,
    m: number,
    k: number,
    n: number,
  ): Promise<BulkArray> {
    return this.skew(await super.bulkMultiply(a, b, m, k, n), k, roundoffOf(a));
  }

  override async hermitianGram(
    x: BulkArray,
    y: BulkArray,
    batch: number,
    m: number,
    n: number,
  ): Promise<{ real: BulkArray; imaginary: BulkArray }> {
    const { real, imaginary } = await super.hermitianGram(x, y, batch, m, n);
    return {
      real: this.skew(real, 2 * m, roundoffOf(x)),
      imaginary: this.skew(imaginary, 2 * m, roundoffOf(x)),
    };
  }

  override async hermitianSquare(
    real: BulkArray,
    imaginary: BulkArray,
    scales: readonly number[],
    n: number,
  ): Promise<{ real: BulkArray; imaginary: BulkArray }> {
    const square = await super.hermitianSquare(real, imaginary, scales, n);
    return {
      real: this.skew(square.real, 2 * n, roundoffOf(real)),
      imaginary: this.skew(square.imaginary, 2 * n, roundoffOf(real)),
    };
  }

  private skew<T extends BulkArray>(values: T, length: number, u: number): T {
    const factor = 1 + 0.5 * this.direction * gamma(length, u);
    return values.map((value) => value * factor) as T;
  }
}

/** Subtracted products are off by what the analysis allows, all of one sign, where rows of the factor have signs that cancel. */
export class UnluckySquareEngine extends Engine {
  override async subtractTransposedProduct(
    ...operands: Parameters<Engine['subtractTransposedProduct']>
  ): Promise<void> {
    await super.subtractTransposedProduct(...operands);
    const [c, a, b, m, k, n] = operands;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += Math.abs(a[i * k + l] * b[j * k + l]);
        c[i * n + j] += gamma(k) * sum;
      }
    }
  }
}

/** Signs (order, order), each second row the opposite of the one before. */
export function oppositeRows(order: number): Float64Array {
  const random = seeded(9);
  const x = new Float64Array(order * order);
  for (let r = 0; r < order; r += 2) {
    for (let c = 0; c < order; c++) {
      x[r * order + c] = random() < 0.5 ? 1 : -1;
      x[(r + 1) * order + c] = -x[r * order + c];
    }
  }
  return x;
}

function roundoffOf(values: BulkArray): number {
  return UNIT_ROUNDOFF_OF[values instanceof Float64Array ? 'float64' : 'float32'];
}
