import { describe, expect, it } from 'vitest';
import { Turns } from '../../../../src/editor/analysis/turns';

const never = new AbortController().signal;

/** Work that lasts until it is told to end. */
function work(name: string, told: string[]) {
  let resolve = (_: string) => {};
  let reject = (_: Error) => {};
  const promise = new Promise<string>((...settle) => ([resolve, reject] = settle));
  return {
    begin: () => {
      told.push(name);
      return promise;
    },
    end: () => resolve(name),
    fail: () => reject(new Error(`${name} failed`)),
  };
}

/** Whatever can happen without further ado has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Turns', () => {
  it('takes one after the other, in the order they came', async () => {
    const turns = new Turns();
    const told: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => work(name, told));
    const ends = [a, b, c].map(({ begin }) => turns.take(never, begin));
    await settled();
    expect(told).toEqual(['a']);
    a.end();
    await settled();
    expect(told).toEqual(['a', 'b']);
    b.end();
    c.end();
    expect(await Promise.all(ends)).toEqual(['a', 'b', 'c']);
    expect(told).toEqual(['a', 'b', 'c']);
  });

  it('passes on a failure, and goes on', async () => {
    const turns = new Turns();
    const told: string[] = [];
    const [a, b] = ['a', 'b'].map((name) => work(name, told));
    const first = turns.take(never, a.begin);
    const second = turns.take(never, b.begin);
    a.fail();
    b.end();
    await expect(first).rejects.toThrow('a failed');
    expect(await second).toBe('b');
  });

  it('passes on what is thrown before there is a promise', async () => {
    const turns = new Turns();
    const thrown = turns.take(never, () => {
      throw new Error('at once');
    });
    await expect(thrown).rejects.toThrow('at once');
    expect(await turns.take(never, () => Promise.resolve(1))).toBe(1);
  });

  it('lets one that waits go at once, and nobody before its turn', async () => {
    const turns = new Turns();
    const told: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => work(name, told));
    const abort = new AbortController();
    const first = turns.take(never, a.begin);
    const second = turns.take(abort.signal, b.begin);
    const third = turns.take(never, c.begin);
    abort.abort();
    expect(await second).toBeNull();
    await settled();
    expect(told).toEqual(['a']);
    a.end();
    c.end();
    expect(await Promise.all([first, third])).toEqual(['a', 'c']);
    expect(told).toEqual(['a', 'c']);
  });

  it('does not begin what is aborted already', async () => {
    const told: string[] = [];
    expect(await new Turns().take(AbortSignal.abort(), work('a', told).begin)).toBeNull();
    expect(told).toEqual([]);
  });
});
