/** From a command to the numbers: the analysis of a file, its end in every way, and what it leaves behind. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { ModelSession } from '../../src/editor/analysis/session';
import { COMMANDS, VIEW_TYPES } from '../../src/editor/ids';
import type { Report } from '../../src/report/report';
import { root } from '../unit/product';
import { f32, safetensors } from '../unit/safetensors-builder';
import {
  activate,
  analyze,
  begin,
  closeAll,
  sample,
  sessionOf,
  startedWorkers,
  until,
  untilNoWorker,
  withSettings,
  workers,
  WORKERS_OF_ONNX,
} from './extension';

const execute = promisify(execFile);

/** A model of three layers, the second of which takes about a second. */
async function createSlowModel(): Promise<vscode.Uri> {
  const uri = sample('slow.safetensors');
  const size = 2000;
  let state = 1;
  const random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647 - 0.5;
  const layers = {
    'first.weight': f32([2, 2]),
    'slow.weight': f32([size, size], Float32Array.from({ length: size * size }, random)),
    'third.weight': f32([2, 2]),
  };
  await writeFile(uri.fsPath, safetensors(layers));
  return uri;
}

async function untilSlow(session: ModelSession): Promise<void> {
  const isSlow = ({ state }: ModelSession) => state.kind === 'running' && state.progress.layer === 'slow';
  await until(() => isSlow(session), 'the slow layer to be told');
}

/** With a sentence that names the file. */
function assertFailed({ state, path }: ModelSession): void {
  assert.ok(state.kind === 'failed' && state.sentence.includes(path), JSON.stringify(state));
}

describe('analysis', () => {
  afterEach(async () => {
    await closeAll();
    await untilNoWorker();
  });

  it('gives an interval for every layer of a file whose path has spaces and letters of two scripts', async () => {
    const uri = sample('golden_zoo.onnx');
    const report = await analyze(uri);
    assert.equal(report.model.path, uri.fsPath);
    assert.equal(report.layers.length, 34);
    for (const { name, lipschitz, error } of report.layers) {
      assert.equal(error, null, name);
      assert.ok(lipschitz && lipschitz.lower <= lipschitz.upper, name);
    }
    assert.equal((await sessionOf(uri)).state.kind, 'finished');
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(tab instanceof vscode.TabInputWebview && tab.viewType.includes(VIEW_TYPES.panel));
  });

  it('bounds the network as the command line does', async () => {
    const uri = sample('classifier.onnx');
    const { network } = await analyze(uri);
    const args = ['analyze', uri.fsPath, '--format', 'json', '--no-run'];
    // The extension host is Node only where the environment says so.
    const { stdout } = await execute(process.execPath, [join(root, 'dist/cli.js'), ...args], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      maxBuffer: 1 << 28,
    });
    const expected = (JSON.parse(stdout) as Report).network;
    assert.ok(network && expected);
    assert.deepEqual({ ...network, seconds: 0 }, { ...expected, seconds: 0 });
  });

  it('takes the index of a sharded model and its folder alike', async () => {
    const index = await analyze(sample('sharded/model.safetensors.index.json'));
    const folder = await analyze(sample('sharded'));
    assert.equal(index.layers.length, 4);
    assert.deepEqual(
      folder.layers.map(({ name, lipschitz }) => [name, lipschitz]),
      index.layers.map(({ name, lipschitz }) => [name, lipschitz]),
    );
  });

  it('takes all files that are selected, or the one that was clicked on outside of the selection', async () => {
    const files = ['markup.onnx', 'hostile.safetensors', 'sharded'].map(sample);
    const run = (uri: vscode.Uri) => vscode.commands.executeCommand(COMMANDS.analyze, uri, files.slice(0, 2));
    await run(files[0]);
    const { sessions } = await activate();
    const open = () => sessions.all.map(({ path, state }) => [path, state.kind]);
    const two = files.slice(0, 2).map(({ fsPath }) => [fsPath, 'finished']);
    assert.deepEqual(open(), two);
    await run(files[2]);
    assert.deepEqual(open(), [...two, [files[2].fsPath, 'finished']]);
  });

  it('is not repeated for a panel that is opened again, until the file changes', async () => {
    const uri = sample('kept.onnx');
    await copyFile(sample('markup.onnx').fsPath, uri.fsPath);
    const first = await analyze(uri);
    await closeAll();
    const { results } = await activate();
    assert.equal((await results.find(uri.fsPath))?.stale, false);
    const { length } = startedWorkers();
    assert.deepEqual(await analyze(uri), first);
    assert.equal(startedWorkers().length, length);

    await utimes(uri.fsPath, new Date(), new Date());
    assert.equal((await results.find(uri.fsPath))?.stale, true);
    const session = await sessionOf(uri);
    await until(() => session.stale, 'the panel to notice that the file changed');
    await analyze(uri);
    assert.equal(startedWorkers().length, length + WORKERS_OF_ONNX);
    assert.equal(session.stale, false);
    await rm(uri.fsPath);
    await until(() => session.stale, 'the panel to notice that the file is gone');
  });

  it('keeps the finished rows when it is cancelled', async () => {
    const { session, end } = await begin(sample('many.safetensors'));
    await vscode.commands.executeCommand(COMMANDS.cancel);
    await untilNoWorker();
    await end;
    assert.equal(session.state.kind, 'cancelled');
    assert.ok(session.state.kind === 'cancelled' && session.state.finished < session.state.of);
    assert.equal(session.rows.length, session.state.finished);
  });

  it('is cancelled within a layer', async () => {
    const { session, end } = await begin(await createSlowModel());
    await untilSlow(session);
    await vscode.commands.executeCommand(COMMANDS.cancel);
    await untilNoWorker();
    await end;
    assert.ok(
      session.state.kind === 'cancelled' && session.state.finished < 3,
      JSON.stringify(session.state),
    );
    await rm(session.path);
  });

  it('ends with its panel', async () => {
    const { session, end } = await begin(sample('many.safetensors'));
    assert.equal(workers().length, 1);
    await closeAll();
    await untilNoWorker();
    await end;
    const { sessions } = await activate();
    assert.equal(sessions.find(session.path), null);
  });

  it('goes on with the next layer when its process is killed, and repairs the row in the next run', async () => {
    const { session, end } = await begin(await createSlowModel());
    await untilSlow(session);
    for (const worker of workers()) process.kill(worker, 'SIGKILL');
    await end;
    const errors = () => new Map(session.rows.map(({ row }) => [row.name, row.error]));
    assert.equal(session.state.kind, 'finished');
    assert.match(errors().get('slow') ?? '', /crashed: signal SIGKILL/);
    assert.deepEqual([errors().get('first'), errors().get('third')], [null, null]);
    await session.analyze(session.settings);
    assert.deepEqual([...errors().values()], [null, null, null]);
    await rm(session.path);
  });

  it('ends in a clear state when the file is deleted meanwhile', async () => {
    const { session, end } = await begin(await createSlowModel());
    await untilSlow(session);
    await rm(session.path);
    await end;
    assert.equal(session.state.kind, 'finished');
    await until(() => session.stale, 'the panel to notice that the file is gone');
    await session.analyze(session.settings);
    assertFailed(session);
  });

  it('says what is wrong with a file that is none', async () => {
    const uri = sample('truncated.onnx');
    await vscode.commands.executeCommand(COMMANDS.analyze, uri);
    assertFailed(await sessionOf(uri));
  });

  it('waits for an answer where it is estimated to take long', async () => {
    await vscode.commands.executeCommand(COMMANDS.clearCache);
    await withSettings({ confirmAboveSeconds: 0 }, async () => {
      const uri = sample('markup.onnx');
      await vscode.commands.executeCommand(COMMANDS.analyze, uri);
      const session = await sessionOf(uri);
      assert.equal(session.state.kind, 'confirm');
      await untilNoWorker();
      await session.confirm();
      assert.equal(session.state.kind, 'finished');
    });
  });

  it('starts with the read-only editor', async () => {
    for (const name of ['markup.onnx', 'hostile.safetensors']) {
      const uri = sample(name);
      await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPES.editor);
      const { sessions } = await activate();
      await until(() => sessions.find(uri.fsPath)?.state.kind === 'finished', 'the end of the analysis');
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      assert.ok(tab instanceof vscode.TabInputCustom && tab.viewType === VIEW_TYPES.editor);
    }
  });

  it('of a setting that has no such value is refused, and computes nothing', async () => {
    for (const settings of [
      { padding: 'circle' },
      { method: 'foo' },
      { device: 'abacus' },
      { inputSize: 224 },
      { tolerance: 'narrow' },
    ]) {
      await withSettings(settings, async () => {
        const answer = await vscode.commands.executeCommand(COMMANDS.analyze, sample('golden_zoo.onnx'));
        assert.deepEqual(answer, [null], JSON.stringify(settings));
        assert.deepEqual(workers(), []);
      });
    }
  });
});
