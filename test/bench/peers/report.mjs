// The results of the peers as Markdown: for each part the totals of every method, then its layers.
import { machine, percent, table } from '../markdown.mjs';
import { CAP } from './peer.mjs';

const NAMES = {
  ours: 'Lipschitz Lens',
  'gram-zeros': 'Gram, zero padding',
  'gram-circular': 'Gram, circular 32×32',
  'gram-any-size': 'Gram, circular, any size',
  'fft-svd': 'FFT + SVD 32×32',
  'matrix-norm': 'matrix_norm(ord=2)',
  'power-iteration': 'power iteration, 100',
  weightwatcher: 'WeightWatcher',
};

/** @param results of `run.mjs`, complete or not */
export function markdownOf({ versions, parts }) {
  const texts = Object.entries(parts).map(
    ([name, part]) => `### ${name}\n\n${totals(part)}\n\n${byLayer(part)}`,
  );
  const programs = Object.entries(versions ?? {}).map(([program, version]) => `${program} ${version}`);
  const loads = Object.values(parts)
    .flatMap(({ layers }) => Object.values(layers))
    .flatMap(({ found }) => Object.values(found).map(({ load }) => load))
    .filter((load) => load !== undefined)
    .sort((a, b) => a - b);
  const load = `load ${[0.1, 0.5, 0.9].map((q) => loads[Math.floor(q * loads.length)].toFixed(1)).join(', ')}`;
  return [...texts, `${[machine(), ...programs].join(', ')}; ${load} (10th, 50th and 90th percentile)`].join(
    '\n\n',
  );
}

function totals({ methods, layers }) {
  const all = Object.values(layers);
  const lines = [
    [
      'method',
      'layers',
      'wall, s',
      'times ours',
      'processor, s',
      'times ours',
      `stopped at ${CAP} s`,
      'value over the truth',
    ],
  ];
  for (const method of methods) {
    const measured = all.filter(({ found }) => found[method] && found.ours);
    if (measured.length === 0) continue;
    const of = (name, key) => measured.reduce((sum, { found }) => sum + (found[name][key] ?? 0), 0);
    const capped = measured.filter(({ found }) => found[method].capped);
    const excesses = measured
      .filter(({ found }) => found[method].value !== null)
      .map((l) => excessOf(l, method));
    lines.push([
      NAMES[method],
      String(measured.length),
      of(method, 'seconds').toFixed(2),
      (of(method, 'seconds') / of('ours', 'seconds')).toFixed(2),
      // Nobody knows what a process that was killed had used.
      ...(capped.length > 0
        ? ['', '']
        : [of(method, 'cpu').toFixed(2), (of(method, 'cpu') / of('ours', 'cpu')).toFixed(2)]),
      String(capped.length),
      excesses.length > 0 ? `${signed(Math.min(...excesses))} to ${signed(Math.max(...excesses))}` : '',
    ]);
  }
  return table(lines);
}

function byLayer({ methods, layers }) {
  return table([
    ['layer', 'shape', 'stride', 'truth', ...methods.map((method) => NAMES[method])],
    ...Object.entries(layers).map(([name, layer]) => [
      name,
      layer.shape.join('×'),
      layer.shape.length === 2 ? '' : String(layer.stride),
      layer.truth.lower.toPrecision(5),
      ...methods.map((method) => cellOf(layer, method)),
    ]),
  ]);
}

function cellOf(layer, method) {
  const found = layer.found[method];
  if (!found) return '';
  const seconds = found.capped ? `> ${CAP} s` : `${found.seconds.toPrecision(2)} s`;
  if (found.value === null) return `${seconds}, no value`;
  const iterations = found.iterations === undefined ? '' : `, n = ${found.iterations}`;
  return `${seconds}, ${signed(excessOf(layer, method))}${iterations}`;
}

/** What a value has over the truth, relatively. */
function excessOf({ truth, found }, method) {
  return found[method].value / truth.lower - 1;
}

function signed(share) {
  if (Math.abs(share) < 5e-4) return percent(0);
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}
