/** What is known of some models while somebody looks at them: runs, one after the other, each shown as it goes. */
import { EventEmitter } from 'node:events';
import type { DeviceReport, Settings } from '../../report/report';
import { AnalysisFailure } from '../../worker/client';
import type { ModelFile } from '../../worker/client';
import { isBusy } from '../protocol/protocol';
import type { Indexed, PanelState } from '../protocol/protocol';
import { ProgressTeller } from './progress';
import type { ResultCache } from './result-cache';
import { areUnchanged } from './result-cache';
import type { Turns } from './turns';

/** What a session needs of the editor around it. */
export interface SessionContext {
  readonly workerPath: string;
  readonly cache: ResultCache;
  readonly turns: Turns;
  /** Seconds: a run that is estimated to take longer waits for `confirm`. */
  readonly confirmAboveSeconds: (path: string) => number;
  readonly log: (level: 'info' | 'error', message: string) => void;
}

export interface SessionEvents<Row> {
  /** Another run: all rows are void. */
  reset: [];
  /** The state, or something else beside the rows. */
  head: [];
  /** New ones, and others in place of those with the same index. */
  rows: [readonly Indexed<Row>[]];
  /** What is known of all layers together. */
  network: [];
}

/** One run. */
export interface Run {
  readonly settings: Settings;
  /** The time that it takes is accepted. */
  readonly confirmed: boolean;
  /** Aborted where the run is cancelled, or another one takes its place. */
  readonly signal: AbortSignal;
  /** No other run has taken its place. */
  readonly isCurrent: () => boolean;
}

/** What a worker tells of a run through the layers of a plan. */
interface LayerEvents<P, Row> {
  onPlan(plan: P): void;
  onStart(index: number): void;
  onPreliminary(index: number, row: Row): void;
  onRow(index: number, row: Row): void;
}

/** A run as far as its worker is concerned. */
interface LayerWork<P, Row, Outcome> {
  readonly run: Run;
  readonly ask: (
    events: LayerEvents<P, Row>,
    options: { readonly workerPath: string; readonly signal: AbortSignal },
  ) => Promise<Outcome>;
  /** Called once, before any other event; what takes how long, seconds. */
  readonly planned: (plan: P) => readonly { readonly name: string; readonly cost: number }[];
}

export abstract class RunSession<Row> extends EventEmitter<SessionEvents<Row>> {
  /** Another number for every run. */
  run = 0;
  state: PanelState = { kind: 'empty' };
  /** In the order of their ends. */
  rows: Indexed<Row>[] = [];
  /** Of the run that is shown, or the next one where there is none. */
  settings: Settings;
  /** Wall time of the run that has ended, seconds. */
  seconds: number | null = null;
  analysedAt: number | null = null;
  stale = false;
  /** Those that the shown rows are of, as they were. */
  files: readonly ModelFile[] = [];
  protected controller = new AbortController();
  private held: Settings | null = null;

  constructor(
    defaults: Settings,
    protected readonly context: SessionContext,
  ) {
    super();
    this.setMaxListeners(0);
    this.settings = defaults;
  }

  /** Of the models on disk. */
  abstract get paths(): readonly string[];

  abstract get device(): DeviceReport | null;

  /** Runs to the end, or until there is a question for the user. */
  protected abstract compute(run: Run): Promise<void>;

  /** Forgets what a run before has found, besides its rows. */
  protected abstract forget(): void;

  get isBusy(): boolean {
    return isBusy(this.state);
  }

  /**
   * Runs in place of what is shown or running. Resolves when the run has ended in whatever way.
   * @param confirmed whether the time it takes is accepted
   */
  async runWith(settings: Settings, confirmed = false): Promise<void> {
    const run = this.begin(settings, { kind: 'queued' });
    const { signal } = this.controller;
    const isCurrent = () => run === this.run;
    try {
      await this.context.turns.take(signal, () => this.compute({ settings, confirmed, signal, isCurrent }));
    } catch (error) {
      if (!isCurrent()) return;
      const sentence = error instanceof Error ? error.message : String(error);
      this.log(
        'error',
        error instanceof AnalysisFailure && error.refusal ? sentence : `${this.name}: ${stackOf(error)}`,
      );
      // What is known of the models is no less true, and stays in sight.
      if (!(await this.showKept(sentence)) && isCurrent()) {
        this.become({ kind: 'failed', sentence, shown: null });
      }
    }
    if (isCurrent() && this.isBusy) await this.endWithoutRows();
  }

  /** Resolves when nothing runs or waits for its turn any more. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.isBusy) return;
        this.off('head', look).off('reset', look);
        resolve();
      };
      this.on('head', look).on('reset', look);
      look();
    });
  }

  /** Goes on with the run that was held because of its estimate. */
  async confirm(): Promise<void> {
    if (this.state.kind === 'confirm' && this.held !== null) await this.runWith(this.held, true);
  }

  /** The process ends at once; the finished rows stay. */
  cancel(): void {
    this.controller.abort();
    if (this.state.kind === 'confirm') {
      this.held = null;
      this.forget();
      this.become({ kind: 'empty' });
      void this.showKept();
    }
  }

  /** Ends what runs, and tells nobody of anything any more. */
  dispose(): void {
    this.run++;
    this.controller.abort();
    this.become({ kind: 'empty' });
    this.removeAllListeners();
  }

  /** Looks whether the files are still those that were analysed; true where that is another answer than before. */
  async checkFiles(): Promise<boolean> {
    const { run, files } = this;
    if (files.length === 0 || this.isBusy) return false;
    const stale = !(await areUnchanged(files));
    if (run !== this.run || files !== this.files || stale === this.stale) return false;
    this.stale = stale;
    this.emit('head');
    return true;
  }

  /** Number of the new run; the one before it ends. */
  protected begin(settings: Settings, state: PanelState): number {
    this.controller.abort();
    this.controller = new AbortController();
    this.run++;
    this.forget();
    this.rows = [];
    this.files = [];
    this.settings = settings;
    this.seconds = null;
    this.analysedAt = null;
    this.stale = false;
    this.held = null;
    this.state = state;
    this.emit('reset');
    return this.run;
  }

  protected become(state: PanelState): void {
    this.state = state;
    this.emit('head');
  }

  /** Waits for `confirm`. */
  protected hold({ settings }: Run, seconds: number): void {
    this.held = settings;
    this.become({ kind: 'confirm', seconds });
  }

  protected take(rows: readonly Indexed<Row>[]): void {
    this.rows.push(...rows);
    this.emit('rows', rows);
  }

  /** What the worker answers in the end; null where that is of no use: the run is held, or another is in its place. */
  protected async followWorker<P, Outcome>({
    run,
    ask,
    planned,
  }: LayerWork<P, Row, Outcome>): Promise<Outcome | null> {
    const { signal, confirmed, isCurrent } = run;
    const { workerPath, confirmAboveSeconds } = this.context;
    const hold = new AbortController();
    let progress: ProgressTeller | null = null;
    const outcome = await ask(
      {
        onPlan: (plan) => {
          if (!isCurrent()) return;
          const layers = planned(plan);
          const seconds = layers.reduce((sum, { cost }) => sum + cost, 0);
          if (!confirmed && seconds > confirmAboveSeconds(this.paths[0])) {
            this.hold(run, seconds);
            hold.abort();
            return;
          }
          progress = new ProgressTeller(layers, (now) => this.become({ kind: 'running', progress: now }));
        },
        onStart: (index) => {
          if (isCurrent()) progress?.start(index);
        },
        // Only shown: it is no result of this layer yet.
        onPreliminary: (index, row) => {
          if (isCurrent() && progress !== null) this.emit('rows', [{ index, row }]);
        },
        onRow: (index, row) => {
          if (!isCurrent() || progress === null) return;
          progress.finish(index);
          this.take([{ index, row }]);
        },
      },
      { workerPath, signal: AbortSignal.any([signal, hold.signal]) },
    ).finally(() => progress?.stop());
    return isCurrent() && !hold.signal.aborted ? outcome : null;
  }

  /** A run that came to nothing leaves what there was before it. */
  protected async endWithoutRows(): Promise<void> {
    const { run } = this;
    if (!(await this.showKept()) && run === this.run) this.endCancelled(0);
  }

  /**
   * Shows the latest result that is kept; false where there is none, or another run has begun meanwhile.
   * @param _failure why there is no later one; null: nothing failed
   */
  protected showKept(_failure: string | null = null): Promise<boolean> {
    return Promise.resolve(false);
  }

  protected endCancelled(of: number): void {
    this.become({ kind: 'cancelled', finished: this.rows.length, of });
  }

  /** The run has ended with rows, and this is what they are of. */
  protected async endRun(files: readonly ModelFile[], seconds: number): Promise<void> {
    const { run } = this;
    this.analysedAt = Date.now();
    this.files = files;
    const stale = !(await areUnchanged(files));
    if (run !== this.run) return;
    this.stale = stale;
    this.emit('head');
    this.log('info', `${this.name}: ${describe(this.state)} after ${seconds.toFixed(1)} s`);
  }

  protected get name(): string {
    return this.paths.join(', ');
  }

  protected log(level: 'info' | 'error', message: string): void {
    this.context.log(level, message);
  }
}

function describe(state: PanelState): string {
  return state.kind === 'cancelled' ? `cancelled after ${state.finished} of ${state.of}` : state.kind;
}

export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
