/** Networks with their layers in the branches of If nodes in the branches of If nodes. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { vadWeb } from '../product';
import { largestSingularValue } from '../truth/singular-values';
import { analyze } from './analyze';
import { expectAllAccountedFor, expectTight, expectTruths } from './expectations';
import { computingNodes, decodeFile, type GraphNode, rowsOf, valuesOf, weightAt } from './graph';

describe.each([
  { name: 'silero_vad_legacy', convolutions: 36, recurrent: 8, depth: 2 },
  { name: 'silero_vad_v5', convolutions: 12, recurrent: 4, depth: 2 },
  { name: 'silero_vad_v6', convolutions: 12, recurrent: 4, depth: 2 },
])('$name', ({ name, convolutions, recurrent, depth }) => {
  const path = join(vadWeb.folder, 'dist', `${name}.onnx`);
  let report: Report;
  let nodes: GraphNode[];

  beforeAll(async () => {
    nodes = computingNodes(decodeFile(path));
    report = await analyze(path);
  });

  it('has the layers of every branch, each with a name of its own', () => {
    const of = (op: string) => report.layers.filter((row) => row.op === op);
    expect(of('Conv')).toHaveLength(convolutions);
    // Two matrices of four gates.
    expect(of('LSTM')).toHaveLength(8 * recurrent);
    expect(report.layers).toHaveLength(convolutions + 8 * recurrent);
    for (const row of of('LSTM')) expect(row.name.match(/_branch\//g), row.name).toHaveLength(depth);
  });

  it('has every node with weights as a row or skipped', () => {
    expectAllAccountedFor(report, nodes);
  });

  it('encloses the norm of every convolution within 5 %', () => {
    expectTruths(report, nodes);
  });

  it('encloses the norm of every gate', () => {
    const cells = nodes.filter(({ opType }) => opType === 'LSTM');
    expect(cells).toHaveLength(recurrent);
    for (const cell of cells) {
      const norms = Object.entries({ W: 1, R: 2 }).flatMap(([matrix, input]) =>
        Object.entries(gateNorms(cell, input)).map(([gate, norm]) => [`/${matrix}.${gate}`, norm] as const),
      );
      const rows = rowsOf(report, cell);
      expect(rows.map((row) => row.name.slice(cell.label.length)).sort()).toEqual(
        norms.map(([suffix]) => suffix).sort(),
      );
      for (const [suffix, norm] of norms) {
        const [row] = rows.filter((one) => one.name.endsWith(suffix));
        expectTight(row, { lower: norm, upper: norm });
      }
    }
  });
});

/** The norm of every gate of an LSTM, by ONNX's letters. */
function gateNorms(cell: GraphNode, input: number): Record<string, number> {
  const weight = weightAt(cell, input);
  const dims = weight.dims ?? [];
  const [rows, columns] = dims.slice(-2);
  const hidden = rows / 4;
  const values = valuesOf(weight);
  // A stored matrix has no axis of directions: PyTorch's (i, f, c, o), which slices of the graph put into ONNX's order.
  const order = dims.length === 3 ? 'iofc' : 'ifco';
  return Object.fromEntries(
    [...order].map((gate, at) => {
      const part = values.subarray(at * hidden * columns, (at + 1) * hidden * columns);
      return [gate, largestSingularValue({ rows: hidden, columns, values: Float64Array.from(part) })];
    }),
  );
}
