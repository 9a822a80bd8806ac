/** Long work in slices: between two of them the extension host is free for others. */
import { setImmediate } from 'node:timers/promises';

/** Milliseconds. */
const SLICE = 8;

/** The slice that begins now, and those after it. */
export class Slices {
  private began = performance.now();

  get isOver(): boolean {
    return performance.now() - this.began >= SLICE;
  }

  /** Resolves when it is this work's turn again. */
  async next(): Promise<void> {
    await setImmediate();
    this.began = performance.now();
  }
}

/** What the steps answer in the end, a few at a time. */
export async function finishInSlices<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  const slices = new Slices();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (slices.isOver) await slices.next();
  }
}

/** The pieces as one text, made a few at a time. */
export async function joinInSlices(pieces: Iterable<string>): Promise<string> {
  const slices = new Slices();
  const done: string[] = [];
  let slice: string[] = [];
  for (const piece of pieces) {
    slice.push(piece);
    if (!slices.isOver) continue;
    done.push(slice.join(''));
    slice = [];
    await slices.next();
  }
  return [...done, ...slice].join('');
}
