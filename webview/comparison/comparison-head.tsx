import { useMemo } from 'preact/hooks';
import type { ComparisonHead } from '../../src/editor/protocol/comparison';
import { isBusy } from '../../src/editor/protocol/protocol';
import type { PairReport } from '../../src/report/comparison/comparison';
import { displayName } from '../../src/report/text';
import { certainties } from '../../src/report/wording';
import { Controls } from '../head/controls';
import { aboutFile, aboutRun, Fact } from '../head/head';
import { Mark, RunState } from '../head/state-line';
import { OF_COMPARISON } from '../head/words';
import { host } from '../host';
import type { Locale } from '../locale';
import { hasFigures } from '../panel-data';
import type { PanelData } from '../panel-data';
import { CertaintyLabel } from '../table/cells';
import { isEqual, isFailed, keyOfPair, pairName, pairText, sortPairs } from './pairs';
import type { IndexedPair, PairTab } from './pairs';

interface Props {
  readonly data: PanelData<ComparisonHead, PairReport>;
  /** Selects a pair and opens its details. */
  readonly onOpen: (key: string) => void;
  readonly onTab: (tab: PairTab) => void;
}

/** Which two models, with which settings, and what is found in short. */
export function ComparisonHeader({ data, onOpen, onTab }: Props) {
  const { head, locale, rows } = data;
  const weakest = useMemo(() => certainties(rows.flatMap(({ row }) => [row.a, row.b])).at(-1), [rows]);
  const failed = rows.filter(({ row }) => isFailed(row)).length;
  return (
    <header class="head">
      <div class="head-line">
        <h1 title={head.files.map(({ path }) => path).join('\n')}>
          {head.files.map(({ name }) => displayName(name)).join(' ↔ ')}
        </h1>
        {weakest && <CertaintyLabel certainty={weakest} locale={locale} />}
        <span class="space" />
        <Controls head={head} locale={locale} words={OF_COMPARISON} hasRows={rows.length > 0} />
      </div>
      <Sides head={head} locale={locale} />
      <p class="about dim">{aboutRun(head, locale)}</p>
      <Facts data={data} onOpen={onOpen} onTab={onTab} />
      <RunState head={head} words={OF_COMPARISON} locale={locale}>
        {failed > 0 && <Mark icon="error" text={locale.text('failedPairs', locale.count(failed))} />}
      </RunState>
    </header>
  );
}

/** Which is A, and which is B. */
function Sides({ head, locale }: { readonly head: ComparisonHead; readonly locale: Locale }) {
  const { files, models, state } = head;
  const sides = files.map(({ name, path }, index) => (
    <span key={index} class="side" title={path}>
      <b class={`letter ${index === 0 ? 'a' : 'b'}`}>{index === 0 ? 'A' : 'B'}</b>
      <span class="side-name">{displayName(name)}</span>
      <span class="dim">{models?.[index] && aboutFile(models[index], locale)}</span>
    </span>
  ));
  return (
    <div class="sides" data-testid="sides">
      {sides[0]}
      <button
        type="button"
        class="icon"
        aria-label={locale.strings.swap}
        title={locale.strings.swap}
        disabled={isBusy(state) || state.kind === 'loading'}
        onClick={() => host.postMessage({ type: 'swap' })}
      >
        <span class="codicon codicon-arrow-swap" aria-hidden="true" />
      </button>
      {sides[1]}
    </div>
  );
}

function Facts({ data, onOpen, onTab }: Props) {
  const { head, locale, rows } = data;
  const { strings } = locale;
  const none = '–';
  const known = hasFigures(data);
  const count = (count: number) => (known ? locale.count(count) : none);
  const equal = rows.filter(({ row }) => isEqual(row)).length;
  const most = useMemo(() => mostMoved(rows), [rows]);
  const by = (['name', 'prefix', 'position'] as const).map((way) =>
    locale.count(rows.filter(({ row }) => row.matchedBy === way).length),
  );
  const opened = known || head.models !== null;
  const unpaired = (layers: readonly unknown[], label: string) => (
    <Fact
      value={opened ? locale.count(layers.length) : none}
      label={
        <button type="button" class="link" onClick={() => onTab('unpaired')}>
          {label}
        </button>
      }
    />
  );
  return (
    <dl class="facts" data-testid="facts">
      <Fact
        value={count(rows.length)}
        label={strings.pairs}
        title={known ? locale.text('pairsBy', by[0], by[1], by[2]) : undefined}
      />
      <Fact value={count(equal)} label={strings.equalPairs} />
      <Fact
        value={most ? pairText('relative', most, locale) : none}
        label={strings.largestChange}
        layer={most && pairName(most.row)}
        onOpen={() => {
          if (most) onOpen(keyOfPair(most.row));
        }}
      />
      {unpaired(head.onlyInA, strings.onlyInA)}
      {unpaired(head.onlyInB, strings.onlyInB)}
      <Fact
        value={opened ? head.skipped.map((skipped) => locale.count(skipped)).join(' + ') : none}
        label={strings.skippedInBoth}
      />
    </dl>
  );
}

/** Undefined where none moved. */
function mostMoved(rows: readonly IndexedPair[]): IndexedPair | undefined {
  const moved = rows.filter(({ row }) => row.difference !== null && !isEqual(row));
  return sortPairs(moved, { column: 'relative', descending: true }).at(0);
}
