/** `lipschitz-lens check`. */
import { keepsTo } from '../report/budget';
import type { DeviceChoice, NetworkBound, NetworkReport } from '../report/report';
import { displayName, printable } from '../report/text';
import { AnalysisFailure } from '../worker/client';
import { analyzeFile } from './analyze-files';
import { whyNotJudged } from './budget';
import { EXIT } from './exit-code';
import type { ExitCode } from './exit-code';
import { writeStream } from './output';
import type { Surroundings } from './surroundings';

export interface CheckOptions {
  readonly expect: number;
  readonly tolerance: number;
  readonly device: DeviceChoice;
  readonly inputSize?: readonly number[] | 'any';
}

/** Steps and nodes that are named for one bound. */
const MOST_NAMES = 20;

export async function checkFile(
  path: string,
  options: CheckOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { warn, stdout } = surroundings;
  try {
    const settings = {
      method: 'auto',
      iterations: null,
      tolerance: null,
      device: options.device,
      inputSize: options.inputSize ?? null,
      padding: null,
    } as const;
    const report = await analyzeFile(
      { path, settings, layers: null, perGroup: false, only: null },
      'bound',
      surroundings,
    );
    if (report === null || report.cancelled) {
      warn('cancelled');
      return EXIT.cancelled;
    }
    const { network, layers } = report;
    const reason = whyNotJudged(network);
    if (network === null || reason !== null) {
      warn(`${path}: ${reason ?? ''}`);
      return EXIT.failed;
    }
    const { sentences, holds } = verdict(network, options);
    await writeStream(stdout, sentences.map((line) => `${printable(line)}\n`).join(''));
    if (layers.some(({ error }) => error !== null)) return EXIT.layerFailed;
    return holds ? EXIT.done : EXIT.overBudget;
  } catch (error) {
    if (!(error instanceof AnalysisFailure)) throw error;
    warn(error.message);
    return EXIT.failed;
  }
}

/** What there is to say of every bound in L2, and whether all are small enough. */
function verdict(
  network: NetworkReport,
  { expect, tolerance }: CheckOptions,
): { readonly sentences: string[]; readonly holds: boolean } {
  const limit = expect * (1 + tolerance);
  const bounds = network.bounds.filter(({ norm }) => norm === 'L2');
  const broken = bounds.filter((bound) => !keepsTo(bound, limit));
  const sentences = bounds.flatMap((bound) =>
    broken.includes(bound)
      ? breaks(bound, network, expect)
      : [`${pair(bound)}: at most ${bound.upper}, as expected`],
  );
  const steps = network.contributions.filter(({ log10 }) => (log10 ?? 0) > 0).slice(0, MOST_NAMES);
  const worst = steps.map(
    ({ name, op, log10 }) => `  ${displayName(name)} (${displayName(op)}): ${10 ** (log10 ?? 0)}`,
  );
  return {
    sentences: [
      ...(bounds.length === 0 ? ['no output depends on an input of floating point'] : []),
      ...sentences,
      ...(broken.length > 0 && worst.length > 0 ? ['what multiplies the largest bound:', ...worst] : []),
      ...(network.isAssumed
        ? [`it is not shown for other sizes of the inputs, which the file leaves open, than ${network.scope}`]
        : []),
      ...network.notes,
    ],
    holds: broken.length === 0 && !network.isAssumed,
  };
}

function pair({ input, output }: NetworkBound): string {
  return `${displayName(input)} -> ${displayName(output)}`;
}

function breaks(bound: NetworkBound, { coverage }: NetworkReport, expect: number): string[] {
  const { upper, log10Upper, limits, domain } = bound;
  const lead = `${pair(bound)}: it is not shown to be at most ${expect}`;
  if (domain === null && log10Upper !== null) return [`${lead}: the bound is ${upper ?? `10^${log10Upper}`}`];
  const reasons = new Map(coverage.map((node) => [node.name, node.reason]));
  return [
    `${lead}: there is no bound on all inputs`,
    ...limits
      .slice(0, MOST_NAMES)
      .map((name) => `  ${displayName(name)}: ${reasons.get(name) ?? 'no bound is known'}`),
  ];
}
