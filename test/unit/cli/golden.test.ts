import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceCheck, Report } from '../../../src/report/report';
import { rowDefect } from '../../../src/report/row-defect';
import { cellWidth } from '../../../src/report/text';
import { dist } from '../product';
import { run, type Ended } from './command-line';

const golden = join(import.meta.dirname, '../../fixtures/golden');

/** What is known of each layer by other means. */
interface Truth {
  readonly shape: readonly number[];
  readonly sigmaExact: number;
}

let folder: string;
let truth: Record<string, Truth>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lipschitz-lens-golden-'));
  for (const name of ['golden_zoo.onnx', 'golden_zoo.safetensors']) {
    await copyFile(join(golden, name), join(folder, name));
  }
  truth = JSON.parse(await readFile(join(golden, 'golden_zoo.truth.json'), 'utf8')) as Record<string, Truth>;
});

afterAll(() => rm(folder, { recursive: true }));

function analyze(...args: string[]): Promise<Ended> {
  return run(dist, ['analyze', '--device', 'cpu', ...args], { cwd: folder });
}

describe('the command line and its worker', () => {
  it('print a sound report of every layer', async () => {
    const { code, stdout, stderr } = await analyze('golden_zoo.onnx', '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as Report;
    expect(report.model).toMatchObject({ path: 'golden_zoo.onnx', format: 'onnx' });
    expect(report.layers.map(({ name }) => name).sort()).toEqual(Object.keys(truth).sort());
    expect(report.layers.map(rowDefect)).toEqual(report.layers.map(() => null));
    for (const { name, shape, lipschitz } of report.layers) {
      expect(shape, name).toEqual(truth[name].shape);
      expect(lipschitz?.upper, name).toBeGreaterThanOrEqual(truth[name].sigmaExact * (1 - 1e-9));
    }
  });

  it('print the same layers in every format', async () => {
    const files = ['golden_zoo.onnx', 'golden_zoo.safetensors'];
    const count = Object.keys(truth).length;
    const [table, csv, markdown] = await Promise.all([
      analyze(...files),
      analyze(...files, '--format', 'csv'),
      analyze(...files, '--format', 'markdown'),
    ]);
    for (const { code, stderr } of [table, csv, markdown]) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
    for (const line of table.stdout.split('\n')) expect(cellWidth(line)).toBeLessThanOrEqual(100);
    expect(table.stdout).not.toContain('\u001b');
    expect(table.stdout.match(/^golden_\d\d/gm)).toHaveLength(2 * count);
    expect(csv.stdout.match(/^golden_zoo\.\w+,ok,/gm)).toHaveLength(2 * count);
    expect(markdown.stdout.match(/^\| `golden_\d\d/gm)).toHaveLength(2 * count);
  });

  it('print the singular values of layers that they are asked for', async () => {
    const args = ['golden_zoo.onnx', '--layers', 'golden_2*', '--spectrum'];
    const { code, stdout, stderr } = await analyze(...args, '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { layers } = JSON.parse(stdout) as Report;
    expect(layers).toHaveLength(10);
    for (const { name, lipschitz, spectrum, convolution } of layers) {
      expect(spectrum?.kind, name).toBe('exact');
      // Of matrices the largest is the norm; the symbol knows nothing of the zeros around an input.
      if (convolution === null)
        expect(spectrum?.largest).toBeLessThanOrEqual((lipschitz?.upper ?? 0) * (1 + 1e-12));
      expect(spectrum?.largest, name).toBeGreaterThanOrEqual((lipschitz?.lower ?? Infinity) * (1 - 1e-12));
    }
    const table = await analyze(...args);
    expect(table.stdout).toMatch(/^golden_25_matmul +1\.9904 +1\.0918 +0\.25429 +32 +[▁-█ ]+ exact$/m);
    const csv = await analyze(...args, '--format', 'csv');
    expect(csv.stderr).toContain('--spectrum has no effect on --format csv');
  });

  it('hold layers against a budget', async () => {
    const largest = Object.entries(truth).sort(([, a], [, b]) => b.sigmaExact - a.sigmaExact)[0];
    const { code, stderr } = await analyze(
      'golden_zoo.onnx',
      '--fail-above',
      String(largest[1].sigmaExact / 2),
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`golden_zoo.onnx: layer ${largest[0]} exceeds `);
  });

  it('answer for some layers only', async () => {
    const { code, stdout } = await analyze('golden_zoo.onnx', '--layers', '*_1?_conv1d', '--format', 'json');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Report).layers.map(({ name }) => name)).toEqual([
      'golden_17_conv1d',
      'golden_18_conv1d',
    ]);
  });

  it('say in one sentence what is wrong with a file, and go on', async () => {
    await copyFile(join(golden, 'golden_zoo.safetensors'), join(folder, 'short.safetensors'));
    await truncate(join(folder, 'short.safetensors'), 300_000);
    await writeFile(join(folder, 'words.onnx'), 'these are words and no model');
    await mkdir(join(folder, 'empty'));
    const bad = ['short.safetensors', 'words.onnx', 'empty', 'missing.onnx'];
    const { code, stdout, stderr } = await analyze(
      ...bad,
      'golden_zoo.onnx',
      '--format',
      'json',
      '--layers',
      '*_01_*',
    );
    expect(code).toBe(3);
    expect((JSON.parse(stdout) as Report[]).map(({ layers }) => layers.length)).toEqual([1]);
    const sentences = stderr.trimEnd().split('\n');
    expect(sentences).toHaveLength(bad.length);
    sentences.forEach((sentence, index) => {
      expect(sentence).toMatch(/^lipschitz-lens: /);
      expect(sentence).toContain(bad[index]);
    });
  });

  it('check the devices', async () => {
    const { code, stdout, stderr } = await run(dist, ['devices']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const providers: DeviceCheck['provider'][] = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'];
    // A long description goes on in indented lines.
    const [, ...lines] = stdout.trimEnd().split(/\n(?! )/);
    expect(lines.map((line) => line.split(/\s+/)[0]).sort()).toEqual([...providers].sort());
    expect(lines.find((line) => line.startsWith('cpu'))).toMatch(/^cpu {2,}passed /);
  });
});
