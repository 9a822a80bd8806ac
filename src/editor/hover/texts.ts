/** Every text of hovers and inlay hints, in the user's language. Those that take `Markdown` are Markdown themselves. */
import { l10n } from 'vscode';
import type { Certainty } from '../../report/report';
import type { Markdown } from './markdown';

const ANY_INPUT_SIZE = 'any input size';

export const TEXTS = {
  certainty: (certainty: Certainty): Markdown =>
    markdown(
      {
        certified: () => l10n.t('certified'),
        analytic: () => l10n.t('analytic (rounding not accounted for)'),
        probable: () => l10n.t('probable'),
        estimate: () => l10n.t('an estimate, no bound'),
      }[certainty](),
    ),
  scope: (scope: string, size: Markdown): Markdown =>
    markdown(scope === ANY_INPUT_SIZE ? l10n.t('any input size') : l10n.t('input size {0}', size)),

  layers: (count: number): Markdown =>
    markdown(count === 1 ? l10n.t('1 layer') : l10n.t('{0} layers', count)),
  cancelled: (finished: number, of: number): Markdown =>
    markdown(l10n.t('Cancelled after {0} of {1} layers: the others are not counted here.', finished, of)),
  withoutBound: (count: number): Markdown =>
    markdown(
      count === 1
        ? l10n.t('1 layer has no bound and is not counted here.')
        : l10n.t('{0} layers have no bound and are not counted here.', count),
    ),
  largestNorm: (norm: Markdown, layer: Markdown, certainty: Markdown): Markdown =>
    markdown(l10n.t('Largest norm: **{0}** ({2}), {1}', norm, layer, certainty)),
  product: (count: number, product: Markdown, certainties: Markdown): Markdown =>
    markdown(
      l10n.t(
        'Product of {0} upper bounds: **{1}** ({2}), meaningful only where these layers form one chain',
        count,
        product,
        certainties,
      ),
    ),
  lowestRanks: (ranks: Markdown): Markdown => markdown(l10n.t('Lowest stable ranks: {0}', ranks)),
  rankOf: (rank: Markdown, share: Markdown, layer: Markdown): Markdown =>
    markdown(l10n.t('{0} ({1}) {2}', rank, share, layer)),

  norm: (norm: Markdown, scope: Markdown, certainty: Markdown): Markdown =>
    markdown(l10n.t('Lipschitz constant: **{0}**, {1}, {2}', norm, scope, certainty)),
  noBound: (error: Markdown): Markdown => markdown(l10n.t('No bound: {0}', error)),
  rank: (rank: Markdown, share: Markdown): Markdown =>
    markdown(l10n.t('Stable rank: **{0}**, {1} of the full rank', rank, share)),
  weight: (weight: Markdown): Markdown => markdown(l10n.t('Weight: {0}', weight)),
  model: (model: Markdown, age: Markdown): Markdown => markdown(l10n.t('In {0}, analyzed {1}', model, age)),
  more: (count: number): Markdown =>
    markdown(
      count === 1 ? l10n.t('1 more layer has this name.') : l10n.t('{0} more layers have this name.', count),
    ),

  analyzed: (age: Markdown): Markdown => markdown(l10n.t('Analyzed {0}', age)),
  settings: (settings: Markdown): Markdown =>
    markdown(l10n.t('With other settings than usual: {0}', settings)),
  notAnalyzed: (): Markdown => markdown(l10n.t('Not analyzed yet.')),
  stale: (): Markdown => markdown(l10n.t('**The file has changed since.**')),

  analyze: (): Markdown => markdown(l10n.t('Analyze Lipschitz')),
  analyzeAgain: (): Markdown => markdown(l10n.t('Analyze Again')),
  openPanel: (): Markdown => markdown(l10n.t('Open Table')),
  openLayer: (): Markdown => markdown(l10n.t('Open in Table')),

  /** Behind a name, as short as can be; plain text. */
  hint: (norm: string, rank: string | null): string =>
    rank === null ? l10n.t('‖W‖ {0}', norm) : l10n.t('‖W‖ {0} · sr {1}', norm, rank),
  hintOfCertainty: (hint: string, certainty: Exclude<Certainty, 'certified'>): string =>
    ({
      analytic: () => l10n.t('{0} (analytic)', hint),
      probable: () => l10n.t('{0} (probable)', hint),
      estimate: () => l10n.t('{0} (estimate)', hint),
    })[certainty](),
  hintOfSettings: (hint: string, settings: string): string => l10n.t('{0} ({1})', hint, settings),
  hintStale: (hint: string): string => l10n.t('{0} (file changed)', hint),
};

export type Texts = typeof TEXTS;

/** A translation is trusted, what is put into it is escaped already. */
function markdown(text: string): Markdown {
  return text as Markdown;
}
