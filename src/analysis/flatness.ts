/** How flat the symbols of convolutions are, which decides how long their bounds take: a short look at some weights. */
import { spread } from '../bounds/symbols/spread';
import { steadierSide, usualDeviationOf } from '../bounds/symbols/steadier-side';
import { boundByTaps, polyphase, type PolyphaseKernel, product, undilated } from '../bounds/kernel';
import type { ConvolutionLayer } from '../bounds/convolution';
import type { Engine } from '../compute/engine';
import type { Operator } from '../model/model';
import { convolutionLayer } from './operator';
import { shareOfCloseGroups } from './close-groups';
import { roughNorm, someNorms } from './some-norms';
import type { Settings } from '../report/report';

/** How long the look may take, seconds; one kernel more may be read than that. */
const LOOK_SECONDS = 0.4;
/** Largest kernel that is looked at, values. */
const LARGEST_KERNEL = 2 ** 23;
/** Groups of a layer whose symbols are looked at, at most. */
const GROUPS = 5;

/** What of a symbol F, about, decides how many comparisons it takes. */
export interface Flatness {
  /** The norm over most of the torus, next to the highest: close to 1 for kernels without structure. */
  readonly ratio: number;
  /** The root mean square of the eigenvalues of `F^H F` less its mean over all frequencies, next to the largest one of `F^H F`: 0 for isometries. */
  readonly deviation: number;
  /** The largest eigenvalue of the mean of `F^H F`, next to the largest one of `F^H F`: 1 for isometries. */
  readonly mean: number;
  /** The sum of the norms of the taps, next to the highest norm: 1 where the taps add up, at one frequency, to all that they can. */
  readonly taps: number;
  /** Share of a layer's groups that are looked at closely on its input size (`shareOfCloseGroups`); null where it is not known. */
  readonly close: number | null;
}

/** Where nothing is known. */
export const USUAL_FLATNESS: Flatness = {
  ratio: 0.8,
  deviation: 0.25,
  mean: 0.5,
  taps: Infinity,
  close: null,
};

/** Of the symbol of one group. */
export async function flatnessOf(kernel: PolyphaseKernel): Promise<Omit<Flatness, 'close'>> {
  const norms = await someNorms(kernel);
  const highest = norms[norms.length - 1];
  if (highest === 0) return { ratio: 0, deviation: 0, mean: 0, taps: 1 };
  const side = steadierSide(undilated(kernel));
  return {
    ratio: norms[Math.floor(norms.length / 2)] / highest,
    deviation: usualDeviationOf(side) / highest ** 2,
    mean: ((await normOfStack(side)) / highest) ** 2,
    taps: boundByTaps(kernel) / highest,
  };
}

/** The norm of a kernel's taps below each other, `(sum_a K_a^T K_a)^(1/2)`: the root of the mean of `F^H F`. */
function normOfStack(kernel: PolyphaseKernel): Promise<number> {
  const { rows, positions } = kernel;
  const origin = positions[0].map(() => 0);
  return roughNorm({ ...kernel, rows: rows * positions.length, positions: [origin] }, origin);
}

/**
 * The same of operators: of the first ones, as many as can be looked at in a moment, and of the others what is usual among
 * those. A weight that cannot be read, or holds NaN, says nothing here; its row will say why.
 */
export async function flatnesses(
  engine: Engine,
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
      const flatness = await flatnessOfLayer(engine, layer);
      if (Object.values(flatness).every((value) => value === null || Number.isFinite(value)))
        found.set(operator, flatness);
    } catch {
      continue;
    }
  }
  const known = [...found.values()].sort((a, b) => a.ratio - b.ratio);
  // That taps add up is a kernel's own.
  const usual = { ...(known[Math.floor(known.length / 2)] ?? USUAL_FLATNESS), taps: Infinity, close: null };
  return (operator) => found.get(operator) ?? usual;
}

async function flatnessOfLayer(engine: Engine, layer: ConvolutionLayer): Promise<Flatness> {
  const groups = Array.from({ length: layer.groups }, (_, g) => g);
  const kernelOf = (group: number) => polyphase(layer.values, layer, group);
  const some = await Promise.all(spread(groups, GROUPS).map((group) => flatnessOf(kernelOf(group))));
  return {
    ratio: median(some.map(({ ratio }) => ratio)),
    deviation: median(some.map(({ deviation }) => deviation)),
    mean: median(some.map(({ mean }) => mean)),
    taps: median(some.map(({ taps }) => taps)),
    close: await shareOfCloseGroups(engine, layer),
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
