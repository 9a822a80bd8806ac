/** How flat the symbols of convolutions are, which decides how long their bounds take: a short look at some weights. */
import { climb, normAt, startingFrequencies, type SymbolPeak } from '../bounds/symbols/climb';
import { spread } from '../bounds/symbols/spread';
import {
  halfExtent,
  meanEigenvalue,
  polyphase,
  type PolyphaseKernel,
  product,
  undilated,
} from '../bounds/kernel';
import type { Operator } from '../model/model';
import { convolutionLayer } from './operator';
import type { Settings } from '../report/report';

/** How long the look may take, seconds; one kernel more may be read than that. */
const LOOK_SECONDS = 0.3;
/** Largest kernel that is looked at, values. */
const LARGEST_KERNEL = 2 ** 23;
/** Groups of a layer that are looked at, at most. */
const GROUPS = 5;
/** Lanczos steps at a frequency: what they miss, they miss at all frequencies. */
const STEPS = 4;
/** Means above it are looked at again. */
const ISOMETRIC = 0.6;

/** What of a symbol F, about, decides how many comparisons it takes. */
export interface Flatness {
  /** The norm over most of the torus, next to the highest: close to 1 for kernels without structure. */
  readonly ratio: number;
  /** The mean of the eigenvalues of all `F^H F`, next to the largest one: close to 1 for isometries only. */
  readonly mean: number;
}

/** Where nothing is known. */
export const USUAL_FLATNESS: Flatness = { ratio: 0.8, mean: 0.25 };

export async function flatnessOf(original: PolyphaseKernel): Promise<Flatness> {
  const kernel = undilated(original);
  const peaks: SymbolPeak[] = [];
  for (const frequency of startingFrequencies(halfExtent(kernel))) {
    peaks.push({ frequency, norm: await normAt(kernel, frequency, STEPS, 0) });
  }
  peaks.sort((a, b) => a.norm - b.norm);
  const highest = peaks[peaks.length - 1];
  if (highest.norm === 0) return { ratio: 0, mean: 0 };
  const ratio = peaks[Math.floor(peaks.length / 2)].norm / highest.norm;
  let mean = meanEigenvalue(kernel) / highest.norm ** 2;
  // So it may only look where the peak lies elsewhere.
  if (mean > ISOMETRIC) {
    const { norm } = await climb(kernel, highest.frequency, 3, 0);
    mean = meanEigenvalue(kernel) / norm ** 2;
  }
  return { ratio, mean: Math.min(1, mean) };
}

/**
 * The same of operators: of the first ones, as many as can be looked at in a moment, and of the others what is usual among
 * those. A weight that cannot be read, or holds NaN, says nothing here; its row will say why.
 */
export async function flatnesses(
  operators: readonly Operator[],
  settings: Settings,
): Promise<(operator: Operator) => Flatness> {
  const found = new Map<Operator, Flatness>();
  const begun = performance.now();
  for (const operator of operators) {
    if (performance.now() - begun > LOOK_SECONDS * 1000) break;
    if (operator.kind !== 'convolution' || product(operator.tensor.shape) > LARGEST_KERNEL) continue;
    try {
      const layer = convolutionLayer(operator, await operator.tensor.read(), settings);
      const some = spread(
        Array.from({ length: layer.groups }, (_, g) => g),
        GROUPS,
      );
      const ofGroups = await Promise.all(some.map((g) => flatnessOf(polyphase(layer.values, layer, g))));
      const flatness = { ratio: median(ofGroups, 'ratio'), mean: median(ofGroups, 'mean') };
      if (Number.isFinite(flatness.ratio + flatness.mean)) found.set(operator, flatness);
    } catch {
      continue;
    }
  }
  const known = [...found.values()].sort((a, b) => a.ratio - b.ratio);
  const usual = known[Math.floor(known.length / 2)] ?? USUAL_FLATNESS;
  return (operator) => found.get(operator) ?? usual;
}

function median(all: readonly Flatness[], key: keyof Flatness): number {
  return all.map((one) => one[key]).sort((a, b) => a - b)[Math.floor(all.length / 2)];
}
