import type { Progress } from '../protocol/protocol';
import { RemainingTime } from '../../worker/client';

/** The running layer and the remaining time are told so soon after a layer began, milliseconds. */
const PROGRESS_INTERVAL = 100;
/** The time that remains is told anew so often while a layer runs, milliseconds. */
const TICK = 1000;

/** Tells how far a run through layers is: soon after one is begun, and again and again as long as it takes. */
export class ProgressTeller {
  private readonly remaining: RemainingTime;
  private finished = 0;
  private layer = '';
  private timer: NodeJS.Timeout | undefined;
  private isDue = false;

  /** @param layers with their costs in seconds */
  constructor(
    private readonly layers: readonly { readonly name: string; readonly cost: number }[],
    private readonly tell: (progress: Progress) => void,
  ) {
    this.remaining = new RemainingTime(
      layers.map(({ cost }) => cost),
      performance.now() / 1000,
    );
    tell(this.now());
  }

  start(index: number): void {
    this.layer = this.layers[index].name;
    if (this.isDue) return;
    this.isDue = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), PROGRESS_INTERVAL);
  }

  finish(index: number): void {
    this.finished++;
    this.remaining.finish(index, performance.now() / 1000);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private tick(): void {
    this.isDue = false;
    this.timer = setTimeout(() => this.tick(), TICK);
    this.tell(this.now());
  }

  private now(): Progress {
    return {
      finished: this.finished,
      of: this.layers.length,
      layer: this.layer,
      remainingSeconds: this.remaining.seconds(performance.now() / 1000),
    };
  }
}
