/** Says in one line how many tests of a tier ran; with `complete`, none may be left out. */
import type { Reporter, TestModule, Vitest } from 'vitest/node';

export class TierReporter implements Reporter {
  private vitest: Vitest | undefined;

  constructor(
    private readonly tier: string,
    private readonly complete = false,
  ) {}

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const states = modules.flatMap(({ children }) =>
      [...children.allTests()].map((test) => test.result().state),
    );
    const count = (state: (typeof states)[number]) => states.filter((one) => one === state).length;
    const pending = count('skipped') + count('pending');
    console.log(
      `${this.tier} tier: ${count('passed')} passed, ${count('failed')} failed, ${pending} pending\n`,
    );
    // A filter leaves out tests on purpose.
    const isFiltered = this.vitest?.config.testNamePattern !== undefined;
    if (this.complete && pending > 0 && !isFiltered) process.exitCode = 1;
  }
}
