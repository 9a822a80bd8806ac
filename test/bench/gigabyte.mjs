// Writes a safetensors file of 16 Gaussian matrices of 4096 x 4096 float32, 1 GiB, one matrix at a time.
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

const ORDER = 4096;
const MATRICES = 16;

export function writeGigabyte(path) {
  const bytes = ORDER * ORDER * 4;
  const header = {};
  for (let i = 0; i < MATRICES; i++) {
    header[`layers.${i}.weight`] = {
      dtype: 'F32',
      shape: [ORDER, ORDER],
      data_offsets: [i * bytes, (i + 1) * bytes],
    };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = openSync(`${path}.part`, 'w');
  writeSync(file, length);
  writeSync(file, json);
  const next = generator(1);
  for (let i = 0; i < MATRICES; i++) {
    const values = Float32Array.from({ length: ORDER * ORDER }, () => gaussian(next) / Math.sqrt(ORDER));
    writeSync(file, new Uint8Array(values.buffer));
  }
  closeSync(file);
  renameSync(`${path}.part`, path);
}

/** mulberry32: uniform numbers in (0, 1) from a seed. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

function gaussian(next) {
  return Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}
