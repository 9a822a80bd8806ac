/** `compare`, `series` and SARIF by the built product, on files that it reads. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ComparisonReport, PairReport } from '../../../src/report/comparison/comparison';
import type { SeriesReport } from '../../../src/report/series/series';
import { Folder } from '../folder';
import { modelBytes, node, tensor, value } from '../onnx-builder';
import { dist, vadWeb } from '../product';
import { f32, f64, raw, safetensors } from '../safetensors-builder';
import { run } from './command-line';

const folder = new Folder();
const golden = join(import.meta.dirname, '../../fixtures/golden');

function cli(command: string, ...args: readonly string[]) {
  return run(dist, [command, '--device', 'cpu', ...args], { cwd: folder.path });
}

async function comparison(...args: readonly string[]): Promise<ComparisonReport> {
  const { code, stdout, stderr } = await cli('compare', '--format', 'json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as ComparisonReport;
}

const found = ({ a, b, matchedBy, transposed }: PairReport) => [a.name, b.name, matchedBy, transposed];

describe('compare', () => {
  it('finds no difference between a file and itself, or a copy of it', async () => {
    const copy = folder.join('copy.onnx');
    await copyFile(join(golden, 'golden_zoo.onnx'), copy);
    for (const other of [join(golden, 'golden_zoo.onnx'), copy]) {
      const { pairs, onlyInA, onlyInB } = await comparison(join(golden, 'golden_zoo.onnx'), other);
      expect([onlyInA, onlyInB]).toEqual([[], []]);
      expect(pairs.length).toBeGreaterThan(10);
      for (const { a, b, ratio, difference, matchedBy } of pairs) {
        expect(matchedBy).toBe('name');
        expect(b.lipschitz).toEqual(a.lipschitz);
        expect(difference, a.name).toMatchObject({ lipschitz: { lower: 0, upper: 0 }, frobenius: 0 });
        expect(difference?.relative).toEqual({ lower: 0, upper: 0 });
        if (a.lipschitz?.upper !== 0) expect(ratio, a.name).toEqual({ lower: 1, upper: 1 });
      }
    }
  });

  it('matches an ONNX file with the tensors that it was exported from: transposed, and of another precision', async () => {
    const fc1 = [1, 2, 3, 4, 5, 6];
    // (in, out) in ONNX, (out, in) in PyTorch.
    const graph = {
      input: [value('x', [1, 2])],
      output: [value('y', [1, 3])],
      initializer: [
        tensor('onnx::MatMul_7', [2, 3], fc1),
        tensor('head.weight', [3, 3], [0, 1, 0, 0, 0, 2, 3, 0, 0]),
      ],
      node: [
        node('MatMul', ['x', 'onnx::MatMul_7'], ['h'], {}, { name: '/fc1/MatMul' }),
        node('MatMul', ['h', 'head.weight'], ['y'], {}, { name: '/head/MatMul' }),
      ],
    };
    await folder.write('exported.onnx', modelBytes(graph));
    const halves = [1, 4, 2, 5, 3, 6].map((x) => [0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600][x]);
    await folder.write(
      'source.safetensors',
      safetensors({
        'model.head.weight': f64([3, 3], [0, 0, 3, 1, 0, 0, 0, 2, 0]),
        'model.fc1.weight': raw('F16', [3, 2], 2, halves),
      }),
    );
    const { pairs } = await comparison('exported.onnx', 'source.safetensors');
    expect(pairs.map(found)).toEqual([
      ['/fc1/MatMul', 'model.fc1', 'prefix', true],
      ['/head/MatMul', 'model.head', 'prefix', true],
    ]);
    for (const { difference } of pairs) expect(difference?.lipschitz).toMatchObject({ lower: 0, upper: 0 });
    expect(pairs[1].notes).toEqual(['the weight of B is taken as the transpose, which is nearer to A']);
  });

  it('tells failures, layers without counterpart and zero layers, and ends with 4', async () => {
    await folder.write(
      'a.safetensors',
      safetensors({
        'bad.weight': f32([2, 2], [1, NaN, 0, 1]),
        'zero.weight': f32([2, 2], [0, 0, 0, 0]),
        'other.weight': f32([2, 3]),
        'good.weight': f32([2, 2], [3, 0, 0, 4]),
      }),
    );
    await folder.write(
      'b.safetensors',
      safetensors({
        'bad.weight': f32([2, 2]),
        'zero.weight': f32([2, 2], [1, 0, 0, 0]),
        'other.weight': f32([2, 4]),
        'good.weight': f32([2, 2], [3, 0, 0, 2]),
        'new.weight': f32([5, 5]),
      }),
    );
    const { code, stdout } = await cli('compare', 'a.safetensors', 'b.safetensors', '--format', 'json');
    expect(code).toBe(4);
    const { pairs, onlyInA, onlyInB } = JSON.parse(stdout) as ComparisonReport;
    const [bad, zero, good] = ['bad', 'zero', 'good'].map((name) => pairs.find(({ a }) => a.name === name));
    expect(bad).toMatchObject({ difference: null, ratio: null, a: { lipschitz: null }, b: { error: null } });
    expect(zero).toMatchObject({ ratio: null, difference: { relative: null }, error: null });
    expect(good?.difference?.relative?.lower).toBeLessThanOrEqual(0.5);
    expect(good?.difference?.relative?.upper).toBeGreaterThanOrEqual(0.5);
    expect(onlyInA.map(({ name, reason }) => [name, reason])).toEqual([
      ['other', 'its namesake in B is a Linear with a weight of shape 2x4'],
    ]);
    expect(onlyInB.map(({ name }) => name)).toEqual(['other', 'new']);
  });

  it('refuses as analyze does', async () => {
    await folder.write('empty.onnx', '');
    const refused = await cli('compare', 'nothing.onnx', 'empty.onnx');
    expect([refused.code, refused.stderr]).toEqual([
      3,
      'lipschitz-lens: nothing.onnx: the file does not exist\n',
    ]);
    const zoo = join(golden, 'golden_zoo.onnx');
    expect((await cli('compare', zoo, zoo, '--layers', 'nothing')).code).toBe(2);
    expect((await cli('compare', zoo)).code).toBe(2);
    expect((await cli('compare', zoo, zoo, '--output', zoo)).code).toBe(2);
  });

  it('has every layer of two versions of a published network', async () => {
    const [five, six] = ['v5', 'v6'].map((name) => join(vadWeb.folder, 'dist', `silero_vad_${name}.onnx`));
    const { pairs, onlyInA, onlyInB } = await comparison(five, six);
    expect([pairs.length, onlyInA, onlyInB]).toEqual([44, [], []]);
    for (const { matchedBy, difference, a, b } of pairs) {
      expect(matchedBy).toBe('name');
      const { lower = NaN, upper = NaN } = difference?.lipschitz ?? {};
      // | ||A|| - ||B|| | <= ||A - B|| <= ||A|| + ||B||
      const [x, y] = [a.lipschitz, b.lipschitz];
      expect(upper).toBeGreaterThanOrEqual((x?.lower ?? 0) - (y?.upper ?? 0));
      expect(lower).toBeLessThanOrEqual((x?.upper ?? 0) + (y?.upper ?? 0));
    }
  });
});

describe('series', () => {
  it('takes the checkpoints of a folder in the order of their numbers', async () => {
    await mkdir(folder.join('run'));
    for (const step of [10, 2, 1]) {
      await folder.write(
        `run/step-${step}.safetensors`,
        safetensors({ 'fc.weight': f32([1, 2], [step, 0]) }),
      );
    }
    const { code, stdout } = await cli('series', 'run', '--format', 'json');
    expect(code).toBe(0);
    const { checkpoints, layers } = JSON.parse(stdout) as SeriesReport;
    expect(checkpoints.map(({ model }) => model.path)).toEqual(
      [1, 2, 10].map((step) => join('run', `step-${step}.safetensors`)),
    );
    expect(layers.map(({ name }) => name)).toEqual(['fc']);
    expect(layers[0].values.map((each) => Math.round(each?.lipschitz?.upper ?? NaN))).toEqual([1, 2, 10]);
    expect(layers[0].values[2]?.stableRank?.value).toBeCloseTo(1);
  });

  it('goes on after a checkpoint that cannot be analysed, and ends with 3', async () => {
    const files = ['run/step-1.safetensors', 'run/none.onnx', 'run/step-2.safetensors'];
    const { code, stdout, stderr } = await cli('series', ...files);
    expect([code, stderr]).toEqual([3, 'lipschitz-lens: run/none.onnx: the file does not exist\n']);
    expect(stdout).toMatch(/^fc +1\.0000 +2\.0000$/m);
  });

  it('refuses a folder without checkpoints', async () => {
    await mkdir(folder.join('void'));
    const { code, stderr } = await cli('series', 'void');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^lipschitz-lens: void: the folder holds no \.onnx or \.safetensors file; /);
  });
});

describe('analyze --format sarif', () => {
  it('is a log with relative paths, and ends with 1 where a budget is exceeded', async () => {
    await folder.write('a b/net.safetensors', safetensors({ 'fc.weight': f32([1, 2], [3, 4]) }));
    const args = ['a b/net.safetensors', '--format', 'sarif', '--fail-above', '4'];
    const { code, stdout } = await cli('analyze', ...args);
    expect(code).toBe(1);
    const { runs } = JSON.parse(stdout) as {
      runs: {
        results: { level: string; locations: { physicalLocation: { artifactLocation: object } }[] }[];
      }[];
    };
    expect(runs[0].results).toMatchObject([
      {
        level: 'error',
        locations: [{ physicalLocation: { artifactLocation: { uri: 'a%20b/net.safetensors' } } }],
      },
    ]);
  });
});
