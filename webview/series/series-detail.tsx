import { formatShape } from '../../src/report/numbers';
import type { SeriesLayer, SeriesValue } from '../../src/report/series/series';
import { displayName } from '../../src/report/text';
import { formatScope, formatStableRank } from '../../src/report/wording';
import { Field } from '../detail/field';
import { DetailFrame } from '../detail/frame';
import type { FrameProps } from '../detail/frame';
import type { Locale } from '../locale';
import { CertaintyLabel } from '../table/cells';
import { SeriesPlot } from './series-plot';
import type { SeriesPlotProps } from './series-plot';
import { valueHint, valueText } from './series-rows';

interface Props extends FrameProps {
  readonly layer: SeriesLayer;
  /** Of the checkpoints, short. */
  readonly labels: readonly string[];
  /** Null where the plot is on the page already. */
  readonly plot: SeriesPlotProps | null;
  readonly locale: Locale;
  /** The name of the weight is pointed out. */
  readonly weight: boolean;
}

/** All that is known of one layer, checkpoint by checkpoint. */
export function SeriesDetail({ layer, labels, plot, locale, weight, ...frame }: Props) {
  const { strings } = locale;
  const { name, op, shape, dtype, parameters, values } = layer;
  const notes = [...new Set(values.flatMap((value) => value?.notes ?? []))];
  return (
    <DetailFrame {...frame} title={displayName(name)} locale={locale} plot={plot && <SeriesPlot {...plot} />}>
      <dl>
        <Field label={strings.operator}>{displayName(op)}</Field>
        <Field label={strings.weight} testId="weight" pointedOut={weight}>
          <code>{displayName(layer.weight)}</code> {formatShape(shape)}
        </Field>
        <Field label={strings.columnParameters}>
          {locale.text('parametersOf', locale.count(parameters), displayName(dtype))}
        </Field>
        {notes.length > 0 && (
          <Field label={strings.notes}>
            {notes.map((note) => (
              <p key={note}>{displayName(locale.translate(note))}</p>
            ))}
          </Field>
        )}
      </dl>
      <table class="groups">
        <caption>{strings.tabOver}</caption>
        <thead>
          <tr>
            <th scope="col">{strings.checkpoint}</th>
            <th scope="col">{strings.columnNorm}</th>
            <th scope="col">{strings.columnRank}</th>
            <th scope="col">{strings.columnScope}</th>
            <th scope="col">{strings.columnCertainty}</th>
          </tr>
        </thead>
        <tbody>
          {labels.map((label, index) => (
            <tr key={index}>
              <th scope="row">{displayName(label)}</th>
              <Value value={values.at(index) ?? null} locale={locale} />
            </tr>
          ))}
        </tbody>
      </table>
    </DetailFrame>
  );
}

function Value({ value, locale }: { readonly value: SeriesValue | null; readonly locale: Locale }) {
  const { lipschitz = null, stableRank = null } = value ?? {};
  if (lipschitz === null) return <td colSpan={4}>{valueHint(value, locale)}</td>;
  const scope = formatScope(lipschitz);
  return (
    <>
      <td>{valueText(value, locale)}</td>
      <td>{stableRank && locale.number(formatStableRank(stableRank))}</td>
      <td>{scope === 'any' ? locale.strings.anySize : scope}</td>
      <td>
        <CertaintyLabel certainty={lipschitz.certainty} locale={locale} />
      </td>
    </>
  );
}
