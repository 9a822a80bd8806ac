/** `analyze ADAPTER --base MODEL`, with the real worker. */
import { mkdir } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { Folder } from '../folder';
import { ints, modelBytes, node, tensor, value } from '../onnx-builder';
import { dist } from '../product';
import { f32, safetensors } from '../safetensors-builder';
import { run } from './command-line';

const folder = new Folder();

const analyze = (...args: string[]) =>
  run(dist, ['analyze', '--device', 'cpu', ...args], { cwd: folder.path });

beforeAll(async () => {
  const module = 'base_model.model.model.layers.0.q';
  await folder.write(
    'adapter/adapter_model.safetensors',
    safetensors({
      // 2 * (3, 4)^T (1, 0): norm 10.
      [`${module}.lora_A.weight`]: f32([1, 2], [1, 0]),
      [`${module}.lora_B.weight`]: f32([2, 1], [3, 4]),
    }),
  );
  await folder.write(
    'adapter/adapter_config.json',
    JSON.stringify({ peft_type: 'LORA', r: 1, lora_alpha: 2 }),
  );
  // In shards: 5 times the identity. With the update (11, 0; 8, 5).
  await folder.write(
    'base/one.safetensors',
    safetensors({ 'model.layers.0.q.weight': f32([2, 2], [5, 0, 0, 5]) }),
  );
  await folder.write('base/two.safetensors', safetensors({ 'model.layers.0.k.weight': f32([2, 2]) }));
  const index = {
    'model.layers.0.q.weight': 'one.safetensors',
    'model.layers.0.k.weight': 'two.safetensors',
  };
  await folder.write('base/model.safetensors.index.json', JSON.stringify({ weight_map: index }));
  await mkdir(folder.join('empty'));
});

describe('analyze --base', () => {
  it.each(['base', 'base/model.safetensors.index.json'])(
    'compares updates with the weights of %s',
    async (base) => {
      const { code, stdout, stderr } = await analyze('adapter', '--base', base, '--format', 'json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const report = JSON.parse(stdout) as Report;
      expect(report.base).toMatchObject({ path: base, format: 'safetensors' });
      const [{ lipschitz, adapter }] = report.layers;
      expect(lipschitz?.upper).toBeCloseTo(10, 4);
      expect(adapter).toMatchObject({
        ...{ kind: 'LoRA', decomposed: false, rank: 1, scale: 2 },
        base: { weight: 'model.layers.0.q.weight' },
      });
      expect(adapter?.energy?.lower).toBeCloseTo(1, 4);
      expect(adapter?.base?.norm.upper).toBeCloseTo(5, 4);
      expect(adapter?.base?.relative?.upper).toBeCloseTo(2, 4);
      expect(adapter?.base?.sum?.upper).toBeCloseTo(Math.sqrt(105 + Math.sqrt(105 ** 2 - 55 ** 2)), 4);
    },
  );

  it('takes the geometry of a convolution from an ONNX network, and leaves nothing assumed', async () => {
    await folder.write(
      'kohya.safetensors',
      safetensors({
        // One tap at the centre of a kernel of 3x3, times 2.
        'conv1.lora_down.weight': f32([1, 1, 3, 3], [0, 0, 0, 0, 1, 0, 0, 0, 0]),
        'conv1.lora_up.weight': f32([2, 1, 1, 1], [3, 4]),
        'conv1.alpha': f32([], [2]),
      }),
    );
    const conv = node(
      'Conv',
      ['x', 'conv1.weight'],
      ['y'],
      { strides: ints(2, 2), pads: ints(1, 1, 1, 1) },
      { name: 'conv1' },
    );
    await folder.write(
      'network.onnx',
      modelBytes({
        node: [conv],
        initializer: [tensor('conv1.weight', [2, 1, 3, 3], [0, 0, 0, 0, 5, 0, 0, 0, 0])],
        input: [value('x', [1, 1, 8, 8])],
        output: [value('y', [1, 2, 4, 4])],
      }),
    );
    const rowOf = async (...args: string[]) => {
      const { stdout } = await analyze('kohya.safetensors', '--format', 'json', ...args);
      return (JSON.parse(stdout) as Report).layers[0];
    };
    expect((await rowOf()).notes.join()).toMatch(/stride.*padding/);
    const row = await rowOf('--base', 'network.onnx');
    expect(row.notes).toEqual([]);
    expect(row.convolution).toMatchObject({ strides: [2, 2], inputSize: [8, 8] });
    expect(row.lipschitz?.upper).toBeCloseTo(10, 4);
    expect(row.adapter?.base?.norm.upper).toBeCloseTo(5 * Math.SQRT2, 4);
    // (6, 8) + (5, 5)
    expect(row.adapter?.base?.sum?.upper).toBeCloseTo(Math.hypot(11, 13), 4);
    await folder.write('plain.safetensors', safetensors({ 'conv1.weight': f32([2, 1, 3, 3]) }));
    // What a base does not tell either stays said.
    expect((await rowOf('--base', 'plain.safetensors')).notes.join()).toMatch(/stride.*padding/);
  });

  it('says what is wrong with a base', async () => {
    const missing = await analyze('adapter', '--base', 'nowhere');
    expect(missing.code).toBe(3);
    expect(missing.stderr).toMatch(/nowhere.*does not exist/);
    const empty = await analyze('adapter', '--base', 'empty');
    expect(empty.code).toBe(3);
    expect(empty.stderr).toContain('holds no .onnx or .safetensors file');
    const idle = await analyze('base', '--base', 'base');
    expect(idle.code).toBe(0);
    expect(idle.stderr).toContain('it holds no adapter: --base has no effect');
    const over = await analyze(
      'adapter',
      '--base',
      'base/one.safetensors',
      '--output',
      'base/one.safetensors',
    );
    expect(over.code).toBe(2);
  });
});
