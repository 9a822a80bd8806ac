/** Work through a list of layers in processes of its own: one that dies costs the layer that it was at, and no other. */
import { t } from '@vscode/l10n';
import type { Clause } from '../model/errors';
import type { DeviceReport, Settings } from '../report/report';
import type { Outcome } from './call-worker';
import { AnalysisFailure } from './failure';
import type { LayerEvent } from './protocol';

/** What the plans of all kinds of such work have. */
export interface LayerPlan {
  readonly device: DeviceReport;
  readonly layers: readonly unknown[];
}

/** The part of a request that changes from one process to the next. */
export interface Remaining {
  readonly settings: Settings;
  /** Indices into the plan's layers; null: all of them. */
  readonly only: readonly number[] | null;
}

export interface Work<P extends LayerPlan, R> {
  /** As it was asked for. */
  readonly request: Remaining;
  /** What stands before a sentence about all of it: `net.onnx`. */
  readonly files: string;
  /** What sentences call it: `the analysis`. */
  readonly name: string;
  /** The sentence for a file that is another one when a second process opens it. */
  readonly changed: string;
  /** One process: it begins with the plan, and tells of every row. */
  ask(
    remaining: Remaining,
    onEvent: (event: LayerEvent<P, R>) => void,
  ): Promise<Outcome<'analyze' | 'compare'>>;
  /** The row of a layer that could not be computed. */
  failedRow(planned: P['layers'][number], error: string, seconds: number): R;
  /** Why a row must not be shown; null where it may be. */
  defectOf(row: R): string | null;
  /** Whether the rows of two plans belong together. */
  isSame(plan: P, other: P): boolean;
}

export interface RunEvents<P, R> {
  onPlan?(plan: P): void;
  onStart?(index: number): void;
  onPreliminary?(index: number, row: R): void;
  onRow?(index: number, row: R): void;
}

export interface RunOutcome<P, R> {
  /** Null where the work was cancelled before there was one. */
  readonly plan: P | null;
  /** By index into the plan's layers; null: not wanted (`only`), or cancelled before. */
  readonly rows: readonly (R | null)[];
  readonly cancelled: boolean;
  /** The computation of a layer ended its process, so that another run may do better. */
  readonly crashed: boolean;
}

/** Processes in a row that may end without a row of theirs before the rest is given up. */
const MOST_FRUITLESS = 10;

/**
 * A process that dies while it computes a layer makes that layer's row an error, and another process computes the rest.
 *
 * @throws AnalysisFailure where there is no result: a file is refused, or the process died before it had a plan
 */
export async function runInWorkers<P extends LayerPlan, R>(
  work: Work<P, R>,
  events: RunEvents<P, R>,
): Promise<RunOutcome<P, R>> {
  const { files, name } = work;
  const run = new Run(work, events);
  let fruitless = 0;
  for (;;) {
    const before = run.finished;
    const outcome = await work.ask(run.begin(), (event) => run.take(event));
    if (outcome.kind === 'cancelled') return run.outcome(true);
    if (outcome.kind === 'error' && outcome.error.refusal) {
      throw new AnalysisFailure(outcome.error.message, true);
    }
    const fate = fateOf(outcome);
    if (run.plan === null && outcome.kind === 'crash' && run.avoidDevice(fate(name))) continue;
    if (run.plan === null) throw new AnalysisFailure(`${files}: ${fate(name)}`, false);
    if (outcome.kind === 'ok') {
      run.fail(run.missing(), t`${name} ended without a result for this layer`);
      return run.outcome(false);
    }
    run.fail(run.inProgress(), fate(t('the computation')));
    fruitless = run.finished === before ? fruitless + 1 : 0;
    if (fruitless === MOST_FRUITLESS) {
      run.fail(
        run.missing(),
        t`not computed: ${fruitless} processes in a row ended early; ${fate(t('the last'))}`,
      );
    }
    if (run.missing().length === 0) return run.outcome(false);
  }
}

/** How a process ended without what was asked of it. */
function fateOf(outcome: Exclude<Outcome<'analyze' | 'compare'>, { kind: 'cancelled' }>): Clause {
  switch (outcome.kind) {
    case 'ok':
      return (it) => t`${it} ended without a plan`;
    case 'error':
      return failedBy(outcome.error.message);
    case 'crash':
      return (it) => t`${it} crashed: ${outcome.death}`;
  }
}

/** @param reason why, in a sentence */
function failedBy(reason: string): Clause {
  return (it) => t`${it} failed: ${reason}`;
}

/** What is known of one run, over all of its processes. */
class Run<P extends LayerPlan, R> {
  plan: P | null = null;
  /** Rows that a process computed, errors of the layer among them. */
  finished = 0;
  private crashed = false;
  /** Why no device but the CPU is tried any more. */
  private deviceCrash: string | null = null;
  private rows: (R | null)[] = [];
  /** Items of the plan that is on its way, by list. */
  private readonly announced = new Map<string, unknown[]>();
  /** When each layer was begun that has no row yet, milliseconds. */
  private readonly begun = new Map<number, number>();

  constructor(
    private readonly work: Work<P, R>,
    private readonly events: RunEvents<P, R>,
  ) {}

  /** Forgets what a process before did not finish; what is still to be done. */
  begin(): Remaining {
    const { settings, only } = this.work.request;
    this.announced.clear();
    return {
      settings: this.deviceCrash === null ? settings : { ...settings, device: 'cpu' },
      only: this.plan === null ? only : this.missing(),
    };
  }

  /** A driver can take the process with it when it is first used. False where the CPU has been tried already. */
  avoidDevice(failure: string): boolean {
    if (this.deviceCrash !== null || this.work.request.settings.device === 'cpu') return false;
    this.deviceCrash = t`when the device was tried, ${failure}`;
    return true;
  }

  take(message: LayerEvent<P, R>): void {
    switch (message.event) {
      case 'planPart': {
        const known = this.announced.get(message.list);
        if (known) known.push(...message.items);
        else this.announced.set(message.list, [...message.items]);
        return;
      }
      case 'plan': {
        const whole = Object.entries(message.plan).map(([list, value]: [string, unknown]) => {
          const announced = this.announced.get(list);
          return [list, announced && Array.isArray(value) ? [...announced, ...(value as unknown[])] : value];
        });
        this.announced.clear();
        return this.takePlan(Object.fromEntries(whole) as P);
      }
      case 'start':
        this.begun.set(message.index, performance.now());
        return this.events.onStart?.(message.index);
      case 'preliminary':
        if (this.work.defectOf(message.row) === null) this.events.onPreliminary?.(message.index, message.row);
        return;
      case 'row': {
        const { index, row } = message;
        const defect = this.work.defectOf(row);
        if (defect !== null) return this.fail([index], failedBy(defect)(t('the computation')));
        this.finished++;
        return this.takeRow(index, row);
      }
    }
  }

  /** Wanted layers without a row. */
  missing(): number[] {
    const wanted = this.work.request.only ?? this.rows.keys();
    return [...wanted].filter((index) => this.rows[index] === null);
  }

  inProgress(): number[] {
    return [...this.begun.keys()];
  }

  fail(indices: readonly number[], error: string): void {
    this.crashed ||= indices.length > 0;
    for (const index of indices) {
      const begun = this.begun.get(index);
      if (this.plan === null || !(index in this.plan.layers)) continue;
      const seconds = begun === undefined ? 0 : (performance.now() - begun) / 1000;
      this.takeRow(index, this.work.failedRow(this.plan.layers[index], error, seconds));
    }
  }

  outcome(cancelled: boolean): RunOutcome<P, R> {
    return { plan: this.plan, rows: this.rows, cancelled, crashed: this.crashed };
  }

  private takePlan(announced: P): void {
    const { device } = announced;
    const plan = { ...announced, device: { ...device, fallback: this.deviceCrash ?? device.fallback } };
    if (this.plan === null) {
      this.plan = plan;
      this.rows = plan.layers.map(() => null);
      this.events.onPlan?.(plan);
    } else if (!this.work.isSame(this.plan, plan)) {
      // The rows of the two processes would not belong together.
      throw new AnalysisFailure(`${this.work.files}: ${this.work.changed}`, true);
    }
  }

  private takeRow(index: number, row: R): void {
    this.begun.delete(index);
    this.rows[index] = row;
    this.events.onRow?.(index, row);
  }
}
