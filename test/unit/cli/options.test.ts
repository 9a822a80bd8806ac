import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  parseBudget,
  parseGlob,
  parseInputSize,
  parseIterations,
  parseTolerance,
} from '../../../src/cli/options';

describe('values of options', () => {
  it('are understood', () => {
    expect(['1', '07', '60'].map(parseIterations)).toEqual([1, 7, 60]);
    expect(['0.5', '.5', '1e-3', '1E-3', '5.e-1'].map(parseTolerance)).toEqual([0.5, 0.5, 0.001, 0.001, 0.5]);
    expect(['224', '224x112', '8X9×10', 'any'].map(parseInputSize)).toEqual([
      [224],
      [224, 112],
      [8, 9, 10],
      'any',
    ]);
    expect(['0', '1', '2.5', '1e3'].map(parseBudget)).toEqual([0, 1, 2.5, 1000]);
    expect(parseGlob('conv*')).toBe('conv*');
  });

  it.each([
    [parseIterations, ['', '0', '-1', '+1', '1.5', '1e1', '61', 'x', ' 1', '١']],
    [parseTolerance, ['', '0', '1', '-0.1', '0x1', 'NaN', 'Infinity', '.', '1e', '0,5', '1e-400']],
    [parseInputSize, ['', '0', 'x', '8x', 'x8', '8x-8', '8.5', '8x8x8x8', 'Any', '10000001', '8 x 8']],
    [parseBudget, ['', '-1', 'NaN', 'Infinity', '1e999', '0x10', '1 ']],
    [parseGlob, ['']],
  ])('are refused by %o', (parse, texts) => {
    for (const text of texts) expect(() => parse(text), JSON.stringify(text)).toThrow(InvalidArgumentError);
  });
});
