/** The panels of several models: of two next to each other, and of a series. */
import type { PairReport } from '../../report/comparison/comparison';
import type { SeriesLayer } from '../../report/series/series';
import type { ComparisonSession } from '../analysis/comparison-session';
import type { SeriesSession } from '../analysis/series-session';
import type { ComparisonHead, SeriesHead } from '../protocol/comparison';
import { ROWS_PER_MESSAGE } from '../protocol/protocol';
import { fileAt, SessionPanel } from './session-panel';
import type { OtherMessage } from './session-panel';

export class ComparisonPanel extends SessionPanel<ComparisonSession, ComparisonHead, PairReport> {
  protected override head(): ComparisonHead {
    const { plan, paths } = this.session;
    return {
      ...this.runHead(),
      kind: 'comparison',
      files: paths.map(fileAt),
      models: plan && [plan.a, plan.b],
      onlyInA: plan?.onlyInA ?? [],
      onlyInB: plan?.onlyInB ?? [],
      skipped: [plan?.skippedInA.length ?? 0, plan?.skippedInB.length ?? 0],
    };
  }

  protected override firstHead(): ComparisonHead {
    return { ...this.head(), onlyInA: [], onlyInB: [] };
  }

  protected override receiveOther({ type }: OtherMessage): void {
    if (type === 'swap') void this.session.swap();
  }
}

/** Values of a message, in all of its rows. */
const VALUES_PER_MESSAGE = 2_000;

export class SeriesPanel extends SessionPanel<SeriesSession, SeriesHead, SeriesLayer> {
  protected override head(): SeriesHead {
    const { checkpoints, paths, refusals } = this.session;
    return {
      ...this.runHead(),
      kind: 'series',
      files: paths.map(fileAt),
      checkpoints: checkpoints.map(({ model, unmatched, skipped }) => ({
        model,
        unmatched: unmatched.length,
        skipped,
      })),
      refusals,
    };
  }

  protected override firstHead(): SeriesHead {
    return { ...this.head(), checkpoints: [] };
  }

  protected override get rowsPerMessage(): number {
    const values = Math.max(1, this.session.checkpoints.length);
    return Math.min(ROWS_PER_MESSAGE, Math.max(1, Math.floor(VALUES_PER_MESSAGE / values)));
  }
}
