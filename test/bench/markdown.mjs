// Markdown of results.
import { cpus } from 'node:os';

export function table([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** @param bytes null where it was not measured */
export function megabytes(bytes) {
  return bytes === null ? 'not measured' : (bytes / 1e6).toFixed(1);
}

export function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** Relative width of an interval. */
export function widthOf({ lower, upper }) {
  return (upper / lower - 1).toExponential(1);
}

/** What it was measured on, without a name. */
export function machine() {
  const processors = cpus();
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${processors.length} × ${processors[0].model.trim()}`;
}
