import { expect } from 'vitest';
import type { Report } from '../../../src/report/report';
import { belongsTo, type GraphNode, weightsOf } from './graph';

/** Every node with weights is a row or skipped, every row and every weight with a reason is of a node that is there. */
export function expectAllAccountedFor(report: Report, nodes: readonly GraphNode[]): void {
  const weighted = nodes.filter((node) => weightsOf(node).length > 0);
  expect(weighted.length).toBeGreaterThan(0);
  const told = [...report.layers, ...report.skipped];
  for (const node of weighted) {
    expect(told.some((row) => belongsTo(row, node)), `${node.opType} ${node.label}`).toBe(true);
  }
  for (const row of report.layers) {
    const owner = weighted.find((node) => belongsTo(row, node));
    expect(owner, row.name).toBeDefined();
    expect(owner && weightsOf(owner).map(({ name }) => name), row.name).toContain(row.weight);
  }
  for (const skipped of report.skipped) {
    expect(nodes.some((node) => belongsTo(skipped, node)), skipped.name).toBe(true);
  }
}
