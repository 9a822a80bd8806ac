import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showProgress } from '../../../src/cli/progress';
import { RemainingTime } from '../../../src/worker/remaining-time';
import { cellWidth } from '../../../src/report/text';
import type { Plan } from '../../../src/worker/client';
import { layer } from '../report/sample';

const CLEAR = '\r\u001b[2K';

function plan(names: readonly string[]): Plan {
  return {
    model: { path: 'net.onnx', format: 'onnx', bytes: 1 },
    files: [],
    device: { provider: 'cpu', description: 'CPU', fallback: null },
    layers: names.map((name) => ({ ...layer({ name }), cost: 10 })),
    skipped: [],
  };
}

describe('showProgress', () => {
  let written: string[];
  const terminal = (columns: number) => ({
    isTTY: true,
    columns,
    write: (text: string) => written.push(text),
  });

  beforeEach(() => {
    written = [];
    vi.useFakeTimers();
  });
  afterEach(() => vi.useRealTimers());

  it('writes nothing where there is no terminal', () => {
    const progress = showProgress('net.onnx', { write: (text) => written.push(text) });
    progress.events.onPlan?.(plan(['a']));
    vi.advanceTimersByTime(1000);
    progress.stop();
    expect(written).toEqual([]);
  });

  it('shows one line, and removes it in the end', () => {
    const progress = showProgress('net.onnx', terminal(100));
    expect(written.at(-1)).toBe(`${CLEAR}opening net.onnx`);
    progress.events.onPlan?.(plan(['first', 'second']));
    progress.events.onStart?.(0);
    vi.advanceTimersByTime(1000);
    expect(written.at(-1)).toBe(`${CLEAR}░░░░░░░░░░░░░░░░░░░░  0/2  first  about 19 s left`);
    vi.advanceTimersByTime(4000);
    progress.events.onRow?.(0);
    progress.events.onStart?.(1);
    vi.advanceTimersByTime(1000);
    expect(written.at(-1)).toBe(`${CLEAR}██████████░░░░░░░░░░  1/2  second  about 4.0 s left`);
    progress.stop();
    expect(written.at(-1)).toBe(CLEAR);
    const count = written.length;
    vi.advanceTimersByTime(1000);
    expect(written).toHaveLength(count);
  });

  it('assumes a usual width where the terminal has none', () => {
    showProgress('net.onnx', terminal(0)).stop();
    expect(written[0]).toBe(`${CLEAR}opening net.onnx`);
  });

  it('never fills the line, which would begin another, and shows no name as it is', () => {
    const progress = showProgress('net.onnx', terminal(40));
    progress.events.onPlan?.(plan([`evil\u001b[31m\n${'層'.repeat(100)}`]));
    progress.events.onStart?.(0);
    vi.advanceTimersByTime(1000);
    for (const text of written) {
      expect(text.startsWith(CLEAR)).toBe(true);
      expect(text.slice(CLEAR.length)).not.toMatch(/\p{Cc}/u);
      expect(cellWidth(text.slice(CLEAR.length))).toBeLessThan(40);
    }
    progress.stop();
  });
});

describe('RemainingTime', () => {
  it('follows the costs until a layer is finished, then how long it took', () => {
    const remaining = new RemainingTime([1, 2, 7], 100);
    expect(remaining.seconds(100)).toBe(10);
    expect(remaining.seconds(103)).toBe(7);
    remaining.finish(0, 104);
    expect(remaining.seconds(104)).toBe(36);
    expect(remaining.seconds(114)).toBe(26);
    remaining.finish(2, 144);
    expect(remaining.seconds(144)).toBe(11);
    remaining.finish(1, 150);
    expect(remaining.seconds(150)).toBe(0);
  });

  it('is never negative', () => {
    expect(new RemainingTime([1], 0).seconds(50)).toBe(0);
  });

  it('knows nothing of layers without cost', () => {
    const remaining = new RemainingTime([0, 0], 0);
    remaining.finish(0, 5);
    expect(remaining.seconds(5)).toBe(0);
  });
});
