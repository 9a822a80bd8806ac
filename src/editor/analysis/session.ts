import type {
  DeviceReport,
  LayerReport,
  NetworkReport,
  Report,
  Settings,
  SkippedReport,
} from '../../report/report';
import { analyzeInWorker, hasNetwork, networkInWorker, slopesInWorker } from '../../worker/client';
import type { AnalysisOutcome, AnalysisRequest, Plan } from '../../worker/client';
import type { EndedState } from '../protocol/protocol';
import { areUnchanged } from './result-cache';
import type { StoredResult } from './result-cache';
import { RunSession, stackOf } from './run-session';
import type { Run, SessionContext } from './run-session';
import { Spectra } from './spectra';

export type { SessionContext } from './run-session';

const NOTHING: readonly never[] = [];

/** How long the model is run in search of slopes. */
const SEARCH_SECONDS = 5;

/** What is known of one model while somebody looks at it: its analysis, running or ended. */
export class ModelSession extends RunSession<LayerReport> {
  plan: Pick<Plan, 'model' | 'base' | 'device' | 'skipped'> | null = null;
  /** Path of the model whose weights the layers are updates of; null: none is given. Of the same run as the settings. */
  base: string | null = null;
  /** Of all layers together, once they have rows; null where there is no telling. */
  network: NetworkReport | null = null;
  /** Singular values of the layers of the run that is shown. */
  readonly spectra: Spectra;
  /** A layer ended its process. */
  private crashed = false;

  /** @param path of the model on disk */
  constructor(
    readonly path: string,
    defaults: Settings,
    context: SessionContext,
  ) {
    super(defaults, context);
    this.spectra = new Spectra(path, context);
  }

  override get paths(): readonly string[] {
    return [this.path];
  }

  override get device(): DeviceReport | null {
    return this.plan?.device ?? null;
  }

  get skipped(): readonly SkippedReport[] {
    return this.plan?.skipped ?? NOTHING;
  }

  /** The report of the rows that there are; null before the file is open, and before anything of it is computed. */
  report(): Report | null {
    const { plan } = this;
    const state = this.state.kind === 'failed' ? (this.state.shown ?? this.state) : this.state;
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
    this.base = base;
    const run = this.begin(settings, { kind: 'opening' });
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
    const run = this.begin(this.settings, { kind: 'opening' });
    if (!(await this.showKept()) && run === this.run) this.become({ kind: 'empty' });
  }

  /**
   * Analyses the model, in place of what is shown or running. Resolves when the run has ended in whatever way.
   * @param base path of the model whose weights the layers are updates of; null: none
   * @param confirmed whether the time it takes is accepted
   */
  async analyze(settings: Settings, base: string | null = null, confirmed = false): Promise<void> {
    this.base = base;
    await this.runWith(settings, confirmed);
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
        this.log('error', `${path}: ${stackOf(error)}`);
        return null;
      });
    // Slopes of another file than the one that was bounded say nothing.
    const isSame = await areUnchanged(files);
    if (run !== this.run) return;
    this.stale = !isSame;
    if (found === null || !isSame) return this.become({ kind: 'finished' });
    this.network = found;
    // The latest result of the model is the one that somebody has asked more of.
    this.analysedAt = Date.now();
    this.emit('network');
    this.become({ kind: 'finished' });
    await this.keep();
  }

  override dispose(): void {
    this.spectra.clear();
    super.dispose();
  }

  protected override forget(): void {
    this.spectra.clear();
    this.plan = null;
    this.network = null;
    this.crashed = false;
  }

  protected override async compute(run: Run): Promise<void> {
    const { settings, signal, isCurrent } = run;
    const { path, base } = this;
    const { workerPath } = this.context;
    const request: AnalysisRequest = { path, base, settings, layers: null, perGroup: true, only: null };
    const started = performance.now();
    this.log('info', `${path}: analysis begins, ${JSON.stringify(settings)}`);
    this.become({ kind: 'opening' });
    const outcome = await this.followWorker<Plan, AnalysisOutcome>({
      run,
      ask: (events, options) => analyzeInWorker(request, events, options),
      planned: (plan) => {
        this.plan = plan;
        this.files = plan.files;
        return plan.layers;
      },
    });
    if (outcome === null) return;
    if (hasNetwork(request, outcome)) this.become({ kind: 'bounding' });
    // From the rows alone: the model itself is not run.
    const network = await networkInWorker(request, outcome, null, { workerPath, signal });
    if (!isCurrent()) return;
    const { plan, rows, cancelled, crashed } = outcome;
    this.seconds = (performance.now() - started) / 1000;
    if (plan === null) return this.endWithoutRows();
    this.crashed = crashed;
    this.network = network;
    this.emit('network');
    if (cancelled || signal.aborted) this.endCancelled(rows.length);
    else this.become({ kind: 'finished' });
    await this.endRun(plan.files, this.seconds);
    if (isCurrent()) await this.keep();
  }

  /** For the next time that somebody asks for it. */
  private async keep(): Promise<void> {
    const { context, path, files, analysedAt, crashed } = this;
    const report = this.report();
    if (report === null || analysedAt === null) return;
    await context.cache
      .put({ report, files, analysedAt, ...(crashed && { crashed: true }) })
      .catch((error: unknown) => this.log('error', `${path}: the result cannot be kept: ${stackOf(error)}`));
  }

  protected override async showKept(failure: string | null = null): Promise<boolean> {
    const { run } = this;
    const known = await this.context.cache.find(this.path).catch(() => null);
    if (known === null || run !== this.run) return false;
    this.show(known, known.stale, failure);
    return true;
  }

  private show(
    { report, files, analysedAt, crashed }: StoredResult,
    stale: boolean,
    failure: string | null = null,
  ): void {
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
    const shown: EndedState = cancelled ? { kind: 'cancelled', ...cancelled } : { kind: 'finished' };
    this.state = failure === null ? shown : { kind: 'failed', sentence: failure, shown };
    this.emit('reset');
  }
}
