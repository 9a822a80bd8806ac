import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ResultCache } from '../../../../src/editor/analysis/result-cache';
import { SeriesSession } from '../../../../src/editor/analysis/series-session';
import { Turns } from '../../../../src/editor/analysis/turns';
import { Folder } from '../../folder';
import { DEFAULT_SETTINGS } from '../../report/sample';

const folder = new Folder();
const workerPath = join(import.meta.dirname, '../../../fixtures/worker/scripted.cjs');
const open: SeriesSession[] = [];
let folders = 0;

afterEach(() => {
  for (const session of open.splice(0)) session.dispose();
});

/** Of checkpoints that the scripted worker makes from their paths. */
function series(paths: readonly string[], confirmAboveSeconds = 1e9): SeriesSession {
  const session = new SeriesSession(paths, DEFAULT_SETTINGS, {
    workerPath,
    cache: new ResultCache(folder.join(`results-${++folders}`), '1.0.0', () => 1e9),
    turns: new Turns(),
    confirmAboveSeconds: () => confirmAboveSeconds,
    log: () => undefined,
  });
  open.push(session);
  return session;
}

const table = ({ rows }: SeriesSession) =>
  rows.map(({ row }) => [row.name, ...row.values.map((value) => value?.lipschitz?.upper ?? null)]);

describe('SeriesSession', () => {
  it('has a column for every checkpoint, matched with the first', async () => {
    const session = series(['/1/a+b', '/2/b+a', '/3/a+c']);
    expect(session.report()).toBeNull();
    await session.runWith(DEFAULT_SETTINGS);
    expect(session.state).toEqual({ kind: 'finished' });
    expect(table(session).slice(0, 1)).toEqual([['a', 1, 2, 1]]);
    const report = session.report();
    expect(report?.layers).toEqual(session.rows.map(({ row }) => row));
    expect(report?.checkpoints.map(({ model }) => model.path)).toEqual(session.paths);
    expect(report).not.toHaveProperty('cancelled');
  });

  it('goes on without a checkpoint that is refused, and fails where all are', async () => {
    const session = series(['/1/a', '/2/@refuse', '/3/a']);
    const told = new Set<readonly string[]>();
    session.on('head', () => told.add(session.refusals));
    await session.runWith(DEFAULT_SETTINGS);
    // Pages are told what is another object than before.
    expect([...told].at(-1)).toEqual(['the file is bad']);
    expect([...told][0]).toEqual([]);
    expect(session.state).toEqual({ kind: 'finished' });
    expect(session.refusals).toEqual(['the file is bad']);
    expect(table(session)).toEqual([['a', 1, 1]]);
    const none = series(['/1/@refuse', '/2/@refuse', '/3/@refuse']);
    await none.runWith(DEFAULT_SETTINGS);
    expect(none.state).toMatchObject({ kind: 'failed' });
    expect(none.report()).toBeNull();
  });

  it('keeps the whole checkpoints when it is cancelled', async () => {
    const session = series(['/1/a', '/2/a+b:wait', '/3/a']);
    const end = session.runWith(DEFAULT_SETTINGS);
    await expect
      .poll(() => session.state.kind === 'running' && session.state.progress.layer, { timeout: 10_000 })
      .toBe('b');
    expect(session.state).toMatchObject({ progress: { finished: 1, of: 3 } });
    session.cancel();
    await end;
    expect(session.state).toEqual({ kind: 'cancelled', finished: 1, of: 3 });
    expect(session.report()).toMatchObject({ cancelled: { finished: 1, of: 3 } });
    expect(table(session)).toEqual([['a', 1]]);
  });

  it('asks before it begins where all of it is estimated to take too long', async () => {
    // Each layer is estimated to take a second.
    const session = series(['/1/a+b', '/2/a+b', '/3/a+b'], 5);
    await session.runWith(DEFAULT_SETTINGS);
    expect(session.state).toEqual({ kind: 'confirm', seconds: 6 });
    expect(session.report()).toBeNull();
    await session.confirm();
    expect(session.state).toEqual({ kind: 'finished' });
    const short = series(['/1/a+b', '/2/a+b', '/3/a+b'], 7);
    await short.runWith(DEFAULT_SETTINGS);
    expect(short.state).toEqual({ kind: 'finished' });
  });
});
