import { useMemo } from 'preact/hooks';
import type { SeriesHead } from '../../src/editor/protocol/comparison';
import { CERTAINTIES } from '../../src/report/wording';
import type { Certainty } from '../../src/report/report';
import type { SeriesLayer } from '../../src/report/series/series';
import { displayName } from '../../src/report/text';
import { Controls } from '../head/controls';
import { aboutRun, Fact } from '../head/head';
import { RunState } from '../head/state-line';
import { OF_SERIES } from '../head/words';
import { hasFigures } from '../panel-data';
import type { PanelData } from '../panel-data';
import { CertaintyLabel } from '../table/cells';
import { changeOf, valueText } from './series-rows';
import type { IndexedSeries } from './series-rows';

interface Props {
  readonly data: PanelData<SeriesHead, SeriesLayer>;
  /** Of all files of the series, short. */
  readonly labels: readonly string[];
  /** Selects a layer and opens its details. */
  readonly onOpen: (layer: string) => void;
}

/** Which checkpoints, with which settings, and what is found in short. */
export function SeriesHeader({ data, labels, onOpen }: Props) {
  const { head, locale, rows } = data;
  const weakest = useMemo(() => weakestOf(rows), [rows]);
  return (
    <header class="head">
      <div class="head-line">
        <h1 title={head.files.map(({ path }) => path).join('\n')}>
          {[labels.at(0), labels.at(-1)].map((label) => displayName(label ?? '')).join(' … ')}
        </h1>
        {weakest && <CertaintyLabel certainty={weakest} locale={locale} />}
        <span class="space" />
        <Controls head={head} locale={locale} words={OF_SERIES} hasRows={rows.length > 0} />
      </div>
      <p class="about dim">{aboutRun(head, locale)}</p>
      <Facts data={data} onOpen={onOpen} />
      <RunState head={head} words={OF_SERIES} locale={locale} />
      {head.refusals.map((refusal) => (
        <p class="refusals" role="alert" key={refusal}>
          <span class="row-error">
            <span class="codicon codicon-error" aria-hidden="true" />{' '}
            {locale.text('refused', displayName(locale.translate(refusal)))}
          </span>
        </p>
      ))}
    </header>
  );
}

function Facts({ data, onOpen }: Omit<Props, 'labels'>) {
  const { head, locale, rows } = data;
  const { strings } = locale;
  const { checkpoints, files } = head;
  const none = '–';
  const known = hasFigures(data);
  const count = (count: number) => (known ? locale.count(count) : none);
  const most = useMemo(() => mostChanged(rows), [rows]);
  const absent = rows.reduce((sum, { row }) => sum + row.values.filter((value) => value === null).length, 0);
  const unmatched = checkpoints.reduce((sum, checkpoint) => sum + checkpoint.unmatched, 0);
  return (
    <dl class="facts" data-testid="facts">
      <Fact
        value={
          checkpoints.length === files.length
            ? count(files.length)
            : `${locale.count(checkpoints.length)} / ${locale.count(files.length)}`
        }
        label={strings.checkpoints}
      />
      <Fact value={count(rows.length)} label={strings.seriesLayers} />
      <Fact
        value={
          most
            ? [most.row.values.at(0), most.row.values.at(-1)]
                .map((value) => valueText(value ?? null, locale))
                .join(' → ')
            : none
        }
        label={strings.changedMost}
        layer={most?.row.name}
        onOpen={onOpen}
      />
      <Fact value={count(absent)} label={strings.absentCount} />
      <Fact value={count(unmatched)} label={strings.unmatchedCount} />
    </dl>
  );
}

/** Undefined where none changed. */
function mostChanged([first, ...rest]: readonly IndexedSeries[]): IndexedSeries | undefined {
  if (first === undefined) return undefined;
  const most = rest.reduce((most, row) => (changeOf(row.row) > changeOf(most.row) ? row : most), first);
  return changeOf(most.row) > 1 ? most : undefined;
}

function weakestOf(rows: readonly IndexedSeries[]): Certainty | undefined {
  const used = new Set(rows.flatMap(({ row }) => row.values.map((value) => value?.lipschitz?.certainty)));
  return (Object.keys(CERTAINTIES) as Certainty[]).findLast((certainty) => used.has(certainty));
}
