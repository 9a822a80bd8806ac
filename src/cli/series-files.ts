/** `lipschitz-lens series`. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatJson } from '../report/json';
import { naturalOrder } from '../report/natural-order';
import { formatSeriesCsv } from '../report/series/csv';
import { formatSeriesMarkdown } from '../report/series/markdown';
import type { SeriesReport } from '../report/series/series';
import { formatSeriesTable } from '../report/series/table';
import { AnalysisFailure, seriesOf } from '../worker/client';
import { analyzeEach } from './analyze-files';
import { EXIT } from './exit-code';
import type { ExitCode } from './exit-code';
import { pageOf } from './format';
import type { Page, RESULT_FORMATS } from './format';
import { checkOutput, writeOutput, writeStream } from './output';
import { warnOfIdleOptions } from './settings';
import type { SettingOptions } from './settings';
import type { Surroundings } from './surroundings';

export interface SeriesOptions extends SettingOptions {
  readonly format: (typeof RESULT_FORMATS)[number];
}

/**
 * @throws UsageError where the result should go to a file that it must not or cannot go to
 * @throws AnalysisFailure where a folder holds no checkpoints, or no checkpoint can be analysed
 * @throws OutputError where the result cannot be written in the end
 */
export async function analyzeSeries(
  paths: readonly string[],
  options: SeriesOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stdout, env, warn } = surroundings;
  const { format, output, layers: glob } = options;
  const start = performance.now();
  const files = await checkpointsOf(paths);
  if (output !== undefined) await checkOutput(output, files);
  warnOfIdleOptions(options, warn);

  const { reports, refusals, cancelled } = await analyzeEach(files, options, 'nothing', surroundings);
  // A checkpoint that is not finished would be a column with holes that look like absent layers.
  const complete = reports.filter((report) => report.cancelled === undefined);
  if (complete.length > 0) {
    const series: SeriesReport = {
      ...seriesOf(complete, (performance.now() - start) / 1000),
      ...(cancelled && { cancelled: { finished: complete.length, of: files.length } }),
    };
    const text = formatSeries(series, format, pageOf(output === undefined ? stdout : null, env));
    if (output === undefined) await writeStream(stdout, text);
    else await writeOutput(output, text);
  }

  if (cancelled) {
    warn(`cancelled after ${complete.length} of ${files.length} checkpoints`);
    return EXIT.cancelled;
  }
  if (glob !== undefined && complete.length > 0 && complete.every(({ layers }) => layers.length === 0)) {
    warn(`no layer matches ${glob}`);
    return EXIT.usage;
  }
  if (refusals.length > 0) return EXIT.failed;
  return complete.some(({ layers }) => layers.some(({ error }) => error !== null))
    ? EXIT.layerFailed
    : EXIT.done;
}

/** The models that were named, or, of a folder that is named alone, the model files in it. */
async function checkpointsOf(paths: readonly string[]): Promise<readonly string[]> {
  const [folder] = paths;
  const isFolder = await stat(folder).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (paths.length > 1 || !isFolder) return paths;
  const names = await readdir(folder).catch(() => {
    throw new AnalysisFailure(`${folder}: the folder cannot be read`, true);
  });
  const visible = names.filter((name) => !name.startsWith('.'));
  if (visible.some((name) => /\.safetensors\.index\.json$/i.test(name))) {
    throw new AnalysisFailure(
      `${folder}: the folder holds one model in several files; name the folders of the checkpoints one by one`,
      true,
    );
  }
  const models = visible.filter((name) => /\.(?:onnx|safetensors)$/i.test(name));
  if (models.length === 0) {
    throw new AnalysisFailure(
      `${folder}: the folder holds no .onnx or .safetensors file; name checkpoints in folders of their own one by one`,
      true,
    );
  }
  return models.sort(naturalOrder).map((name) => join(folder, name));
}

function formatSeries(series: SeriesReport, format: SeriesOptions['format'], page: Page): string {
  switch (format) {
    case 'json':
      return formatJson(series);
    case 'csv':
      return formatSeriesCsv(series);
    case 'markdown':
      return formatSeriesMarkdown(series);
    case 'table':
      return formatSeriesTable(series, page);
  }
}
