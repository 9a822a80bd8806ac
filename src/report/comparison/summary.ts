/** What a comparison says, for every format that people read. */
import { formatInterval } from '../numbers';
import type { LayerReport } from '../report';
import { formatScope, formatStableRank, plural } from '../wording';
import type { ComparisonReport, PairReport } from './comparison';

/** The pairs that moved most first; those of which it is not known how far last. */
export function worstFirst(pairs: readonly PairReport[]): PairReport[] {
  return pairs
    .map((pair) => ({ pair, moved: movement(pair) }))
    .sort((x, y) => y.moved - x.moved)
    .map(({ pair }) => pair);
}

/** The upper end of the relative difference; infinite where the layer in A may be zero. */
function movement({ difference }: PairReport): number {
  return difference === null ? -1 : (difference.relative?.upper ?? Infinity);
}

/** `conv1`, or both names where they differ. */
export function pairNames({ a, b }: PairReport): readonly string[] {
  return a.name === b.name ? [a.name] : [a.name, b.name];
}

/** The norm of a layer, or that there is none. */
export function formatNorm({ lipschitz }: LayerReport): string {
  return lipschitz ? formatInterval(lipschitz) : 'failed';
}

export interface PairTexts {
  readonly ratio: string;
  readonly difference: string;
  readonly relative: string;
  readonly stableRank: string;
  /** For which inputs, and how certain, where that is not what is usual. */
  readonly promise: string;
}

export function pairTexts({ ratio, difference, error }: PairReport): PairTexts {
  const { lipschitz, relative = null, stableRank } = difference ?? {};
  return {
    ratio: ratio ? formatInterval(ratio) : '',
    difference: lipschitz ? formatInterval(lipschitz) : error === null ? '' : 'failed',
    relative: relative ? formatInterval(relative) : '',
    stableRank: stableRank && lipschitz?.upper !== 0 ? formatStableRank(stableRank) : '',
    promise: lipschitz
      ? [
          formatScope(lipschitz).replace(/^any$/, ''),
          lipschitz.certainty === 'certified' ? '' : lipschitz.certainty,
        ]
          .filter((part) => part !== '')
          .join(', ')
      : '',
  };
}

/** Every error of a pair, with whose it is. */
export function errorsOf({ a, b, error }: PairReport): string[] {
  return [
    ...(a.error === null ? [] : [`A: ${a.error}`]),
    ...(b.error === null || b.error === a.error ? [] : [`B: ${b.error}`]),
    ...(error === null || error === a.error ? [] : [error]),
  ];
}

/** Sentences about the whole comparison, without names of layers. */
export function summarize({ pairs, cancelled }: ComparisonReport): string[] {
  const differences = pairs.flatMap(({ difference }) => difference ?? []);
  const equal = differences.filter(({ lipschitz }) => lipschitz.upper === 0).length;
  const failed = pairs.filter((pair) => errorsOf(pair).length > 0).length;
  const by = (['name', 'prefix', 'position'] as const).flatMap((way) => {
    const count = pairs.filter(({ matchedBy }) => matchedBy === way).length;
    return count === 0 ? [] : [`${count} by ${way}`];
  });
  return [
    ...(cancelled ? [`Cancelled after ${cancelled.finished} of ${plural(cancelled.of, 'pair')}.`] : []),
    ...(failed > 0 ? [`${plural(failed, 'pair')} failed.`] : []),
    `${plural(pairs.length, 'pair')} of layers${by.length === 0 ? '' : ` (matched ${by.join(', ')})`}, ${equal} without any difference`,
  ];
}

/** The notes of the differences, each once, in the order of the pairs that are shown. */
export function notesOf(pairs: readonly PairReport[]): string[] {
  return [...new Set(pairs.flatMap(({ notes }) => notes))];
}
