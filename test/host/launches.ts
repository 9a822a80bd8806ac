/** What the program outside VS Code (`run.ts`) and the module inside (`main.ts`) have to agree on. */

/** VS Code is started once for each; `NAME.<launch>.test.ts` runs in that one, any other test file in `main`. */
export const LAUNCHES = ['main', 'untrusted', 'multi-root'] as const;

export type Launch = (typeof LAUNCHES)[number];

export function launchOf(file: string): Launch {
  return LAUNCHES.find((launch) => file.endsWith(`.${launch}.test.ts`)) ?? 'main';
}

/** Environment variables of the extension host. */
export const VARIABLES = {
  launch: 'LIPSCHITZ_LENS_TEST_LAUNCH',
  /** The file that `Results` are written to. */
  results: 'LIPSCHITZ_LENS_TEST_RESULTS',
  /** Only tests whose full titles match this regular expression. */
  grep: 'LIPSCHITZ_LENS_TEST_GREP',
} as const;

/** Begins every line of Mocha's among all that VS Code prints. */
export const MARK = '[mocha] ';

export interface Results {
  /** Of VS Code. */
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly pending: number;
}
