import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null | undefined;

/**
 * Gives the memory of a finished layer back before the next one is read. Left alone, the engine waits: arrays outside of its
 * heap hardly count for it, and the peak would be that of two large layers.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    const found: unknown = runInNewContext('globalThis.gc');
    collect = typeof found === 'function' ? (found as () => void) : null;
  }
  collect?.();
}
