/** The numbers that the panel has to show: those of the command line, which knows nothing of VS Code. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatInterval, formatShape, formatShare } from '../../src/report/numbers';
import type { LayerReport, Report } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { formatScope, formatStableRank } from '../../src/report/wording';
import { dist } from '../unit/product';

const execute = promisify(execFile);

/** What `lipschitz-lens` prints. */
export async function commandLine(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [join(dist, 'cli.js'), ...args], {
    maxBuffer: 1 << 28,
  });
  return stdout;
}

/** Analyses a file as `lipschitz-lens analyze FILE --format json` does. */
export async function analyze(file: string, ...options: readonly string[]): Promise<Report> {
  return JSON.parse(await commandLine('analyze', file, '--format', 'json', ...options)) as Report;
}

/** What the columns of the table have to show of a layer; its time is another in each run. */
export function expectedCells(row: LayerReport, index: number): Record<string, string> {
  const { lipschitz, stableRank } = row;
  if (!lipschitz || !stableRank) throw new Error(`${row.name} has no bound: ${row.error}`);
  return {
    '#': String(index + 1),
    Layer: displayName(row.name),
    Shape: formatShape(row.shape),
    'Lipschitz constant': formatInterval(lipschitz),
    'Stable rank': `${formatStableRank(stableRank)}${formatShare(stableRank.normalized)}`,
    Parameters: row.parameters.toLocaleString('en'),
    'Input size': formatScope(lipschitz),
    Certainty: ` ${lipschitz.certainty}`,
  };
}
