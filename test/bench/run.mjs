// `npm run bench [-- part ...] [--page]`: what the program takes, as Markdown to stdout; `--page` also puts the tables into
// docs/benchmarks.md. Ratios within one run are what counts: machines differ and are shared.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { convolutions } from './convolutions.mjs';
import { estimates } from './estimates.mjs';
import { machine } from './markdown.mjs';
import { matrices } from './matrices.mjs';
import { memory } from './memory.mjs';
import { networks } from './networks.mjs';
import { writePage } from './page.mjs';

const PARTS = { matrices, convolutions, memory, networks, estimates };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { page: { type: 'boolean', default: false } },
});
const unknown = positionals.find((part) => !(part in PARTS));
if (unknown !== undefined) throw new Error(`no part ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);

for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
  const markdown = `${await PARTS[name]()}\n\n${machine()}; load at the end ${loadavg()[0].toFixed(1)}`;
  console.log(`## ${name}\n\n${markdown}\n`);
  if (options.page) await writePage({ [name]: markdown });
}
