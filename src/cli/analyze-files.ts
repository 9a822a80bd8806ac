/** `lipschitz-lens analyze`. */
import type { DeviceChoice, Method, PaddingChoice, Report } from '../report/report';
import { AnalysisFailure, analyzeInWorker, reportOf } from '../worker/client';
import type { AnalysisRequest } from '../worker/client';
import { overBudget } from './budget';
import { EXIT } from './exit-code';
import type { ExitCode } from './exit-code';
import { formatReports, pageOf } from './format';
import type { Format } from './format';
import { checkOutput, writeOutput, writeStream } from './output';
import { showProgress } from './progress';
import type { Surroundings } from './surroundings';

/** The options as the command line's parser hands them over. */
export interface AnalyzeOptions {
  readonly format: Format;
  readonly output?: string;
  readonly method: Method;
  readonly iterations?: number;
  readonly tolerance?: number;
  readonly inputSize?: readonly number[] | 'any';
  readonly padding?: PaddingChoice;
  readonly device: DeviceChoice;
  readonly layers?: string;
  readonly perGroup?: true;
  readonly failAbove?: number;
}

/**
 * @throws UsageError where the result should go to a file that it must not or cannot go to
 * @throws OutputError where it cannot be written in the end
 */
export async function analyzeFiles(
  files: readonly string[],
  options: AnalyzeOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stdout, env, warn } = surroundings;
  const { format, output, failAbove } = options;
  if (output !== undefined) await checkOutput(output, files);
  if (options.iterations !== undefined && options.method !== 'gram') {
    warn('--iterations has no effect without --method gram');
  }

  const reports: Report[] = [];
  let failed = false;
  let cancelled = false;
  for (const path of files) {
    try {
      const report = await analyzeFile(requestOf(path, options), surroundings);
      if (report !== null) reports.push(report);
      cancelled = report === null || report.cancelled !== undefined;
    } catch (error) {
      if (!(error instanceof AnalysisFailure)) throw error;
      warn(error.message);
      failed = true;
    }
    if (cancelled) break;
  }

  const text = formatReports(
    reports,
    format,
    files.length > 1,
    pageOf(output === undefined ? stdout : null, env),
  );
  if (output === undefined) await writeStream(stdout, text);
  else if (text !== '') await writeOutput(output, text);

  const exceeding = failAbove === undefined ? [] : reports.flatMap((report) => overBudget(report, failAbove));
  exceeding.forEach(warn);
  for (const { model, skipped } of failAbove === undefined ? [] : reports) {
    if (skipped.length > 0)
      warn(`${model.path}: ${skipped.length} skipped, which --fail-above does not judge`);
  }
  const unbounded = reports.flatMap((report) => report.layers.filter((layer) => layer.error !== null));
  const empty = reports.filter((report) => report.layers.length === 0 && !report.cancelled);
  if (options.layers !== undefined) {
    for (const { model } of empty) warn(`${model.path}: no layer matches ${options.layers}`);
  }

  if (cancelled) {
    warn(cancellation(reports, files.length));
    return EXIT.cancelled;
  }
  if (options.layers !== undefined && empty.length > 0 && empty.length === reports.length) return EXIT.usage;
  if (failed) return EXIT.failed;
  if (unbounded.length > 0) return EXIT.layerFailed;
  return exceeding.length > 0 ? EXIT.overBudget : EXIT.done;
}

function requestOf(path: string, options: AnalyzeOptions): AnalysisRequest {
  return {
    path,
    settings: {
      method: options.method,
      iterations: options.iterations ?? null,
      tolerance: options.tolerance ?? null,
      device: options.device,
      inputSize: options.inputSize ?? null,
      padding: options.padding ?? null,
    },
    layers: options.layers ?? null,
    perGroup: options.perGroup ?? false,
    only: null,
  };
}

/** Null where it was cancelled before there was anything to report. */
async function analyzeFile(
  request: AnalysisRequest,
  { stderr, workerPath, signal }: Surroundings,
): Promise<Report | null> {
  const start = performance.now();
  const progress = showProgress(request.path, stderr);
  try {
    const outcome = await analyzeInWorker(request, progress.events, { workerPath, signal });
    if (outcome.plan === null) return null;
    return reportOf(outcome, outcome.plan, request, (performance.now() - start) / 1000);
  } finally {
    progress.stop();
  }
}

function cancellation(reports: readonly Report[], files: number): string {
  const last = reports.at(-1);
  const where = last?.cancelled
    ? `${last.model.path}: cancelled after ${last.cancelled.finished} of ${last.cancelled.of} layers`
    : 'cancelled';
  return files > 1 ? `${where}; file ${reports.length + (last?.cancelled ? 0 : 1)} of ${files}` : where;
}
