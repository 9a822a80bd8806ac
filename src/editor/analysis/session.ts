/** What is known of one model while somebody looks at it: its analysis, running or ended. */
import { EventEmitter } from 'node:events';
import type { DeviceReport, NetworkReport, Report, Settings, SkippedReport } from '../../report/report';
import {
  AnalysisFailure,
  analyzeInWorker,
  hasNetwork,
  networkInWorker,
  RemainingTime,
  slopesInWorker,
} from '../../worker/client';
import type { AnalysisRequest, ModelFile, Plan } from '../../worker/client';
import { isBusy } from '../protocol/protocol';
import type { IndexedRow, PanelState, Progress } from '../protocol/protocol';
import { Spectra } from './spectra';
import type { ResultCache, StoredResult } from './result-cache';
import { areUnchanged } from './result-cache';
import type { Turns } from './turns';

/** What a session needs of the editor around it. */
export interface SessionContext {
  readonly workerPath: string;
  readonly cache: ResultCache;
  readonly turns: Turns;
  /** Seconds: an analysis that is estimated to take longer waits for `confirm`. */
  readonly confirmAboveSeconds: (path: string) => number;
  readonly log: (level: 'info' | 'error', message: string) => void;
}

interface SessionEvents {
  /** Another run: all rows are void. */
  reset: [];
  /** The state, or something else beside the rows. */
  head: [];
  rows: [readonly IndexedRow[]];
  network: [];
}

/** The running layer and the remaining time are told so soon after a layer began, milliseconds. */
const PROGRESS_INTERVAL = 100;
/** The time that remains is told anew so often while a layer runs, milliseconds. */
const TICK = 1000;
/** How long the model is run in search of slopes. */
const SEARCH_SECONDS = 5;

export class ModelSession extends EventEmitter<SessionEvents> {
  /** Another number for every run. */
  run = 0;
  state: PanelState = { kind: 'empty' };
  plan: Pick<Plan, 'model' | 'base' | 'device' | 'skipped'> | null = null;
  /** In the order of their ends. */
  rows: IndexedRow[] = [];
  /** Of the run that is shown, or the next one where there is none. */
  settings: Settings;
  /** Path of the model whose weights the layers are updates of; null: none is given. Of the same run as the settings. */
  base: string | null = null;
  /** Wall time of the run that has ended, seconds. */
  seconds: number | null = null;
  analysedAt: number | null = null;
  stale = false;
  /** Singular values of the layers of the run that is shown. */
  readonly spectra: Spectra;
  /** Of all layers together, once they have rows; null where there is no telling. */
  network: NetworkReport | null = null;
  /** A layer ended its process. */
  private crashed = false;
  private files: readonly ModelFile[] = [];
  private controller = new AbortController();
  private held: { readonly settings: Settings; readonly base: string | null } | null = null;

  /** @param path of the model on disk */
  constructor(
    readonly path: string,
    defaults: Settings,
    private readonly context: SessionContext,
  ) {
    super();
    this.setMaxListeners(0);
    this.settings = defaults;
    this.spectra = new Spectra(path, context);
  }

  get device(): DeviceReport | null {
    return this.plan?.device ?? null;
  }

  get skipped(): readonly SkippedReport[] {
    return this.plan?.skipped ?? [];
  }

  get isBusy(): boolean {
    return isBusy(this.state);
  }

  /** The report of the rows that there are; null before the file is open, and before anything of it is computed. */
  report(): Report | null {
    const { plan, state } = this;
    if (plan === null || state.kind === 'confirm') return null;
    const { model, base, device, skipped } = plan;
    const cancelled =
      state.kind === 'cancelled'
        ? { finished: state.finished, of: state.of }
        : state.kind === 'running'
          ? { finished: this.rows.length, of: state.progress.of }
          : null;
    return {
      schema: 1,
      model,
      ...(base && { base }),
      settings: this.settings,
      device,
      layers: this.rows.toSorted((a, b) => a.index - b.index).map(({ row }) => row),
      skipped,
      network: this.network,
      seconds: this.seconds ?? 0,
      ...(cancelled && { cancelled }),
    };
  }

  /**
   * Shows the result that the cache has for these settings, if it is whole and the files are the same. False where
   * there is none; true, too, where nobody waits for it any more.
   */
  async restore(settings: Settings, base: string | null = null): Promise<boolean> {
    const run = this.begin(settings, base, { kind: 'opening' });
    const { signal } = this.controller;
    const known = await this.context.cache.get(this.path, settings, base).catch(() => null);
    if (run !== this.run) return true;
    if (known === null) {
      this.become({ kind: 'empty' });
      return signal.aborted;
    }
    this.show(known, false);
    return true;
  }

  /** Shows the latest result that the cache has, whatever its settings, also one that is stale or was cancelled. */
  async restoreLatest(): Promise<void> {
    const run = this.begin(this.settings, this.base, { kind: 'opening' });
    if (!(await this.showKept()) && run === this.run) this.become({ kind: 'empty' });
  }

  /**
   * Analyses the model, in place of what is shown or running. Resolves when the run has ended in whatever way.
   * @param base path of the model whose weights the layers are updates of; null: none
   * @param confirmed whether the time it takes is accepted
   */
  async analyze(settings: Settings, base: string | null = null, confirmed = false): Promise<void> {
    const run = this.begin(settings, base, { kind: 'queued' });
    const { signal } = this.controller;
    const current = () => run === this.run;
    try {
      await this.context.turns.take(signal, () => this.compute(settings, base, confirmed, signal, current));
    } catch (error) {
      if (!current()) return;
      const sentence = error instanceof Error ? error.message : String(error);
      this.context.log(
        'error',
        error instanceof AnalysisFailure && error.refusal ? sentence : `${this.path}: ${stackOf(error)}`,
      );
      this.become({ kind: 'failed', sentence });
    }
    if (current() && this.isBusy) await this.endWithoutRows();
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
    if (this.state.kind === 'confirm' && this.held !== null)
      await this.analyze(this.held.settings, this.held.base, true);
  }

  /**
   * Runs the model for some seconds to meet slopes of the network: lower ends of its bounds. Does nothing where there is
   * no bound, or other work.
   */
  async findSlopes(): Promise<void> {
    const { run, network, context, path, settings, files } = this;
    if (this.state.kind !== 'finished' || network === null || network.bounds.length === 0) return;
    this.controller = new AbortController();
    const { signal } = this.controller;
    const options = { workerPath: context.workerPath, signal };
    this.become({ kind: 'queued' });
    const found = await context.turns
      .take(signal, () => {
        this.become({ kind: 'searching' });
        return slopesInWorker(network, { path, settings }, SEARCH_SECONDS, options);
      })
      .catch((error: unknown) => {
        context.log('error', `${path}: ${stackOf(error)}`);
        return null;
      });
    // Slopes of another file than the one that was bounded say nothing.
    const isSame = await areUnchanged(files);
    if (run !== this.run) return;
    this.stale = !isSame;
    if (found === null || !isSame) return this.become({ kind: 'finished' });
    this.network = found;
    this.emit('network');
    this.become({ kind: 'finished' });
    await this.keep();
  }

  /** The process ends at once; the finished rows stay. */
  cancel(): void {
    this.controller.abort();
    if (this.state.kind === 'confirm') {
      this.held = null;
      this.plan = null;
      this.become({ kind: 'empty' });
      void this.showKept();
    }
  }

  /** Ends what runs, and tells nobody of anything any more. */
  dispose(): void {
    this.run++;
    this.controller.abort();
    this.spectra.clear();
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
  private begin(settings: Settings, base: string | null, state: PanelState): number {
    this.controller.abort();
    this.controller = new AbortController();
    this.run++;
    this.spectra.clear();
    this.plan = null;
    this.rows = [];
    this.network = null;
    this.crashed = false;
    this.files = [];
    this.settings = settings;
    this.base = base;
    this.seconds = null;
    this.analysedAt = null;
    this.stale = false;
    this.held = null;
    this.state = state;
    this.emit('reset');
    return this.run;
  }

  private become(state: PanelState): void {
    this.state = state;
    this.emit('head');
  }

  private async compute(
    settings: Settings,
    base: string | null,
    confirmed: boolean,
    signal: AbortSignal,
    current: () => boolean,
  ): Promise<void> {
    const { context } = this;
    const { workerPath } = context;
    const request: AnalysisRequest = {
      path: this.path,
      base,
      settings,
      layers: null,
      perGroup: true,
      only: null,
    };
    const started = performance.now();
    context.log('info', `${this.path}: analysis begins, ${JSON.stringify(settings)}`);
    this.become({ kind: 'opening' });
    const hold = new AbortController();
    let progress: ProgressOf | null = null;
    let telling: NodeJS.Timeout | undefined;
    let isDue = false;
    const tell = (progress: ProgressOf) => {
      isDue = false;
      telling = setTimeout(tell, TICK, progress);
      this.become({ kind: 'running', progress: progress.now() });
    };
    const outcome = await analyzeInWorker(
      request,
      {
        onPlan: (plan) => {
          if (!current()) return;
          this.plan = plan;
          this.files = plan.files;
          const seconds = plan.layers.reduce((sum, { cost }) => sum + cost, 0);
          if (!confirmed && seconds > context.confirmAboveSeconds(this.path)) {
            this.held = { settings, base };
            this.become({ kind: 'confirm', seconds });
            hold.abort();
            return;
          }
          progress = new ProgressOf(plan);
          this.become({ kind: 'running', progress: progress.now() });
        },
        onStart: (index) => {
          if (!current() || progress === null) return;
          progress.start(index);
          if (isDue) return;
          isDue = true;
          clearTimeout(telling);
          telling = setTimeout(tell, PROGRESS_INTERVAL, progress);
        },
        // Only shown: it is no result of this layer yet.
        onPreliminary: (index, row) => {
          if (current() && progress !== null) this.emit('rows', [{ index, row }]);
        },
        onRow: (index, row) => {
          if (!current() || progress === null) return;
          progress.finish(index);
          this.take({ index, row });
        },
      },
      { workerPath, signal: AbortSignal.any([signal, hold.signal]) },
    ).finally(() => clearTimeout(telling));
    if (!current() || hold.signal.aborted) return;
    if (hasNetwork(request, outcome)) this.become({ kind: 'bounding' });
    // From the rows alone: the model itself is not run.
    const network = await networkInWorker(request, outcome, null, { workerPath, signal });
    if (!current()) return;
    const seconds = (performance.now() - started) / 1000;
    this.seconds = seconds;
    if (outcome.plan === null) return this.endWithoutRows();
    this.crashed = outcome.crashed;
    this.network = network;
    this.emit('network');
    if (outcome.cancelled || signal.aborted) this.endCancelled(outcome.rows.length);
    else this.become({ kind: 'finished' });
    this.analysedAt = Date.now();
    this.stale = !(await areUnchanged(outcome.plan.files));
    if (!current()) return;
    this.emit('head');
    context.log('info', `${this.path}: ${describe(this.state)} after ${seconds.toFixed(1)} s`);
    await this.keep();
  }

  /** For the next time that somebody asks for it. */
  private async keep(): Promise<void> {
    const { context, path, files, analysedAt, crashed } = this;
    const report = this.report();
    if (report === null || analysedAt === null) return;
    await context.cache
      .put({ report, files, analysedAt, ...(crashed && { crashed: true }) })
      .catch((error: unknown) =>
        context.log('error', `${path}: the result cannot be kept: ${stackOf(error)}`),
      );
  }

  private take(row: IndexedRow): void {
    this.rows.push(row);
    this.emit('rows', [row]);
  }

  /** A run that came to nothing leaves what there was before it. */
  private async endWithoutRows(): Promise<void> {
    const { run } = this;
    if (!(await this.showKept()) && run === this.run) this.endCancelled(0);
  }

  /** Shows the latest result that is kept; false where there is none, or another run has begun meanwhile. */
  private async showKept(): Promise<boolean> {
    const { run } = this;
    const known = await this.context.cache.find(this.path).catch(() => null);
    if (known === null || run !== this.run) return false;
    this.show(known, known.stale);
    return true;
  }

  private endCancelled(of: number): void {
    this.become({ kind: 'cancelled', finished: this.rows.length, of });
  }

  private show({ report, files, analysedAt, crashed }: StoredResult, stale: boolean): void {
    const { model, base, device, skipped, layers, network, settings, seconds, cancelled } = report;
    this.plan = { model, ...(base && { base }), device, skipped };
    this.base = base?.path ?? null;
    this.crashed = crashed ?? false;
    this.rows = layers.map((row, index) => ({ index, row }));
    this.network = network;
    this.files = files;
    this.settings = settings;
    this.seconds = seconds;
    this.analysedAt = analysedAt;
    this.stale = stale;
    this.state = cancelled ? { kind: 'cancelled', ...cancelled } : { kind: 'finished' };
    this.emit('reset');
  }
}

/** How far a run is. */
class ProgressOf {
  private readonly remaining: RemainingTime;
  private finished = 0;
  private layer = '';

  constructor(private readonly plan: Plan) {
    this.remaining = new RemainingTime(
      plan.layers.map(({ cost }) => cost),
      performance.now() / 1000,
    );
  }

  start(index: number): void {
    this.layer = this.plan.layers[index].name;
  }

  finish(index: number): void {
    this.finished++;
    this.remaining.finish(index, performance.now() / 1000);
  }

  now(): Progress {
    return {
      finished: this.finished,
      of: this.plan.layers.length,
      layer: this.layer,
      remainingSeconds: this.remaining.seconds(performance.now() / 1000),
    };
  }
}

function describe(state: PanelState): string {
  return state.kind === 'cancelled' ? `cancelled after ${state.finished} of ${state.of} layers` : state.kind;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
