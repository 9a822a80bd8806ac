/** The norms of a symbol at a few frequencies: a short look, not a bound. */
import { halfExtent, type PolyphaseKernel, undilated } from '../bounds/kernel';
import { normAt, startingFrequencies } from '../bounds/symbols/climb';
import type { Frequency } from '../bounds/symbols/symbol';

/** Lanczos steps at a frequency: what they miss, they miss at all frequencies. */
const STEPS = 4;

/** Norms at the usual frequencies, and at more for a kernel of so many dimensions; the largest one last. */
export async function someNorms(
  original: PolyphaseKernel,
  more: (dimensions: number) => Frequency[] = () => [],
): Promise<number[]> {
  const kernel = undilated(original);
  const tau = halfExtent(kernel);
  const norms: number[] = [];
  for (const frequency of [...startingFrequencies(tau), ...more(tau.length)]) {
    norms.push(await roughNorm(kernel, frequency));
  }
  return norms.sort((a, b) => a - b);
}

/** The norm at a frequency, in so few steps that it is only compared with others of the kind. */
export function roughNorm(kernel: PolyphaseKernel, frequency: Frequency): Promise<number> {
  return normAt(kernel, frequency, STEPS, 0);
}
