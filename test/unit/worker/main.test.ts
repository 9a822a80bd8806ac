import { fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyzeInWorker } from '../../../src/worker/client';
import type { AnalysisRequest } from '../../../src/worker/client';
import type { MessageToClient } from '../../../src/worker/protocol';
import { dist } from '../product';
import { DEFAULT_SETTINGS } from '../report/sample';
import { processesBelow } from '../../vscode/processes';
import { f32, safetensors } from '../safetensors-builder';
import { gaussian, seeded } from '../truth/random';

const worker = join(dist, 'worker.js');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lipschitz-lens-worker-'));
});

afterAll(() => rm(folder, { recursive: true }));

function start(): ChildProcess {
  return fork(worker, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

/** The answer to one message, after which the worker is dismissed. */
async function ask(message: object): Promise<unknown> {
  const child = start();
  child.send(message);
  const [answer] = (await once(child, 'message')) as [unknown];
  child.disconnect();
  await once(child, 'exit');
  return answer;
}

describe('the worker', () => {
  it('refuses a method that it does not know', async () => {
    expect(await ask({ id: 7, method: 'format', request: null })).toMatchObject({
      id: 7,
      error: { name: 'ProtocolError', refusal: false },
    });
  });

  it('refuses a request that does not fit its method', async () => {
    expect(await ask({ id: 8, method: 'analyze', request: null })).toMatchObject({
      id: 8,
      error: { name: 'ProtocolError' },
    });
  });

  it('sends a long plan in parts, which its client puts together', async () => {
    const path = join(folder, 'skipped.safetensors');
    const scales = Array.from({ length: 2500 }, (_, i) => [`l.${i}.scale`, f32([1])] as const);
    await writeFile(path, safetensors([...scales, ['head.weight', f32([2, 2], [1, 2, 3, 4])]]));
    const request: AnalysisRequest = {
      ...{ path, settings: { ...DEFAULT_SETTINGS, device: 'cpu' } },
      ...{ layers: null, perGroup: false, only: null },
    };
    const child = start();
    child.send({ id: 1, method: 'analyze', request });
    const counts: number[] = [];
    child.on('message', (message: MessageToClient) => {
      if ('event' in message && message.event === 'planPart') counts.push(message.items.length);
      if ('event' in message && message.event === 'plan' && 'skipped' in message.plan) {
        counts.push(message.plan.skipped.length);
      }
      if ('ok' in message) child.disconnect();
    });
    await once(child, 'exit');
    expect(counts).toEqual([1000, 1000, 500]);
    const { plan } = await analyzeInWorker(request, {}, { workerPath: worker });
    expect(plan?.skipped.map(({ name }) => name).sort()).toEqual(scales.map(([name]) => name).sort());
  });

  it('ends, and says why, where it is sent no request', async () => {
    const child = start();
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.send('hello');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(70);
    expect(stderr).toMatch(/^Error: the worker was sent something that is no request/);
  });

  it('answers a missing file as a refusal that names it', async () => {
    const request: AnalysisRequest = {
      path: join(folder, 'missing.onnx'),
      settings: { ...DEFAULT_SETTINGS, device: 'cpu' },
      layers: null,
      perGroup: false,
      only: null,
    };
    const answer = await ask({ id: 1, method: 'analyze', request });
    expect(answer).toMatchObject({ id: 1, error: { name: 'UnreadableFileError', refusal: true } });
    expect((answer as { error: { message: string } }).error.message).toContain('missing.onnx');
  });

  it('ends when its client disconnects', async () => {
    const child = start();
    child.send({ id: 1, method: 'format', request: null });
    await once(child, 'message');
    child.disconnect();
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual([0, null]);
  });

  it('ends when its client is killed', async () => {
    const client = join(folder, 'client.cjs');
    await writeFile(
      client,
      `const child = require('node:child_process').fork(${JSON.stringify(worker)}, { serialization: 'advanced' });
       child.on('message', () => process.send(child.pid));
       child.send({ id: 1, method: 'format', request: null });`,
    );
    const parent = fork(client, { execArgv: [] });
    const [pid] = (await once(parent, 'message')) as [number];
    expect(await isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
  });

  it.runIf(availableParallelism() > 1)('has others compute for it, which end when it is killed', async () => {
    const channels = 128;
    const random = seeded(1);
    const values = Array.from({ length: channels ** 2 * 9 }, () => gaussian(random));
    const path = join(folder, 'flat.safetensors');
    await writeFile(path, safetensors([['flat.weight', f32([channels, channels, 3, 3], values)]]));
    const request: AnalysisRequest = {
      ...{ path, settings: { ...DEFAULT_SETTINGS, device: 'cpu', tolerance: 1e-5 } },
      ...{ layers: null, perGroup: false, only: null },
    };
    const child = start();
    child.send({ id: 1, method: 'analyze', request });
    const companions = () =>
      processesBelow(child.pid!).filter(({ command }) => command.includes('companion.js'));
    await expect.poll(companions, { timeout: 30_000 }).toHaveLength(Math.min(4, availableParallelism()));
    const started = companions();
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const { pid } of started) {
      await expect.poll(() => isRunning(pid), { timeout: 1000, interval: 20 }).toBe(false);
    }
  });

  it('says what it is for where it is started by hand', () => {
    const alone = spawnSync(process.execPath, [worker], { encoding: 'utf8', timeout: 20_000 });
    expect(alone.status).toBe(2);
    expect(alone.stdout).toBe('');
    expect(alone.stderr).toContain('started by lipschitz-lens');
  });
});

/** An orphan that has ended may stay as a zombie where nothing collects it. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) Z /.test(status);
}
