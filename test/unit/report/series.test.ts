import { describe, expect, it } from 'vitest';
import { seriesOf } from '../../../src/analysis/compare/series';
import { naturalOrder } from '../../../src/report/natural-order';
import { formatSeriesCsv } from '../../../src/report/series/csv';
import { formatSeriesMarkdown } from '../../../src/report/series/markdown';
import { labelsOf } from '../../../src/report/series/summary';
import { formatSeriesTable } from '../../../src/report/series/table';
import { layer, report } from './sample';

const at = (name: string, x: number) =>
  layer({
    name,
    lipschitz: { lower: x, upper: x, certainty: 'certified', scope: 'any input size', method: 'm' },
  });

const checkpoint = (step: number, ...layers: ReturnType<typeof layer>[]) =>
  report({ model: { path: `run/step-${step}.onnx`, format: 'onnx', bytes: 10 }, layers });

const SERIES = seriesOf(
  [
    checkpoint(1, at('a', 1), at('b', 2)),
    checkpoint(2, at('b', 2.5), at('a', 1.5), { ...at('new', 7), shape: [3], parameters: 3 }),
    checkpoint(10, layer({ name: 'a', lipschitz: null, stableRank: null, error: 'the weight contains NaN' })),
  ],
  1.5,
);

describe('a series', () => {
  it('has the layers of the first checkpoint with their values in all of them', () => {
    const norms = SERIES.layers.map(({ values }) => values.map((value) => value?.lipschitz?.upper ?? value));
    expect(norms).toMatchObject([
      [1, 1.5, { error: 'the weight contains NaN' }],
      [2, 2.5, null],
    ]);
    expect(SERIES.layers[0].values.map((value) => value?.matchedBy)).toEqual([null, 'name', 'name']);
    expect(SERIES.checkpoints.map(({ unmatched }) => unmatched)).toEqual([[], ['new'], []]);
  });

  it('is this table', () => {
    expect(`\n${formatSeriesTable(SERIES, { width: 100, color: false })}`).toMatchInlineSnapshot(`
      "
      on CPU, 2 threads

      layer  step-1  step-2  step-10
      a      1.0000  1.5000  failed
      b      2.0000  2.5000  -

        step-10: a: the weight contains NaN

      1 bound failed.
      2 layers in 3 checkpoints
      1 layer of the first checkpoint missing in a later one
      1 layer of later checkpoints not in the first
      1.5 s
      certified: true for the stored weights, rounding included
      "
    `);
  });

  it('shows a checkpoint that has none of the layers', () => {
    const none = seriesOf([checkpoint(1, at('a', 1)), checkpoint(2)], 1);
    expect(formatSeriesTable(none, { width: 100, color: false })).toMatch(/^layer +step-1 +step-2$/m);
  });

  it('shows the first, the last and some between where not all fit', () => {
    const many = seriesOf(
      Array.from({ length: 21 }, (_, step) => checkpoint(step, at('a', step + 1))),
      1,
    );
    const text = formatSeriesTable(many, { width: 100, color: false });
    expect(text).toMatch(/^layer +step-0 +step-7 +step-13 +step-20$/m);
    expect(text).toContain('4 of the checkpoints are shown');
    expect(formatSeriesCsv(many).split('\r\n')[0].split(',')).toHaveLength(5 + 2 * 21);
  });

  it('is one Markdown table', () => {
    const text = formatSeriesMarkdown(SERIES);
    expect(text).toContain('| `a` | Conv | 8×3×3×3 | 1.0000 | 1.5000 | failed |\n');
    expect(text).toContain('| `b` | Conv | 8×3×3×3 | 2.0000 | 2.5000 |  |\n');
    expect(text).toContain('1. run/step-10.onnx: a: the weight contains NaN');
  });
});

describe('labelsOf', () => {
  it.each([
    [
      ['a/step-1.onnx', 'a/step-2.onnx'],
      ['step-1', 'step-2'],
    ],
    [
      ['run/c-1/model.safetensors', 'run/c-2/model.safetensors'],
      ['c-1', 'c-2'],
    ],
    [['one.onnx'], ['one']],
    [
      ['a/x.onnx', 'b/y.safetensors'],
      ['a/x.onnx', 'b/y.safetensors'],
    ],
    [
      ['same.onnx', 'same.onnx'],
      ['same', 'same'],
    ],
    [
      ['C:\\run\\1.onnx', 'C:\\run\\2.onnx'],
      ['1', '2'],
    ],
  ])('%j', (paths, labels) => {
    expect(labelsOf(paths)).toEqual(labels);
  });
});

describe('naturalOrder', () => {
  it('counts', () => {
    expect(['step-10', 'step-2', 'step-1', 'a10b2', 'a10b10', 'a9'].sort(naturalOrder)).toEqual([
      ...['a9', 'a10b2', 'a10b10', 'step-1', 'step-2', 'step-10'],
    ]);
  });
});
