import { describe, expect, it } from 'vitest';
import { checkProvider, chooseEngine } from '../../../src/compute/devices';
import { type BulkArray, Engine } from '../../../src/compute/engine';
import { builtProviders, firstLine, PROVIDERS } from '../../../src/compute/runtime';
import { Float32Engine } from '../bounds/rounding-engine';

/** Leaves so many bits behind the binary point of the significand. */
function rounded(values: BulkArray, bits: number): BulkArray {
  return values.map((value) => {
    if (value === 0) return 0;
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - bits);
    return Math.round(value / unit) * unit;
  });
}

/** Rounds the factors of products before it multiplies: TF32 keeps 10 bits, bfloat16 has 7. */
class FactorRoundingEngine extends Float32Engine {
  constructor(private readonly bits: number) {
    super();
  }

  override bulkMultiply(a: BulkArray, b: BulkArray, m: number, k: number, n: number): Promise<BulkArray> {
    return super.bulkMultiply(rounded(a, this.bits), rounded(b, this.bits), m, k, n);
  }
}

/** Has the product right and rounds the result: sums in half precision have 10 bits. */
class SumRoundingEngine extends Float32Engine {
  override async bulkMultiply(
    a: BulkArray,
    b: BulkArray,
    m: number,
    k: number,
    n: number,
  ): Promise<BulkArray> {
    return rounded(await super.bulkMultiply(a, b, m, k, n), 10);
  }
}

class WrongGramEngine extends Float32Engine {
  override async multiplyTransposed(
    a: BulkArray,
    b: BulkArray,
    m: number,
    k: number,
    n: number,
  ): Promise<BulkArray> {
    const product = await super.multiplyTransposed(a, b, m, k, n);
    product[1] += 1;
    return product;
  }
}

class WrongHermitianEngine extends Float32Engine {
  constructor(private readonly part: 'gram' | 'square') {
    super();
  }

  override async hermitianGram(x: BulkArray, y: BulkArray, batch: number, m: number, n: number) {
    const { real, imaginary } = await super.hermitianGram(x, y, batch, m, n);
    return { real, imaginary: this.part === 'gram' ? imaginary.map((value) => value + 1) : imaginary };
  }

  override async hermitianSquare(
    real: BulkArray,
    imaginary: BulkArray,
    scales: readonly number[],
    n: number,
  ) {
    const square = await super.hermitianSquare(real, imaginary, scales, n);
    return this.part === 'square'
      ? { ...square, real: square.real.map((value) => value * (1 + 2 ** -20)) }
      : square;
  }
}

/** Rounds the factors of one program only, to the bits of TF32. */
class RoundingInOneProgram extends Float32Engine {
  constructor(private readonly program: 'multiplyTransposed' | 'hermitianGram' | 'hermitianSquare') {
    super();
  }

  private factor(program: string, values: BulkArray): BulkArray {
    return program === this.program ? rounded(values, 10) : values;
  }

  override multiplyTransposed(a: BulkArray, b: BulkArray, m: number, k: number, n: number) {
    const [left, right] = [a, b].map((values) => this.factor('multiplyTransposed', values));
    return super.multiplyTransposed(left, right, m, k, n);
  }

  override hermitianGram(x: BulkArray, y: BulkArray, batch: number, m: number, n: number) {
    const [left, right] = [x, y].map((values) => this.factor('hermitianGram', values));
    return super.hermitianGram(left, right, batch, m, n);
  }

  override hermitianSquare(p: BulkArray, q: BulkArray, scales: readonly number[], n: number) {
    const [left, right] = [p, q].map((values) => this.factor('hermitianSquare', values));
    return super.hermitianSquare(left, right, scales, n);
  }
}

const wrong = 'came back wrong: it rounds factors or sums (TF32 or half precision)';

describe('the self-check of a provider', () => {
  it.each([
    ['float64', new Engine('cpu')],
    ['float32', new Float32Engine()],
    ['23 bits', new FactorRoundingEngine(23)],
  ])('passes %s', async (_, engine) => {
    expect(await checkProvider(engine)).toBeNull();
  });

  it.each([
    ['TF32', new FactorRoundingEngine(10)],
    ['bfloat16', new FactorRoundingEngine(7)],
    ['11 bits', new FactorRoundingEngine(11)],
    ['sums in half precision', new SumRoundingEngine()],
  ])('fails %s', async (_, engine) => {
    expect(await checkProvider(engine)).toBe(`a product ${wrong}`);
  });

  it.each([
    [new WrongGramEngine(), `a Gram product ${wrong}`],
    [new WrongHermitianEngine('gram'), `a Hermitian product ${wrong}`],
    [new WrongHermitianEngine('square'), `a square ${wrong}`],
    [new RoundingInOneProgram('multiplyTransposed'), `a Gram product ${wrong}`],
    [new RoundingInOneProgram('hermitianGram'), `a Hermitian product ${wrong}`],
    [new RoundingInOneProgram('hermitianSquare'), `a square ${wrong}`],
  ])('fails where another program is wrong', async (engine, fault) => {
    expect(await checkProvider(engine)).toBe(fault);
  });
});

describe('the choice of a device', () => {
  it('takes the CPU without a word where that is wanted', async () => {
    const { engine, description, fallback } = await chooseEngine('cpu');
    expect([engine.provider, engine.precision, description, fallback]).toEqual([
      'cpu',
      'float64',
      'CPU, float64',
      null,
    ]);
  });

  it('takes the CPU, and says why, where the wanted provider is not part of the runtime', async () => {
    const built = await builtProviders();
    const absent = PROVIDERS.filter((provider) => !built.has(provider));
    // No platform has both DirectML and Core ML.
    expect(absent.length).toBeGreaterThan(0);
    for (const provider of absent) {
      const { engine, fallback } = await chooseEngine(provider);
      expect(engine.provider).toBe('cpu');
      expect(fallback).toBe(`${provider}: not part of ONNX Runtime for ${process.platform} ${process.arch}`);
    }
  });
});

describe('the first line of an error', () => {
  it.each([
    [new Error('No adapter.\nat somewhere'), 'No adapter.'],
    ['  a text ', 'a text'],
    [
      new Error('/builds/onnxruntime/core/x.cc:12 Make() device != nullptr was false. No adapter'),
      'No adapter',
    ],
    [new Error('OrtSessionOptionsAppendExecutionProvider_CUDA: no library'), 'no library'],
  ])('is what went wrong: %s', (error, line) => {
    expect(firstLine(error)).toBe(line);
  });
});
