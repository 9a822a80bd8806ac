import { expect } from 'vitest';
import type { Report } from '../../../src/report/report';
import { rowDefect } from '../../../src/report/row-defect';
import { run } from '../cli/command-line';
import { dist } from '../product';

/** The report of the built product on the CPU, of which every row has an interval. */
export async function analyze(path: string, ...options: readonly string[]): Promise<Report> {
  const args = ['analyze', path, '--device', 'cpu', '--format', 'json', ...options];
  const { code, stdout, stderr } = await run(dist, args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const report = JSON.parse(stdout) as Report;
  expect(new Set(report.layers.map(({ name }) => name)).size).toBe(report.layers.length);
  for (const row of report.layers) {
    expect(row, row.name).toMatchObject({ error: null });
    expect(rowDefect(row), row.name).toBeNull();
    expect(row.lipschitz, row.name).not.toBeNull();
  }
  return report;
}
