import { describeAdapter } from '../../src/report/adapter-columns';
import { formatInterval } from '../../src/report/numbers';
import type { AdapterReport, PromisedInterval } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { Field } from './field';

/** What is known of an update besides its norm, in words. */
export function AdapterFields({
  adapter,
  locale,
}: {
  readonly adapter: AdapterReport;
  readonly locale: Locale;
}) {
  const { strings } = locale;
  const { kind, decomposed, base } = adapter;
  const texts = describeAdapter(adapter);
  const promised = (interval: PromisedInterval, text: string) =>
    `${locale.number(text)} (${strings[interval.certainty]})`;
  return (
    <>
      <Field label={strings.adapter}>
        {[
          decomposed ? locale.text('adapterDecomposed', kind) : kind,
          texts.rank === '' ? '' : locale.text('adapterRankOf', texts.rank),
          texts.scale === ''
            ? strings.adapterScaleUnknown
            : locale.text('adapterScaleOf', locale.number(texts.scale)),
        ]
          .filter(Boolean)
          .join(', ')}
      </Field>
      {texts.first !== '' && (
        <Field label={strings.columnEnergy}>{locale.text('adapterEnergy', locale.number(texts.first))}</Field>
      )}
      {base && (
        <>
          <Field label={strings.adapterBase}>
            <code>{displayName(base.weight)}</code>, {promised(base.norm, formatInterval(base.norm))}
          </Field>
          {base.relative && (
            <Field label={strings.columnRelative}>
              {locale.text('adapterRelative', promised(base.relative, texts['of base']))}
            </Field>
          )}
          {base.sum && <Field label={strings.columnSum}>{promised(base.sum, texts['base + update'])}</Field>}
        </>
      )}
    </>
  );
}
