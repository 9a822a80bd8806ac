import { describe, expect, it } from 'vitest';
import type { OperatorEnclosure } from '../../../src/analysis/operator';
import { describeLayer, operatorKey, rowOf } from '../../../src/analysis/row';
import type { Operator } from '../../../src/model/model';
import type { Settings } from '../../../src/report/report';
import { rowDefect } from '../../../src/report/row-defect';
import { DEFAULT_SETTINGS } from '../report/sample';
import type { ConvolutionLayer } from '../truth/layer';
import { convolutionOf, FakeTensor, layerOf, matrixOf } from './fakes';

const layer: ConvolutionLayer = {
  weight: new Float32Array(24),
  shape: [4, 2, 3],
  transposed: false,
  strides: [2],
  dilations: [1],
  groups: 2,
  mode: 'zeros',
  pads: [1, 1],
  inputSize: [8],
  outputPadding: [0],
  scale: 1,
};

const enclosure: OperatorEnclosure = {
  lower: 1,
  upper: 2,
  inputSize: null,
  method: 'a method',
  groups: [
    { lower: 1, upper: 2, frobenius: 2, fullRank: 2 },
    { lower: 0.5, upper: 1, frobenius: 2, fullRank: 2 },
  ],
  frobenius: Math.sqrt(8),
  largestRowNorm: null,
  notes: ['of the bound'],
};

const convolution = layerOf('conv', convolutionOf(layer, true));
const noted = { ...convolution, notes: ['of the file'] };

function rowWith(changes: Partial<OperatorEnclosure> = {}, perGroup = false) {
  return rowOf(noted, DEFAULT_SETTINGS, { ...enclosure, ...changes }, perGroup, 0.5, ['of the device']);
}

describe('the width of an interval', () => {
  const notesWith = (changes: Partial<Settings>, upper: number, lower = 1) => {
    const settings = { ...DEFAULT_SETTINGS, ...changes };
    return rowOf(noted, settings, { ...enclosure, lower, upper }, false, 0.5, []).notes.slice(2);
  };

  it('is noted where it is more than was asked for', () => {
    expect(notesWith({ tolerance: 0.01 }, 1.02)).toEqual([
      'the interval is wider than the tolerance of 0.01',
    ]);
    expect(notesWith({ tolerance: 0.01 }, 1.01)).toEqual([]);
    expect(notesWith({ tolerance: 0.01 }, 1, 0)).toHaveLength(1);
    expect(notesWith({ tolerance: 0.01 }, 0, 0)).toEqual([]);
    expect(notesWith({ tolerance: null }, 2)).toEqual([]);
    expect(notesWith({ tolerance: 0.01, method: 'quick' }, 2)).toEqual([]);
  });
});

describe('the description of a layer', () => {
  it('has the geometry of a convolution, and none of anything else', () => {
    expect(describeLayer(convolution, DEFAULT_SETTINGS)).toEqual({
      name: 'conv',
      op: 'Conv',
      weight: 'conv.weight',
      shape: [4, 2, 3],
      dtype: 'float',
      parameters: 24,
      convolution: {
        strides: [2],
        dilations: [1],
        groups: 2,
        padding: { mode: 'zeros', amounts: [1, 1] },
        inputSize: [8],
      },
    });
    const matrix = layerOf('matrix', matrixOf(new FakeTensor([2, 3], new Float32Array(6)), 2, 3));
    expect(describeLayer(matrix, DEFAULT_SETTINGS).convolution).toBeNull();
  });

  it('has the padding that was asked for, but of a transposed convolution its own', () => {
    const settings = { ...DEFAULT_SETTINGS, padding: 'circular' as const };
    const modeOf = (transposed: boolean) =>
      describeLayer(layerOf('conv', convolutionOf({ ...layer, transposed }, true)), settings).convolution
        ?.padding.mode;
    expect([modeOf(false), modeOf(true)]).toEqual(['circular', 'zeros']);
  });
});

describe('a row', () => {
  it('says for which inputs its interval holds', () => {
    expect(rowWith().lipschitz).toMatchObject({
      lower: 1,
      upper: 2,
      scope: 'any input size',
      method: 'a method',
    });
    expect(rowWith({ inputSize: [7] }).lipschitz?.scope).toBe('input size 7');
    expect(rowWith({ inputSize: [16, 112, 113] }).lipschitz?.scope).toBe('input size 16x112x113');
  });

  it('has the notes of the file, of the bound and of the device', () => {
    expect(rowWith().notes).toEqual(['of the file', 'of the bound', 'of the device']);
  });

  it('has the mean of the stable ranks of its groups', () => {
    // (2 / 2)^2 and (2 / 1)^2 from the upper ends, (2 / 1)^2 and (2 / 0.5)^2 from the lower ones; of full rank 2.
    expect(rowWith().stableRank).toEqual({
      value: expect.closeTo(2.5, 7) as number,
      normalized: expect.closeTo(1.25, 7) as number,
      interval: { lower: expect.closeTo(2.5, 7) as number, upper: expect.closeTo(10, 6) as number },
    });
    expect(rowWith({ groups: null }).stableRank).toBeNull();
  });

  it('has its groups where they are asked for and there are several', () => {
    expect(rowWith().groups).toBeNull();
    expect(rowWith({}, true).groups).toEqual([
      {
        lower: 1,
        upper: 2,
        stableRank: expect.objectContaining({ value: expect.closeTo(1, 7) as number }) as object,
      },
      {
        lower: 0.5,
        upper: 1,
        stableRank: expect.objectContaining({ value: expect.closeTo(4, 7) as number }) as object,
      },
    ]);
    expect(rowWith({ groups: enclosure.groups?.slice(1) ?? null }, true).groups).toBeNull();
    expect(rowWith({ groups: null }, true).groups).toBeNull();
  });

  it('never shows a number that is none', () => {
    for (const bad of [{ upper: Infinity }, { upper: NaN }, { lower: NaN }]) {
      const row = rowWith(bad);
      expect(row).toMatchObject({ lipschitz: null, stableRank: null, groups: null });
      expect(row.error).toBe('its norm is beyond the range of float64');
    }
    const row = rowWith({ frobenius: Infinity });
    expect([row.frobenius, row.error, rowDefect(row)]).toEqual([null, null, null]);
  });
});

describe('the key of an operator', () => {
  const tensor = (key: string, name = key) => new FakeTensor([4, 2, 3], new Float32Array(24), key, name);
  const keyOf = (changes: Partial<ConvolutionLayer>, key = 'k', name = key) =>
    operatorKey(convolutionOf({ ...layer, ...changes }, true, { tensor: tensor(key, name) }));

  it('is the same for the same weights in the same operator', () => {
    expect(keyOf({}, 'k', 'one name')).toBe(keyOf({}, 'k', 'another name'));
  });

  it('is another for other weights, and for every other operator', () => {
    const [a, b] = [tensor('a'), tensor('b')];
    const diagonal = { kind: 'diagonal', gain: null, variance: a, epsilon: 1e-5 } as const;
    const lowRank = { kind: 'lowRank', up: a, down: b, rows: 4, rank: 2, columns: 3, scale: 1 } as const;
    const operators: Operator[] = [
      matrixOf(a, 4, 6),
      matrixOf(a, 6, 4),
      matrixOf(a, 4, 6, { scale: 2 }),
      matrixOf(a, 4, 6, { embedding: true }),
      matrixOf(b, 4, 6),
      diagonal,
      { ...diagonal, epsilon: 1e-6 },
      { ...diagonal, gain: b },
      { ...diagonal, gain: a, variance: b },
      lowRank,
      { ...lowRank, up: b, down: a },
      { kind: 'normalization', gain: a, epsilon: 1e-5, centered: true, size: 4 },
      { kind: 'normalization', gain: a, epsilon: 1e-5, centered: false, size: 4 },
      { kind: 'normalization', gain: a, epsilon: 1e-5, centered: false, size: null },
    ];
    const keys = [
      ...operators.map(operatorKey),
      keyOf({}),
      keyOf({}, 'l'),
      keyOf({ strides: [1] }),
      keyOf({ dilations: [2] }),
      keyOf({ groups: 1 }),
      keyOf({ pads: [0, 2] }),
      keyOf({ mode: 'circular' }),
      keyOf({ inputSize: [9] }),
      keyOf({ transposed: true }),
      keyOf({ scale: -1 }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
