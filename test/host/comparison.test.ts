/** From a command to the numbers of two models, or of several: their ends in every way, and what they leave behind. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { COMMANDS, VIEW_TYPES } from '../../src/editor/ids';
import type { ComparisonReport } from '../../src/report/comparison/comparison';
import type { SeriesReport } from '../../src/report/series/series';
import { CHECKPOINTS, VERSIONS } from '../vscode/workspace';
import {
  activate,
  closeAll,
  extension,
  sample,
  startedWorkers,
  until,
  untilNoWorker,
  withSettings,
  workers,
} from './extension';

const execute = promisify(execFile);
const versions = () => VERSIONS.map((name) => sample(name));

/** What the command line prints, with the settings that are the extension's defaults. */
async function commandLine(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(
    process.execPath,
    [join(extension().extensionPath, 'dist/cli.js'), ...args],
    {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      maxBuffer: 1 << 26,
    },
  );
  return stdout;
}

function withoutTimes(text: string): string {
  return text.replace(/("seconds": )[\d.e+-]+/g, '$1TIME').replace(/^- [\d.]+ s$/gm, '- TIME');
}

async function exported(format: 'json' | 'csv' | 'md'): Promise<string> {
  const target = sample(`exported.${format}`);
  await vscode.commands.executeCommand(COMMANDS.export, { format, target });
  const text = await readFile(target.fsPath, 'utf8');
  await rm(target.fsPath);
  return text;
}

function compare(...uris: readonly vscode.Uri[]): Thenable<ComparisonReport> {
  return vscode.commands.executeCommand(COMMANDS.compare, uris[0], uris);
}

/** The session of the panel of several models that is open. */
async function session() {
  const { sessions } = await activate();
  const found = sessions.every.find(({ paths }) => paths.length > 1);
  assert.ok(found);
  return found;
}

describe('comparison', () => {
  before(activate);
  afterEach(async () => {
    await closeAll();
    await untilNoWorker();
  });

  it('has the numbers of the command line, in every format', async () => {
    const [a, b] = versions();
    const report = await compare(b, a);
    assert.ok(report.pairs.length > 0);
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(tab instanceof vscode.TabInputWebview && tab.viewType.includes(VIEW_TYPES.comparison));
    const printed = await commandLine('compare', a.fsPath, b.fsPath, '--format', 'json');
    assert.equal(withoutTimes(await exported('json')), withoutTimes(printed));
    const markdown = await commandLine('compare', a.fsPath, b.fsPath, '--format', 'markdown');
    assert.equal(withoutTimes(await exported('md')), withoutTimes(markdown));
    await vscode.commands.executeCommand(COMMANDS.copyAsMarkdown);
    assert.equal(withoutTimes(await vscode.env.clipboard.readText()), withoutTimes(markdown));
    const [header, first] = (await exported('csv')).split('\r\n');
    assert.match(header, /^status,layer_a,layer_b,/);
    assert.match(first, /^ok,/);
  });

  it('is not repeated for the same two models, in whatever order, until a file changes', async () => {
    const [first, second] = ['one.safetensors', 'two.safetensors'].map(sample);
    await copyFile(sample(`run/${CHECKPOINTS[0]}`).fsPath, first.fsPath);
    await copyFile(sample(`run/${CHECKPOINTS[1]}`).fsPath, second.fsPath);
    await compare(first, second);
    const { length } = startedWorkers();
    await compare(second, first);
    assert.equal(startedWorkers().length, length);
    await utimes(second.fsPath, new Date(), new Date());
    const shown = await session();
    await until(() => shown.stale, 'the panel to notice that a file changed');
    await compare(first, second);
    assert.equal(startedWorkers().length, length + 1);
    assert.equal(shown.stale, false);
    await Promise.all([first, second].map(({ fsPath }) => rm(fsPath)));
  });

  it('keeps the finished pairs when it is cancelled, and leaves no process', async () => {
    const [a, b] = ['many.safetensors', 'many copy.safetensors'].map(sample);
    await copyFile(a.fsPath, b.fsPath);
    const end = compare(a, b);
    await until(async () => ((await activate()).sessions.busy.at(0)?.rows.length ?? 0) > 0, 'the first pair');
    const shown = await session();
    await vscode.commands.executeCommand(COMMANDS.cancel);
    await untilNoWorker();
    const { cancelled } = await end;
    assert.ok(cancelled && cancelled.finished === shown.rows.length && cancelled.finished < cancelled.of);
    await rm(b.fsPath);
  });

  it('ends with its panel', async () => {
    const end = compare(...versions());
    await until(() => workers().length > 0, 'the process');
    await closeAll();
    await untilNoWorker();
    await end;
    assert.deepEqual((await activate()).sessions.every, []);
  });

  it('says what is wrong with a file that is none', async () => {
    await compare(sample('markup.onnx'), sample('truncated.onnx'));
    const { state } = await session();
    assert.ok(state.kind === 'failed' && state.sentence.includes('truncated.onnx'), JSON.stringify(state));
  });

  it('waits for an answer where it is estimated to take long', async () => {
    await withSettings({ confirmAboveSeconds: 0 }, async () => {
      await compare(...versions());
      const shown = await session();
      assert.equal(shown.state.kind, 'confirm');
      await untilNoWorker();
      await shown.confirm();
      assert.equal(shown.state.kind, 'finished');
    });
  });
});

describe('series', () => {
  before(activate);
  afterEach(async () => {
    await closeAll();
    await untilNoWorker();
  });

  const folder = () => sample('run');
  const run = () => vscode.commands.executeCommand<SeriesReport>(COMMANDS.compareCheckpoints, folder());

  it('has the numbers of the command line, and uses what is kept of each checkpoint', async () => {
    await vscode.commands.executeCommand(COMMANDS.clearCache);
    const { layers } = await run();
    assert.deepEqual(
      layers.map(({ name }) => name),
      ['encoder', 'decoder', 'head'],
    );
    const printed = await commandLine('series', folder().fsPath, '--format', 'json');
    assert.equal(withoutTimes(await exported('json')), withoutTimes(printed));
    const csv = await commandLine('series', folder().fsPath, '--format', 'csv');
    assert.equal(await exported('csv'), csv);
    await closeAll();
    const { length } = startedWorkers();
    await run();
    assert.equal(startedWorkers().length, length);
  });

  it('goes on without a checkpoint that is none, and says so', async () => {
    const broken = sample('run/step-3.safetensors');
    await writeFile(broken.fsPath, 'nothing');
    try {
      const { checkpoints } = await run();
      assert.equal(checkpoints.length, CHECKPOINTS.length);
      const shown = (await session()) as unknown as { readonly refusals: readonly string[] };
      assert.equal(shown.refusals.length, 1);
      assert.match(shown.refusals[0], /step-3\.safetensors/);
    } finally {
      await rm(broken.fsPath);
    }
  });

  it('asks for all of it where it is estimated to take long', async () => {
    await vscode.commands.executeCommand(COMMANDS.clearCache);
    await withSettings({ confirmAboveSeconds: 0 }, async () => {
      assert.equal(await run(), null);
      const shown = await session();
      assert.equal(shown.state.kind, 'confirm');
      await shown.confirm();
      assert.equal(shown.state.kind, 'finished');
      assert.equal(shown.rows.length, 3);
    });
  });
});
