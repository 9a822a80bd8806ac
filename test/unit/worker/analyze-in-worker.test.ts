import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rowDefect } from '../../../src/report/row-defect';
import { analyzeInWorker, AnalysisFailure, devicesInWorker, reportOf } from '../../../src/worker/client';
import type { AnalysisRequest } from '../../../src/worker/client';
import { DEFAULT_SETTINGS } from '../report/sample';

const workerPath = join(import.meta.dirname, '../../fixtures/worker/scripted.cjs');

function request(script: string, overrides: Partial<AnalysisRequest> = {}): AnalysisRequest {
  return {
    path: script,
    settings: DEFAULT_SETTINGS,
    layers: null,
    perGroup: false,
    only: null,
    ...overrides,
  };
}

function run(script: string, overrides: Partial<AnalysisRequest> = {}) {
  return analyzeInWorker(request(script, overrides), {}, { workerPath });
}

/** The rows as their norm or their error. */
async function results(script: string) {
  const { rows } = await run(script);
  return rows.map((row) => row?.lipschitz?.upper ?? row?.error);
}

describe('analyzeInWorker', () => {
  it('answers the plan and its rows, and tells of them in order', async () => {
    const told: string[] = [];
    const outcome = await analyzeInWorker(
      request('a+b'),
      {
        onPlan: (plan) => told.push(`plan ${plan.layers.length}`),
        onStart: (index) => told.push(`start ${index}`),
        onRow: (index, row) => told.push(`row ${index} ${row.name}`),
      },
      { workerPath },
    );
    expect(told).toEqual(['plan 2', 'start 0', 'row 0 a', 'start 1', 'row 1 b']);
    expect(outcome.cancelled).toBe(false);
    expect(outcome.plan?.layers.map((layer) => layer.name)).toEqual(['a', 'b']);
    expect(outcome.rows.map((row) => row?.name)).toEqual(['a', 'b']);
  });

  it('starts the process without TF32 and without the options of its own', async () => {
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = '--no-warnings';
    try {
      const { plan } = await run('a');
      expect(JSON.parse(plan?.device.description ?? '')).toEqual(['0', null, null, []]);
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    }
  });

  it.each([
    ['a:abort', 'the computation crashed: signal SIGABRT'],
    ['a:fault', 'the computation crashed: signal SIGSEGV'],
    ['a:killed', 'the computation crashed: signal SIGKILL'],
    ['a:exit', 'the computation crashed: exit code 7'],
    ['a:complain', 'the computation crashed: exit code 3 (RangeError: the sky is falling)'],
    ['a:reject', 'the computation failed: undefined is not a kernel'],
  ])('makes the layer of %s an error and computes the others', async (crash, error) => {
    expect(await results(`x+${crash}+y`)).toEqual([1, error, 3]);
  });

  it('goes on on the CPU where trying the device ends the process', async () => {
    const { plan, rows } = await run('@driver+a+b');
    expect(plan?.device.fallback).toBe('when the device was tried, the analysis crashed: signal SIGABRT');
    expect(rows.map((row) => row?.lipschitz?.upper)).toEqual([1, 2]);
  });

  it('says that the memory was exhausted', async () => {
    const [error, other] = await results('a:memory+b');
    expect(error).toMatch(/^the computation crashed: signal SIGABRT \(FATAL ERROR: .*heap/);
    expect(other).toBe(2);
  });

  it('keeps a bounded part of what the process says', async () => {
    const [error] = await results('a:flood');
    expect(error).toMatch(/^the computation crashed: exit code 3 \(Error: y{193}\)$/);
  });

  it('never computes a crashed layer again', async () => {
    const started: number[] = [];
    await analyzeInWorker(
      request('a:abort+b+c:abort+d'),
      { onStart: (index) => started.push(index) },
      { workerPath },
    );
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('tells of an error row as of every other', async () => {
    const told: (string | null)[] = [];
    await analyzeInWorker(
      request('a:abort+b'),
      { onRow: (index, row) => told.push(`${index}: ${row.error}`) },
      { workerPath },
    );
    expect(told).toEqual(['0: the computation crashed: signal SIGABRT', '1: null']);
  });

  it('goes on after a process that dies between two layers, once it made progress', async () => {
    expect(await results('a+b:late')).toEqual([1, 2]);
  });

  it('gives up a model whose every process dies at once', async () => {
    const rows = await results('a:between+b');
    expect(rows).toEqual(
      Array(2).fill('not computed: 10 processes in a row ended early; the last crashed: signal SIGABRT'),
    );
  });

  it('does not give up a model with many crashing layers between good ones', async () => {
    const script = Array.from({ length: 12 }, (_, i) => (i % 2 ? `l${i}` : `l${i}:exit`)).join('+');
    const rows = await results(script);
    expect(rows.filter((row) => typeof row === 'number')).toEqual([2, 4, 6, 8, 10, 12]);
  });

  it('makes a row of impossible numbers an error', async () => {
    expect(await results('a:nan+b')).toEqual(['the computation failed: its lipschitz.lower is NaN', 2]);
  });

  it('makes a layer without a row an error', async () => {
    expect(await results('a:silent+b')).toEqual(['the analysis ended without a result for this layer', 2]);
  });

  it('computes only what is wanted', async () => {
    const { rows } = await run('a+b:abort+c', { only: [1, 2] });
    expect(rows.map((row) => row && (row.error ?? row.lipschitz?.upper))).toEqual([
      null,
      'the computation crashed: signal SIGABRT',
      3,
    ]);
  });

  it.each([
    ['@abort+a', '@abort+a: the analysis crashed: signal SIGABRT', false],
    ['@reject+a', '@reject+a: the analysis failed: undefined is not a kernel', false],
    ['@refuse+a', 'the file is bad', true],
    ['a+b:refuse', 'the file is bad', true],
  ])('rejects %s', async (script, message, refusal) => {
    const failure: unknown = await run(script).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AnalysisFailure);
    expect(failure).toMatchObject({ message, refusal });
  });

  it('rejects where the file is another one after a crash', async () => {
    await expect(run('a+b:renamed+c:abort+d')).rejects.toThrow('the file changed during the analysis');
  });

  it('rejects where there is no worker', async () => {
    const missing = analyzeInWorker(
      request('a'),
      {},
      { workerPath: join(import.meta.dirname, 'no-worker.js') },
    );
    await expect(missing).rejects.toThrow(
      /^a: the analysis crashed: exit code 1 \(Error: Cannot find module/,
    );
  });

  it('passes on what an event handler throws, and leaves no process behind', async () => {
    const failing = analyzeInWorker(
      request('a+b:hang'),
      {
        onRow: () => {
          throw new Error('the panel is gone');
        },
      },
      { workerPath },
    );
    await expect(failing).rejects.toThrow('the panel is gone');
    await expect.poll(children, { timeout: 5000 }).toEqual([]);
  });

  it.each(['hang', 'wait'])('is cancelled at once in a layer that would %s for ever', async (deed) => {
    const abort = new AbortController();
    let since = 0;
    const outcome = await analyzeInWorker(
      request(`a+b:${deed}+c`),
      {
        onStart: (index) => {
          if (index !== 1) return;
          setTimeout(() => {
            since = performance.now();
            abort.abort();
          }, 50);
        },
      },
      { workerPath, signal: abort.signal },
    );
    expect(performance.now() - since).toBeLessThan(1000);
    expect(outcome.cancelled).toBe(true);
    expect(outcome.rows.map((row) => row?.name ?? null)).toEqual(['a', null, null]);
    await expect.poll(children, { timeout: 5000 }).toEqual([]);
  });

  it('starts nothing where it is cancelled already', async () => {
    const outcome = await analyzeInWorker(request('a'), {}, { workerPath, signal: AbortSignal.abort() });
    expect(outcome).toEqual({ plan: null, rows: [], cancelled: true, crashed: false });
  });

  it('takes a process that was told to stop for a cancellation', async () => {
    const outcome = await run('a+b:interrupted+c');
    expect(outcome.cancelled).toBe(true);
    expect(outcome.rows.map((row) => row?.name ?? null)).toEqual(['a', null, null]);
  });
});

describe('reportOf', () => {
  it('holds all rows of a complete analysis', async () => {
    const asked = request('a+b:abort');
    const outcome = await analyzeInWorker(asked, {}, { workerPath });
    if (!outcome.plan) throw new Error('there is no plan');
    const report = reportOf(outcome, outcome.plan, asked, 1.5);
    expect(report.layers.map((layer) => layer.name)).toEqual(['a', 'b']);
    expect(report.layers.map(rowDefect)).toEqual([null, null]);
    expect(report.seconds).toBe(1.5);
    expect('cancelled' in report).toBe(false);
  });

  it('says how much of a cancelled analysis it holds', async () => {
    const asked = request('a+b:interrupted+c');
    const outcome = await analyzeInWorker(asked, {}, { workerPath });
    if (!outcome.plan) throw new Error('there is no plan');
    const report = reportOf(outcome, outcome.plan, asked, 1);
    expect(report.layers.map((layer) => layer.name)).toEqual(['a']);
    expect(report.cancelled).toEqual({ finished: 1, of: 3 });
  });
});

describe('devicesInWorker', () => {
  it('answers the checks', async () => {
    const checks = await devicesInWorker({ workerPath });
    expect(checks?.map(({ provider, passed }) => [provider, passed])).toEqual([
      ['cpu', true],
      ['webgpu', false],
      ['cuda', false],
    ]);
  });

  it('answers null where it is cancelled', async () => {
    expect(await devicesInWorker({ workerPath, signal: AbortSignal.abort() })).toBeNull();
  });
});

/** Workers of this process that still run. */
function children(): string[] {
  const all = execFileSync('ps', ['-o', 'ppid=,stat=,args=', '-A'], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => {
    const [parent, state] = line.trim().split(/\s+/);
    return Number(parent) === process.pid && !state.startsWith('Z') && line.includes('scripted.cjs');
  });
}
