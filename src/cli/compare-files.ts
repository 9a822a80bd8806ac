/** `lipschitz-lens compare`. */
import type { ComparisonReport } from '../report/comparison/comparison';
import { formatComparisonCsv } from '../report/comparison/csv';
import { formatComparisonMarkdown } from '../report/comparison/markdown';
import { errorsOf } from '../report/comparison/summary';
import { formatComparisonTable } from '../report/comparison/table';
import { formatJson } from '../report/json';
import { compareInWorker, comparisonOf } from '../worker/client';
import type { ComparisonRequest } from '../worker/client';
import { EXIT } from './exit-code';
import type { ExitCode } from './exit-code';
import { pageOf } from './format';
import type { Page, RESULT_FORMATS } from './format';
import { checkOutput, writeOutput, writeStream } from './output';
import { showProgress } from './progress';
import { settingsOf, warnOfIdleOptions } from './settings';
import type { SettingOptions } from './settings';
import type { Surroundings } from './surroundings';

export interface CompareOptions extends SettingOptions {
  readonly format: (typeof RESULT_FORMATS)[number];
}

/**
 * @throws UsageError where the result should go to a file that it must not or cannot go to
 * @throws AnalysisFailure where a model cannot be analysed
 * @throws OutputError where the result cannot be written in the end
 */
export async function compareFiles(
  a: string,
  b: string,
  options: CompareOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stdout, env, warn } = surroundings;
  const { format, output, layers: glob } = options;
  if (output !== undefined) await checkOutput(output, [a, b]);
  warnOfIdleOptions(options, warn);
  const request: ComparisonRequest = {
    a,
    b,
    settings: settingsOf(options),
    layers: glob ?? null,
    only: null,
  };
  const comparison = await comparisonIn(request, surroundings);
  if (comparison === null) {
    warn('cancelled');
    return EXIT.cancelled;
  }

  const text = formatComparison(comparison, format, pageOf(output === undefined ? stdout : null, env));
  if (output === undefined) await writeStream(stdout, text);
  else await writeOutput(output, text);

  const { pairs, onlyInA, onlyInB, cancelled } = comparison;
  if (cancelled) {
    warn(`cancelled after ${cancelled.finished} of ${cancelled.of} pairs`);
    return EXIT.cancelled;
  }
  if (glob !== undefined && pairs.length + onlyInA.length + onlyInB.length === 0) {
    warn(`no layer matches ${glob}`);
    return EXIT.usage;
  }
  return pairs.some((pair) => errorsOf(pair).length > 0) ? EXIT.layerFailed : EXIT.done;
}

/** Null where it was cancelled before there was anything to report. */
async function comparisonIn(
  request: ComparisonRequest,
  { stderr, workerPath, signal }: Surroundings,
): Promise<ComparisonReport | null> {
  const start = performance.now();
  const progress = showProgress(`${request.a} and ${request.b}`, stderr);
  try {
    const outcome = await compareInWorker(
      request,
      {
        ...progress.events,
        onPlan: ({ layers }) =>
          progress.events.onPlan?.({ layers: layers.map(({ a, cost }) => ({ name: a.name, cost })) }),
      },
      { workerPath, signal },
    );
    if (outcome.plan === null) return null;
    return comparisonOf(outcome, outcome.plan, request, (performance.now() - start) / 1000);
  } finally {
    progress.stop();
  }
}

function formatComparison(
  comparison: ComparisonReport,
  format: CompareOptions['format'],
  page: Page,
): string {
  switch (format) {
    case 'json':
      return formatJson(comparison);
    case 'csv':
      return formatComparisonCsv(comparison);
    case 'markdown':
      return formatComparisonMarkdown(comparison);
    case 'table':
      return formatComparisonTable(comparison, page);
  }
}
