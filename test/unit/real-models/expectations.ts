import { expect } from 'vitest';
import type { LayerReport, Report } from '../../../src/report/report';
import { belongsTo, type GraphNode, rowsOf, weightsOf } from './graph';
import { type Truth, truthOf } from './truth';

/** How far upper ends may be above the norm for any input size. */
const promised = 1.05;
/** Relative error of the tests' own norms. */
const truthError = 1e-9;

/**
 * Every node with weights is in a row or skipped, and every row is of a node with its weight.
 */
export function expectAllAccountedFor(report: Report, nodes: readonly GraphNode[]): void {
  const weighted = nodes.filter((node) => weightsOf(node).length > 0);
  expect(weighted.length).toBeGreaterThan(0);
  const told = [...report.layers, ...report.skipped];
  for (const node of weighted) {
    const owned = told.filter((row) => belongsTo(row, node));
    expect(owned.length, `${node.opType} ${node.label}`).toBeGreaterThan(0);
  }
  for (const row of report.layers) {
    const owner = weighted.find((node) => belongsTo(row, node));
    expect(owner, row.name).toBeDefined();
    expect(owner && weightsOf(owner).map(({ name }) => name), row.name).toContain(row.weight);
  }
  for (const skipped of report.skipped) {
    expect(nodes.filter((node) => belongsTo(skipped, node)).length, skipped.name).toBe(1);
  }
}

/**
 * Every convolution, product with a matrix and normalisation with stored statistics is enclosed, and within 5 % of its norm
 * for any input size.
 */
export function expectTruths(report: Report, nodes: readonly GraphNode[]): void {
  let compared = 0;
  for (const node of nodes) {
    const rows = rowsOf(report, node);
    const truth = rows.length === 0 ? null : truthOf(node);
    if (truth === null) continue;
    expect(rows).toHaveLength(1);
    expectTight(rows[0], truth);
    compared++;
  }
  expect(compared).toBeGreaterThan(0);
}

export function expectTight(row: LayerReport, truth: Truth): void {
  const { lower, upper } = expectInterval(row);
  // On one position every convolution of one tap is its matrix, as it is on any size.
  const taps = (row.convolution ? row.shape.slice(2) : []).reduce((a, b) => a * b, 1);
  expect(row.lipschitz?.scope === 'any input size' || taps === 1, row.name).toBe(true);
  expect(lower, row.name).toBeLessThanOrEqual(truth.upper * (1 + truthError));
  expect(upper, row.name).toBeGreaterThanOrEqual(truth.lower * (1 - truthError));
  expect(upper, row.name).toBeLessThanOrEqual(promised * truth.upper);
  expect(upper, row.name).toBeLessThanOrEqual(promised * lower);
}

export function expectInterval({ name, lipschitz }: LayerReport): { lower: number; upper: number } {
  if (lipschitz === null) throw new Error(`${name} has no interval`);
  const { lower, upper } = lipschitz;
  expect(lower, name).toBeLessThanOrEqual(upper);
  return { lower, upper };
}
