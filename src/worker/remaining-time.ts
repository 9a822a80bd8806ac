/** Estimates the time that is left from the plan's costs, corrected by how long the finished layers took. */
export class RemainingTime {
  private readonly left: Map<number, number>;
  private finishedCost = 0;
  private lastFinish: number;

  /** `costs` of the layers in seconds on a typical machine; times in seconds of one clock. */
  constructor(
    costs: readonly number[],
    private readonly start: number,
  ) {
    this.left = new Map(costs.entries());
    this.lastFinish = start;
  }

  finish(index: number, at: number): void {
    this.finishedCost += this.left.get(index) ?? 0;
    this.left.delete(index);
    this.lastFinish = at;
  }

  seconds(at: number): number {
    let cost = 0;
    for (const layer of this.left.values()) cost += layer;
    const pace = this.finishedCost > 0 ? (this.lastFinish - this.start) / this.finishedCost : 1;
    return Math.max(0, cost * pace - (at - this.lastFinish));
  }
}
