import { describe, expect, it } from 'vitest';
import { formatMarkdown } from '../../../src/report/markdown';
import { networkLines } from '../../../src/report/network-lines';
import { formatTable } from '../../../src/report/table';
import { network, networkBound, report } from './sample';

const bound = networkBound();

describe('the lines of a network', () => {
  it('are its bounds in L2 and what makes them large', () => {
    expect(networkLines(network())).toEqual([
      'from x to y: at most 72.12; a slope of 1.5000 was met',
      'largest factors: conv (× 10.00)',
    ]);
  });

  it('say where there is no bound, and why', () => {
    const none = {
      ...bound,
      lower: null,
      upper: null,
      log10Upper: null,
      certainty: null,
      limits: ['a', 'b', 'c', 'd'],
    };
    const lines = networkLines(network({ bounds: [none], contributions: [], notes: ['A note.'] }));
    expect(lines).toEqual([
      'from x to y: no bound',
      'no bound on all inputs because of a, b, c and 1 others',
      'A note.',
    ]);
  });

  it('say on which inputs a bound holds, and how large one is that has no float64', () => {
    const limited = {
      ...bound,
      lower: null,
      upper: null,
      log10Upper: 400.12,
      domain: 'inputs in [-1, 1]',
      limits: ['mul'],
    };
    expect(networkLines(network({ bounds: [limited], contributions: [] }))[0]).toBe(
      'from x to y: at most 10^400.2 on inputs in [-1, 1]',
    );
  });

  it('are few, and short, whatever the names', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({
      ...bound,
      input: `\u202e|\n${'x'.repeat(5000)}${i}`,
    }));
    const lines = networkLines(network({ bounds: many }));
    expect(lines).toHaveLength(6);
    for (const line of lines) expect(line.length).toBeLessThan(200);
    const text = formatTable(report({ network: network({ bounds: many }) }), { width: 80, color: false });
    expect(text).not.toContain('\u202e');
    for (const line of text.split('\n')) expect(Array.from(line).length).toBeLessThanOrEqual(80);
    expect(formatMarkdown(report({ network: network({ bounds: many }) }))).toContain('Whole network (L2):');
  });
});
