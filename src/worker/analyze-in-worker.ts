import { t } from '@vscode/l10n';
import type { AnalysisEvents, AnalysisRequest, Plan, PlannedLayer } from '../analysis/analyze';
import type { Clause } from '../model/errors';
import type { LayerReport, Report } from '../report/report';
import { rowDefect } from '../report/row-defect';
import { callWorker } from './call-worker';
import type { Outcome, WorkerOptions } from './call-worker';
import { AnalysisFailure } from './failure';
import type { WorkerEvent } from './protocol';

export interface AnalysisOutcome {
  /** Null where the analysis was cancelled before there was one. */
  readonly plan: Plan | null;
  /** By index into the plan's layers; null: not wanted (`only`), or cancelled before. */
  readonly rows: readonly (LayerReport | null)[];
  readonly cancelled: boolean;
  /** The computation of a layer ended its process, so that another run may do better. */
  readonly crashed: boolean;
}

/** Processes in a row that may end without a row of theirs before the rest is given up. */
const MOST_FRUITLESS = 10;

/**
 * Analyses one model in processes of its own. A process that dies while it computes a layer makes that layer's row an
 * error, and another process computes the rest.
 *
 * @throws AnalysisFailure where there is no report: the file is refused, or the process died before it had a plan
 */
export async function analyzeInWorker(
  request: AnalysisRequest,
  events: Partial<AnalysisEvents>,
  options: WorkerOptions,
): Promise<AnalysisOutcome> {
  const run = new Run(request, events);
  let fruitless = 0;
  for (;;) {
    const before = run.finished;
    const outcome = await callWorker('analyze', run.begin(), (event) => run.take(event), options);
    if (outcome.kind === 'cancelled') return run.outcome(true);
    if (outcome.kind === 'error' && outcome.error.refusal) {
      throw new AnalysisFailure(outcome.error.message, true);
    }
    const fate = fateOf(outcome);
    if (run.plan === null && outcome.kind === 'crash' && run.avoidDevice(fate(t('the analysis')))) continue;
    if (run.plan === null) throw new AnalysisFailure(`${request.path}: ${fate(t('the analysis'))}`, false);
    if (outcome.kind === 'ok') {
      run.fail(run.missing(), t('the analysis ended without a result for this layer'));
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
function fateOf(outcome: Exclude<Outcome<'analyze'>, { kind: 'cancelled' }>): Clause {
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

/** The report of an analysis that has a plan; `seconds` is the wall time of all of it. */
export function reportOf(
  { rows, cancelled }: AnalysisOutcome,
  plan: Plan,
  { settings, only }: AnalysisRequest,
  seconds: number,
): Report {
  const layers = rows.filter((row) => row !== null);
  return {
    schema: 1,
    model: plan.model,
    settings,
    device: plan.device,
    layers,
    skipped: plan.skipped,
    network: null,
    seconds,
    ...(cancelled && { cancelled: { finished: layers.length, of: only?.length ?? rows.length } }),
  };
}

/** What is known of one analysis, over all of its processes. */
class Run {
  plan: Plan | null = null;
  /** Rows that a process computed, errors of the layer among them. */
  finished = 0;
  private crashed = false;
  /** Why no device but the CPU is tried any more. */
  private deviceCrash: string | null = null;
  private rows: (LayerReport | null)[] = [];
  /** Layers of the plan that is on its way. */
  private readonly announced: PlannedLayer[] = [];
  /** When each layer was begun that has no row yet, milliseconds. */
  private readonly begun = new Map<number, number>();

  constructor(
    private readonly asked: AnalysisRequest,
    private readonly events: Partial<AnalysisEvents>,
  ) {}

  /** Forgets what a process before did not finish; the request for what is still to be done. */
  begin(): AnalysisRequest {
    const { settings } = this.asked;
    this.announced.length = 0;
    return {
      ...this.asked,
      settings: this.deviceCrash === null ? settings : { ...settings, device: 'cpu' },
      only: this.plan === null ? this.asked.only : this.missing(),
    };
  }

  /** A driver can take the process with it when it is first used. False where the CPU has been tried already. */
  avoidDevice(failure: string): boolean {
    if (this.deviceCrash !== null || this.asked.settings.device === 'cpu') return false;
    this.deviceCrash = t`when the device was tried, ${failure}`;
    return true;
  }

  take(message: WorkerEvent): void {
    switch (message.event) {
      case 'layers':
        this.announced.push(...message.layers);
        return;
      case 'plan': {
        const layers = [...this.announced.splice(0), ...message.plan.layers];
        return this.takePlan({ ...message.plan, layers });
      }
      case 'start':
        this.begun.set(message.index, performance.now());
        return this.events.onStart?.(message.index);
      case 'preliminary':
        if (rowDefect(message.row) === null) this.events.onPreliminary?.(message.index, message.row);
        return;
      case 'row': {
        const { index, row } = message;
        const defect = rowDefect(row);
        if (defect !== null) return this.fail([index], failedBy(defect)(t('the computation')));
        this.finished++;
        return this.takeRow(index, row);
      }
    }
  }

  /** Wanted layers without a row. */
  missing(): number[] {
    const wanted = this.asked.only ?? this.rows.keys();
    return [...wanted].filter((index) => this.rows[index] === null);
  }

  inProgress(): number[] {
    return [...this.begun.keys()];
  }

  fail(indices: readonly number[], error: string): void {
    this.crashed ||= indices.length > 0;
    for (const index of indices) {
      const begun = this.begun.get(index);
      const layer = this.plan?.layers[index];
      if (!layer) continue;
      this.takeRow(
        index,
        failedRow(layer, error, begun === undefined ? 0 : (performance.now() - begun) / 1000),
      );
    }
  }

  outcome(cancelled: boolean): AnalysisOutcome {
    return { plan: this.plan, rows: this.rows, cancelled, crashed: this.crashed };
  }

  private takePlan(announced: Plan): void {
    const { device } = announced;
    const plan = { ...announced, device: { ...device, fallback: this.deviceCrash ?? device.fallback } };
    if (this.plan === null) {
      this.plan = plan;
      this.rows = plan.layers.map(() => null);
      this.events.onPlan?.(plan);
    } else if (!sameLayers(this.plan, plan)) {
      // The rows of the two processes would not belong together.
      throw new AnalysisFailure(`${this.asked.path}: ${t('the file changed during the analysis')}`, true);
    }
  }

  private takeRow(index: number, row: LayerReport): void {
    this.begun.delete(index);
    this.rows[index] = row;
    this.events.onRow?.(index, row);
  }
}

function sameLayers(a: Plan, b: Plan): boolean {
  return (
    a.model.bytes === b.model.bytes &&
    a.layers.length === b.layers.length &&
    a.layers.every((layer, index) => layer.name === b.layers[index].name)
  );
}

function failedRow({ cost: _, ...description }: PlannedLayer, error: string, seconds: number): LayerReport {
  return {
    ...description,
    lipschitz: null,
    stableRank: null,
    frobenius: null,
    largestRowNorm: null,
    groups: null,
    notes: [],
    error,
    seconds,
  };
}
