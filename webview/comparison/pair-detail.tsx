import type { PairReport } from '../../src/report/comparison/comparison';
import { errorsOf, pairTexts } from '../../src/report/comparison/summary';
import { formatNumber, formatSeconds, formatShape } from '../../src/report/numbers';
import type { LayerReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { formatScope, formatStableRank } from '../../src/report/wording';
import { describeInterval, describeOperator } from '../detail/describe';
import { Field } from '../detail/field';
import { DetailFrame } from '../detail/frame';
import type { FrameProps } from '../detail/frame';
import type { Locale } from '../locale';
import { PairedPlot } from './pair-plots';
import type { PairPlotProps } from './pair-plots';
import { describeMatch, isEqual, pairName } from './pairs';

interface Props extends FrameProps {
  readonly pair: PairReport;
  /** Null where the plots are on the page already. */
  readonly plots: PairPlotProps | null;
  readonly locale: Locale;
  /** The names of the weights are pointed out. */
  readonly weights: boolean;
}

/** All that is known of one pair, in words. */
export function PairDetail({ pair, plots, locale, weights, ...frame }: Props) {
  const { strings } = locale;
  const { a, b, difference, notes } = pair;
  const texts = pairTexts(pair);
  const errors = errorsOf(pair);
  return (
    <DetailFrame {...frame} title={pairName(pair)} locale={locale} plot={plots && <PairedPlot {...plots} />}>
      <dl>
        {errors.length > 0 && (
          <Field label={strings.error}>
            {errors.map((error) => (
              <p key={error}>{displayName(locale.translate(error))}</p>
            ))}
          </Field>
        )}
        {difference && (
          <>
            <Field label={strings.difference}>
              {describeInterval(difference, locale)}
              {isEqual(pair) && `. ${strings.noDifference}.`}
            </Field>
            <Field label={strings.relative}>
              {difference.relative ? locale.number(texts.relative) : strings.unlimited}
            </Field>
          </>
        )}
        {pair.ratio && <Field label={strings.ratio}>{locale.number(texts.ratio)}</Field>}
        {difference && (
          <>
            {texts.stableRank !== '' && (
              <Field label={strings.differenceRank}>{locale.number(texts.stableRank)}</Field>
            )}
            {difference.frobenius !== null && (
              <Field label={strings.differenceFrobenius}>
                {locale.number(formatNumber(difference.frobenius))}
              </Field>
            )}
            {difference.largestRowNorm !== null && (
              <Field label={strings.differenceRow}>
                {locale.number(formatNumber(difference.largestRowNorm))}
              </Field>
            )}
            <Field label={strings.holdsFor}>
              {difference.lipschitz.scope === 'any input size'
                ? strings.anyInput
                : locale.text('inputOf', formatScope(difference.lipschitz))}
            </Field>
            <Field label={strings.method}>{displayName(locale.translate(difference.lipschitz.method))}</Field>
            <Field label={strings.certainty}>
              {strings[difference.lipschitz.certainty]}: {strings[`${difference.lipschitz.certainty}Meaning`]}
            </Field>
          </>
        )}
        <Field label={strings.matchedBy}>
          {pair.transposed
            ? locale.text('transposed', describeMatch(pair, locale))
            : describeMatch(pair, locale)}
        </Field>
        <Side label={strings.detailA} row={a} locale={locale} weight={weights} />
        <Side label={strings.detailB} row={b} locale={locale} weight={weights} />
        <Field label={strings.time}>{locale.number(formatSeconds(pair.seconds))}</Field>
        {notes.length > 0 && (
          <Field label={strings.notes}>
            {notes.map((note) => (
              <p key={note}>{displayName(locale.translate(note))}</p>
            ))}
          </Field>
        )}
      </dl>
    </DetailFrame>
  );
}

interface SideProps {
  readonly label: string;
  readonly row: LayerReport;
  readonly locale: Locale;
  readonly weight: boolean;
}

/** The layer of one of the two models. */
function Side({ label, row, locale, weight }: SideProps) {
  const { strings } = locale;
  return (
    <Field label={label} testId="weight" pointedOut={weight}>
      <p>
        <code>{displayName(row.name)}</code>: {row.lipschitz ? describeInterval(row, locale) : strings.failed}
      </p>
      <p class="dim">
        {describeOperator(row, locale)}
        {row.stableRank &&
          `, ${strings.columnRank.toLocaleLowerCase()} ${locale.number(formatStableRank(row.stableRank))}`}
        , <code>{displayName(row.weight)}</code> {formatShape(row.shape)}, {displayName(row.dtype)}
      </p>
      {row.notes.map((note) => (
        <p class="dim" key={note}>
          {displayName(locale.translate(note))}
        </p>
      ))}
    </Field>
  );
}
