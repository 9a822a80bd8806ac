/** How flat the symbols of convolutions are, which decides how long their bounds take: a short look at some weights. */
import { normAt, startingFrequencies } from '../bounds/symbols/climb';
import { halfExtent, polyphase, type PolyphaseKernel, product, undilated } from '../bounds/kernel';
import type { Operator } from '../model/model';
import { convolutionLayer } from './operator';
import type { Settings } from '../report/report';

/** How long the look may take, seconds; one kernel more may be read than that. */
const LOOK_SECONDS = 0.3;
/** Largest kernel that is looked at, values. */
const LARGEST_KERNEL = 2 ** 23;
/** Lanczos steps at a frequency: what they miss, they miss at all frequencies. */
const STEPS = 4;
/** Ratio where nothing is known. */
export const USUAL_RATIO = 0.8;

/**
 * About what the norm of a symbol is over most of the torus, next to its highest: close to 1 for kernels without structure.
 */
export async function symbolRatio(original: PolyphaseKernel): Promise<number> {
  const kernel = undilated(original);
  const norms: number[] = [];
  for (const frequency of startingFrequencies(halfExtent(kernel))) {
    norms.push(await normAt(kernel, frequency, STEPS, 0));
  }
  const highest = Math.max(...norms);
  return highest === 0 ? 0 : norms.sort((a, b) => a - b)[Math.floor(norms.length / 2)] / highest;
}

/**
 * The ratios of operators: of the first ones, as many as can be looked at in a moment, and of the others what is usual among
 * those. A weight that cannot be read, or holds NaN, says nothing here; its row will say why.
 */
export async function symbolRatios(
  operators: readonly Operator[],
  settings: Settings,
): Promise<(operator: Operator) => number> {
  const found = new Map<Operator, number>();
  const begun = performance.now();
  for (const operator of operators) {
    if (performance.now() - begun > LOOK_SECONDS * 1000) break;
    if (operator.kind !== 'convolution' || product(operator.tensor.shape) > LARGEST_KERNEL) continue;
    try {
      const layer = convolutionLayer(operator, await operator.tensor.read(), settings);
      const ratio = await symbolRatio(polyphase(layer.values, layer, 0));
      if (Number.isFinite(ratio)) found.set(operator, ratio);
    } catch {
      continue;
    }
  }
  const known = [...found.values()].sort((a, b) => a - b);
  const usual = known[Math.floor(known.length / 2)] ?? USUAL_RATIO;
  return (operator) => found.get(operator) ?? usual;
}
