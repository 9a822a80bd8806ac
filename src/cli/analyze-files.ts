/** `lipschitz-lens analyze`. */
import type { Report } from '../report/report';
import { hasAdapters } from '../report/totals';
import { AnalysisFailure, analyzeInWorker, networkInWorker, reportOf } from '../worker/client';
import type { AnalysisRequest } from '../worker/client';
import { budgetSentences, networkBudgetSentences, whyNotJudged } from './budget';
import { EXIT } from './exit-code';
import type { ExitCode } from './exit-code';
import { formatReports, pageOf } from './format';
import type { Format } from './format';
import { checkOutput, UsageError, writeOutput, writeStream } from './output';
import { showProgress } from './progress';
import { settingsOf, warnOfIdleOptions } from './settings';
import type { SettingOptions } from './settings';
import type { Surroundings } from './surroundings';

/** The options as the command line's parser hands them over. */
export interface AnalyzeOptions extends SettingOptions {
  readonly format: Format;
  readonly base?: string;
  readonly perGroup?: true;
  readonly spectrum?: true;
  readonly failAbove?: number;
  readonly failNetworkAbove?: number;
  /** The model may be run, to meet slopes of it. */
  readonly run: boolean;
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
  const { format, output } = options;
  if (output !== undefined) await checkOutput(output, [...files, options.base ?? []].flat());
  warnOfIdleOptions(options, warn);
  const { failAbove, failNetworkAbove } = options;
  if (format === 'sarif' && failAbove === undefined && failNetworkAbove === undefined) {
    warn('--format sarif lists what is above --fail-above or --fail-network-above, and neither is given');
  }
  if (failNetworkAbove !== undefined && options.layers !== undefined) {
    throw new UsageError('--fail-network-above takes all layers: leave out --layers');
  }

  if (options.spectrum && (format === 'csv' || format === 'sarif')) {
    warn(`--spectrum has no effect on --format ${format}`);
  }

  // The other formats hold rows only.
  const isWhole = format === 'table' || format === 'json' || format === 'markdown';
  const ofNetwork =
    isWhole && options.run ? 'slopes' : isWhole || failNetworkAbove !== undefined ? 'bound' : 'nothing';
  const found = await analyzeEach(files, options, ofNetwork, surroundings);
  const analysed = failNetworkAbove === undefined ? found : withUnjudged(found, warn);

  const page = pageOf(output === undefined ? stdout : null, env);
  const text = formatReports(analysed.reports, format, files.length > 1, page, {
    limit: failAbove ?? null,
    networkLimit: failNetworkAbove ?? null,
    refusals: analysed.refusals,
  });
  if (output === undefined) await writeStream(stdout, text);
  else if (text !== '') await writeOutput(output, text);

  if (analysed.cancelled) {
    warn(cancellation(analysed.reports, files.length));
    return EXIT.cancelled;
  }
  return judge(analysed, options, warn);
}

/** What is wanted of the whole network: its bound, or also slopes of it, which are met where the model is run. */
type OfNetwork = 'nothing' | 'bound' | 'slopes';

type RequestOptions = SettingOptions & Pick<AnalyzeOptions, 'base' | 'perGroup' | 'spectrum'>;

interface Analysed {
  readonly reports: readonly Report[];
  /** A sentence for each file that has no report. */
  readonly refusals: readonly string[];
  readonly cancelled: boolean;
}

/** One file after the other. */
export async function analyzeEach(
  files: readonly string[],
  options: RequestOptions,
  ofNetwork: OfNetwork,
  surroundings: Surroundings,
): Promise<Analysed> {
  const reports: Report[] = [];
  const refusals: string[] = [];
  for (const path of files) {
    try {
      const report = await analyzeFile(requestOf(path, options), ofNetwork, surroundings);
      if (report !== null) reports.push(report);
      if (report === null || report.cancelled) return { reports, refusals, cancelled: true };
    } catch (error) {
      if (!(error instanceof AnalysisFailure)) throw error;
      surroundings.warn(error.message);
      refusals.push(error.message);
    }
  }
  return { reports, refusals, cancelled: false };
}

/** Networks that cannot be held against a budget are refused like files that cannot be analysed. */
function withUnjudged(analysed: Analysed, warn: Surroundings['warn']): Analysed {
  const sentences = analysed.reports.flatMap(({ model, network, cancelled }) => {
    const reason = cancelled ? null : whyNotJudged(network);
    return reason === null ? [] : [`${model.path}: its network cannot be held against a budget: ${reason}`];
  });
  sentences.forEach(warn);
  return { ...analysed, refusals: [...analysed.refusals, ...sentences] };
}

/** Says what is wrong with complete reports, and which exit code that makes. */
function judge(
  { reports, refusals }: Analysed,
  { layers: glob, failAbove: limit, failNetworkAbove: networkLimit, base }: AnalyzeOptions,
  warn: Surroundings['warn'],
): ExitCode {
  const unmatched = glob === undefined ? [] : reports.filter(({ layers }) => layers.length === 0);
  const idle =
    base === undefined ? [] : reports.filter((report) => !hasAdapters(report) && report.layers.length > 0);
  for (const { model } of idle) warn(`${model.path}: it holds no adapter: --base has no effect`);
  for (const { model } of unmatched) warn(`${model.path}: no layer matches ${glob}`);

  const exceeding = [
    ...(limit === undefined ? [] : reports.flatMap((report) => budgetSentences(report, limit))),
    ...(networkLimit === undefined
      ? []
      : reports.flatMap((report) => networkBudgetSentences(report, networkLimit))),
  ];
  exceeding.forEach(warn);
  for (const { model, skipped } of limit === undefined ? [] : reports) {
    if (skipped.length > 0) {
      warn(`${model.path}: ${skipped.length} skipped, which --fail-above does not judge`);
    }
  }

  if (unmatched.length > 0 && unmatched.length === reports.length) return EXIT.usage;
  if (refusals.length > 0) return EXIT.failed;
  if (reports.some(({ layers }) => layers.some(({ error }) => error !== null))) return EXIT.layerFailed;
  return exceeding.length > 0 ? EXIT.overBudget : EXIT.done;
}

function requestOf(path: string, options: RequestOptions): AnalysisRequest {
  return {
    path,
    base: options.base ?? null,
    settings: settingsOf(options),
    layers: options.layers ?? null,
    perGroup: options.perGroup ?? false,
    spectra: options.spectrum ?? false,
    only: null,
  };
}

/**
 * Null where it was cancelled before there was anything to report.
 * @throws AnalysisFailure
 */
export async function analyzeFile(
  request: AnalysisRequest,
  ofNetwork: OfNetwork,
  { stderr, workerPath, signal }: Surroundings,
): Promise<Report | null> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const progress = showProgress(request.path, stderr);
  try {
    const outcome = await analyzeInWorker(request, progress.events, { workerPath, signal });
    const { plan } = outcome;
    if (plan === null) return null;
    const report = reportOf(outcome, plan, request, seconds());
    if (ofNetwork === 'nothing') return report;
    const runFor = ofNetwork === 'slopes' ? Math.min(LONGEST_RUN, SHORTEST_RUN + seconds() / 2) : null;
    const network = await networkInWorker(request, outcome, runFor, { workerPath, signal });
    return { ...report, network, seconds: seconds() };
  } finally {
    progress.stop();
  }
}

/** How long the model may be run, seconds: in proportion to the analysis. */
const SHORTEST_RUN = 1;
const LONGEST_RUN = 10;

function cancellation(reports: readonly Report[], files: number): string {
  const last = reports.at(-1);
  const where = last?.cancelled
    ? `${last.model.path}: cancelled after ${last.cancelled.finished} of ${last.cancelled.of} layers`
    : 'cancelled';
  return files > 1 ? `${where}; file ${reports.length + (last?.cancelled ? 0 : 1)} of ${files}` : where;
}
