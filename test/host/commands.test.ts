/** Every command does what it says, from the palette, a menu or a link. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, type Command, type OpenLayerArgument } from '../../src/editor/ids';
import type { RowContext } from '../../src/editor/protocol/row-context';
import type { ComparisonReport } from '../../src/report/comparison/comparison';
import { formatMarkdown } from '../../src/report/markdown';
import type { Report } from '../../src/report/report';
import type { SeriesReport } from '../../src/report/series/series';
import { CHECKPOINTS, VERSIONS } from '../vscode/workspace';
import {
  activate,
  analyze,
  answering,
  begin,
  closeAll,
  extension,
  sample,
  sessionOf,
  startedWorkers,
  until,
  untilNoWorker,
  withSettings,
  WORKERS_OF_ONNX,
} from './extension';

const run = (command: Command, ...args: readonly unknown[]) =>
  vscode.commands.executeCommand(command, ...args);

const ROW: RowContext = {
  webviewSection: 'row',
  preventDefaultContextMenuItems: true,
  layer: '<img src=x onerror=alert(1)>',
  value: '9.37',
  text: '1\tGemm\t9.37',
};

const markup = () => sample('markup.onnx');

/** What is to be seen of each command. */
const EFFECTS: Readonly<Record<Command, () => Promise<void>>> = {
  [COMMANDS.analyze]: async () => {
    // The last model of those that are offered, above "Browse...".
    await answering(['previous', 'previous'], run(COMMANDS.analyze));
    assert.equal((await sessionOf(sample('truncated.onnx'))).state.kind, 'failed');
    await closeAll();
    const index = sample('sharded/model.safetensors.index.json');
    await vscode.window.showTextDocument(index);
    await run(COMMANDS.analyze);
    assert.equal((await sessionOf(index)).state.kind, 'finished');
  },

  [COMMANDS.analyzeWithOptions]: async () => {
    // The second choice at every question, and the defaults of what is to be typed.
    await answering(['next'], run(COMMANDS.analyzeWithOptions, markup()));
    const { state, settings } = await sessionOf(markup());
    assert.equal(state.kind, 'finished');
    assert.deepEqual(settings, {
      device: 'cpu',
      method: 'quick',
      iterations: null,
      tolerance: null,
      inputSize: null,
      padding: 'zeros',
    });
    // The model of the panel in front is meant. (A model that is asked for would be another one, and open its panel.)
    const before = startedWorkers().length;
    await withSettings({ padding: 'circular' }, () =>
      answering(['next'], run(COMMANDS.analyzeWithOptions)).then(() => undefined),
    );
    assert.deepEqual((await activate()).sessions.all, [await sessionOf(markup())]);
    assert.equal((await sessionOf(markup())).settings.padding, null);
    assert.equal(startedWorkers().length, before + WORKERS_OF_ONNX);
    // Of an adapter also the base: the first model of those that are offered, behind none.
    await answering(['next'], run(COMMANDS.analyzeWithOptions, sample('lora.safetensors')));
    const adapter = await sessionOf(sample('lora.safetensors'));
    const base = sample('classifier.onnx').fsPath;
    assert.deepEqual([adapter.base, adapter.report()?.base?.path], [base, base]);
  },

  [COMMANDS.findSlopes]: async () => {
    await analyze(markup());
    const { length } = startedWorkers();
    const report = (await run(COMMANDS.findSlopes)) as Report;
    assert.equal(startedWorkers().length, length + 1);
    const [{ norm, lower, upper }] = report.network?.bounds ?? [];
    assert.equal(norm, 'L2');
    assert.ok(
      lower !== null && upper !== null && lower > 0 && lower <= upper,
      JSON.stringify(report.network),
    );
    const { results } = await activate();
    assert.deepEqual((await results.find(markup().fsPath))?.report.network, report.network);
  },

  [COMMANDS.compare]: async () => {
    const [a, b] = VERSIONS.map((name) => sample(name));
    const report = await run(COMMANDS.compare, a, [b, a]);
    const { a: first, b: second } = report as ComparisonReport;
    assert.deepEqual([first.path, second.path], [a.fsPath, b.fsPath]);
    const title = () => vscode.window.tabGroups.activeTabGroup.activeTab?.label;
    await until(() => title() === 'silero_vad_v5 ↔ silero_vad_v6 (Lipschitz)', 'the panel');
  },

  [COMMANDS.compareCheckpoints]: async () => {
    const { checkpoints } = (await run(COMMANDS.compareCheckpoints, sample('run'))) as SeriesReport;
    assert.deepEqual(
      checkpoints.map(({ model }) => model.path),
      CHECKPOINTS.map((name) => sample(`run/${name}`).fsPath),
    );
    assert.equal(await run(COMMANDS.compareCheckpoints), null);
  },

  [COMMANDS.cancel]: async () => {
    const { session, end } = await begin(sample('many.safetensors'));
    await run(COMMANDS.cancel);
    await untilNoWorker();
    await end;
    assert.equal(session.state.kind, 'cancelled');
  },

  [COMMANDS.export]: async () => {
    const report = await analyze(markup());
    const target = sample('exported.md');
    await run(COMMANDS.export, { format: 'md', target });
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(target));
    assert.equal(text, formatMarkdown(report));
    await vscode.workspace.fs.delete(target);
  },

  [COMMANDS.copyAsMarkdown]: async () => {
    const report = await analyze(markup());
    await run(COMMANDS.copyAsMarkdown);
    assert.equal(await vscode.env.clipboard.readText(), formatMarkdown(report));
  },

  [COMMANDS.showLog]: async () => {
    await vscode.commands.executeCommand('workbench.action.closePanel');
    await run(COMMANDS.showLog);
    const isLog = ({ scheme, path }: vscode.Uri) => scheme === 'output' && path.includes('Lipschitz Lens');
    const isShown = () => vscode.window.visibleTextEditors.some(({ document }) => isLog(document.uri));
    await until(isShown, 'the log');
    await vscode.commands.executeCommand('workbench.action.closePanel');
  },

  [COMMANDS.clearCache]: async () => {
    await analyze(markup());
    const { results } = await activate();
    assert.ok(await results.find(markup().fsPath));
    await run(COMMANDS.clearCache);
    assert.deepEqual(await results.all(), []);
    await closeAll();
    const { length } = startedWorkers();
    await analyze(markup());
    assert.equal(startedWorkers().length, length + WORKERS_OF_ONNX);
  },

  [COMMANDS.showDevices]: async () => {
    const device = () => vscode.workspace.getConfiguration('lipschitzLens').get('device');
    await withSettings({ device: 'auto' }, async () => {
      const { length } = startedWorkers();
      // The CPU is the last of all.
      await answering(['previous'], run(COMMANDS.showDevices));
      assert.equal(device(), 'cpu');
      assert.equal(startedWorkers().length, length + 1);
    });
    await untilNoWorker();
  },

  [COMMANDS.openLayer]: async () => {
    const report = await analyze(markup());
    await closeAll();
    const { length } = startedWorkers();
    const argument: OpenLayerArgument = { path: markup().fsPath, layer: report.layers[0].name };
    await run(COMMANDS.openLayer, argument);
    const session = await sessionOf(markup());
    assert.equal(session.state.kind, 'finished');
    assert.deepEqual(session.report(), report);
    const title = () => vscode.window.tabGroups.activeTabGroup.activeTab?.label;
    await until(() => title() === 'markup.onnx (Lipschitz)', 'the panel');
    assert.equal(startedWorkers().length, length);
  },

  [COMMANDS.copyValue]: async () => {
    await run(COMMANDS.copyValue, ROW);
    assert.equal(await vscode.env.clipboard.readText(), ROW.value);
  },

  [COMMANDS.copyRow]: async () => {
    await run(COMMANDS.copyRow, ROW);
    assert.equal(await vscode.env.clipboard.readText(), ROW.text);
  },

  [COMMANDS.revealWeight]: async () => {
    // Here it does no harm; what the page shows then, tests of the user interface see.
    await run(COMMANDS.revealWeight, ROW);
    await analyze(markup());
    await run(COMMANDS.revealWeight, ROW);
    assert.equal((await sessionOf(markup())).state.kind, 'finished');
  },
};

describe('command', () => {
  before(activate);
  afterEach(closeAll);

  for (const [command, effect] of Object.entries(EFFECTS)) it(command, effect);

  it('of the manifest is one of these, and registered', async () => {
    const { contributes } = extension().packageJSON as {
      contributes: { commands: readonly { command: string }[] };
    };
    const commands = contributes.commands.map(({ command }) => command).sort();
    assert.deepEqual(commands, Object.keys(EFFECTS).sort());
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      commands.filter((command) => !registered.has(command)),
      [],
    );
  });

  it('that needs a result does nothing without one', async () => {
    await vscode.env.clipboard.writeText('as before');
    await run(COMMANDS.copyAsMarkdown);
    await run(COMMANDS.export);
    assert.equal(await vscode.env.clipboard.readText(), 'as before');
  });
});
