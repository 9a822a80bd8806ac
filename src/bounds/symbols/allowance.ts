/** How many times as long as estimated something may take by the clock: a busy machine does not change what is answered. */
const SLOWEST = 3;

/** Seconds that may be spent, as estimated, and by the clock from now on. */
export class Allowance {
  private readonly begun = performance.now();
  private spent = 0;

  constructor(readonly seconds: number) {}

  spend(seconds: number): void {
    this.spent += seconds;
  }

  /** Whether a share of it is used up. */
  isOver(share = 1): boolean {
    const elapsed = (performance.now() - this.begun) / 1000;
    return this.spent >= share * this.seconds || elapsed >= SLOWEST * share * this.seconds;
  }
}
