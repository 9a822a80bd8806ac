import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatJson } from '../../../src/report/json';
import { FULL, layer, report } from './sample';

describe('formatJson', () => {
  it('holds the report, as an object or in an array', () => {
    expect(JSON.parse(formatJson(FULL))).toEqual(FULL);
    expect(JSON.parse(formatJson([FULL, report()]))).toEqual([FULL, report()]);
    expect(formatJson([])).toBe('[]\n');
  });

  it('is laid out as by JSON.stringify', () => {
    const two = report({ layers: [layer({ notes: [] }), layer({ notes: ['one', 'two'] })] });
    expect(formatJson(two)).toBe(`${JSON.stringify(two, undefined, 2)}\n`);
    expect(formatJson([two, report()])).toBe(`${JSON.stringify([two, report()], undefined, 2)}\n`);
  });

  it('holds every name exactly, without a character that acts on a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const text = formatJson(report({ layers: [layer({ name })] }));
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(JSON.parse(text)).toMatchObject({ layers: [{ name }] });
      }),
    );
  });

  it('does not turn a number that is none into null', () => {
    expect(() => formatJson(report({ seconds: NaN }))).toThrow("the report's seconds is NaN");
  });
});
