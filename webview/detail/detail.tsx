import type { IndexedRow, LayerSpectrum, PanelHead } from '../../src/editor/protocol/protocol';
import {
  formatInterval,
  formatNumber,
  formatSeconds,
  formatShape,
  formatShare,
} from '../../src/report/numbers';
import type { GroupReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { formatScope, formatStableRank } from '../../src/report/wording';
import type { Locale } from '../locale';
import { NormPlot } from '../plots/network-plots';
import type { PlotProps } from '../plots/network-plots';
import { SpectrumPlots } from '../plots/spectrum-plots';
import { overLayerBudget } from '../rows';
import { AdapterFields } from './adapter-fields';
import { describeInterval, describeOperator, explainWidth } from './describe';
import { Field } from './field';
import { DetailFrame } from './frame';
import type { FrameProps } from './frame';
import { SpectrumField } from './spectrum-field';

interface Props extends FrameProps {
  readonly row: IndexedRow;
  readonly head: PanelHead;
  /** Null where the plots are on the page already. */
  readonly plots: PlotProps | null;
  /** Null where nobody has asked for the singular values. */
  readonly spectrum: LayerSpectrum['state'] | null;
  readonly locale: Locale;
  /** Name of the layer whose weight's name is pointed out; null: none. */
  readonly weightOf: string | null;
}

/** Rows of a table that nobody pages through. */
const MOST_GROUPS = 64;

/** All that is known of one layer, in words. */
export function Detail({ row: { row }, head, plots, spectrum, locale, weightOf, ...frame }: Props) {
  const known = spectrum?.kind === 'known' ? spectrum.spectrum : null;
  const { strings } = locale;
  const { lipschitz, stableRank, groups, notes, error } = row;
  const name = displayName(row.name);
  const number = (x: number) => locale.number(formatNumber(x));
  return (
    <DetailFrame
      {...frame}
      title={name}
      locale={locale}
      plot={
        (plots || known) && (
          <>
            {known && <SpectrumPlots spectrum={known} locale={locale} />}
            {plots && <NormPlot {...plots} />}
          </>
        )
      }
    >
      <dl>
        {error !== null && <Field label={strings.error}>{displayName(locale.translate(error))}</Field>}
        {lipschitz && (
          <>
            <Field label={strings.interval}>
              {describeInterval(row, locale)} <Budget row={row} head={head} locale={locale} />
            </Field>
            <Field label={strings.holdsFor}>
              {lipschitz.scope === 'any input size'
                ? strings.anyInput
                : locale.text('inputOf', formatScope(lipschitz))}
            </Field>
          </>
        )}
        <Field label={strings.operator}>{describeOperator(row, locale)}</Field>
        {row.adapter && <AdapterFields adapter={row.adapter} locale={locale} />}
        {lipschitz && (
          <>
            <Field label={strings.method}>{displayName(locale.translate(lipschitz.method))}</Field>
            <Field label={strings.certainty}>
              {strings[lipschitz.certainty]}: {strings[`${lipschitz.certainty}Meaning`]}
            </Field>
            <Field label={strings.why}>{explainWidth(row, head.settings, locale)}</Field>
          </>
        )}
        {stableRank && (
          <Field label={strings.stableRank}>
            {locale.text(
              'stableRankOf',
              locale.number(formatStableRank(stableRank)),
              locale.number(formatShare(stableRank.normalized)),
            )}
          </Field>
        )}
        {row.frobenius !== null && <Field label={strings.frobenius}>{number(row.frobenius)}</Field>}
        {row.largestRowNorm !== null && (
          <Field label={strings.largestRow}>{number(row.largestRowNorm)}</Field>
        )}
        {error === null && (
          <Field label={strings.spectrum} testId="spectrum">
            <SpectrumField layer={row.name} state={spectrum} canAsk={!head.stale} locale={locale} />
          </Field>
        )}
        <Field label={strings.weight} testId="weight" pointedOut={weightOf === row.name}>
          <code>{displayName(row.weight)}</code> {formatShape(row.shape)}
        </Field>
        <Field label={strings.columnParameters}>
          {locale.text('parametersOf', locale.count(row.parameters), displayName(row.dtype))}
        </Field>
        <Field label={strings.time}>{locale.number(formatSeconds(row.seconds))}</Field>
        {notes.length > 0 && (
          <Field label={strings.notes}>
            {notes.map((note) => (
              <p key={note}>{displayName(locale.translate(note))}</p>
            ))}
          </Field>
        )}
      </dl>
      {groups !== null && groups.length > 1 && <Groups groups={groups} locale={locale} />}
    </DetailFrame>
  );
}

function Budget({
  row,
  head: { budgets },
  locale,
}: Pick<Props, 'head'> & { readonly row: IndexedRow['row']; readonly locale: Locale }) {
  const over = overLayerBudget(row, budgets.layer);
  if (over === null) return null;
  return (
    <span class="over">
      <span class="codicon codicon-warning" aria-hidden="true" />{' '}
      {locale.text(over.certainly ? 'budgetOver' : 'budgetMaybe', locale.number(String(budgets.layer)))}
    </span>
  );
}

function Groups({ groups, locale }: { readonly groups: readonly GroupReport[]; readonly locale: Locale }) {
  const { strings } = locale;
  return (
    <table class="groups">
      <caption>{strings.groups}</caption>
      <thead>
        <tr>
          <th scope="col">{strings.group}</th>
          <th scope="col">{strings.columnNorm}</th>
          <th scope="col">{strings.columnRank}</th>
        </tr>
      </thead>
      <tbody>
        {groups.slice(0, MOST_GROUPS).map((group, index) => (
          <tr key={index}>
            <td>{locale.count(index + 1)}</td>
            <td>{locale.number(formatInterval(group))}</td>
            <td>{group.stableRank && locale.number(formatStableRank(group.stableRank))}</td>
          </tr>
        ))}
        {groups.length > MOST_GROUPS && (
          <tr>
            <td colSpan={3}>{locale.text('moreGroups', locale.count(groups.length - MOST_GROUPS))}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
