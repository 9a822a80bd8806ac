/** The built product, and the published models that it is tried on. `setup.ts` puts both in place. */
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** The programs, bundled from the present sources. */
export const dist = join(root, 'dist');

/** Kept from run to run; `npm ci` empties it. */
export const cache = join(root, 'node_modules/.cache/lipschitz-lens');

/** A package whose models cannot be a dependency: it would bring a second ONNX Runtime. */
export const vadWeb = { spec: '@ricky0123/vad-web@0.0.31', folder: join(cache, 'vad-web-0.0.31') };
