/** Upper bounds of the norms of symbols, by the way that is fastest where the engine computes. */
import { type BulkArray, type Engine, UNIT_ROUNDOFF_OF } from '../compute/engine';
import {
  type Autocorrelation,
  autocorrelate,
  gramSymbolInto,
  gramSymbols,
  lagCount,
} from './autocorrelation';
import {
  isBelow,
  OWN_ORDER,
  productsBelow,
  resolutionBelow,
  shiftBelow,
  triangle,
  type Workspace,
  workspace,
} from './definite';
import { symbolNorms } from './hermitian';
import type { PolyphaseKernel } from './kernel';
import { gamma } from './rounding';
import { type Frequency, symbolError, symbolsAt } from './symbol';
import { sumOfSquares } from './values';

export interface SymbolNorms {
  /** About how long one bound takes on a typical processor, seconds. */
  readonly seconds: number;
  /** Norms below this are not told from zero. */
  readonly floor: number;
  /** What rounding hides of a norm near the given one, relatively. */
  resolution(norm: number): number;
  /** For every frequency an upper bound of `sigma_1(F(w))`: its threshold where that can be shown, else infinity. */
  upperBounds(frequencies: readonly Frequency[], thresholds: readonly number[]): Promise<number[]>;
}

/** Values of the matrices that are worked on at a time. */
const CHUNK_ELEMENTS = 2 ** 21;
/** Largest values of coefficients from which a symbol is put together here. */
const OWN_COEFFICIENTS = 2 ** 13;
/** Values of the coefficients of an autocorrelation that may be held: 256 MB. */
const MAX_COEFFICIENTS = 2 ** 25;
/** Order from which a device is faster, at many times the work, than the processor. */
const DEVICE_ORDER = 64;

/** Flops a second: of plain loops, and of products of matrices. */
const SPEED = { own: 3e9, products: 3e10 } as const;
/** What a symbol costs however small it is, seconds. */
const OVERHEAD = 4e-6;
/** What a product of the runtime costs however small it is, with what is done beside it, seconds. */
const PRODUCT_OVERHEAD = 6e-5;

/** The autocorrelation of a kernel for `symbolNormsOf`; null where it is not of use, or does not fit into memory. */
export function autocorrelationFor(engine: Engine, kernel: PolyphaseKernel): Promise<Autocorrelation | null> {
  return usesAutocorrelation(engine, kernel) ? autocorrelate(engine, kernel) : Promise.resolve(null);
}

function usesAutocorrelation(engine: Engine, kernel: PolyphaseKernel): boolean {
  const onDevice = engine.precision === 'float32' && kernel.columns >= DEVICE_ORDER;
  return !onDevice && coefficients(kernel.columns, lagCount(kernel)) <= MAX_COEFFICIENTS;
}

/** About how long one bound of a kernel's symbol takes on a typical processor, seconds. */
export function secondsPerSymbol(engine: Engine, kernel: PolyphaseKernel): number {
  return usesAutocorrelation(engine, kernel)
    ? secondsByCholesky(kernel.columns, lagCount(kernel))
    : secondsBySquaring(kernel);
}

/** The same for a kernel of which only the order and the number of lags are known. */
export function secondsByCholesky(order: number, lags: number): number {
  const own = coefficients(order, lags) <= OWN_COEFFICIENTS;
  const evaluation = 4 * (lags + 1) * triangle(order);
  const factorisation = (4 / 3) * order ** 3;
  return (
    OVERHEAD +
    evaluation / (own ? SPEED.own : SPEED.products) +
    factorisation / (order <= OWN_ORDER ? SPEED.own : SPEED.products) +
    productsBelow(order) * PRODUCT_OVERHEAD
  );
}

/** Values of the coefficients of an autocorrelation. */
function coefficients(order: number, lags: number): number {
  return (2 * lags + 1) * triangle(order);
}

function secondsBySquaring({ rows, columns, positions }: PolyphaseKernel): number {
  const flops = 4 * positions.length * rows * columns + 8 * columns ** 2 * rows + 40 * columns ** 3;
  return OVERHEAD + flops / SPEED.products;
}

/** @param autocorrelation of the kernel, from `autocorrelationFor` */
export function symbolNormsOf(
  engine: Engine,
  kernel: PolyphaseKernel,
  autocorrelation: Autocorrelation | null,
): SymbolNorms {
  return autocorrelation === null
    ? new NormsBySquaring(engine, kernel)
    : new NormsByCholesky(engine, autocorrelation);
}

/** `H = F^H F` from the coefficients of its autocorrelation, compared with the squared threshold by one factorisation. */
class NormsByCholesky implements SymbolNorms {
  readonly seconds: number;
  readonly floor: number;
  private readonly factor: Workspace;
  private readonly own: boolean;

  constructor(
    private readonly engine: Engine,
    private readonly autocorrelation: Autocorrelation,
  ) {
    const { order, lags, even, odd, error } = autocorrelation;
    this.own = even.length + odd.length <= OWN_COEFFICIENTS;
    this.factor = workspace(order);
    this.floor = Math.sqrt(2 * error) + Number.MIN_VALUE;
    this.seconds = secondsByCholesky(order, lags.length);
  }

  resolution(norm: number): number {
    const { order, error } = this.autocorrelation;
    return error / (norm * norm) + resolutionBelow(order);
  }

  async upperBounds(frequencies: readonly Frequency[], thresholds: readonly number[]): Promise<number[]> {
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
    for (let begin = 0; begin < frequencies.length; begin += chunk) {
      const some = frequencies.slice(begin, begin + chunk);
      const { real, imaginary } = await gramSymbols(engine, autocorrelation, some);
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

/** Symbols and their Gram matrices squared again and again on the device: much work, none of it sequential. */
class NormsBySquaring implements SymbolNorms {
  readonly seconds: number;
  readonly floor: number;
  private readonly error: number;
  private readonly taps: BulkArray;

  constructor(
    private readonly engine: Engine,
    private readonly kernel: PolyphaseKernel,
  ) {
    const { rows, positions } = kernel;
    const u = UNIT_ROUNDOFF_OF[engine.precision];
    this.error = symbolError(kernel, u);
    this.taps = engine.toBulk(kernel.values);
    const squares = sumOfSquares(kernel.values);
    this.floor =
      2 * this.error + Math.sqrt(4 * gamma(2 * rows + 4, u) * squares * positions.length) + 2 ** -120;
    this.seconds = secondsBySquaring(kernel);
  }

  /** With the mean of `||F||_F^2` over the torus in place of each symbol's own. */
  resolution(norm: number): number {
    const squares = sumOfSquares(this.kernel.values) / (norm * norm);
    const u = UNIT_ROUNDOFF_OF[this.engine.precision];
    return 8 * (gamma(2 * this.kernel.rows + 4, u) * squares + this.error / norm);
  }

  async upperBounds(frequencies: readonly Frequency[], thresholds: readonly number[]): Promise<number[]> {
    const { engine, kernel, taps, error } = this;
    const { rows, columns } = kernel;
    const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / (rows * columns)));
    const bounds: number[] = [];
    for (let begin = 0; begin < frequencies.length; begin += chunk) {
      const symbols = await symbolsAt(engine, kernel, taps, frequencies.slice(begin, begin + chunk));
      const some = thresholds.slice(begin, begin + chunk);
      const norms = await symbolNorms(engine, symbols, rows, columns, error, {
        thresholds: some,
        tolerance: 1e-6,
      });
      norms.forEach(({ upper }, i) => bounds.push(upper <= some[i] ? upper : Infinity));
    }
    return bounds;
  }
}
