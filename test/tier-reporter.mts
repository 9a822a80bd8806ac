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
    const tests = modules.flatMap(({ children }) => [...children.allTests()]);
    const states = tests.map((test) => test.result().state);
    const count = (state: (typeof states)[number]) => states.filter((one) => one === state).length;
    const pending = count('skipped') + count('pending');
    const flaky = tests.filter((test) => test.diagnostic()?.flaky);
    console.log(
      `${this.tier} tier: ${count('passed')} passed, ${count('failed')} failed, ${pending} pending\n`,
    );
    if (flaky.length > 0) {
      const names = flaky.map(({ fullName }) => `  ${fullName}\n`).join('');
      console.log(`${flaky.length} passed at the second try only:\n${names}`);
    }
    // A filter leaves out tests on purpose.
    const isFiltered = this.vitest?.config.testNamePattern !== undefined;
    if (this.complete && pending > 0 && !isFiltered) process.exitCode = 1;
  }
}
