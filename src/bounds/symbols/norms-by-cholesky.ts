import type { Engine } from '../../compute/engine';
import { type Autocorrelation, gramSymbolInto, gramSymbols, type SymbolTriangles } from './autocorrelation';
import {
  isBelow,
  OWN_ORDER,
  ownFlopsBelow,
  productsBelow,
  resolutionBelow,
  shiftBelow,
  triangle,
  type Workspace,
  workspace,
} from './definite';
import type { Frequency } from './symbol';
import type { SymbolNorms } from './symbol-norms';

/** Values of the matrices that are worked on at a time. */
const CHUNK_ELEMENTS = 2 ** 19;
/** Largest values of coefficients from which a symbol is put together here. */
const OWN_COEFFICIENTS = 2 ** 12;

/** Flops a second on one core: of plain loops that factorise or put together, and of products of matrices. */
const SPEED = { factorising: 2.7e9, evaluating: 1.3e9, products: 3e10 } as const;
/** What a symbol costs however small it is, for each of its lags, for each entry, and where it is put together by products, seconds. */
const OVERHEAD = 1.2e-6;
const LAG = 2e-8;
const ENTRY = 2.4e-9;
const PUT_TOGETHER = 5e-6;
/** What a product of the runtime costs however small it is, with what is done beside it, seconds. */
const PRODUCT_OVERHEAD = 6e-5;

/** About how long one core of a typical processor takes for a bound of a symbol of some order, whose Gram matrix has so many lags. */
export function secondsByCholesky(order: number, lags: number): number {
  const own = isPutTogetherInLoops(order, lags);
  const evaluation = 4 * (lags + 1) * triangle(order);
  const factorisation = (4 / 3) * order ** 3;
  return (
    OVERHEAD +
    LAG * lags +
    ENTRY * order ** 2 +
    (own ? evaluation / SPEED.evaluating : PUT_TOGETHER + evaluation / SPEED.products) +
    factorisation / (order <= OWN_ORDER ? SPEED.factorising : SPEED.products) +
    ownFlopsBelow(order) / SPEED.factorising +
    productsBelow(order) * PRODUCT_OVERHEAD
  );
}

/** Whether symbols of some order, of so many lags, are put together here, and not in products of the runtime. */
export function isPutTogetherInLoops(order: number, lags: number): boolean {
  return coefficientCount(order, lags) <= OWN_COEFFICIENTS;
}

/** Values of the coefficients of an autocorrelation. */
export function coefficientCount(order: number, lags: number): number {
  return (2 * lags + 1) * triangle(order);
}

/** `H = F^H F` from the coefficients of its autocorrelation, compared with the squared threshold by one factorisation. */
export class NormsByCholesky implements SymbolNorms {
  readonly seconds: number;
  readonly floor: number;
  /** Products of this size are as fast on one core. */
  private readonly engine: Engine;
  private readonly factor: Workspace;
  private readonly own: boolean;
  /** The symbols at hand, of which each chunk takes the place of the last. */
  private symbols: SymbolTriangles | null = null;
  /** One at a time: all work in the same space. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    engine: Engine,
    private readonly autocorrelation: Autocorrelation,
  ) {
    const { order, lags, error } = autocorrelation;
    this.engine = engine.onOneCore();
    this.own = isPutTogetherInLoops(order, lags.length);
    this.factor = workspace(order);
    this.floor = Math.sqrt(2 * error) + Number.MIN_VALUE;
    this.seconds = secondsByCholesky(order, lags.length);
  }

  resolution(norm: number): number {
    const { order, error } = this.autocorrelation;
    return error / (norm * norm) + resolutionBelow(order);
  }

  upperBounds(frequencies: readonly Frequency[], thresholds: readonly number[]): Promise<number[]> {
    const bounds = this.last.then(() => this.compared(frequencies, thresholds));
    this.last = bounds.catch(() => undefined);
    return bounds;
  }

  private async compared(
    frequencies: readonly Frequency[],
    thresholds: readonly number[],
  ): Promise<number[]> {
    const { engine, autocorrelation } = this;
    const size = triangle(autocorrelation.order);
    const bounds: number[] = [];
    if (this.own) {
      const real = new Float64Array(size);
      const imaginary = new Float64Array(size);
      for (let i = 0; i < frequencies.length; i++) {
        gramSymbolInto(autocorrelation, frequencies[i], real, imaginary);
        const proved = this.isBelow(thresholds[i], real, imaginary, 0);
        // Small ones answer at once, and are too many to wait for.
        bounds.push((typeof proved === 'boolean' ? proved : await proved) ? thresholds[i] : Infinity);
      }
      return bounds;
    }
    const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / size));
    this.symbols ??= { real: new Float64Array(chunk * size), imaginary: new Float64Array(chunk * size) };
    for (let begin = 0; begin < frequencies.length; begin += chunk) {
      const some = frequencies.slice(begin, begin + chunk);
      const { real, imaginary } = await gramSymbols(engine, autocorrelation, some, this.symbols);
      for (let i = 0; i < some.length; i++) {
        const threshold = thresholds[begin + i];
        const proved = await this.isBelow(threshold, real, imaginary, i * size);
        bounds.push(proved ? threshold : Infinity);
      }
    }
    return bounds;
  }

  private isBelow(
    threshold: number,
    real: Float64Array,
    imaginary: Float64Array,
    from: number,
  ): boolean | Promise<boolean> {
    const { order, error } = this.autocorrelation;
    const theta = shiftBelow(threshold * threshold, order, error);
    return theta !== null && isBelow(this.engine, theta, real, imaginary, from, this.factor);
  }
}
