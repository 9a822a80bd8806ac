import { describe, expect, it } from 'vitest';
import { joinInSlices } from '../../../src/editor/slices';

describe('joinInSlices', () => {
  it('joins all pieces', async () => {
    expect(await joinInSlices([])).toBe('');
    expect(await joinInSlices(['a', '', 'b\n'])).toBe('ab\n');
  });

  it('lets others in between', async () => {
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    function* slow(): Generator<string> {
      for (const began = performance.now(); performance.now() - began < 200;) yield '.';
    }
    await joinInSlices(slow());
    clearInterval(others);
    expect(turns).toBeGreaterThan(1);
  });
});
