/** What the line below the facts says of an analysis. */
import type { RunHead } from '../../src/editor/protocol/protocol';
import { formatAge } from '../../src/report/age';
import { formatSeconds } from '../../src/report/numbers';
import type { Locale } from '../locale';
import type { RunWords } from './words';

/** When it ended and how long it took; '' where that is not known. */
export function ended({ analysedAt, seconds }: RunHead, words: RunWords, locale: Locale): string {
  return analysedAt === null || seconds === null
    ? ''
    : locale.text(
        words.ended,
        formatAge(Date.now() - analysedAt, locale.tag),
        locale.number(formatSeconds(seconds)),
      );
}

/**
 * What the shown rows are not: of the latest run, all that there are, or those of the file as it is now; '' where they
 * are all of it.
 */
export function outcome(
  { state, stale }: Pick<RunHead, 'state' | 'stale'>,
  words: RunWords,
  locale: Locale,
): string {
  const shown = state.kind === 'failed' ? state.shown : state;
  return [
    shown !== state && shown !== null ? locale.strings.earlierResult : '',
    shown?.kind === 'cancelled' ? cancelledText(shown, words, locale) : '',
    stale ? locale.strings[words.stale] : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function cancelledText(
  { finished, of }: { readonly finished: number; readonly of: number },
  words: RunWords,
  locale: Locale,
): string {
  return of === 0
    ? locale.strings.cancelledEarly
    : locale.text(words.cancelled, locale.count(finished), locale.count(of));
}

/** What is read aloud of an analysis: its begin, every tenth of it, its end. */
export function announcement({ state, seconds }: RunHead, words: RunWords, locale: Locale): string {
  switch (state.kind) {
    case 'running': {
      const { finished, of } = state.progress;
      const tenth = Math.floor((10 * finished) / Math.max(1, of));
      return locale.text(words.running, locale.count(Math.ceil((tenth * of) / 10)), locale.count(of));
    }
    case 'bounding':
      return locale.strings.bounding;
    case 'searching':
      return locale.strings.searching;
    case 'finished':
      return seconds === null ? '' : locale.text('finishedIn', locale.number(formatSeconds(seconds)));
    case 'cancelled':
      return cancelledText(state, words, locale);
    default:
      return '';
  }
}
