import { describe, expect, it } from 'vitest';
import { formatReports, pageOf } from '../../../src/cli/format';
import { report } from '../report/sample';

const stream = (isTTY: boolean, columns?: number) => ({
  isTTY,
  ...(columns !== undefined && { columns }),
  write: () => true,
});

describe('pageOf', () => {
  it.each([
    ['a pipe', false, {}, false],
    ['a terminal', true, {}, true],
    ['a terminal without abilities', true, { TERM: 'dumb' }, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
    ['both', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('colours as asked: %s', (_, isTTY, env, color) => {
    expect(pageOf(stream(isTTY), env).color).toBe(color);
  });

  it('never colours a file', () => {
    expect(pageOf(null, { FORCE_COLOR: '1' })).toEqual({ width: 100, color: false });
  });

  it('takes the width of the terminal, within reason', () => {
    const widths = [20, 80, 120, 300, undefined, 0].map((columns) => pageOf(stream(true, columns), {}).width);
    expect(widths).toEqual([80, 80, 120, 140, 100, 100]);
    expect(pageOf(stream(false, 50), {}).width).toBe(100);
  });
});

describe('formatReports', () => {
  const page = { width: 100, color: false };

  it('prints a table for each file', () => {
    const text = formatReports([report(), report()], 'table', true, page);
    expect(text.match(/^models\/net.onnx$/gm)).toHaveLength(2);
  });

  it('prints nothing where there is no report, but an empty array', () => {
    expect(formatReports([], 'table', true, page)).toBe('');
    expect(formatReports([], 'csv', true, page)).toBe('');
    expect(formatReports([], 'json', false, page)).toBe('');
    expect(formatReports([], 'json', true, page)).toBe('[]\n');
  });

  it('prints an array of a single report where several files were asked for', () => {
    expect(JSON.parse(formatReports([report()], 'json', true, page))).toEqual([report()]);
    expect(JSON.parse(formatReports([report()], 'json', false, page))).toEqual(report());
  });
});
