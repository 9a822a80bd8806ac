/** The rows of a comparison: what stands in the cells of a pair, and in which order pairs are shown. */
import type { Indexed } from '../../src/editor/protocol/protocol';
import type { MatchedBy, PairReport } from '../../src/report/comparison/comparison';
import { errorsOf, pairNames, pairTexts } from '../../src/report/comparison/summary';
import { formatInterval, formatShape } from '../../src/report/numbers';
import type { LayerReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { sortBy, textKey } from '../rows';
import type { Key, Sorting } from '../rows';
import { operatorText } from '../table/cell-text';
import type { TableView } from '../view-state';

export type IndexedPair = Indexed<PairReport>;

export const PAIR_COLUMNS = [
  'index',
  'name',
  'operator',
  'shape',
  'normA',
  'normB',
  'ratio',
  'difference',
  'relative',
  'differenceRank',
  'matched',
  'certainty',
  'notes',
] as const;
export type PairColumn = (typeof PAIR_COLUMNS)[number];

export const PAIR_TABS = ['layers', 'plots', 'unpaired'] as const;
export type PairTab = (typeof PAIR_TABS)[number];

export const INITIAL_PAIR_VIEW: TableView<PairTab, PairColumn> = {
  tab: 'layers',
  sorting: { column: 'relative', descending: true },
  filter: { text: '', operator: '' },
  selected: null,
  detail: false,
  detailHeight: 300,
  scroll: 0,
};

/** Columns whose large values are looked for first. */
export const DESCENDING_FIRST: ReadonlySet<PairColumn> = new Set([
  'normA',
  'normB',
  'ratio',
  'difference',
  'relative',
]);

const MATCHES: readonly MatchedBy[] = ['name', 'prefix', 'position'];
const MATCH_WORDS = { name: 'byName', prefix: 'byPrefix', position: 'byPosition' } as const;

/** Another one for every pair. */
export function keyOfPair({ a, b }: PairReport): string {
  return JSON.stringify([a.name, b.name]);
}

export function layersOf({ a, b }: PairReport): readonly LayerReport[] {
  return [a, b];
}

export function sortPairs(
  pairs: readonly IndexedPair[],
  { column, descending }: Sorting<PairColumn>,
): IndexedPair[] {
  return sortBy(pairs, (pair) => sortKey(pair, column), descending);
}

function sortKey({ index, row }: IndexedPair, column: PairColumn): Key {
  const { a, b, ratio, difference, matchedBy, notes } = row;
  switch (column) {
    case 'index':
      return index;
    case 'name':
      return textKey(a.name);
    case 'operator':
      return a.op;
    case 'shape':
      return a.shape.reduce((product, size) => product * size, 1);
    case 'normA':
      return a.lipschitz?.upper ?? null;
    case 'normB':
      return b.lipschitz?.upper ?? null;
    case 'ratio':
      return ratio?.upper ?? null;
    case 'difference':
      return difference?.lipschitz.upper ?? null;
    case 'relative':
      // What is not limited has moved most.
      return difference && (difference.relative?.upper ?? Infinity);
    case 'differenceRank':
      return rankOf(row)?.value ?? null;
    case 'matched':
      return MATCHES.indexOf(matchedBy);
    case 'certainty':
      return difference?.lipschitz.certainty ?? null;
    case 'notes':
      return notes.length === 0 ? null : notes.join('; ');
  }
}

/** Of a difference that is not zero. */
function rankOf({ difference }: PairReport) {
  return difference?.lipschitz.upper === 0 ? null : (difference?.stableRank ?? null);
}

export function pairText(column: PairColumn, { index, row }: IndexedPair, locale: Locale): string {
  const { strings } = locale;
  const { a, b, difference, matchedBy, transposed, notes } = row;
  const texts = pairTexts(row);
  switch (column) {
    case 'index':
      return String(index + 1);
    case 'name':
      return pairName(row);
    case 'operator':
      return either(operatorText(a, locale), operatorText(b, locale));
    case 'shape':
      return either(formatShape(a.shape), formatShape(b.shape));
    case 'normA':
      return normText(a, locale);
    case 'normB':
      return normText(b, locale);
    case 'ratio':
      return locale.number(texts.ratio);
    case 'difference':
      return difference ? locale.number(formatInterval(difference.lipschitz)) : whyNone(row, locale);
    case 'relative':
      return difference?.relative === null ? strings.unlimited : locale.number(texts.relative);
    case 'differenceRank':
      return locale.number(texts.stableRank);
    case 'matched': {
      const way = strings[MATCH_WORDS[matchedBy]];
      return transposed ? locale.text('transposed', way) : way;
    }
    case 'certainty':
      return difference ? strings[difference.lipschitz.certainty] : '';
    case 'notes':
      return notes.map((note) => displayName(locale.translate(note))).join('; ');
  }
}

/** `conv1`, or both names where they differ. */
export function pairName(pair: PairReport): string {
  return pairNames(pair).map(displayName).join(' ↔ ');
}

/** Why there is no difference: the errors, else the notes. */
export function whyNone(pair: PairReport, locale: Locale): string {
  const errors = errorsOf(pair);
  return (errors.length > 0 ? errors : pair.notes)
    .map((sentence) => displayName(locale.translate(sentence)))
    .join('; ');
}

/** What the way of matching means, in words. */
export function describeMatch({ matchedBy }: PairReport, { strings }: Locale): string {
  return `${strings[MATCH_WORDS[matchedBy]]}: ${strings[`${MATCH_WORDS[matchedBy]}Meaning`]}`;
}

export function isFailed(pair: PairReport): boolean {
  return errorsOf(pair).length > 0;
}

export function isEqual({ difference }: PairReport): boolean {
  return difference?.lipschitz.upper === 0;
}

function normText({ lipschitz }: LayerReport, locale: Locale): string {
  return lipschitz ? locale.number(formatInterval(lipschitz)) : locale.strings.failed;
}

function either(a: string, b: string): string {
  return a === b ? a : `${a} ↔ ${b}`;
}
