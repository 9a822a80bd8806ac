/** The comparisons of many symbols, shared out among companion processes. */
import type { Companions } from '../../compute/companions';
import { CompanionError } from '../../compute/companions';
import type { Autocorrelation } from './autocorrelation';
import type { NormsByCholesky } from './norms-by-cholesky';
import type { Frequency } from './symbol';
import type { SymbolNorms } from './symbol-norms';

/**
 * What a companion is asked: to hold a kernel's autocorrelation from now on, or for bounds of its symbols, to which it answers null
 * where it holds that of another kernel.
 */
export type CompanionRequest = { readonly kernel: number } & (
  | { readonly autocorrelation: Omit<Autocorrelation, 'phases'> }
  | { readonly frequencies: readonly Frequency[]; readonly thresholds: readonly number[] }
);

let kernels = 0;

/** Seconds of one kernel's work, as estimated, that are done here first: most kernels take no longer. */
export const OWN_SECONDS = 0.03;
/** Seconds of one comparison, as estimated, from which it is worth sending. */
export const WORTH_SENDING = 4e-5;
/** Parts that each companion's share of a batch comes in, so that all end at about the same time. */
const PARTS = 4;
/** Values of coefficients that all companions together may hold copies of: 256 MB. */
const MAX_COPIES = 2 ** 25;

export class NormsByCompanions implements SymbolNorms {
  readonly seconds: number;
  readonly floor: number;
  private readonly count: number;
  private worked = 0;
  private batches = 0;
  private readonly kernel = ++kernels;

  /** @param own the same bounds, computed in this process */
  constructor(
    private readonly companions: Companions,
    private readonly autocorrelation: Autocorrelation,
    private readonly own: NormsByCholesky,
  ) {
    const { even, odd } = autocorrelation;
    this.count = Math.min(companions.count, Math.floor(MAX_COPIES / (even.length + odd.length)));
    this.floor = own.floor;
    this.seconds = own.seconds / Math.max(1, this.count);
  }

  resolution(norm: number): number {
    return this.own.resolution(norm);
  }

  async upperBounds(frequencies: readonly Frequency[], thresholds: readonly number[]): Promise<number[]> {
    this.worked += frequencies.length * this.own.seconds;
    if (this.count < 2 || this.worked < OWN_SECONDS) return this.own.upperBounds(frequencies, thresholds);
    try {
      return await this.shared(frequencies, thresholds);
    } catch (error) {
      // What has happened to a companion is no reason to fail; there is this process.
      if (!(error instanceof CompanionError)) throw error;
      return this.own.upperBounds(frequencies, thresholds);
    }
  }

  private async shared(frequencies: readonly Frequency[], thresholds: readonly number[]): Promise<number[]> {
    if (this.batches === 0) await Promise.all(Array.from({ length: this.count }, (_, i) => this.hold(i)));
    const bounds: number[] = [];
    const size = Math.ceil(frequencies.length / (PARTS * this.count));
    let next = 0;
    const work = async (place: number) => {
      while (next < frequencies.length) {
        const begin = next;
        next += size;
        const [some, limits] = [frequencies, thresholds].map((all) => all.slice(begin, begin + size));
        const found = await this.ask(place, some as Frequency[], limits as number[]);
        found.forEach((bound, i) => (bounds[begin + i] = bound));
      }
    };
    // A batch of one is for another companion each time.
    const first = this.batches++;
    await Promise.all(Array.from({ length: this.count }, (_, i) => work((first + i) % this.count)));
    return bounds;
  }

  private async ask(place: number, frequencies: readonly Frequency[], thresholds: readonly number[]) {
    const { companions, kernel } = this;
    const request: CompanionRequest = { kernel, frequencies, thresholds };
    const bounds = (await companions.ask(place, request)) as number[] | null;
    if (bounds !== null) return bounds;
    // Another kernel's has taken its place. Both at once: nobody can ask for a third in between.
    const [, found] = await Promise.all([this.hold(place), companions.ask(place, request)]);
    return found as number[];
  }

  private hold(place: number): Promise<unknown> {
    const { order, lags, central, even, odd, error } = this.autocorrelation;
    const request: CompanionRequest = {
      kernel: this.kernel,
      autocorrelation: { order, lags, central, even, odd, error },
    };
    return this.companions.ask(place, request);
  }
}
