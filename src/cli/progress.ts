/** One line on a terminal that says which layer is being computed, and how long the rest will take. */
import { formatSeconds } from '../report/numbers';
import { displayName, ellipsize } from '../report/text';
import { RemainingTime } from '../worker/client';

/** The layers, or pairs of layers, that are to be computed. */
interface Plan {
  readonly layers: readonly { readonly name: string; /** Seconds. */ readonly cost: number }[];
}

export interface Progress {
  readonly events: {
    onPlan?(plan: Plan): void;
    onStart?(index: number): void;
    onRow?(index: number): void;
  };
  /** Removes the line. */
  stop(): void;
}

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 200;
const BAR_CELLS = 20;
const WIDEST_NAME = 40;
/** Some terminals say that they have none. */
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[2K';

/** Shows nothing where `terminal` is none. */
export function showProgress(what: string, terminal: Terminal): Progress {
  if (!terminal.isTTY) return { events: {}, stop: () => undefined };
  let plan: Plan | null = null;
  let remaining: RemainingTime | null = null;
  let finished = 0;
  let current = '';
  const draw = () => {
    const width = (terminal.columns || DEFAULT_COLUMNS) - 1;
    const line =
      plan === null || remaining === null
        ? `opening ${displayName(what)}`
        : [
            bar(finished / Math.max(1, plan.layers.length)),
            `${finished}/${plan.layers.length}`,
            ellipsize(current, WIDEST_NAME),
            `about ${formatSeconds(remaining.seconds(now()))} left`,
          ].join('  ');
    terminal.write(CLEAR_LINE + ellipsize(line, width));
  };
  const timer = setInterval(draw, REDRAW_MS).unref();
  draw();
  return {
    events: {
      onPlan: (made) => {
        plan = made;
        remaining = new RemainingTime(
          made.layers.map((layer) => layer.cost),
          now(),
        );
      },
      onStart: (index) => {
        current = displayName(plan?.layers[index].name ?? '');
      },
      onRow: (index) => {
        finished++;
        remaining?.finish(index, now());
      },
    },
    stop: () => {
      clearInterval(timer);
      terminal.write(CLEAR_LINE);
    },
  };
}

function bar(share: number): string {
  const full = Math.floor(share * BAR_CELLS);
  return '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
}

function now(): number {
  return performance.now() / 1000;
}
