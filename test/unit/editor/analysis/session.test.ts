import { execFileSync } from 'node:child_process';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ResultCache } from '../../../../src/editor/analysis/result-cache';
import { ModelSession } from '../../../../src/editor/analysis/session';
import type { SessionContext } from '../../../../src/editor/analysis/session';
import { Turns } from '../../../../src/editor/analysis/turns';
import type { PanelState } from '../../../../src/editor/protocol/protocol';
import { Folder } from '../../folder';
import { DEFAULT_SETTINGS, layer } from '../../report/sample';
import { stored } from './stored';

const folder = new Folder();
const scripted = join(import.meta.dirname, '../../../fixtures/worker/scripted.cjs');
const EXACT = { ...DEFAULT_SETTINGS, tolerance: 1e-6 };
const open: ModelSession[] = [];
let folders = 0;
let workerPath = '';

// The scripted worker, which says in its plan that the model is the file at the path, of a network which rows it is from,
// and meets a slope of it; where the path has `net:stuck` or `slopes:stuck`, it never says so.
beforeAll(async () => {
  workerPath = await folder.write(
    'scripted-with-files.cjs',
    `const { statSync } = require('node:fs');
    const send = process.send.bind(process);
    const fileAt = (path) => {
      const status = statSync(path, { throwIfNoEntry: false });
      return { path, bytes: status?.size ?? null, modified: status?.mtimeMs ?? null };
    };
    const requests = new Map();
    process.on('message', ({ id, method, request }) => requests.set(id, { method, request }));
    process.send = (message) => {
      const { method, request } = requests.get(message.id);
      if (method === 'network') {
        if (request.path.includes('net:stuck')) return;
        const scope = request.rows.map(({ name }) => name).join();
        const nothing = { isAssumed: false, coverage: [], path: [], contributions: [], whatIf: [], notes: [] };
        const upper = { upper: 10, log10Upper: 1, certainty: 'certified', domain: null, limits: [] };
        const bounds = [{ norm: 'L2', input: 'x', output: 'y', lower: null, ...upper }];
        return send({ ...message, ok: { ...nothing, bounds, scope, seconds: 0 } });
      }
      if (method === 'slopes') {
        if (!('ok' in message) || request.path.includes('slopes:stuck')) return;
        return send({ ...message, ok: { slopes: [{ norm: 'L2', input: 'x', output: 'y', slope: 2.5 }], reason: null } });
      }
      if (message.event === 'plan' && request.base) message.plan.base = { path: request.base, format: 'onnx', bytes: 1 };
      if (message.event === 'plan') message.plan.files = [fileAt(message.plan.model.path)];
      return send(message);
    };
    require(${JSON.stringify(scripted)});`,
  );
});

afterEach(async () => {
  for (const session of open.splice(0)) session.dispose();
  await expect.poll(workers, { timeout: 5000 }).toEqual([]);
});

function context(overrides: Partial<SessionContext> = {}): SessionContext {
  return {
    workerPath,
    cache: new ResultCache(folder.join(`results-${++folders}`), '1.0.0', () => 1e9),
    turns: new Turns(),
    confirmAboveSeconds: () => 1e9,
    log: () => undefined,
    ...overrides,
  };
}

function sessionOf(path: string, within = context()): ModelSession {
  const session = new ModelSession(path, DEFAULT_SETTINGS, within);
  open.push(session);
  return session;
}

/** What the session tells, one after the other; states once. */
function listen(session: ModelSession): string[] {
  const told: string[] = [];
  const tell = (what: string) => {
    if (told.at(-1) !== what) told.push(what);
  };
  session.on('reset', () => tell(`reset ${session.state.kind}`));
  session.on('head', () => tell(session.state.kind));
  session.on('rows', (rows) => rows.forEach(({ index, row }) => tell(`row ${index} ${row.name}`)));
  return told;
}

/** Resolves when the session is in this state. */
function reached(session: ModelSession, kind: PanelState['kind'], rows = 0): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (session.state.kind === kind && session.rows.length >= rows) resolve();
    };
    session.on('head', look).on('rows', look).on('reset', look);
    look();
  });
}

const names = (session: ModelSession) => session.rows.map(({ row }) => row.name);

describe('ModelSession', () => {
  it('is empty at first', async () => {
    const session = sessionOf('a');
    expect(session.state).toEqual({ kind: 'empty' });
    expect(session.report()).toBeNull();
    expect(session.isBusy).toBe(false);
    expect([session.device, session.skipped]).toEqual([null, []]);
    await session.ended();
    await session.checkFiles();
    session.cancel();
    await session.confirm();
    expect(session.state).toEqual({ kind: 'empty' });
  });

  it('runs to the end, and tells of it in order', async () => {
    const within = context();
    const path = await folder.write('a+s.onnx', 'model');
    const session = sessionOf(path, within);
    const told = listen(session);
    await session.analyze(EXACT);
    // How often the progress is told depends on the time.
    expect(told.slice(0, 3)).toEqual(['reset queued', 'opening', 'running']);
    expect(told.slice(3).filter((what) => what !== 'running')).toEqual([
      'row 0 a',
      'row 1 s',
      'bounding',
      'finished',
    ]);
    expect(session.state).toEqual({ kind: 'finished' });
    expect(session.settings).toEqual(EXACT);
    expect(session.stale).toBe(false);
    expect(session.device?.provider).toBe('cpu');
    expect(session.skipped.map(({ name }) => name)).toEqual(['attn']);
    const report = session.report();
    expect(report?.layers.map(({ name }) => name)).toEqual(['a', 's']);
    expect(report).not.toHaveProperty('cancelled');
    expect(report?.network?.scope).toBe('a,s');
    expect(report?.seconds).toBeGreaterThan(0);
    const kept = await within.cache.get(path, EXACT);
    expect(kept?.report).toEqual(report);
    expect(kept?.analysedAt).toBe(session.analysedAt);
  });

  it('keeps a crashed layer as a row with its error, and computes it anew in another run', async () => {
    const within = context();
    const path = await folder.write('a+b:abort+c', 'model');
    const session = sessionOf(path, within);
    const errors = () => session.report()?.layers.map(({ error }) => error);
    const crashed = [null, 'the computation crashed: signal SIGABRT', null];
    await session.analyze(DEFAULT_SETTINGS);
    expect(session.state).toEqual({ kind: 'finished' });
    expect(errors()).toEqual(crashed);
    // It is shown again, but is not taken for the analysis.
    expect(await within.cache.find(path)).toMatchObject({ crashed: true });
    expect(await session.restore(DEFAULT_SETTINGS)).toBe(false);
    await session.restoreLatest();
    expect(errors()).toEqual(crashed);
  });

  it('tells of a preliminary row, and keeps the one that follows', async () => {
    const session = sessionOf('a+b:twice');
    const norms: (number | undefined)[] = [];
    session.on('rows', (rows) => norms.push(...rows.map(({ row }) => row.lipschitz?.upper)));
    await session.analyze(DEFAULT_SETTINGS);
    expect(norms).toEqual([1, 100, 2]);
    expect(session.rows.map(({ row }) => row.lipschitz?.upper)).toEqual([1, 2]);
    expect(session.report()?.layers).toHaveLength(2);
  });

  it('says the running layer and how many have ended', async () => {
    const session = sessionOf('a+b+c:wait');
    const run = session.analyze(DEFAULT_SETTINGS);
    await reached(session, 'running', 2);
    expect(session.isBusy).toBe(true);
    expect(session.state).toMatchObject({ kind: 'running', progress: { of: 3 } });
    expect(session.report()?.cancelled).toEqual({ finished: 2, of: 3 });
    session.cancel();
    await run;
  });

  describe('cancel', () => {
    it.each(['wait', 'hang'])('ends a layer that would %s, and keeps the finished rows', async (deed) => {
      const within = context();
      const session = sessionOf(`a+b+c:${deed}+d`, within);
      const run = session.analyze(DEFAULT_SETTINGS);
      await reached(session, 'running', 2);
      const since = performance.now();
      session.cancel();
      await session.ended();
      expect(performance.now() - since).toBeLessThan(2000);
      await run;
      expect(session.state).toEqual({ kind: 'cancelled', finished: 2, of: 4 });
      expect(names(session)).toEqual(['a', 'b']);
      expect(session.report()?.cancelled).toEqual({ finished: 2, of: 4 });
      expect(await within.cache.get(session.path, DEFAULT_SETTINGS)).toBeNull();
      expect((await within.cache.find(session.path))?.report).toEqual(session.report());
    });

    it('ends an analysis whose file is not open yet', async () => {
      const session = sessionOf('@wait+a');
      const run = session.analyze(DEFAULT_SETTINGS);
      await reached(session, 'opening');
      session.cancel();
      await run;
      expect(session.state).toEqual({ kind: 'cancelled', finished: 0, of: 0 });
      expect(session.report()).toBeNull();
    });

    it('ends one that waits for its turn at once, while the other goes on', async () => {
      const within = context();
      const first = sessionOf('a:wait', within);
      const second = sessionOf('b', within);
      void first.analyze(DEFAULT_SETTINGS);
      const waiting = second.analyze(DEFAULT_SETTINGS);
      await reached(first, 'running');
      expect(second.state).toEqual({ kind: 'queued' });
      second.cancel();
      await waiting;
      expect(second.state).toEqual({ kind: 'cancelled', finished: 0, of: 0 });
      expect(first.state.kind).toBe('running');
    });
  });

  it('shows what there was before a run that was cancelled in the queue', async () => {
    const within = context();
    const path = await folder.write('queued/a+b', 'model');
    const [busy, queued] = [sessionOf('a:wait', within), sessionOf(path, within)];
    await queued.analyze(DEFAULT_SETTINGS);
    void busy.analyze(DEFAULT_SETTINGS);
    await reached(busy, 'running');
    const run = queued.analyze(EXACT);
    queued.cancel();
    await run;
    expect(queued.state.kind).toBe('finished');
    expect(names(queued)).toEqual(['a', 'b']);
  });

  describe('the slopes of the network', () => {
    it('are met when they are asked for, told, and kept', async () => {
      const within = context();
      const path = await folder.write('slopes/a', 'model');
      const session = sessionOf(path, within);
      await session.findSlopes();
      expect(session.state.kind).toBe('empty');
      await session.analyze(DEFAULT_SETTINGS);
      expect(session.network?.bounds[0]).toMatchObject({ lower: null, upper: 10 });
      const told = listen(session);
      session.on('network', () => told.push('network'));
      await session.findSlopes();
      expect(told).toEqual(['queued', 'searching', 'network', 'finished']);
      expect(session.report()?.network?.bounds[0]).toMatchObject({ lower: 2.5, upper: 10 });
      expect((await within.cache.get(path, DEFAULT_SETTINGS))?.report).toEqual(session.report());
      const again = sessionOf(path, within);
      await again.restoreLatest();
      expect(again.network?.bounds[0].lower).toBe(2.5);
    });

    it('are given up when the search is cancelled: the result stays', async () => {
      const path = await folder.write('slopes/a+slopes:stuck', 'model');
      const session = sessionOf(path);
      await session.analyze(DEFAULT_SETTINGS);
      const before = session.report();
      const search = session.findSlopes();
      await reached(session, 'searching');
      await expect.poll(workers).toHaveLength(1);
      session.cancel();
      await search;
      expect(session.state).toEqual({ kind: 'finished' });
      expect(session.report()).toEqual(before);
      await expect.poll(workers).toEqual([]);
    });

    it('say nothing where the file has changed meanwhile', async () => {
      const path = await folder.write('slopes/b', 'model');
      const session = sessionOf(path);
      await session.analyze(DEFAULT_SETTINGS);
      await utimes(path, 0, 0);
      await session.findSlopes();
      expect(session.network?.bounds[0].lower).toBeNull();
      expect(session.stale).toBe(true);
    });
  });

  it('is cancelled where only the network is missing, and no whole result then', async () => {
    const within = context();
    const path = await folder.write('a+net:stuck', 'model');
    const session = sessionOf(path, within);
    const run = session.analyze(DEFAULT_SETTINGS);
    await reached(session, 'bounding');
    session.cancel();
    await run;
    expect(session.state).toEqual({ kind: 'cancelled', finished: 2, of: 2 });
    expect(session.network).toBeNull();
    expect(await within.cache.get(path, DEFAULT_SETTINGS)).toBeNull();
  });

  it('keeps the results of different bases apart, and the base of the one that is shown', async () => {
    const within = context();
    const path = await folder.write('based/a', 'model');
    const session = sessionOf(path, within);
    await session.analyze(DEFAULT_SETTINGS, '/models/base.onnx');
    expect([session.base, session.report()?.base?.path]).toEqual(['/models/base.onnx', '/models/base.onnx']);
    expect(await within.cache.get(path, DEFAULT_SETTINGS)).toBeNull();
    const restored = sessionOf(path, within);
    expect(await restored.restore(DEFAULT_SETTINGS)).toBe(false);
    expect(restored.base).toBeNull();
    expect(await restored.restore(DEFAULT_SETTINGS, '/models/base.onnx')).toBe(true);
    expect(restored.report()).toEqual(session.report());
    await restored.restoreLatest();
    expect(restored.base).toBe('/models/base.onnx');
  });

  it('takes turns with the other sessions', async () => {
    const within = context();
    const sessions = ['a+b', 'c+d', 'e'].map((path) => sessionOf(path, within));
    let most = 0;
    const kinds = new Set<string>();
    for (const session of sessions) {
      session.on('head', () => {
        most = Math.max(
          most,
          sessions.filter(({ state: { kind } }) => kind === 'running' || kind === 'opening').length,
        );
        for (const { state } of sessions) kinds.add(state.kind);
      });
    }
    await Promise.all(sessions.map((session) => session.analyze(DEFAULT_SETTINGS)));
    expect(most).toBe(1);
    expect(kinds).toEqual(new Set(['opening', 'queued', 'running', 'bounding', 'finished']));
    expect(sessions.map(names)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  describe('another run', () => {
    it('ends the one before, which tells nothing any more', async () => {
      const within = context();
      const session = sessionOf('a+b:wait', within);
      const first = session.analyze(DEFAULT_SETTINGS);
      await reached(session, 'running', 1);
      const before = session.run;
      const told = listen(session);
      const second = session.analyze(EXACT);
      expect(session.run).not.toBe(before);
      expect(session.rows).toEqual([]);
      await first;
      await reached(session, 'running', 1);
      expect(told.filter((what) => what !== 'running')).toEqual(['reset queued', 'opening', 'row 0 a']);
      expect(session.settings).toEqual(EXACT);
      expect(await within.cache.find(session.path)).toBeNull();
      session.cancel();
      await second;
      expect((await within.cache.find(session.path))?.report.settings).toEqual(EXACT);
    });

    it('is not held up by runs that never began', async () => {
      const session = sessionOf('a');
      await Promise.all([1, 2, 3].map(() => session.analyze(DEFAULT_SETTINGS)));
      expect(session.state).toEqual({ kind: 'finished' });
      expect(names(session)).toEqual(['a']);
    });

    it('ends where a kept result is shown in its place', async () => {
      const within = context();
      const path = 'a+b:wait';
      await within.cache.put(await stored(path, { settings: EXACT }));
      const session = sessionOf(path, within);
      const run = session.analyze(DEFAULT_SETTINGS);
      await reached(session, 'running', 1);
      expect(await session.restore(EXACT)).toBe(true);
      await run;
      expect(workers()).toEqual([]);
      expect(session.state).toEqual({ kind: 'finished' });
      expect(names(session)).toEqual(['conv1']);
    });
  });

  describe('above the accepted time', () => {
    it('waits, and goes on when that is confirmed', async () => {
      const session = sessionOf('a+b', context({ confirmAboveSeconds: () => 1.5 }));
      const told = listen(session);
      await session.analyze(EXACT);
      expect(session.state).toEqual({ kind: 'confirm', seconds: 2 });
      expect(session.isBusy).toBe(false);
      expect(session.report()).toBeNull();
      expect(told).toEqual(['reset queued', 'opening', 'confirm']);
      expect(workers()).toEqual([]);
      await session.ended();
      await session.confirm();
      expect(session.state).toEqual({ kind: 'finished' });
      expect(session.settings).toEqual(EXACT);
      expect(names(session)).toEqual(['a', 'b']);
    });

    it('does nothing where it is declined', async () => {
      const session = sessionOf('a+b', context({ confirmAboveSeconds: () => 1.5 }));
      await session.analyze(DEFAULT_SETTINGS);
      session.cancel();
      expect(session.state).toEqual({ kind: 'empty' });
      await session.confirm();
      expect(session.state).toEqual({ kind: 'empty' });
    });

    it('leaves the result that there was where it is declined', async () => {
      let accepted = 9;
      const within = context({ confirmAboveSeconds: () => accepted });
      const path = await folder.write('declined/a+b', 'model');
      const session = sessionOf(path, within);
      await session.analyze(DEFAULT_SETTINGS);
      accepted = 1;
      await session.analyze(EXACT);
      expect(session.state.kind).toBe('confirm');
      session.cancel();
      await reached(session, 'finished', 2);
      expect(session.settings).toEqual(DEFAULT_SETTINGS);
    });

    it('does not ask for what takes just that long', async () => {
      const session = sessionOf('a+b', context({ confirmAboveSeconds: () => 2 }));
      await session.analyze(DEFAULT_SETTINGS);
      expect(session.state).toEqual({ kind: 'finished' });
    });
  });

  it.each([
    ['@refuse+a', 'the file is bad'],
    ['@abort+a', '@abort+a: the analysis crashed: signal SIGABRT'],
    ['@reject+a', '@reject+a: the analysis failed: undefined is not a kernel'],
  ])('fails with one sentence where the file is %s, and can be run again', async (path, sentence) => {
    const logged: string[] = [];
    const within = context({ log: (level, message) => level === 'error' && logged.push(message) });
    const session = sessionOf(path, within);
    await session.analyze(DEFAULT_SETTINGS);
    expect(session.state).toEqual({ kind: 'failed', sentence, shown: null });
    expect(session.report()).toBeNull();
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(sentence);
    expect(await within.cache.find(path)).toBeNull();
    const other = sessionOf('a', within);
    await other.analyze(DEFAULT_SETTINGS);
    expect(other.state).toEqual({ kind: 'finished' });
  });

  it.each([
    ['whole', undefined, { kind: 'finished' }],
    ['cancelled', { finished: 1, of: 9 }, { kind: 'cancelled', finished: 1, of: 9 }],
  ])('shows the earlier result, which was %s, where a run fails', async (_, cancelled, shown) => {
    const within = context();
    const path = await folder.write('@refuse+a', 'model');
    const kept = await stored(path, { settings: EXACT, ...(cancelled && { cancelled }) });
    await within.cache.put(kept);
    const session = sessionOf(path, within);
    const told = listen(session);
    await session.analyze(DEFAULT_SETTINGS);
    expect(session.state).toEqual({ kind: 'failed', sentence: 'the file is bad', shown });
    expect(told.at(-1)).toBe('reset failed');
    expect(names(session)).toEqual(['conv1']);
    expect(session.report()).toEqual(kept.report);
    expect(session.isBusy).toBe(false);
    // What is shown is not what was asked for.
    expect(session.settings).toEqual(EXACT);
    expect(await within.cache.find(path)).toMatchObject({ report: kept.report });
  });

  it('shows a result that cannot be kept', async () => {
    const logged: string[] = [];
    const file = await folder.write('not-a-folder', '');
    const session = sessionOf(
      'a',
      context({
        cache: new ResultCache(join(file, 'results'), '1.0.0', () => 1e9),
        log: (level, message) => level === 'error' && logged.push(message),
      }),
    );
    await session.analyze(DEFAULT_SETTINGS);
    expect(session.state).toEqual({ kind: 'finished' });
    expect(logged).toEqual([expect.stringContaining('a: the result cannot be kept: ')]);
  });

  describe('a kept result', () => {
    const cancelled = { finished: 1, of: 9 };

    it('is restored for its settings only', async () => {
      const within = context();
      const path = await folder.write('kept.onnx', 'model');
      const kept = await stored(path, { settings: EXACT, layers: [layer(), layer({ name: 'conv2' })] });
      await within.cache.put(kept);
      const session = sessionOf(path, within);
      expect(await session.restore(DEFAULT_SETTINGS)).toBe(false);
      expect(session.state).toEqual({ kind: 'empty' });
      expect(session.settings).toEqual(DEFAULT_SETTINGS);
      const told = listen(session);
      expect(await session.restore(EXACT)).toBe(true);
      expect(told).toEqual(['reset opening', 'reset finished']);
      expect(session.report()).toEqual(kept.report);
      expect(session.analysedAt).toBe(kept.analysedAt);
      expect(session.rows.map(({ index }) => index)).toEqual([0, 1]);
    });

    it.each([
      ['as it is', {}, { kind: 'finished' }],
      ['that was cancelled', { cancelled }, { kind: 'cancelled', ...cancelled }],
    ])('is restored whatever its settings, %s', async (_, overrides, state) => {
      const within = context();
      const path = await folder.write('latest.onnx', 'model');
      await within.cache.put(await stored(path, { settings: EXACT, ...overrides }));
      const session = sessionOf(path, within);
      await session.restoreLatest();
      expect(session.state).toEqual(state);
      expect(session.settings).toEqual(EXACT);
      expect(session.report()?.cancelled).toEqual('cancelled' in overrides ? cancelled : undefined);
    });

    it('says that it is stale', async () => {
      const within = context();
      const path = await folder.write('stale.onnx', 'model');
      await within.cache.put(await stored(path));
      await utimes(path, new Date(0), new Date(0));
      const session = sessionOf(path, within);
      expect(await session.restore(DEFAULT_SETTINGS)).toBe(false);
      await session.restoreLatest();
      expect(session.state).toEqual({ kind: 'finished' });
      expect(session.stale).toBe(true);
    });

    it('is not missed where the search is cancelled', async () => {
      const session = sessionOf('a');
      const restored = session.restore(DEFAULT_SETTINGS);
      expect(session.isBusy).toBe(true);
      session.cancel();
      expect(await restored).toBe(true);
      expect(session.state).toEqual({ kind: 'empty' });
    });

    it('leaves the session empty where there is none', async () => {
      const session = sessionOf('a');
      await session.restoreLatest();
      expect(session.state).toEqual({ kind: 'empty' });
    });

    it('does not come in place of a run that began meanwhile', async () => {
      const within = context();
      const path = await folder.write('a.onnx', 'model');
      await within.cache.put(await stored(path));
      const session = sessionOf(path, within);
      const restored = session.restoreLatest();
      const run = session.analyze(EXACT);
      await Promise.all([restored, run]);
      expect(names(session)).toEqual(['a']);
      expect(session.settings).toEqual(EXACT);
    });
  });

  it('becomes stale when the file changes, and is not when it is as it was', async () => {
    const path = await folder.write('a+changing.onnx', 'model');
    const time = new Date(1e12);
    await utimes(path, time, time);
    const session = sessionOf(path);
    await session.analyze(DEFAULT_SETTINGS);
    let heads = 0;
    session.on('head', () => heads++);
    await session.checkFiles();
    expect([session.stale, heads]).toEqual([false, 0]);
    await utimes(path, time, new Date(2e12));
    await session.checkFiles();
    await session.checkFiles();
    expect([session.stale, heads]).toEqual([true, 1]);
    await utimes(path, time, time);
    await session.checkFiles();
    expect([session.stale, heads]).toEqual([false, 2]);
  });

  describe('ended', () => {
    it('resolves when the run has ended', async () => {
      const session = sessionOf('a+b');
      void session.analyze(DEFAULT_SETTINGS);
      expect(session.isBusy).toBe(true);
      await session.ended();
      expect(session.state).toEqual({ kind: 'finished' });
      expect(session.listenerCount('head')).toBe(0);
      expect(session.listenerCount('reset')).toBe(0);
    });

    it('resolves when the session ends', async () => {
      const session = sessionOf('a:wait');
      void session.analyze(DEFAULT_SETTINGS);
      const ended = session.ended();
      await reached(session, 'running');
      session.dispose();
      await ended;
    });
  });

  it('ends its process, keeps nothing and tells nothing when it is disposed of', async () => {
    const within = context();
    const session = sessionOf('a+b:hang', within);
    const run = session.analyze(DEFAULT_SETTINGS);
    await reached(session, 'running', 1);
    expect(workers()).toHaveLength(1);
    session.dispose();
    const told = listen(session);
    await run;
    await expect.poll(workers, { timeout: 5000 }).toEqual([]);
    expect(told).toEqual([]);
    expect(await within.cache.find(session.path)).toBeNull();
  });
});

/** Workers of this process that still run. */
function workers(): string[] {
  const all = execFileSync('ps', ['-o', 'ppid=,stat=,args=', '-A'], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => {
    const [parent, state] = line.trim().split(/\s+/);
    return Number(parent) === process.pid && !state.startsWith('Z') && line.includes(workerPath);
  });
}
