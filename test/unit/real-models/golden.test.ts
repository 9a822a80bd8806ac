/** The golden layers through the whole product, in both formats. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { Folder } from '../folder';
import { root } from '../product';
import { goldenConvolutions, goldenMatrices } from '../truth/golden';
import { analyze } from './analyze';
import { expectInterval } from './expectations';

const fixtures = join(root, 'test/fixtures/golden');
const onnx = join(fixtures, 'golden_zoo.onnx');
const safetensors = join(fixtures, 'golden_zoo.safetensors');

const convolutions = goldenConvolutions();
const matrices = goldenMatrices();
/** Relative error of the stored answers. */
const storedError = 1e-9;
/** How far an upper bound may be above the norm for any input size; maps of these sizes are enclosed much more closely. */
const promised = 1.002;
const promisedOnSmallMaps = 1 + 2e-6;

/** Norms by name: on the layer's own input size, and for any. */
const truths = new Map([
  ...convolutions.map(({ name, sigmaExact, sigmaAnySize }) => [name, { sigmaExact, sigmaAnySize }] as const),
  ...matrices.map(({ name, sigmaExact }) => [name, { sigmaExact, sigmaAnySize: sigmaExact }] as const),
]);

function truthOf(name: string): { sigmaExact: number; sigmaAnySize: number } {
  const truth = truths.get(name);
  if (!truth) throw new Error(`no such layer: ${name}`);
  return truth;
}

function expectSound(report: Report, truth: (name: string) => number): void {
  expect(report.layers).toHaveLength(34);
  expect(report.skipped).toEqual([]);
  expect(report.layers.map(({ name }) => name).sort()).toEqual([...truths.keys()].sort());
  for (const row of report.layers) {
    const { lower, upper } = expectInterval(row);
    expect(lower, row.name).toBeLessThanOrEqual(truth(row.name) * (1 + storedError));
    expect(upper, row.name).toBeGreaterThanOrEqual(truth(row.name) * (1 - storedError));
    expect(upper, row.name).toBeLessThanOrEqual(promised * truthOf(row.name).sigmaAnySize);
    expect(row.lipschitz?.certainty, row.name).toBe('certified');
  }
}

/** What a report says of the norms, by layer. */
function intervals({ layers }: Report): Record<string, unknown> {
  return Object.fromEntries(
    layers.map(({ name, lipschitz, stableRank, frobenius }) => [name, { lipschitz, stableRank, frobenius }]),
  );
}

/** Without the layers of which the two formats do not say the same: the node that halves its matrix. */
function comparable(report: Report): Report {
  const scaled = new Set(matrices.filter(({ scale }) => scale !== 1).map(({ name }) => name));
  expect(scaled.size).toBe(1);
  return { ...report, layers: report.layers.filter(({ name }) => !scaled.has(name)) };
}

let anySize: Report;
let sized: Report;

beforeAll(async () => {
  sized = await analyze(onnx);
  anySize = await analyze(onnx, '--input-size', 'any');
});

describe('the golden layers as ONNX', () => {
  it('have intervals around their norms on the input sizes of the file', () => {
    expectSound(sized, (name) => truthOf(name).sigmaExact);
    for (const { name, layer } of convolutions) {
      const row = sized.layers.find((one) => one.name === name);
      expect(row?.lipschitz?.scope).toBe(`input size ${layer.inputSize.join('x')}`);
      expect(row?.lipschitz?.upper, name).toBeLessThanOrEqual(promisedOnSmallMaps * truthOf(name).sigmaExact);
    }
  });

  it('have intervals around their norms for any input size', () => {
    expectSound(anySize, (name) => truthOf(name).sigmaAnySize);
    for (const row of anySize.layers) {
      expect(row.lipschitz?.scope).toBe('any input size');
      const { lower, upper } = expectInterval(row);
      expect(upper, row.name).toBeLessThanOrEqual(promised * lower);
    }
  });

  it('have the Frobenius norms of their weights', () => {
    for (const { name, frobenius } of [...convolutions, ...matrices]) {
      const found = sized.layers.find((row) => row.name === name)?.frobenius;
      expect(Math.abs((found ?? Infinity) - frobenius), name).toBeLessThanOrEqual(1e-8 * frobenius);
    }
  });
});

describe('the golden layers as safetensors', () => {
  const folder = new Folder();

  it('have the same intervals where stride and groups are what is assumed', async () => {
    const report = await analyze(safetensors);
    const assumed = convolutions.filter(
      ({ layer }) => layer.groups === 1 && layer.strides.every((stride) => stride === 1),
    );
    expect(assumed.length).toBeGreaterThan(10);
    const alike = intervals(comparable(report));
    const expected = intervals(anySize);
    for (const { name } of assumed) expect(alike[name], name).toEqual(expected[name]);
    // A stride or groups of which nothing is known can only make the norm smaller.
    for (const row of report.layers) {
      const { upper } = expectInterval(row);
      expect(upper, row.name).toBeGreaterThanOrEqual(truthOf(row.name).sigmaAnySize * (1 - storedError));
    }
  });

  it('have all the same intervals with a side file', async () => {
    const layers = Object.fromEntries(
      convolutions.map(({ name, layer }) => [
        name,
        {
          strides: layer.strides,
          dilations: layer.dilations,
          groups: layer.groups,
          padding: { mode: layer.mode, amounts: layer.pads },
          inputSize: layer.inputSize,
          ...(layer.transposed && { transposed: true, outputPadding: layer.outputPadding }),
        },
      ]),
    );
    const copy = folder.join('golden_zoo.safetensors');
    await copyFile(safetensors, copy);
    await folder.write('golden_zoo.safetensors.lipschitz.json', JSON.stringify({ layers }));
    for (const [expected, ...options] of [[sized], [anySize, '--input-size', 'any']] as const) {
      const report = await analyze(copy, ...options);
      expect(report.layers).toHaveLength(34);
      expect(intervals(comparable(report))).toEqual(intervals(comparable(expected)));
    }
  });
});
