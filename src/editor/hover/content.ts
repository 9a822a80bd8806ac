/** What hovers and inlay hints say of models and layers. */
import { basename } from 'node:path';
import { formatAge } from '../../report/age';
import type { Numerals } from '../../report/decimal-sign';
import { formatInterval, formatPowerOfTen, formatShape, formatShare } from '../../report/numbers';
import type { LayerReport, Report } from '../../report/report';
import { totals } from '../../report/totals';
import { certainties, formatScope, formatStableRank, unusualSettings } from '../../report/wording';
import type { Result } from '../analysis/results';
import { COMMANDS } from '../ids';
import type { OpenLayerArgument } from '../ids';
import type { Translate } from '../protocol/translation';
import type { KnownLayer } from './known-models';
import { code, commandLink, joined, lines, prose, sections } from './markdown';
import type { Markdown } from './markdown';
import type { Texts } from './texts';

/** What the words depend on besides the result. */
export interface Reader {
  readonly texts: Texts;
  readonly translate: Translate;
  readonly numerals: Numerals;
  /** BCP 47. */
  readonly locale: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The argument of the command `analyze` for a path. */
  readonly analyzeArgument: (path: string) => unknown;
}

/** Rows that are described below each other. */
export const MOST_LAYERS = 3;
const LOWEST_RANKS = 3;
/** Notes of a row that are shown; the panel has all. */
const MOST_NOTES = 2;

/** The model at a path on disk. */
export function describeModel(path: string, result: Result | null, reader: Reader): Markdown {
  const { texts } = reader;
  const name = bold(code(basename(path)));
  if (result === null) return joined([lines([name, texts.notAnalyzed()]), analyzeLink(path, reader)], '\n\n');
  const { report } = result;
  const format = prose(report.model.format === 'onnx' ? 'ONNX' : report.model.format);
  const head = joined([name, format, texts.layers(report.layers.length)], ' · ');
  const links = joined([openLink(report, null, reader), ...againLink(result, reader)], ' · ');
  return joined(
    [
      lines([head, ...incompleteness(report, texts), ...figures(report, reader)]),
      lines([
        texts.analyzed(age(result, reader)),
        ...otherSettings(result, reader),
        ...staleness(result, texts),
      ]),
      links,
    ],
    '\n\n',
  );
}

/** Layers that a name stands for, the likeliest first; not more than `MOST_LAYERS` of them. */
export function describeLayers(layers: readonly KnownLayer[], reader: Reader): Markdown {
  const more = layers.length - MOST_LAYERS;
  return sections([
    ...layers.slice(0, MOST_LAYERS).map((layer) => describeLayer(layer, reader)),
    ...(more > 0 ? [reader.texts.more(more)] : []),
  ]);
}

/** One text for all of them, or null: no layer, no bound, or layers that differ in what would be said. */
export function layerHint(layers: readonly KnownLayer[], reader: Reader): string | null {
  const hints = new Set(layers.map((layer) => hintOf(layer, reader)));
  const [hint] = hints;
  return hints.size === 1 ? hint : null;
}

function hintOf({ row, result }: KnownLayer, reader: Reader): string | null {
  const { texts, numerals } = reader;
  const { lipschitz, stableRank } = row;
  if (lipschitz === null) return null;
  const numbers = texts.hint(
    numerals(formatInterval(lipschitz)),
    stableRank === null ? null : numerals(formatStableRank(stableRank)),
  );
  const promised =
    lipschitz.certainty === 'certified' ? numbers : texts.hintOfCertainty(numbers, lipschitz.certainty);
  const settings = settingsOf(result, reader);
  const whole = settings === '' ? promised : texts.hintOfSettings(promised, settings);
  return result.stale ? texts.hintStale(whole) : whole;
}

function describeLayer({ row, result }: KnownLayer, reader: Reader): Markdown {
  const { texts } = reader;
  const { report } = result;
  const model = texts.model(code(basename(report.model.path)), age(result, reader));
  return joined(
    [
      lines([
        joined([bold(code(row.name)), prose(row.op), prose(formatShape(row.shape))], ' · '),
        ...bounds(row, reader),
        ...(row.weight === '' ? [] : [texts.weight(code(row.weight))]),
        ...row.notes.slice(0, MOST_NOTES).map((note) => prose(reader.translate(note))),
      ]),
      lines([model, ...otherSettings(result, reader), ...staleness(result, texts)]),
      joined([openLink(report, row.name, reader), ...againLink(result, reader)], ' · '),
    ],
    '\n\n',
  );
}

function bounds({ lipschitz, stableRank, error }: LayerReport, reader: Reader): Markdown[] {
  const { texts, translate } = reader;
  const number = (text: string) => prose(reader.numerals(text));
  if (lipschitz === null) return [texts.noBound(prose(translate(error ?? '')))];
  const scope = texts.scope(lipschitz.scope, prose(formatScope(lipschitz)));
  const norm = texts.norm(number(formatInterval(lipschitz)), scope, texts.certainty(lipschitz.certainty));
  if (stableRank === null) return [norm];
  const share = number(formatShare(stableRank.normalized));
  return [norm, texts.rank(number(formatStableRank(stableRank)), share)];
}

/** Why the figures below are not those of the whole network. */
function incompleteness({ layers, cancelled }: Report, texts: Texts): Markdown[] {
  const withoutBound = layers.filter(({ lipschitz }) => lipschitz === null).length;
  return [
    ...(cancelled ? [texts.cancelled(cancelled.finished, cancelled.of)] : []),
    ...(withoutBound > 0 ? [texts.withoutBound(withoutBound)] : []),
  ];
}

function figures(report: Report, { texts, numerals }: Reader): Markdown[] {
  const number = (text: string) => prose(numerals(text));
  const { largest, lowestRank, productLog10 } = totals(report);
  if (largest.length === 0) return [];
  const [{ lipschitz, name }] = largest;
  const promises = joined(certainties(report.layers).map(texts.certainty), ', ');
  const ranks = lowestRank
    .slice(0, LOWEST_RANKS)
    .map(({ stableRank, name }) =>
      texts.rankOf(
        number(formatStableRank(stableRank)),
        number(formatShare(stableRank.normalized)),
        code(name),
      ),
    );
  return [
    texts.largestNorm(number(formatInterval(lipschitz)), code(name), texts.certainty(lipschitz.certainty)),
    texts.product(largest.length, number(formatPowerOfTen(productLog10)), promises),
    ...(ranks.length > 0 ? [texts.lowestRanks(joined(ranks, ', '))] : []),
  ];
}

function age({ analysedAt }: Result, { now, locale }: Reader): Markdown {
  return prose(formatAge(now - analysedAt, locale));
}

function otherSettings(result: Result, reader: Reader): Markdown[] {
  const settings = settingsOf(result, reader);
  return settings === '' ? [] : [reader.texts.settings(prose(settings))];
}

/** Those that are not the default; '' where all are. */
function settingsOf({ report }: Result, { translate, numerals }: Reader): string {
  return unusualSettings(report.settings)
    .map((setting) => numerals(translate(setting)))
    .join(', ');
}

function staleness({ stale }: Result, texts: Texts): Markdown[] {
  return stale ? [texts.stale()] : [];
}

function openLink({ model }: Report, layer: string | null, { texts }: Reader): Markdown {
  const argument: OpenLayerArgument = { path: model.path, layer };
  return commandLink(layer === null ? texts.openPanel() : texts.openLayer(), COMMANDS.openLayer, argument);
}

function againLink({ report, stale }: Result, reader: Reader): Markdown[] {
  if (!stale) return [];
  const { texts, analyzeArgument } = reader;
  return [commandLink(texts.analyzeAgain(), COMMANDS.analyze, analyzeArgument(report.model.path))];
}

function analyzeLink(path: string, { texts, analyzeArgument }: Reader): Markdown {
  return commandLink(texts.analyze(), COMMANDS.analyze, analyzeArgument(path));
}

function bold(text: Markdown): Markdown {
  return `**${text}**` as Markdown;
}
