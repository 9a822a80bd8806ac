/** `analyze ADAPTER --base MODEL`, with the real worker. */
import { mkdir } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { Folder } from '../folder';
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
