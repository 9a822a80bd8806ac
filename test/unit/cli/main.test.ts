import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { installScripted, run } from './command-line';

let folder: string;

beforeAll(async () => {
  folder = await installScripted();
});

afterAll(() => rm(folder, { recursive: true }));

const cli = (args: readonly string[], options?: Parameters<typeof run>[2]) => run(folder, args, options);
const names = (report: Report) => report.layers.map((layer) => layer.name);

describe('usage', () => {
  it.each([
    [[], /^Usage: lipschitz-lens/],
    [
      ['analyze'],
      /^lipschitz-lens: missing required argument 'FILE'\nUsage: .*\nFor example: lipschitz-lens analyze/,
    ],
    [
      ['a.onnx'],
      /^lipschitz-lens: unknown command 'a.onnx'\nTo analyse a file: lipschitz-lens analyze FILE\n/,
    ],
    [['analyze', 'a', '--iteration', '3'], /unknown option '--iteration'/],
    [['analyze', 'a', '--iterations', '0'], /'0' is invalid/],
    [['analyze', 'a', '--iterations', '3.5'], /'3.5' is invalid/],
    [['analyze', 'a', '--iterations', '61'], /'61' is invalid/],
    [['analyze', 'a', '--tolerance', '0'], /'0' is invalid/],
    [['analyze', 'a', '--tolerance', '1'], /'1' is invalid/],
    [['analyze', 'a', '--tolerance', '1e-3x'], /'1e-3x' is invalid/],
    [['analyze', 'a', '--input-size', '8x'], /'8x' is invalid/],
    [['analyze', 'a', '--input-size', '8x8x8x8'], /'8x8x8x8' is invalid/],
    [['analyze', 'a', '--input-size', '0'], /'0' is invalid/],
    [['analyze', 'a', '--padding', 'reflect'], /'reflect' is invalid/],
    [['analyze', 'a', '--device', 'tpu'], /'tpu' is invalid/],
    [['analyze', 'a', '--method', 'svd'], /'svd' is invalid/],
    [['analyze', 'a', '--format', 'xml'], /'xml' is invalid/],
    [['analyze', 'a', '--fail-above', '-1'], /'-1' is invalid/],
    [['analyze', 'a', '--layers', ''], /'' is invalid/],
    [['analyze', 'a', '--layers'], /argument missing/],
    [['devices', 'cpu'], /too many arguments/],
  ])('%j ends with 2', async (args, message) => {
    const { code, stdout, stderr } = await cli(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it.each([
    [['--help'], /analyze.*devices/s],
    [['analyze', '--help'], /--fail-above.*Exit codes.*Examples:\n/s],
    [['devices', '--help'], /Example:\n/],
    [['--version'], /^\d+\.\d+\.\d+\n$/],
  ])('%j ends with 0', async (args, text) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(text);
  });
});

describe('analyze', () => {
  it('prints a table without escape sequences into a pipe', async () => {
    const { code, stdout, stderr } = await cli(['analyze', 'a+b.onnx']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('\na      Conv');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('must not be seen');
  });

  it('colours the table where it is told to', async () => {
    const { stdout } = await cli(['analyze', 'a'], { env: { FORCE_COLOR: '1' } });
    expect(stdout).toContain('\u001b[1ma\u001b[0m');
  });

  it('takes --quick for its method', async () => {
    const { code, stdout, stderr } = await cli(['analyze', 'a', '--quick', '--format', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((JSON.parse(stdout) as Report).settings.method).toBe('quick');
  });

  it('hands every option to the worker', async () => {
    const { code, stdout, stderr } = await cli([
      ...[
        'analyze',
        'a+b',
        '--format',
        'json',
        '--method',
        'gram',
        '--iterations',
        '5',
        '--tolerance',
        '1e-3',
      ],
      ...['--input-size', '16x112X112', '--padding', 'circular', '--device', 'cpu', '--layers', 'b'],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as Report;
    expect(report.settings).toEqual({
      method: 'gram',
      iterations: 5,
      tolerance: 0.001,
      device: 'cpu',
      inputSize: [16, 112, 112],
      padding: 'circular',
    });
    expect(names(report)).toEqual(['b']);
  });

  it('says which option has no effect', async () => {
    const { stderr } = await cli(['analyze', 'a', '--iterations', '5']);
    expect(stderr).toBe('lipschitz-lens: --iterations has no effect without --method gram\n');
  });

  it('prints one object for one file and an array for several', async () => {
    const one = JSON.parse((await cli(['analyze', 'a', '--format', 'json'])).stdout) as Report;
    const several = JSON.parse((await cli(['analyze', 'a', 'b+c', '--format', 'json'])).stdout) as Report[];
    expect(names(one)).toEqual(['a']);
    expect(several.map(names)).toEqual([['a'], ['b', 'c']]);
  });

  it('prints one header for the CSV of several files', async () => {
    const { stdout } = await cli(['analyze', 'a', 'b+c', '--format', 'csv']);
    const lines = stdout.trimEnd().split('\r\n');
    expect(lines.map((line) => line.split(',').slice(0, 3).join())).toEqual([
      'model,status,layer',
      'a,ok,a',
      'b+c,ok,b',
      'b+c,ok,c',
    ]);
  });

  it('prints Markdown', async () => {
    expect((await cli(['analyze', 'a', '--format', 'markdown'])).stdout).toMatch(/^## `a`\n/);
  });

  it('goes on after a file that cannot be analysed, and ends with 3', async () => {
    const args = ['analyze', '@refuse', 'b:error', '@abort', 'c', '--format', 'json', '--fail-above', '0.1'];
    const { code, stdout, stderr } = await cli(args);
    expect(code).toBe(3);
    expect((JSON.parse(stdout) as Report[]).map(names)).toEqual([['b'], ['c']]);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      'lipschitz-lens: the file is bad',
      'lipschitz-lens: @abort: the analysis crashed: signal SIGABRT',
    ]);
  });

  it('prints no report of a single file that cannot be analysed', async () => {
    const { code, stdout, stderr } = await cli(['analyze', '@refuse', '--format', 'json']);
    expect({ code, stdout, stderr }).toEqual({
      code: 3,
      stdout: '',
      stderr: 'lipschitz-lens: the file is bad\n',
    });
  });

  it('prints an empty array of several files of which none can be analysed', async () => {
    const { code, stdout } = await cli(['analyze', '@refuse', '@refuse', '--format', 'json']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '[]\n' });
  });

  it('ends with 4 where a layer failed, even where another is above the budget', async () => {
    const { code, stdout, stderr } = await cli(['analyze', 'a:abort+b', '--fail-above', '1']);
    expect(code).toBe(4);
    expect(stdout).toContain('the computation crashed: signal SIGABRT');
    expect(stderr).toBe(
      'lipschitz-lens: a:abort+b: layer b exceeds 1: its Lipschitz constant is at least 2\n',
    );
  });

  it.each([
    ['1.5', 1, 'lipschitz-lens: a+b: layer b exceeds 1.5: its Lipschitz constant is at least 2\n'],
    ['2', 0, ''],
  ])('holds every layer against --fail-above %s', async (budget, expected, complaint) => {
    const { code, stderr } = await cli(['analyze', 'a+b', '--fail-above', budget]);
    expect({ code, stderr }).toEqual({ code: expected, stderr: complaint });
  });

  it('says that skipped nodes are not held against the budget', async () => {
    const { code, stderr } = await cli(['analyze', 's', '--fail-above', '2']);
    expect(code).toBe(0);
    expect(stderr).toBe('lipschitz-lens: s: 1 skipped, which --fail-above does not judge\n');
  });

  it('ends with 2 where no layer matches, and says so', async () => {
    const { code, stderr } = await cli(['analyze', 'a', '--layers', 'x\u001b[31m', '--fail-above', '9']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'lipschitz-lens: a: no layer matches x\ufffd[31m\n',
    });
  });

  it('is content where a layer matches in one of the files', async () => {
    const { code, stderr } = await cli(['analyze', 'a', 'b', '--layers', 'b']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'lipschitz-lens: a: no layer matches b\n' });
  });

  it('keeps quiet when its reader goes away', async () => {
    const script = Array.from({ length: 500 }, (_, i) => `layer${i}`).join('+');
    const { code, stderr } = await cli(['analyze', script, '--format', 'json'], {
      with: (child) => child.stdout?.destroy(),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('--output', () => {
  const inFolder = (name: string) => join(folder, 'out', name);

  beforeAll(() => mkdir(join(folder, 'out')));

  it('writes the result to the file, without colours, and nothing to stdout', async () => {
    const { code, stdout, stderr } = await cli(['analyze', 'a', '--output', 'out/new.txt'], {
      env: { FORCE_COLOR: '1' },
    });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readFile(inFolder('new.txt'), 'utf8')).toMatch(/^a\nonnx, /);
  });

  it('replaces an earlier result, keeps its mode, follows a link and leaves nothing else behind', async () => {
    await mkdir(inFolder('results'));
    const earlier = join(inFolder('results'), 'earlier.json');
    await writeFile(earlier, '{}\n');
    await chmod(earlier, 0o600);
    await symlink(earlier, inFolder('link.json'));
    const { code } = await cli(['analyze', 'a', '--format', 'json', '--output', 'out/link.json']);
    expect(code).toBe(0);
    expect(names(JSON.parse(await readFile(earlier, 'utf8')) as Report)).toEqual(['a']);
    expect((await stat(earlier)).mode & 0o777).toBe(0o600);
    expect(await readdir(inFolder('results'))).toEqual(['earlier.json']);
  });

  it('leaves an earlier result alone where there is no new one', async () => {
    await writeFile(inFolder('kept.json'), 'earlier');
    expect((await cli(['analyze', '@refuse', '--output', 'out/kept.json'])).code).toBe(3);
    expect(await readFile(inFolder('kept.json'), 'utf8')).toBe('earlier');
  });

  it('writes to a device', async () => {
    expect(await cli(['analyze', 'a', '--output', '/dev/null'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('refuses what may be a model, and what cannot be written, before any work', async () => {
    await writeFile(inFolder('a.txt'), 'a model by another name');
    await symlink(inFolder('a.txt'), inFolder('a-link.txt'));
    await writeFile(inFolder('weights.data'), Float32Array.of(1, 2, 3));
    await writeFile(inFolder('bytes.data'), Uint8Array.of(0x80, 0x81, 0xff));
    for (const [output, reason] of [
      ['out/b.onnx', 'this is the name of a model, not of a result'],
      ['out/b.safetensors', 'this is the name of a model, not of a result'],
      ['out/model.safetensors.index.json', 'this is the name of a model, not of a result'],
      ['out/a.txt', 'the result would replace the model'],
      ['out/a-link.txt', 'the result would replace the model'],
      ['out/weights.data', 'this exists and is no text file: it may be part of a model'],
      ['out/bytes.data', 'this exists and is no text file: it may be part of a model'],
      ['out', 'this is a folder'],
      ['nowhere/result.txt', 'there is no folder nowhere'],
    ]) {
      const mark = inFolder(`mark-${output.length}`);
      const ended = await cli(['analyze', 'out/a.txt', 'a:wait', '--output', output], {
        env: { SCRIPTED_MARK: mark },
      });
      expect(ended).toMatchObject({
        code: 2,
        stdout: '',
        stderr: `lipschitz-lens: --output ${output}: ${reason}\n`,
      });
      expect(existsSync(mark)).toBe(false);
    }
  });
});

describe('devices', () => {
  it('prints a line for each', async () => {
    expect(await cli(['devices'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: [
        'device  check   description',
        'cpu     passed  CPU\ufffd[31m',
        'webgpu  failed  no adapter',
        'cuda    absent  not part of ONNX Runtime',
        '',
      ].join('\n'),
    });
  });
});

describe('Ctrl-C', () => {
  let marks = 0;

  /** Runs `args`, of which one layer marks its begin, and sends `signal` then. */
  async function interrupt(args: readonly string[], signal: NodeJS.Signals) {
    const mark = join(folder, `begun-${marks++}`);
    const ended = await cli(args, {
      env: { SCRIPTED_MARK: mark },
      with: (child) => void whenMarked(mark).then(() => child.kill(signal)),
    });
    return { ...ended, worker: Number(await readFile(mark, 'utf8')) };
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('prints what is finished (%s)', async (signal) => {
    const { code, stdout, stderr, worker } = await interrupt(
      ['analyze', 'a+b:hang+c', '--format', 'json'],
      signal,
    );
    expect(code).toBe(130);
    const report = JSON.parse(stdout) as Report;
    expect(names(report)).toEqual(['a']);
    expect(report.cancelled).toEqual({ finished: 1, of: 3 });
    expect(stderr).toBe('lipschitz-lens: a+b:hang+c: cancelled after 1 of 3 layers\n');
    await expect.poll(() => isRunning(worker)).toBe(false);
  });

  it('prints the table, and what was to come of several files', async () => {
    const { code, stdout, stderr } = await interrupt(['analyze', 'x', 'a+b:wait', 'y'], 'SIGINT');
    expect(code).toBe(130);
    expect(stdout).toContain('Cancelled after 1 of 2 layers.');
    expect(stderr).toBe('lipschitz-lens: a+b:wait: cancelled after 1 of 2 layers; file 2 of 3\n');
  });

  it('prints nothing where nothing is known yet', async () => {
    const { code, stdout, stderr } = await interrupt(['analyze', '@wait+a'], 'SIGINT');
    expect({ code, stdout, stderr }).toEqual({
      code: 130,
      stdout: '',
      stderr: 'lipschitz-lens: cancelled\n',
    });
  });

  it('ends at once the second time, though nobody reads the result', async () => {
    const script = `${Array.from({ length: 2000 }, (_, i) => `layer${i}`).join('+')}+last:wait`;
    const mark = join(folder, `begun-${marks++}`);
    const started: ChildProcess[] = [];
    const ended = cli(['analyze', script, '--format', 'json'], {
      env: { SCRIPTED_MARK: mark },
      with: (child) => started.push(child),
      read: false,
    });
    await whenMarked(mark);
    started[0].kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(started[0].exitCode).toBeNull();
    started[0].kill('SIGINT');
    expect((await ended).signal).toBe('SIGINT');
    started[0].stdout?.destroy();
  });
});

/** Waits until the worker has begun the layer, and the program has had time to hear of those before. */
async function whenMarked(path: string): Promise<void> {
  await expect.poll(() => existsSync(path), { timeout: 20_000, interval: 20 }).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 1000));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
