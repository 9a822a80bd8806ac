import { describe, expect, it } from 'vitest';
import {
  inputSizeOf,
  isIterations,
  isTolerance,
  LARGEST_SIDE,
  MOST_ITERATIONS,
} from '../../../src/report/settings';

describe('isIterations', () => {
  it.each([1, 2, MOST_ITERATIONS])('takes %d', (iterations) => {
    expect(isIterations(iterations)).toBe(true);
  });

  it.each([0, -1, 1.5, MOST_ITERATIONS + 1, NaN, Infinity])('refuses %d', (iterations) => {
    expect(isIterations(iterations)).toBe(false);
  });
});

describe('isTolerance', () => {
  it.each([Number.MIN_VALUE, 1e-9, 0.5, 1 - 2 ** -53])('takes %d', (tolerance) => {
    expect(isTolerance(tolerance)).toBe(true);
  });

  it.each([0, -0, -1e-9, 1, 2, NaN, Infinity, -Infinity])('refuses %d', (tolerance) => {
    expect(isTolerance(tolerance)).toBe(false);
  });

  it.each([['0.1'], [[0.1]], [true]])('refuses what is no number: %j', (tolerance) => {
    expect(isTolerance(tolerance)).toBe(false);
  });
});

describe('inputSizeOf', () => {
  it.each([
    ['any', 'any'],
    ['224', [224]],
    ['224x112', [224, 112]],
    ['224X112', [224, 112]],
    ['16×112x7', [16, 112, 7]],
    ['0008', [8]],
    [`${LARGEST_SIDE}`, [LARGEST_SIDE]],
  ])('reads %s', (text, size) => {
    expect(inputSizeOf(text)).toEqual(size);
  });

  it.each([
    '',
    'x',
    'Any',
    '0',
    '224x',
    'x224',
    '224x0',
    '1x2x3x4',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x10',
    ' 224',
    '224 x 224',
    '224,224',
    '٢٢٤',
    'NaN',
    'Infinity',
    `${LARGEST_SIDE + 1}`,
    '9'.repeat(400),
  ])('refuses %j', (text) => {
    expect(inputSizeOf(text)).toBeNull();
  });
});
