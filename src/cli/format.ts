import { isAbsolute, normalize, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { version } from '../../package.json';
import { formatCsv } from '../report/csv';
import { formatJson } from '../report/json';
import { formatMarkdown } from '../report/markdown';
import type { Report } from '../report/report';
import { formatSarif } from '../report/sarif';
import { formatTable, NARROWEST_TABLE } from '../report/table';
import type { Terminal } from './progress';

/** For people, programs and spreadsheets; `sarif` is for code scanning. */
export const RESULT_FORMATS = ['table', 'json', 'csv', 'markdown'] as const;
export const FORMATS = [...RESULT_FORMATS, 'sarif'] as const;
export type Format = (typeof FORMATS)[number];

/** Columns of what goes to a file or another program. */
export const PAGE_WIDTH = 100;
/** Wider than this, the eye loses the row. */
const WIDEST_TABLE = 140;

export interface Page {
  readonly width: number;
  readonly color: boolean;
}

/** What a table may use on `stream`; null: a file. Follows https://no-color.org and https://force-color.org. */
export function pageOf(stream: Terminal | null, env: NodeJS.ProcessEnv): Page {
  if (stream === null) return { width: PAGE_WIDTH, color: false };
  const terminal = stream.isTTY === true;
  const width = terminal
    ? Math.min(WIDEST_TABLE, Math.max(NARROWEST_TABLE, stream.columns || PAGE_WIDTH))
    : PAGE_WIDTH;
  const forced = env.FORCE_COLOR;
  const color =
    forced !== undefined && forced !== ''
      ? forced !== '0' && forced !== 'false'
      : terminal && !env.NO_COLOR && env.TERM !== 'dumb';
  return { width, color };
}

/** What SARIF says besides the reports. */
export interface Scan {
  /** The budget of a layer; null: none. */
  readonly limit: number | null;
  /** The budget of the network; null: none. */
  readonly networkLimit: number | null;
  /** Sentences about files without a report. */
  readonly refusals: readonly string[];
}

/** `several` files were asked for: JSON is then an array, however many of them could be analysed. */
export function formatReports(
  reports: readonly Report[],
  format: Format,
  several: boolean,
  page: Page,
  scan: Scan = { limit: null, networkLimit: null, refusals: [] },
): string {
  if (format === 'sarif') return formatSarif(reports, { ...scan, version, uriOf });
  if (reports.length === 0 && !(several && format === 'json')) return '';
  switch (format) {
    case 'json':
      return formatJson(several ? reports : reports[0]);
    case 'csv':
      return formatCsv(reports);
    case 'markdown':
      return formatMarkdown(reports);
    case 'table':
      return reports.map((report) => formatTable(report, page)).join('\n\n');
  }
}

/** Relative where the path is, so that it is one in the repository where the program is run at its root. */
function uriOf(path: string): string {
  if (isAbsolute(path)) return pathToFileURL(path).href;
  return normalize(path).split(sep).map(encodeURIComponent).join('/');
}
