// The tables of docs/benchmarks.md: each stands between two comments that name it.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';

const PAGE = resolve(import.meta.dirname, '../../docs/benchmarks.md');

/** Replaces tables of the page. @param tables Markdown by name */
export async function writePage(tables) {
  let text = readFileSync(PAGE, 'utf8');
  for (const [name, markdown] of Object.entries(tables)) {
    const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`the page has no place for ${name}`);
    text = `${text.slice(0, from + begin.length)}\n\n${markdown}\n\n${text.slice(to)}`;
  }
  writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
}
