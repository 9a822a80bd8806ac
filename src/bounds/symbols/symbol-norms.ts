/** Upper bounds of the norms of symbols, by the way that is fastest where the engine computes. */
import { type BulkArray, type Engine, UNIT_ROUNDOFF_OF } from '../../compute/engine';
import { type Autocorrelation, autocorrelate, lagCount } from './autocorrelation';
import { symbolNorms } from './hermitian';
import type { PolyphaseKernel } from '../kernel';
import { coefficientCount, NormsByCholesky, secondsByCholesky } from './norms-by-cholesky';
import { NormsByCompanions, WORTH_SENDING } from './norms-by-companions';
import { gamma } from '../rounding';
import { type Frequency, symbolError, symbolsAt } from './symbol';
import { sumOfSquares } from '../values';

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
/** Values of the coefficients of an autocorrelation that may be held: 256 MB. */
const MAX_COEFFICIENTS = 2 ** 25;
/** Order from which a device is faster, at many times the work, than the processor. */
const DEVICE_ORDER = 64;

/** Flops a second of products of matrices, and what a symbol costs however small it is, seconds. */
const SPEED = 3e10;
const OVERHEAD = 4e-6;

/** The autocorrelation of a kernel for `symbolNormsOf`; null where it is not of use, or does not fit into memory. */
export function autocorrelationFor(engine: Engine, kernel: PolyphaseKernel): Promise<Autocorrelation | null> {
  return usesAutocorrelation(engine, kernel) ? autocorrelate(engine, kernel) : Promise.resolve(null);
}

function usesAutocorrelation(engine: Engine, kernel: PolyphaseKernel): boolean {
  const onDevice = engine.precision === 'float32' && kernel.columns >= DEVICE_ORDER;
  return !onDevice && coefficientCount(kernel.columns, lagCount(kernel)) <= MAX_COEFFICIENTS;
}

/** About how long one bound of a kernel's symbol takes on a typical processor, seconds. */
export function secondsPerSymbol(engine: Engine, kernel: PolyphaseKernel): number {
  return usesAutocorrelation(engine, kernel)
    ? secondsByCholesky(kernel.columns, lagCount(kernel))
    : secondsBySquaring(kernel);
}

function secondsBySquaring({ rows, columns, positions }: PolyphaseKernel): number {
  const flops = 4 * positions.length * rows * columns + 8 * columns ** 2 * rows + 40 * columns ** 3;
  return OVERHEAD + flops / SPEED;
}

/** @param autocorrelation of the kernel, from `autocorrelationFor` */
export function symbolNormsOf(
  engine: Engine,
  kernel: PolyphaseKernel,
  autocorrelation: Autocorrelation | null,
): SymbolNorms {
  if (autocorrelation === null) return new NormsBySquaring(engine, kernel);
  const own = new NormsByCholesky(engine, autocorrelation);
  if (engine.companions === null || own.seconds < WORTH_SENDING) return own;
  return new NormsByCompanions(engine.companions, autocorrelation, own);
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
