// `npm run bench:peers [-- part ...] [--continue | --print] [--page]`: what else there is for the same question, next to ours, on the
// very same weights, in one run on one machine. Markdown to stdout, and with `--page` to docs/benchmarks.md; every measurement
// to peers.json in the cache, as it comes. `--continue` keeps those of a run that was interrupted; `--print` measures nothing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rowsOf } from '../core.mjs';
import { writePage } from '../page.mjs';
import { CACHE, MATRICES, matricesFile, resnet18, resnetFile } from '../weights.mjs';
import { CAP, Peer } from './peer.mjs';
import { markdownOf } from './report.mjs';
import { truthOf } from './truth.mjs';

/** Methods that are measured a few times by turns, ours among them; what takes longer than `LONG` seconds, once. */
const BY_TURNS = ['ours', 'matrix-norm', 'fft-svd', 'power-iteration', 'weightwatcher'];
const LONG = 5;
/** The reference's own, at the first number of iterations that brings them near enough. */
const GRAM = ['gram-circular', 'gram-any-size', 'gram-zeros'];
/** How much longer an iteration more takes, at least: with zero padding the kernel's side doubles. */
const GROWTH = { 'gram-circular': 1, 'gram-any-size': 1, 'gram-zeros': 9 };
const NEAR = 1.02;
/** What the grid alone may add where it is to bound the norm for any input size; the rest is left to the iterations. */
const GRID_SHARE = 1.0175;
const GRID = 32;
/** Copies of all symbols, complex numbers of 8 bytes each, that an iteration on a grid holds. */
const COPIES = 4;
const MOST_ITERATIONS = 12;
/** PyTorch is faster with one thread on small symbols, with all on large matrices: both are tried. */
const ALL = availableParallelism();

const CAPPED = { seconds: CAP, cpu: null, value: null, capped: true };

const convolutions = (kind) => ({
  file: resnetFile(kind),
  // The reference takes no strides into account: it is asked to come near what it computes, and held against the layer's norm.
  unstrided: resnetFile(kind, { strided: false }),
  layers: resnet18(),
  tolerance: 1e-2,
  threads: [1, ALL, 1],
  methods: [...BY_TURNS, ...GRAM],
});
const PARTS = {
  matrices: () => ({
    file: matricesFile(),
    layers: MATRICES.map((name) => ({ name, shape: name.split('x').map(Number) })),
    tolerance: 1e-6,
    threads: [ALL, 1, ALL],
    methods: BY_TURNS.filter((method) => method !== 'fft-svd'),
  }),
  kaiming: () => convolutions('kaiming'),
  smooth: () => convolutions('smooth'),
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    continue: { type: 'boolean', default: false },
    print: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
  },
});
const unknown = positionals.find((part) => !(part in PARTS));
if (unknown !== undefined) throw new Error(`no part ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);

const path = join(CACHE, 'peers.json');
const results =
  (options.continue || options.print) && existsSync(path)
    ? JSON.parse(readFileSync(path, 'utf8'))
    : { versions: null, parts: {} };
if (!options.print) await measure(positionals.length > 0 ? positionals : Object.keys(PARTS));
const markdown = markdownOf(results);
console.log(markdown);
if (options.page) await writePage({ peers: markdown });

async function measure(names) {
  const parts = names.map((name) => [name, PARTS[name]()]);
  for (const [name, part] of parts) await measureByTurns(name, part);
  // What takes longest comes last.
  for (const method of GRAM) {
    for (const [name, part] of parts) {
      if (part.methods.includes(method)) await measureGram(name, part, method);
    }
  }
}

async function measureByTurns(name, { file, unstrided, layers, tolerance, threads, methods }) {
  const part = (results.parts[name] ??= { tolerance, methods, layers: {} });
  for (const { name: layer, shape, stride } of layers) {
    const isMatrix = shape.length === 2;
    part.layers[layer] ??= {
      shape,
      stride: stride ?? 1,
      truth: await truthOf(file, layer, isMatrix),
      truthAtStride1: stride > 1 ? await truthOf(unstrided, layer, isMatrix) : null,
      found: {},
    };
  }
  const turns = methods.filter((method) => BY_TURNS.includes(method));
  const peers = Object.fromEntries(turns.filter((method) => method !== 'ours').map((m) => [m, new Peer(m)]));
  const ours = async (layer) => {
    const [row] = await rowsOf(file, { layers: layer.name, tolerance });
    return { seconds: row.seconds, cpu: row.cpu, value: row.lipschitz.upper, lower: row.lipschitz.lower };
  };
  for (const [round, count] of threads.entries()) {
    for (const layer of layers) {
      const { found } = part.layers[layer.name];
      for (const method of turns) {
        const before = found[method];
        if (before && (before.rounds > round || before.seconds > LONG)) continue;
        const [load] = loadavg();
        const answer =
          (method === 'ours'
            ? await ours(layer)
            : await peers[method].measure({ ...taskOf(file, layer), threads: count })) ?? CAPPED;
        const best = before && before.seconds < answer.seconds ? before : { ...answer, load };
        keep(name, layer, method, { ...best, rounds: round + 1 });
      }
    }
  }
  for (const peer of Object.values(peers)) {
    results.versions ??= peer.versions;
    peer.stop();
  }
}

async function measureGram(name, { file, layers }, method) {
  const peer = new Peer(method);
  for (const layer of layers) {
    const { found, truth, truthAtStride1 } = results.parts[name].layers[layer.name];
    if (found[method]) continue;
    const near = NEAR * (truthAtStride1 ?? truth).lower;
    const task = { ...taskOf(file, layer), threads: ALL };
    let last = { value: null, iterations: 0, seconds: 0 };
    if (method === 'gram-any-size') {
      task.grid = gridOf(layer);
      // As many iterations as on the grid of 32 x 32, and as long for each frequency; forever where they find no room.
      const { iterations, seconds } = found['gram-circular'];
      const [rows, columns] = layer.shape;
      const bytes = COPIES * 8 * (task.grid ** 2 / 2) * rows * columns;
      const expected = bytes > freemem() ? Infinity : seconds * (task.grid / GRID) ** 2;
      last = { value: null, iterations: iterations - 1, seconds: expected };
    }
    for (let iterations = last.iterations + 1; iterations <= MOST_ITERATIONS; iterations++) {
      const [load] = loadavg();
      // What cannot end in a quarter more than the time that it would be given is not begun.
      const hopeless = last.seconds * GROWTH[method] > 1.25 * CAP;
      const answer = hopeless ? null : await peer.measure({ ...task, iterations });
      last = answer
        ? { ...answer, iterations, load }
        : { ...last, seconds: CAP, cpu: null, capped: true, load };
      if (answer === null || answer.value <= near) break;
    }
    keep(name, layer, method, last);
  }
  peer.stop();
}

/** The smallest grid whose factor is small enough (`gram_any_size` of peers.py). */
function gridOf({ shape: [, , k] }) {
  return Math.max(1, Math.ceil((k - 1) / (1 - 1 / GRID_SHARE)));
}

function taskOf(file, { name, stride, input }) {
  return { file, layer: name, stride, input };
}

function keep(part, layer, method, found) {
  results.parts[part].layers[layer.name].found[method] = found;
  writeFileSync(path, JSON.stringify(results));
  const { seconds, value, iterations } = found;
  process.stderr.write(
    `${[part, layer.name, method, `${seconds.toFixed(3)} s`, value, iterations].filter((x) => x !== undefined).join(' ')}\n`,
  );
}
