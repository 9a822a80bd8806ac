import { describe, expect, it } from 'vitest';
import type { ConvolutionReport, LayerReport } from '../../../src/report/report';
import { Locale } from '../../../webview/locale';
import { COLUMNS } from '../../../webview/rows';
import { cellText, channelsOf, operatorText, splitName } from '../../../webview/table/cell-text';
import { layer } from '../report/sample';
import { english, german, strings } from './english';

const convolution = (groups: number): ConvolutionReport => ({
  strides: [1, 1],
  dilations: [1, 1],
  groups,
  padding: { mode: 'zeros', amounts: [1, 1, 1, 1] },
  inputSize: null,
});

const cells = (row: LayerReport, locale = english) =>
  Object.fromEntries(COLUMNS.map((column) => [column, cellText(column, 4, row, locale)]));

describe('cellText', () => {
  const wide = layer({
    lipschitz: {
      lower: 2.5103,
      upper: 2.5553,
      certainty: 'certified',
      scope: 'input size 224x224',
      method: 'branch and bound',
    },
    parameters: 23440896,
    seconds: 0.25,
  });

  it('has a text for every column', () => {
    expect(cells(wide)).toEqual({
      index: '5',
      name: 'conv1',
      operator: 'Conv',
      shape: '8×3×3×3',
      norm: '2.51–2.56',
      rank: '1.251 (42%)',
      parameters: '23,440,896',
      scope: '224×224',
      certainty: 'certified',
      time: '0.3 s',
    });
  });

  it("has numbers as the user's language writes them", () => {
    expect(cells(wide, german)).toMatchObject({
      norm: '2,51–2,56',
      rank: '1,251 (42%)',
      parameters: '23.440.896',
      time: '0,3 s',
    });
  });

  it('says that a bound holds for any size', () => {
    expect(cellText('scope', 0, layer(), english)).toBe('any');
  });

  it('is empty where there is no bound, but for the reason', () => {
    const failed = layer({ lipschitz: null, stableRank: null, error: 'the weight has no elements' });
    expect(cells(failed)).toMatchObject({
      norm: 'the weight has no elements',
      rank: '',
      scope: '',
      certainty: '',
    });
  });

  it("gives the reason in the user's language", () => {
    const bundle = { '{0} has no elements': '{0} enthält nichts', 'its weight {0}': 'Gewicht {0}' };
    const locale = new Locale(strings, 'de', bundle);
    const failed = layer({ lipschitz: null, stableRank: null, error: 'its weight "w" has no elements' });
    expect(cellText('norm', 0, failed, locale)).toBe('Gewicht "w" enthält nichts');
  });

  it('is one line whatever the file says', () => {
    const hostile = 'a\tb\r\n\u202ec\u2028<img src=x onerror=alert(1)>';
    const long = layer({ name: 'x'.repeat(10_000), op: '' });
    const failed = layer({ name: hostile, op: hostile, lipschitz: null, error: hostile });
    for (const text of [...Object.values(cells(failed)), ...Object.values(cells(long))]) {
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(text.length).toBeLessThan(5000);
    }
    expect(cells(failed).name).toContain('<img src=x onerror=alert(1)>');
  });
});

describe('operatorText', () => {
  const text = (row: Partial<LayerReport>) => operatorText(layer(row), english);

  it('names the groups of a convolution', () => {
    expect(text({ op: 'Gemm', shape: [10, 20] })).toBe('Gemm');
    expect(text({ convolution: convolution(1) })).toBe('Conv');
    expect(text({ shape: [8, 2, 3, 3], convolution: convolution(4) })).toBe('Conv, 4 groups');
  });

  it('calls one group for every input channel depthwise', () => {
    expect(text({ shape: [8, 1, 3, 3], convolution: convolution(8) })).toBe('Conv, depthwise');
    expect(text({ shape: [16, 1, 3, 3], convolution: convolution(8) })).toBe('Conv, depthwise');
    const transposed = { op: 'ConvTranspose', convolution: convolution(8) };
    expect(text({ ...transposed, shape: [8, 2, 3, 3] })).toBe('ConvTranspose, depthwise');
    expect(text({ ...transposed, shape: [16, 1, 3, 3] })).toBe('ConvTranspose, 8 groups');
  });

  it('is not led astray by one channel alone', () => {
    expect(text({ shape: [1, 1, 3, 3], convolution: convolution(1) })).toBe('Conv');
  });
});

describe('channelsOf', () => {
  it('counts the channels of all groups, the other way around for transposed convolutions', () => {
    const shape = [8, 3, 5, 5];
    expect(channelsOf(layer({ shape, convolution: convolution(4) }))).toEqual({ input: 12, output: 8 });
    expect(channelsOf(layer({ op: 'ConvTranspose', shape, convolution: convolution(4) }))).toEqual({
      input: 8,
      output: 12,
    });
  });
});

describe('splitName', () => {
  it('keeps the end of a long name apart', () => {
    const name = 'model.layers.17.self_attention.output.weight';
    const [head, tail] = splitName(name);
    expect(head + tail).toBe(name);
    expect(tail).toBe('utput.weight');
  });

  it('tells names of one kind apart in a narrow column', () => {
    const tails = [7, 17].map((i) => splitName(`p2o.BatchNormalization.${i}`)[1]);
    expect(tails).toEqual(['malization.7', 'alization.17']);
    expect(splitName('x'.repeat(15))).toEqual(['x'.repeat(15), '']);
    expect(splitName('x'.repeat(16))).toEqual(['xxxx', 'x'.repeat(12)]);
  });

  it('leaves short names whole, and those with an end that a cut could take apart', () => {
    expect(splitName('conv1')).toEqual(['conv1', '']);
    const flags = `model.layers.17.${'🇩🇪'.repeat(20)}`;
    expect(splitName(flags)).toEqual([flags, '']);
  });
});
