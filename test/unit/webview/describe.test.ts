import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConvolutionReport, LayerReport, LipschitzInterval } from '../../../src/report/report';
import {
  describeInterval,
  describeOperator,
  explainWidth,
  formatWidth,
  relativeWidth,
} from '../../../webview/detail/describe';
import { DEFAULT_SETTINGS, layer } from '../report/sample';
import { english, german, strings } from './english';

const convolution = (overrides: Partial<ConvolutionReport> = {}): ConvolutionReport => ({
  strides: [1, 1],
  dilations: [1, 1],
  groups: 1,
  padding: { mode: 'zeros', amounts: [1, 1, 1, 1] },
  inputSize: null,
  ...overrides,
});

const bounded = (lower: number, upper: number, overrides: Partial<LipschitzInterval> = {}) => ({
  lower,
  upper,
  certainty: 'certified' as const,
  scope: 'any input size',
  method: 'branch and bound',
  ...overrides,
});

describe('describeOperator', () => {
  const text = (row: Partial<LayerReport>) => describeOperator(layer(row), english);

  it('is the name alone where there is no convolution', () => {
    expect(text({ op: 'Gemm', shape: [10, 20] })).toBe('Gemm');
  });

  it('says the kernel, the channels and the padding', () => {
    expect(text({ convolution: convolution() })).toBe('Conv, kernel 3×3, 3 → 8 channels, zero padding 1');
  });

  it('says strides and dilations other than 1, once where all sides are alike', () => {
    const strided = convolution({ strides: [2, 2], dilations: [1, 3] });
    expect(text({ convolution: strided })).toBe(
      'Conv, kernel 3×3, 3 → 8 channels, stride 2, dilation 1×3, zero padding 1',
    );
  });

  it('counts the channels of all groups, of transposed convolutions too', () => {
    const grouped = convolution({ groups: 4 });
    expect(text({ shape: [8, 2, 3, 3], convolution: grouped })).toContain('8 → 8 channels');
    expect(text({ op: 'ConvTranspose', shape: [8, 3, 3, 3], convolution: grouped })).toContain(
      '8 → 12 channels',
    );
  });

  it.each([
    ['zeros', null, 'zero padding'],
    ['circular', [1, 0, 1, 0], 'circular padding 1×0×1×0'],
    ['reflect', [2, 2, 2, 2], 'reflecting padding 2'],
    ['replicate', [], 'replicating padding 0'],
  ] as const)('says %s padding of %j', (mode, amounts, expected) => {
    expect(text({ convolution: convolution({ padding: { mode, amounts } }) })).toMatch(`, ${expected}`);
  });
});

describe('describeInterval', () => {
  const text = (lipschitz: LipschitzInterval | null, locale = english) =>
    describeInterval(layer({ lipschitz }), locale);

  it('has both ends, rounded outwards, and the width', () => {
    expect(text(bounded(2.5103, 2.5553))).toBe('2.51 to 2.56 (1.8% wide)');
    expect(text(bounded(2.5103, 2.5553), german)).toBe('2,51 to 2,56 (1,8% wide)');
    expect(text(bounded(0, 1))).toBe('0 to 1.0 (100% wide)');
  });

  it('is one number where both ends agree', () => {
    expect(text(bounded(2.50939, 2.50941))).toBe('2.5094, both ends agree to all digits shown');
    expect(text(bounded(0, 0))).toBe('0, both ends agree to all digits shown');
    expect(text(bounded(1e-7, 1e-7))).toContain('1.0000e-7,');
  });

  it('is empty without a bound', () => {
    expect(text(null)).toBe('');
  });
});

describe('the width', () => {
  const interval = fc
    .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 1e-300, max: 1e300, noNaN: true }))
    .map(([share, upper]) => ({ lower: upper * share, upper }));

  it('is a share of the upper end', () => {
    expect(relativeWidth({ lower: 3, upper: 4 })).toBe(0.25);
    expect(relativeWidth({ lower: 0, upper: 0 })).toBe(0);
  });

  it('is never shown as less than it is, nor as more than everything', () => {
    fc.assert(
      fc.property(interval, (interval) => {
        const shown = Number(/^<?([\d.]+)%$/.exec(formatWidth(interval))?.[1]);
        expect(shown).toBeGreaterThanOrEqual(100 * relativeWidth(interval) * (1 - 1e-12));
        expect(shown).toBeLessThanOrEqual(100);
      }),
    );
    expect(formatWidth({ lower: 0.8766, upper: 1 })).toBe('13%');
    expect(formatWidth({ lower: 0, upper: 0 })).toBe('0.0%');
  });
});

describe('explainWidth', () => {
  const why = (row: Partial<LayerReport>, tolerance: number | null = null) =>
    explainWidth(layer(row), { ...DEFAULT_SETTINGS, tolerance }, english);

  it('says nothing where there is no bound', () => {
    expect(why({ lipschitz: null })).toBe('');
  });

  it('takes ends that differ by rounding alone for exact', () => {
    expect(why({ lipschitz: bounded(2, 2) })).toBe(strings.whyExact);
    expect(why({ lipschitz: bounded(0, 0) })).toBe(strings.whyExact);
    expect(why({ lipschitz: bounded(2, 2 * (1 + 1e-14)) })).toBe(strings.whyExact);
  });

  it('names the tolerance that was met', () => {
    expect(why({ lipschitz: bounded(1.99, 2) }, 0.05)).toBe(english.text('whyTolerance', '0.05'));
    const byDefault = english.text('whyDefault', '1e-3');
    expect(why({ lipschitz: bounded(1.9999999, 2) })).toBe(byDefault);
    expect(why({ lipschitz: bounded(1.999, 2), convolution: convolution() })).toBe(byDefault);
    expect(why({ lipschitz: bounded(1.99, 2), convolution: convolution() })).toBe(strings.whyWide);
  });

  it('knows that the quick method asks for less of convolutions', () => {
    const quick = { ...DEFAULT_SETTINGS, method: 'quick' as const };
    const row = layer({ lipschitz: bounded(1.95, 2), convolution: convolution() });
    expect(explainWidth(row, quick, english)).toBe(english.text('whyDefault', '3e-2'));
    expect(explainWidth(layer({ lipschitz: bounded(1.95, 2) }), quick, english)).toBe(strings.whyWide);
  });

  it('says that the refinement stopped before the tolerance', () => {
    expect(why({ lipschitz: bounded(1, 2) }, 0.05)).toBe(strings.whyWide);
    expect(why({ lipschitz: bounded(1, 2), convolution: convolution() })).toBe(strings.whyWide);
  });

  it('lays it on the borders where the input size is known', () => {
    const sized = { convolution: convolution({ inputSize: [8, 8] }) };
    expect(why({ ...sized, lipschitz: bounded(1, 2, { scope: 'input size 8x8' }) })).toBe(strings.whySize);
    expect(why({ ...sized, lipschitz: bounded(1, 2) })).toBe(strings.whyWide);
  });

  it('lays it on the Gram iteration where that gave the upper bound', () => {
    const gram = bounded(1, 2, { method: 'Gram iteration (Delattre et al. 2023)' });
    expect(why({ lipschitz: gram }, 0.9)).toBe(strings.whyGram);
  });
});
