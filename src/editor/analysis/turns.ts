/** One analysis at a time: each takes all cores, or the whole device. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Calls `work` when all before it have ended; not at all where `signal` is aborted by then. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | null> {
    const before = this.last;
    let end = () => {};
    this.last = new Promise((resolve) => (end = resolve));
    try {
      await before;
      return signal.aborted ? null : await work();
    } finally {
      end();
    }
  }
}
