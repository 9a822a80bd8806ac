/** One analysis at a time: each takes all cores, or the whole device. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Calls `work` when all before it have ended; where `signal` is aborted by then, answers null at once instead. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | null> {
    const before = this.last;
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.last = before.then(() => ended);
    try {
      await Promise.race([before, aborted(signal)]);
      return signal.aborted ? null : await work();
    } finally {
      end();
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
