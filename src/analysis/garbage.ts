import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Parameters from which a layer's memory is worth giving back at once: 16 MB in float64. */
const LARGE_LAYER = 2 ** 21;

let collect: (() => void) | null | undefined;

/**
 * Gives the memory of a finished layer of so many parameters, where it is much, back before the next one is read. Left
 * alone, the engine waits: arrays outside of its heap hardly count for it, and the peak would be that of two large
 * layers.
 */
export function collectGarbageAfter(parameters: number): void {
  if (parameters < LARGE_LAYER) return;
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    const found: unknown = runInNewContext('globalThis.gc');
    collect = typeof found === 'function' ? (found as () => void) : null;
  }
  collect?.();
}
