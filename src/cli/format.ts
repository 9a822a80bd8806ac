import { formatCsv } from '../report/csv';
import { formatJson } from '../report/json';
import { formatMarkdown } from '../report/markdown';
import type { Report } from '../report/report';
import { formatTable, NARROWEST_TABLE } from '../report/table';
import type { Terminal } from './progress';

export const FORMATS = ['table', 'json', 'csv', 'markdown'] as const;
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

/** `several` files were asked for: JSON is then an array, however many of them could be analysed. */
export function formatReports(
  reports: readonly Report[],
  format: Format,
  several: boolean,
  page: Page,
): string {
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
