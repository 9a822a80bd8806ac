import type { DeviceReport, Report, Settings } from '../../report/report';
import type { Checkpoint, SeriesLayer, SeriesReport } from '../../report/series/series';
import { AnalysisFailure, seriesSteps } from '../../worker/client';
import type { ModelFile } from '../../worker/client';
import { finishInSlices } from '../slices';
import { RunSession } from './run-session';
import type { Run, SessionContext } from './run-session';
import { ModelSession } from './session';
import { Turns } from './turns';

/** All layers are told again with a new column no more often than this, milliseconds. */
const ROWS_INTERVAL = 500;

/**
 * What is known of one network at several times while somebody looks at it. Every checkpoint is analysed like a model of
 * its own: results that are kept are used, and those that are computed are kept.
 */
export class SeriesSession extends RunSession<SeriesLayer> {
  /** Those that are analysed. */
  checkpoints: Checkpoint[] = [];
  /** A sentence for every one that cannot be. */
  refusals: readonly string[] = [];
  private first: Report | null = null;
  private layers: readonly SeriesLayer[] = [];
  private rowsTold = -Infinity;

  /** @param paths of the checkpoints on disk, in the order of the series */
  constructor(
    override readonly paths: readonly string[],
    defaults: Settings,
    context: SessionContext,
  ) {
    super(defaults, context);
  }

  override get device(): DeviceReport | null {
    return this.checkpoints.at(0)?.device ?? null;
  }

  /** The report of the checkpoints that are analysed; null before the first. */
  report(): SeriesReport | null {
    const { state, settings, checkpoints, layers, seconds } = this;
    if (checkpoints.length === 0) return null;
    const cancelled = state.kind === 'cancelled' || this.isBusy;
    return {
      schema: 1,
      kind: 'series',
      settings,
      checkpoints,
      layers,
      seconds: seconds ?? 0,
      ...(cancelled && { cancelled: { finished: checkpoints.length, of: this.paths.length } }),
    };
  }

  protected override forget(): void {
    this.checkpoints = [];
    this.refusals = [];
    this.first = null;
    this.layers = [];
    this.rowsTold = -Infinity;
  }

  protected override async compute(run: Run): Promise<void> {
    const { settings, signal, isCurrent } = run;
    const started = performance.now();
    this.log('info', `${this.name}: series begins, ${JSON.stringify(settings)}`);
    this.become({ kind: 'opening' });
    const files: ModelFile[] = [];
    let cancelled = false;
    for (const place of this.paths.keys()) {
      const child = await this.analyzeCheckpoint(place, run);
      if (!isCurrent()) return;
      const { state } = child;
      const report = child.report();
      if (state.kind === 'confirm') return this.hold(run, state.seconds * (this.paths.length - place));
      // Somebody may also have stopped its process.
      cancelled = signal.aborted || (state.kind !== 'finished' && state.kind !== 'failed');
      if (cancelled) break;
      // Another list: what is told again to the page is what is another object.
      if (state.kind === 'failed') this.refusals = [...this.refusals, state.sentence];
      else if (report !== null) await this.add(report, isCurrent);
      if (!isCurrent()) return;
      files.push(...child.files);
    }
    this.tellRows();
    const { checkpoints, refusals, paths } = this;
    if (checkpoints.length === 0 && !cancelled) throw new AnalysisFailure(refusals.join('; '), true);
    this.seconds = (performance.now() - started) / 1000;
    this.become(
      cancelled
        ? { kind: 'cancelled', finished: checkpoints.length, of: paths.length }
        : { kind: 'finished' },
    );
    await this.endRun(files, this.seconds);
  }

  /** In a session of its own, which has ended. */
  private async analyzeCheckpoint(place: number, run: Run): Promise<ModelSession> {
    const { settings, confirmed, signal, isCurrent } = run;
    const path = this.paths[place];
    const left = this.paths.length - place;
    const child = new ModelSession(path, settings, {
      ...this.context,
      // It is this session's turn already.
      turns: new Turns(),
      confirmAboveSeconds: (path) => this.context.confirmAboveSeconds(path) / left,
    });
    /** Of this checkpoint as a whole, seconds. */
    let estimate: number | null = null;
    child.on('head', () => {
      if (!isCurrent() || child.state.kind !== 'running') return;
      const { layer, remainingSeconds } = child.state.progress;
      estimate ??= remainingSeconds;
      this.become({
        kind: 'running',
        progress: {
          finished: place,
          of: this.paths.length,
          layer,
          remainingSeconds: remainingSeconds + (left - 1) * estimate,
        },
      });
    });
    const cancel = () => child.cancel();
    signal.addEventListener('abort', cancel);
    try {
      if (!(await child.restore(settings))) await child.analyze(settings, null, confirmed);
    } finally {
      signal.removeEventListener('abort', cancel);
      child.removeAllListeners();
    }
    return child;
  }

  private async add(report: Report, isCurrent: () => boolean): Promise<void> {
    // One more column at a time: all of them would be matched with the first again.
    const steps = seriesSteps(this.first === null ? [report] : [this.first, report], 0);
    const { checkpoints, layers } = await finishInSlices(steps);
    if (!isCurrent()) return;
    const known = this.layers;
    this.checkpoints.push(checkpoints[checkpoints.length - 1]);
    this.layers =
      this.first === null
        ? layers
        : known.map((layer, i) => ({ ...layer, values: [...layer.values, layers[i].values[1]] }));
    this.first ??= report;
    if (performance.now() - this.rowsTold > ROWS_INTERVAL) this.tellRows();
    this.emit('head');
  }

  private tellRows(): void {
    this.rowsTold = performance.now();
    this.rows = [];
    this.take(this.layers.map((row, index) => ({ index, row })));
  }
}
