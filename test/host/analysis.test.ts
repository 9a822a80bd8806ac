/** From a command to the numbers: the analysis of a file, its end, and what is kept of it. */
import assert from 'node:assert/strict';
import { copyFile, rm, utimes } from 'node:fs/promises';
import * as vscode from 'vscode';
import { COMMANDS, VIEW_TYPES } from '../../src/editor/ids';
import { activate, analyze, closeAll, sample, sessionOf, until, workers } from './extension';

/** Of `confirmAboveSeconds`: analyses start at once. */
async function neverAsk(): Promise<void> {
  const settings = vscode.workspace.getConfiguration('lipschitzLens');
  await settings.update('confirmAboveSeconds', 100_000, vscode.ConfigurationTarget.Global);
}

describe('analysis', () => {
  before(neverAsk);
  afterEach(async () => {
    await closeAll();
    await until(() => workers().length === 0, 'the end of every worker');
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

  it('analyses the index of a sharded model and its folder alike', async () => {
    const index = await analyze(sample('sharded/model.safetensors.index.json'));
    const folder = await analyze(sample('sharded'));
    assert.equal(index.layers.length, 4);
    assert.deepEqual(
      folder.layers.map(({ name, lipschitz }) => [name, lipschitz]),
      index.layers.map(({ name, lipschitz }) => [name, lipschitz]),
    );
  });

  it('shows the result that it kept, until the file changes', async () => {
    const uri = sample('kept.onnx');
    await copyFile(sample('golden_zoo.onnx').fsPath, uri.fsPath);
    const first = await analyze(uri);
    await closeAll();
    const { results } = await activate();
    assert.equal((await results.find(uri.fsPath))?.stale, false);
    const again = await analyze(uri);
    assert.equal(again.seconds, first.seconds);
    assert.deepEqual(again.layers, first.layers);

    await utimes(uri.fsPath, new Date(), new Date());
    assert.equal((await results.find(uri.fsPath))?.stale, true);
    const session = await sessionOf(uri);
    await until(() => session.stale, 'the panel to notice that the file changed');
    assert.notEqual((await analyze(uri)).seconds, first.seconds);
    await rm(uri.fsPath);
    await until(() => session.stale, 'the panel to notice that the file is gone');
  });

  it('is cancelled with the rows that were finished, and leaves no process', async () => {
    const uri = sample('many.safetensors');
    const analysis = vscode.commands.executeCommand(COMMANDS.analyze, uri);
    await until(async () => {
      const { sessions } = await activate();
      return (sessions.find(uri.fsPath)?.rows.length ?? 0) > 0;
    }, 'the first row');
    const session = await sessionOf(uri);
    await vscode.commands.executeCommand(COMMANDS.cancel);
    await analysis;
    assert.equal(session.state.kind, 'cancelled');
    assert.ok(session.state.kind === 'cancelled' && session.state.finished < session.state.of);
    await until(() => workers().length === 0, 'the end of the worker');
  });

  it('ends with its panel', async () => {
    const uri = sample('many.safetensors');
    const analysis = vscode.commands.executeCommand(COMMANDS.analyze, uri);
    await until(() => workers().length > 0, 'a worker');
    await closeAll();
    await analysis;
    await until(() => workers().length === 0, 'the end of the worker');
    const { sessions } = await activate();
    assert.equal(sessions.find(uri.fsPath), null);
  });

  it('goes on when its process is killed', async () => {
    const uri = sample('many.safetensors');
    const analysis = vscode.commands.executeCommand(COMMANDS.analyze, uri);
    const { sessions } = await activate();
    await until(() => (sessions.find(uri.fsPath)?.rows.length ?? 0) > 0, 'the first row');
    const session = await sessionOf(uri);
    for (const worker of workers()) process.kill(worker, 'SIGKILL');
    await until(
      () => session.rows.some(({ row }) => row.error?.includes('SIGKILL')),
      'a row that says what happened',
    );
    const before = session.rows.length;
    await until(() => session.rows.length > before, 'rows of another process');
    await vscode.commands.executeCommand(COMMANDS.cancel);
    await analysis;
  });

  it('says what is wrong with a file that is none', async () => {
    const uri = sample('truncated.onnx');
    await vscode.commands.executeCommand(COMMANDS.analyze, uri);
    const { state } = await sessionOf(uri);
    assert.ok(state.kind === 'failed' && state.sentence.includes(uri.fsPath), JSON.stringify(state));
  });

  it('waits for an answer where it is estimated to take long', async () => {
    const settings = vscode.workspace.getConfiguration('lipschitzLens');
    await settings.update('confirmAboveSeconds', 0, vscode.ConfigurationTarget.Global);
    try {
      const uri = sample('sharded/model.safetensors.index.json');
      await vscode.commands.executeCommand(COMMANDS.clearCache);
      await vscode.commands.executeCommand(COMMANDS.analyze, uri);
      const session = await sessionOf(uri);
      assert.equal(session.state.kind, 'confirm');
      assert.equal(workers().length, 0);
      await session.confirm();
      assert.equal(session.state.kind, 'finished');
    } finally {
      await neverAsk();
    }
  });

  it('opens in the read-only editor', async () => {
    const uri = sample('golden_zoo.safetensors');
    await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPES.editor);
    const { sessions } = await activate();
    await until(() => sessions.find(uri.fsPath)?.state.kind === 'finished', 'the end of the analysis');
  });
});

describe('results', () => {
  after(closeAll);

  it('are exported in three formats', async () => {
    await analyze(sample('sharded/model.safetensors.index.json'));
    for (const [format, start] of [
      ['json', '{'],
      ['csv', 'model,'],
      ['md', '#'],
    ]) {
      const target = sample(`out.${format}`);
      await vscode.commands.executeCommand(COMMANDS.export, { format, target });
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(target));
      assert.ok(text.startsWith(start), text.slice(0, 80));
      await vscode.workspace.fs.delete(target);
    }
  });

  it('are deleted by the command', async () => {
    const uri = sample('sharded/model.safetensors.index.json');
    await analyze(uri);
    const { results } = await activate();
    assert.ok(await results.find(uri.fsPath));
    await vscode.commands.executeCommand(COMMANDS.clearCache);
    assert.equal(await results.find(uri.fsPath), null);
  });

  it('above a budget are problems of the file', async () => {
    const uri = sample('golden_zoo.onnx');
    const settings = vscode.workspace.getConfiguration('lipschitzLens');
    const { layers } = await analyze(uri);
    const uppers = layers.map(({ lipschitz }) => lipschitz!.upper).sort((a, b) => b - a);
    await settings.update('budget.layer', uppers[3], vscode.ConfigurationTarget.Global);
    try {
      await until(() => vscode.languages.getDiagnostics(uri).length === 3, 'three problems');
      const [{ message, source }] = vscode.languages.getDiagnostics(uri);
      assert.match(message, /budget/);
      assert.equal(source, 'Lipschitz Lens');
    } finally {
      await settings.update('budget.layer', undefined, vscode.ConfigurationTarget.Global);
    }
    await until(() => vscode.languages.getDiagnostics(uri).length === 0, 'no problem');
  });
});

describe('every command', () => {
  it('is registered', async () => {
    await activate();
    const known = new Set(await vscode.commands.getCommands(true));
    for (const command of Object.values(COMMANDS)) assert.ok(known.has(command), command);
  });
});
