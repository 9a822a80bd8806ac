import type { ComparisonReport, PairReport } from '../../report/comparison/comparison';
import type { DeviceReport, Settings } from '../../report/report';
import { compareInWorker, comparisonOf } from '../../worker/client';
import type { ComparisonOutcome, ComparisonPlan, ComparisonRequest } from '../../worker/client';
import { RunSession } from './run-session';
import type { Run, SessionContext } from './run-session';

/** What is known of two models next to each other while somebody looks at them. It is kept nowhere else. */
export class ComparisonSession extends RunSession<PairReport> {
  plan: ComparisonPlan | null = null;

  /** @param order the models' paths on disk, A before B */
  constructor(
    private order: readonly [a: string, b: string],
    defaults: Settings,
    context: SessionContext,
  ) {
    super(defaults, context);
  }

  override get paths(): readonly [a: string, b: string] {
    return this.order;
  }

  override get device(): DeviceReport | null {
    return this.plan?.device ?? null;
  }

  /** The report of the pairs that there are; null before the files are open, and before anything is computed. */
  report(): ComparisonReport | null {
    const { plan, state } = this;
    if (plan === null || state.kind === 'confirm') return null;
    const rows: (PairReport | null)[] = plan.layers.map(() => null);
    for (const { index, row } of this.rows) rows[index] = row;
    const cancelled = state.kind === 'cancelled' || state.kind === 'running';
    return comparisonOf({ rows, cancelled }, plan, this.request(this.settings), this.seconds ?? 0);
  }

  /** Compares the other way round. */
  async swap(): Promise<void> {
    const [a, b] = this.order;
    this.order = [b, a];
    await this.runWith(this.settings);
  }

  protected override forget(): void {
    this.plan = null;
  }

  protected override async compute(run: Run): Promise<void> {
    const { settings } = run;
    const started = performance.now();
    this.log('info', `${this.name}: comparison begins, ${JSON.stringify(settings)}`);
    this.become({ kind: 'opening' });
    const outcome = await this.followWorker<ComparisonPlan, ComparisonOutcome>({
      run,
      ask: (events, options) => compareInWorker(this.request(settings), events, options),
      planned: (plan) => {
        this.plan = plan;
        this.files = plan.files;
        return plan.layers.map(({ a, cost }) => ({ name: a.name, cost }));
      },
    });
    if (outcome === null) return;
    const { plan, rows, cancelled } = outcome;
    if (plan === null) return this.endWithoutRows();
    this.seconds = (performance.now() - started) / 1000;
    if (cancelled) this.endCancelled(rows.length);
    else this.become({ kind: 'finished' });
    await this.endRun(plan.files, this.seconds);
  }

  private request(settings: Settings): ComparisonRequest {
    const [a, b] = this.order;
    return { a, b, settings, layers: null, only: null };
  }
}
