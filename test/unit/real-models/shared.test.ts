/** Files from elsewhere that are not part of the repository; without them, these tests are skipped. */
import { existsSync, readdirSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rowDefect } from '../../../src/report/row-defect';
import type { Report } from '../../../src/report/report';
import type { ConvolutionOperator, Layer } from '../../../src/model/model';
import { openModel } from '../../../src/model/open';
import { run } from '../cli/command-line';
import { Folder } from '../folder';
import { dist, root, vadWeb } from '../product';
import { analyze } from './analyze';
import { expectAllAccountedFor, expectTruths } from './expectations';
import { computingNodes, decodeFile } from './graph';

const models = join(root, '../shared/models');
const golden = join(root, '../shared/golden');

describe.skipIf(!existsSync(models) || !existsSync(golden))('every file', () => {
  const files = [models, golden].flatMap(modelsIn).map((file) => ({ file, name: relative(root, file) }));

  it.each(files)('$name has a table without errors, or is refused in one sentence', async ({ file }) => {
    const args = ['analyze', file, '--device', 'cpu', '--format', 'json'];
    const { code, stdout, stderr } = await run(dist, args);
    if (code === 3) {
      expect(stderr).toMatch(/^lipschitz-lens: .+\n$/);
      expect(stderr).toContain(file);
      return;
    }
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as Report;
    expect(report.layers.length + report.skipped.length).toBeGreaterThan(0);
    for (const row of report.layers) expect(rowDefect(row) ?? row.error, row.name).toBeNull();
    if (file.endsWith('.onnx')) expectAllAccountedFor(report, computingNodes(decodeFile(file)));
  });

  it.each(['mnist-inline.onnx', 'silero_vad_16k_op15.onnx'])(
    '%s: every norm for any input size is enclosed within 5 %',
    async (name) => {
      const path = join(models, name);
      expectTruths(await analyze(path, '--input-size', 'any'), computingNodes(decodeFile(path)));
    },
  );
});

describe.skipIf(!existsSync(models))('one network in several files', () => {
  const folder = new Folder();

  it('the same weights as ONNX and as safetensors have the same norms', async () => {
    const onnx = join(models, 'silero_vad_16k_op15.onnx');
    const copy = folder.join('silero.safetensors');
    await copyFile(join(models, 'silero_vad_16k.safetensors'), copy);
    // The two files are of different releases: only what no training changes is in both.
    const pairs = await coinciding(onnx, copy);
    expect(pairs.length).toBeGreaterThan(0);
    const layers = Object.fromEntries(
      pairs.flatMap(([{ operator }, { name }]) =>
        operator.kind === 'convolution' ? [[name, settingsOf(operator)] as const] : [],
      ),
    );
    await folder.write('silero.safetensors.lipschitz.json', JSON.stringify({ layers }));
    await expectEqualNorms(onnx, copy, pairs);
  });

  it('the same weights in two ONNX files have the same norms', async () => {
    const [one, two] = [
      join(models, 'silero_vad_16k_op15.onnx'),
      join(vadWeb.folder, 'dist/silero_vad_v6.onnx'),
    ];
    const pairs = await coinciding(one, two);
    const compared = await expectEqualNorms(one, two, pairs);
    // One release, of which the second file holds another network besides.
    expect(compared.layers.map(({ name }) => name)).toEqual([...new Set(pairs.map(([{ name }]) => name))]);
  });
});

function modelsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.(onnx|safetensors)$/.test(name)).map((name) => join(folder, name));
}

/** Layers of two models with a matrix or kernel of the same values. */
async function coinciding(one: string, two: string): Promise<[Layer, Layer][]> {
  const [first, second] = [await weightsIn(one), await weightsIn(two)];
  return first.flatMap(([content, layer]) =>
    second.flatMap(([other, twin]): [Layer, Layer][] => (other === content ? [[layer, twin]] : [])),
  );
}

/** Every layer behind the shape and the values of its weight. */
async function weightsIn(path: string): Promise<[content: string, layer: Layer][]> {
  const model = await openModel(path, { inputSize: 'any' });
  try {
    const found: [string, Layer][] = [];
    for (const layer of model.layers) {
      const { operator } = layer;
      if (operator.kind !== 'matrix' && operator.kind !== 'convolution') continue;
      const shape = operator.kind === 'matrix' ? [operator.rows, operator.columns] : operator.tensor.shape;
      found.push([`${shape.join('x')}: ${(await operator.tensor.read()).join()}`, layer]);
    }
    return found;
  } finally {
    await model.close();
  }
}

/** What a side file says of a convolution. */
function settingsOf({ strides, dilations, groups, padding }: ConvolutionOperator): unknown {
  return { strides, dilations, groups, padding };
}

/** The report of the first model. */
async function expectEqualNorms(one: string, two: string, pairs: readonly [Layer, Layer][]): Promise<Report> {
  const [first, second] = await Promise.all([one, two].map((path) => analyze(path, '--input-size', 'any')));
  for (const [a, b] of pairs) {
    const row = first.layers.find(({ name }) => name === a.name);
    const twin = second.layers.find(({ name }) => name === b.name);
    expect(row, a.name).toBeDefined();
    expect(twin?.lipschitz, b.name).toEqual(row?.lipschitz);
    expect(twin?.stableRank, b.name).toEqual(row?.stableRank);
  }
  return first;
}
