import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Parameters from which a layer's memory is worth giving back at once: 16 MB in float64. */
const LARGE_LAYER = 2 ** 21;
/** Seconds from which a layer has left so much behind that the next one would have to wait for it. */
const LONG_LAYER = 0.2;

let collect: (() => void) | null | undefined;

/**
 * Gives the memory of a finished layer of so many parameters, which took so many seconds, back before the next one is read, where it
 * is much. Left alone, the engine waits: arrays outside of its heap hardly count for it, and the peak would be that of two large
 * layers.
 */
export function collectGarbageAfter(parameters: number, seconds: number): void {
  if (parameters < LARGE_LAYER && seconds < LONG_LAYER) return;
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    const found: unknown = runInNewContext('globalThis.gc');
    collect = typeof found === 'function' ? (found as () => void) : null;
  }
  collect?.();
}
