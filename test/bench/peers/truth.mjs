// The norms that the peers are held against: our certified intervals at a tight tolerance, for nothing else is affordable in
// float64 at every size. They are kept, as they depend on nothing but the weights.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rowsOf } from '../core.mjs';
import { CACHE } from '../weights.mjs';

/** Of convolutions; a matrix is enclosed to 1e-6 in any case. */
export const TOLERANCE = 1e-3;

const path = join(CACHE, 'truth.json');
const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};

/** The interval of one layer of a file, for any input size. */
export async function truthOf(file, layer, isMatrix) {
  const key = `${basename(file)} ${layer}`;
  if (!(key in known)) {
    const [row] = await rowsOf(file, { layers: layer, tolerance: isMatrix ? 1e-6 : TOLERANCE });
    known[key] = { ...row.lipschitz, seconds: row.seconds };
    writeFileSync(path, JSON.stringify(known));
  }
  return known[key];
}
