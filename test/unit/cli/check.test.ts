/** `check` on networks with known constants, with the worker that the product has. */
import { describe, expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { Folder } from '../folder';
import { integers, modelBytes, node, tensor, value } from '../onnx-builder';
import { dist } from '../product';
import { f32, safetensors } from '../safetensors-builder';
import { run } from './command-line';

const folder = new Folder();

/** x W, twice, with the norms a and b, and a Relu between: two matrices alone would be multiplied. */
function chain(
  a: number,
  b: number,
  end = node('MatMul', ['h', 'b'], ['y'], {}, { name: 'second' }),
): Uint8Array {
  return modelBytes({
    node: [node('MatMul', ['x', 'a'], ['g'], {}, { name: 'first' }), node('Relu', ['g'], ['h']), end],
    initializer: [tensor('a', [2, 2], [a, 0, 0, a]), tensor('b', [2, 2], [b, 0, 0, b])],
    input: [value('x', [1, 2])],
    output: [value('y')],
  });
}

const check = (file: string, ...args: string[]) => run(dist, ['check', file, '--device', 'cpu', ...args]);

describe('check', () => {
  it('a network that keeps to the constant ends with 0', async () => {
    const file = await folder.write('one.onnx', chain(2, 0.5));
    const { code, stdout, stderr } = await check(file, '--expect', '1.0');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^x -> y: at most 1(\.0000\d*)?, as expected\n$/);
  });

  it('so does one that is constant', async () => {
    const { code, stdout } = await check(await folder.write('zero.onnx', chain(0, 1)));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'no output depends on an input of floating point\n',
    });
  });

  it('one that does not ends with 1, and the layers are named', async () => {
    const file = await folder.write('four.onnx', chain(8, 0.5));
    const { code, stdout } = await check(file);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /not shown to be at most 1: the bound is 4\.?\d*\nwhat multiplies the largest bound:\n {2}first \(MatMul\): 8/,
    );
    expect(stdout).not.toContain('second');
    expect((await check(file, '--expect', '4')).code).toBe(0);
    expect((await check(file, '--expect', '3.9', '--tolerance', '0.1')).code).toBe(0);
  });

  it('one with a node that nothing is known of ends with 1, and the node is named', async () => {
    const file = await folder.write(
      'what.onnx',
      chain(1, 1, node('Mystery', ['h'], ['y'], {}, { name: 'what', domain: 'elsewhere' })),
    );
    const { code, stdout } = await check(file);
    expect(code).toBe(1);
    expect(stdout).toContain('  what: no constant of elsewhere:Mystery is known');
  });

  it('a bound for assumed sizes shows nothing of others', async () => {
    const open = modelBytes({
      node: [node('ReduceSum', ['x', 'axes'], ['y'])],
      initializer: [integers('axes', [0])],
      input: [value('x', ['n', 3])],
      output: [value('y')],
    });
    const { code, stdout } = await check(await folder.write('open.onnx', open));
    expect(code).toBe(1);
    expect(stdout).toContain(
      'it is not shown for other sizes of the inputs, which the file leaves open, than x: 1x3',
    );
  });

  it('a layer without a bound ends with 4, a file that says too little with 3, a bad limit with 2', async () => {
    expect((await check(await folder.write('nan.onnx', chain(NaN, 1)))).code).toBe(4);
    expect((await check(folder.join('absent.onnx'))).code).toBe(3);
    const fixed = modelBytes({
      node: [node('Relu', ['x'], ['y'])],
      input: [value('x', [1, 2], 7)],
      output: [value('y')],
    });
    const { code, stderr } = await check(await folder.write('fixed.onnx', fixed));
    expect(code).toBe(3);
    expect(stderr).toContain('it has no input of floating point');
    expect((await check('a.onnx', '--expect', 'x')).code).toBe(2);
  });
});

describe('analyze', () => {
  it('has the network in its report, with slopes where the model may be run', async () => {
    const file = await folder.write('net.onnx', chain(2, 3));
    const report = async (...args: string[]) => {
      const { stdout } = await run(dist, ['analyze', file, '--device', 'cpu', '--format', 'json', ...args]);
      return (JSON.parse(stdout) as Report).network;
    };
    const bound = (await report())?.bounds[0];
    expect(bound?.upper).toBeCloseTo(6, 4);
    expect(bound?.lower).toBeGreaterThan(5.9);
    expect((await report('--no-run'))?.bounds[0]).toMatchObject({ lower: null, norm: 'L2' });
    expect(await report('--layers', 'first')).toBeNull();
  });
});

describe('analyze --fail-network-above', () => {
  const analyze = (file: string, ...args: string[]) =>
    run(dist, ['analyze', file, '--device', 'cpu', '--no-run', ...args]);

  it('ends with 1 where the bound of the network is above it', async () => {
    const file = await folder.write('above.onnx', chain(8, 0.5));
    const above = await analyze(file, '--fail-network-above', '3', '--format', 'csv');
    expect(above.code).toBe(1);
    expect(above.stderr).toMatch(
      /above\.onnx: the network from x to y may exceed 3: the upper bound of its Lipschitz constant is 4\.?\d*\n$/,
    );
    expect((await analyze(file, '--fail-network-above', '4.001')).code).toBe(0);
    const sarif = await analyze(file, '--fail-network-above', '3', '--fail-above', '9', '--format', 'sarif');
    expect(sarif.code).toBe(1);
    const { runs } = JSON.parse(sarif.stdout) as { runs: { results: { ruleId: string }[] }[] };
    expect(runs[0].results.map(({ ruleId }) => ruleId)).toEqual(['network-budget']);
  });

  it('does not take what has no network for one that keeps to it', async () => {
    const file = await folder.write('net.safetensors', safetensors({ 'fc.weight': f32([1, 2], [3, 4]) }));
    const { code, stderr } = await analyze(file, '--fail-network-above', '100');
    expect(code).toBe(3);
    expect(stderr).toContain('its network cannot be held against a budget: its format does not say how');
    const some = await analyze(file, '--fail-network-above', '100', '--layers', 'fc');
    expect(some.code).toBe(2);
    expect(some.stderr).toContain('--fail-network-above takes all layers: leave out --layers');
  });
});
