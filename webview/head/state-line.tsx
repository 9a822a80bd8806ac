import type { ComponentChildren } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';
import { formatSeconds } from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import { host } from '../host';
import type { Locale } from '../locale';
import type { PanelData } from '../panel-data';
import { overLayerBudget } from '../rows';
import { announcement, ended, outcome } from './state-text';
import { OF_MODEL } from './words';
import type { RunWords } from './words';
import type { Progress, RunHead } from '../../src/editor/protocol/protocol';

/** What the analysis of a model does. */
export function StateLine({ data: { head, locale, rows } }: { readonly data: PanelData }) {
  return (
    <RunState head={head} words={OF_MODEL} locale={locale}>
      <Marks rows={rows} budget={head.budgets.layer} locale={locale} />
    </RunState>
  );
}

interface Props {
  readonly head: RunHead;
  readonly words: RunWords;
  readonly locale: Locale;
}

/** What a run does, in a place that is always there: nothing below it moves when it changes. */
export function RunState({ children, ...props }: Props & { readonly children?: ComponentChildren }) {
  return (
    <div class="state" data-testid="state">
      <div class="state-now">
        <State {...props} />
      </div>
      {children}
      {/* Apart from what is seen, which changes too often to be read aloud. */}
      <span class="unseen" role="status">
        {announcement(props.head, props.words, props.locale)}
      </span>
    </div>
  );
}

/** How many layers ask for attention. */
function Marks({
  rows,
  budget,
  locale,
}: Pick<PanelData, 'rows' | 'locale'> & { readonly budget: number | null }) {
  const failed = rows.filter(({ row }) => row.error !== null).length;
  const over = rows.flatMap(({ row }) => overLayerBudget(row, budget) ?? []);
  const certainly = over.filter((one) => one.certainly).length;
  const maybe = over.length - certainly;
  return (
    <>
      {failed > 0 && <Mark icon="error" text={locale.text('failedCount', locale.count(failed))} />}
      {certainly > 0 && (
        <Mark icon="warning" text={locale.text('overBudgetCount', locale.count(certainly))} />
      )}
      {maybe > 0 && <Mark icon="warning" text={locale.text('maybeOverBudgetCount', locale.count(maybe))} />}
    </>
  );
}

export function Mark({ icon, text }: { readonly icon: 'error' | 'warning'; readonly text: string }) {
  return (
    <span class={`attention ${icon}`}>
      <span class={`codicon codicon-${icon}`} aria-hidden="true" /> {text}
    </span>
  );
}

function State({ head, words, locale }: Props) {
  const { strings } = locale;
  const { state, stale } = head;
  switch (state.kind) {
    case 'loading':
      return null;
    case 'empty':
      return <p class="dim">{strings[words.empty]}</p>;
    case 'queued':
      return <Bar text={strings.queued} share={null} />;
    case 'opening':
      return <Bar text={strings[words.opening]} share={null} />;
    case 'bounding':
      return <Bar text={strings.bounding} share={null} />;
    case 'searching':
      return <Bar text={strings.searching} share={null} />;
    case 'running':
      return <Running progress={state.progress} words={words} locale={locale} />;
    case 'confirm':
      return (
        <div class="banner question" role="alert">
          <span class="codicon codicon-watch" aria-hidden="true" />
          <span>{locale.text('confirmQuestion', locale.number(formatSeconds(state.seconds)))}</span>
          <vscode-button appearance="primary" onClick={() => host.postMessage({ type: 'confirm' })}>
            {strings[words.begin]}
          </vscode-button>
          <vscode-button appearance="secondary" onClick={() => host.postMessage({ type: 'cancel' })}>
            {strings.notNow}
          </vscode-button>
        </div>
      );
    case 'failed':
      return (
        <div class="banner failure" role="alert">
          <span class="codicon codicon-error" aria-hidden="true" />
          <span>{displayName(locale.translate(state.sentence))}</span>
          {state.shown !== null && (
            <span class="dim">{[outcome(head, words, locale), ended(head, words, locale)].join(' · ')}</span>
          )}
          <vscode-button appearance="secondary" onClick={() => host.postMessage({ type: 'showLog' })}>
            {strings.showLog}
          </vscode-button>
        </div>
      );
    case 'finished':
    case 'cancelled':
      if (stale) {
        return (
          <div class="banner warning" role="alert">
            <span class="codicon codicon-warning" aria-hidden="true" />
            <span>{outcome(head, words, locale)}</span>
            <span class="dim">{ended(head, words, locale)}</span>
            <RunAgain head={head} locale={locale} />
          </div>
        );
      }
      return <Ended head={head} words={words} locale={locale} />;
  }
}

/** An age is drawn anew so often, milliseconds. */
const AGE_INTERVAL = 10_000;

function Ended({ head, words, locale }: Props) {
  const [, redraw] = useReducer<number, void>((draws) => draws + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => redraw(), AGE_INTERVAL);
    return () => clearInterval(timer);
  }, []);
  return <p class="dim">{[outcome(head, words, locale), ended(head, words, locale)].join(' ').trim()}</p>;
}

/** As it was run before. */
function RunAgain({ head: { settings }, locale }: Pick<Props, 'head' | 'locale'>) {
  const { device, tolerance } = settings;
  return (
    <vscode-button
      appearance="secondary"
      onClick={() => host.postMessage({ type: 'run', device, tolerance })}
    >
      {locale.strings.runAgain}
    </vscode-button>
  );
}

function Running({ progress, words, locale }: Omit<Props, 'head'> & { readonly progress: Progress }) {
  const { finished, of, layer, remainingSeconds } = progress;
  const text = [
    locale.text(words.running, locale.count(finished), locale.count(of)),
    displayName(layer === '' ? '…' : layer),
    locale.text('remaining', locale.number(formatSeconds(remainingSeconds))),
  ].join(' · ');
  return <Bar text={text} share={finished / Math.max(1, of)} />;
}

/** @param props.share 0 to 1; null: nobody knows */
export function Bar({ text, share }: { readonly text: string; readonly share: number | null }) {
  return (
    <>
      <p class="dim running">{text}</p>
      <div
        class={share === null ? 'progress unknown' : 'progress'}
        role="progressbar"
        aria-label={text}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share === null ? undefined : Math.round(share * 100)}
      >
        <span style={{ width: `${(share ?? 0.2) * 100}%` }} />
      </div>
    </>
  );
}
