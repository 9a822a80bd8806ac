import { describe, expect, it } from 'vitest';
import { formatComparisonCsv } from '../../../src/report/comparison/csv';
import { formatComparisonMarkdown } from '../../../src/report/comparison/markdown';
import { worstFirst } from '../../../src/report/comparison/summary';
import { formatComparisonTable } from '../../../src/report/comparison/table';
import { formatJson } from '../../../src/report/json';
import { pairDefect } from '../../../src/report/row-defect';
import { cellWidth } from '../../../src/report/text';
import { COMPARISON, pair } from './comparison-sample';

const plain = { width: 110, color: false };

describe('a comparison', () => {
  it('is this table', () => {
    expect(`\n${formatComparisonTable(COMPARISON, plain)}`).toMatchInlineSnapshot(`
      "
      A  before.onnx  (onnx, 4.70 MB)
      B  after.safetensors  (safetensors, 4.60 MB)
      on CPU, 2 threads

      layer          A       B       B / A   |A - B|   relative  stable rank  matched               notes
      from zero      2.0000  3.0000          2.0000              2.000        name
      most           2.0000  2.5094  1.5000  1.0000    0.50000   2.000        prefix
        in B: evil�[31m��name
      little         2.0000  3.0000  1.5000  0.020000  0.010000  2.000        position, transposed  1
      still          2.0000  3.0000  1.0000  0         0                      name
      broken         2.0000  failed                                           name
        B: after.safetensors: the weight contains NaN
      other strides  2.0000  3.0000  1.5000                                   name                  2

      1  a note | with a pipe
      2  no difference: strides differ

      1 only in A, before.onnx
        gone  Conv 8×3×3×3
          its namesake in B is a Gemm

      1 only in B, after.safetensors
        new  Conv 8×3×3×3

      1 pair failed.
      6 pairs of layers (matched 4 by name, 1 by prefix, 1 by position), 1 without any difference
      skipped, as by analyze: 1 in A, listed by --format json
      2.8 s
      certified: true for the stored weights, rounding included
      "
    `);
  });

  it('is this Markdown', () => {
    expect(`\n${formatComparisonMarkdown(COMPARISON)}`).toMatchInlineSnapshot(`
      "
      ## \`before.onnx\` and \`after.safetensors\`

      - A: \`before.onnx\` (onnx, 4.70 MB)
      - B: \`after.safetensors\` (safetensors, 4.60 MB)
      - Device: CPU, 2 threads
      - 1 pair failed.
      - 6 pairs of layers (matched 4 by name, 1 by prefix, 1 by position), 1 without any difference
      - 2.8 s

      | Layer | A | B | B / A | Norm of A - B | Relative | Stable rank of A - B | Input size | Matched by | Notes |
      | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- | --- |
      | \`from zero\` | 2.0000 | 3.0000 |  | 2.0000 |  | 2.000 |  | name |  |
      | \`most\` / \`evil�[31m��name\` | 2.0000 | 2.5094 | 1.5000 | 1.0000 | 0.50000 | 2.000 |  | prefix |  |
      | \`little\` | 2.0000 | 3.0000 | 1.5000 | 0.020000 | 0.010000 | 2.000 |  | position, transposed | 1 |
      | \`still\` | 2.0000 | 3.0000 | 1.0000 | 0 | 0 |  |  | name |  |
      | \`broken\` | 2.0000 | failed |  |  |  |  |  | name | **failed**: B: after.safetensors: the weight contains NaN |
      | \`other strides\` | 2.0000 | 3.0000 | 1.5000 |  |  |  |  | name | 2 |

      Notes:

      1. a note \\| with a pipe
      2. no difference: strides differ

      Only in A (1):

      - \`gone\` (Conv, 8×3×3×3): its namesake in B is a Gemm

      Only in B (1):

      - \`new\` (Conv, 8×3×3×3)
      "
    `);
  });

  it('is one CSV record for each pair, layer without counterpart, and what was skipped', () => {
    const [header, ...records] = formatComparisonCsv(COMPARISON)
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    expect(records.map(([status, a, b]) => [status, a, b])).toEqual([
      ['ok', 'still', 'still'],
      ['ok', 'little', 'little'],
      ['ok', 'most', 'evil�[31m��name'],
      ['ok', 'from zero', 'from zero'],
      ['failed', 'broken', 'broken'],
      ['ok', 'other strides', 'other strides'],
      ['unpaired', 'gone', ''],
      ['unpaired', '', 'new'],
      ['skipped', 'plus', ''],
    ]);
    for (const record of records) expect(record).toHaveLength(header.length);
    expect(records[2][header.indexOf('relative_upper')]).toBe(String(0.5 * 1.000002));
  });

  it('is itself in JSON', () => {
    expect(JSON.parse(formatJson(COMPARISON))).toEqual(COMPARISON);
  });

  it('fits the width that it is given, and holds nothing that a terminal obeys', () => {
    const wide = { ...COMPARISON, pairs: [...COMPARISON.pairs, pair('x'.repeat(10_000), 0.2)] };
    const text = formatComparisonTable(wide, { width: 140, color: false });
    for (const line of text.split('\n')) expect(cellWidth(line)).toBeLessThanOrEqual(140);
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it('begins with what moved most, and ends with what is not known', () => {
    expect(worstFirst(COMPARISON.pairs).map(({ a }) => a.name)).toEqual([
      ...['from zero', 'most', 'little', 'still', 'broken', 'other strides'],
    ]);
  });

  it('says where nothing is left to compare', () => {
    const empty = { ...COMPARISON, pairs: [], onlyInA: [], onlyInB: [], skippedInA: [] };
    expect(formatComparisonTable(empty, plain)).toContain('No layers in common.');
    expect(formatComparisonMarkdown(empty)).toContain('No layers in common.');
  });

  it('has pairs that are refused where a number is none', () => {
    expect(COMPARISON.pairs.map(pairDefect)).toEqual(COMPARISON.pairs.map(() => null));
    expect(pairDefect(pair('p', NaN))).toMatch(/is NaN/);
    expect(pairDefect(pair('p', 1, { ratio: { lower: 2, upper: 1 } }))).toMatch(/ratio has its lower end/);
  });
});
