/** What becomes of results: files, the clipboard, problems, and a cache that does not grow. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { exportPlot } from '../../src/editor/commands/export';
import { COMMANDS } from '../../src/editor/ids';
import type { Report } from '../../src/report/report';
import {
  activate,
  analyze,
  answering,
  closeAll,
  extension,
  sample,
  sessionOf,
  until,
  withSettings,
} from './extension';

const execute = promisify(execFile);

/** What the command line prints for a file, with the settings that are the extension's defaults. */
async function commandLine(path: string, format: string, ...more: string[]): Promise<string> {
  const cli = join(extension().extensionPath, 'dist/cli.js');
  const { stdout } = await execute(
    process.execPath,
    [cli, 'analyze', path, '--per-group', '--no-run', '--format', format, ...more],
    {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      maxBuffer: 1 << 26,
    },
  );
  return stdout;
}

/** A report as text, without the times that differ from run to run. */
const withoutTimes = {
  json: (text: string) => text.replace(/("seconds": )[\d.e+-]+/g, '$1TIME'),
  // In the last column but one; the last may be in quotes.
  csv: (text: string) => text.replace(/,[\d.e+-]+,((?:"(?:[^"]|"")*"|[^",\r\n]*)\r\n)/g, ',TIME,$1'),
  md: (text: string) => text.replace(/( parameters; ).*/, '$1TIME'),
};

describe('results', () => {
  afterEach(closeAll);

  it('have the singular values of the command line, of a layer that is asked for', async () => {
    const uri = sample('golden_zoo.onnx');
    await analyze(uri);
    const { spectra, settings } = await sessionOf(uri);
    const layer = 'golden_01_conv2d';
    const states: string[] = [];
    spectra.on('change', ({ state }) => states.push(state.kind));
    const ended = spectra.compute(layer, settings);
    spectra.cancel(layer);
    await ended;
    assert.deepEqual(states.splice(0), ['running', 'cancelled']);
    await spectra.compute(layer, settings);
    assert.deepEqual([states[0], states.at(-1)], ['running', 'known']);
    const [known] = spectra.all;
    const printed = await commandLine(uri.fsPath, 'json', '--layers', layer, '--spectrum');
    const report = JSON.parse(printed) as Report;
    assert.deepEqual(known, { layer, state: { kind: 'known', spectrum: report.layers[0].spectrum } });
    await spectra.compute('no such layer', settings);
    const { state } = spectra.all[1];
    assert.ok(state.kind === 'failed' && state.sentence.includes('no such layer'), JSON.stringify(state));
  });

  it('are exported as the command line prints them', async () => {
    const uri = sample('golden_zoo.onnx');
    await analyze(uri);
    const formats = { json: 'json', csv: 'csv', md: 'markdown' } as const;
    for (const [ending, format] of Object.entries(formats) as [keyof typeof formats, string][]) {
      const target = sample(`exported ü.${ending}`);
      await vscode.commands.executeCommand(COMMANDS.export, { format: ending, target });
      const [exported, printed] = [
        await readFile(target.fsPath, 'utf8'),
        await commandLine(uri.fsPath, format),
      ].map(withoutTimes[ending]);
      assert.match(exported, /TIME/);
      assert.equal(exported, printed);
      await rm(target.fsPath);
    }
  });

  it('are exported where the user says', async () => {
    await analyze(sample('markup.onnx'));
    // The first format, and the place that is proposed.
    const exported = sample('markup.onnx.report.json');
    await answering([], vscode.commands.executeCommand(COMMANDS.export));
    assert.match(await readFile(exported.fsPath, 'utf8'), /^\{/);
    await rm(exported.fsPath);
  });

  it('have plots that are exported', async () => {
    const plot = sample('markup.onnx.norms.svg');
    await answering([], exportPlot([sample('markup.onnx').fsPath], 'norms', '<svg/>'));
    assert.equal(await readFile(plot.fsPath, 'utf8'), '<svg/>');
    await rm(plot.fsPath);
  });

  it('that cannot be written leave all as it is', async () => {
    const uri = sample('markup.onnx');
    await analyze(uri);
    const target = sample('model.py/no folder/report.json');
    await vscode.commands.executeCommand(COMMANDS.export, { format: 'json', target });
    assert.equal((await sessionOf(uri)).state.kind, 'finished');
  });

  it('are kept only as far as there is room', async () => {
    await vscode.commands.executeCommand(COMMANDS.clearCache);
    // The first has a name of 10,000 letters.
    const files = ['hostile.safetensors', 'markup.onnx', 'sharded'].map(sample);
    const { results } = await activate();
    const kept = async () => {
      for (const uri of files) await analyze(uri);
      const found = await Promise.all(files.map(({ fsPath }) => results.find(fsPath)));
      return found.map((result) => result !== null);
    };
    assert.deepEqual(await kept(), [true, true, true]);
    await vscode.commands.executeCommand(COMMANDS.clearCache);
    await closeAll();
    await withSettings({ 'cache.maxSizeMB': 0.01 }, async () => {
      assert.deepEqual(await kept(), [false, true, true]);
    });
  });

  it('above a budget are problems of the file, as long as there is one', async () => {
    const uri = sample('golden_zoo.onnx');
    const problems = () => vscode.languages.getDiagnostics(uri);
    const { layers } = await analyze(uri);
    const uppers = layers.map(({ lipschitz }) => lipschitz!.upper).sort((a, b) => b - a);
    await withSettings({ 'budget.layer': uppers[3] }, async () => {
      await until(() => problems().length === 3, 'three problems');
      for (const { message, source, severity } of problems()) {
        assert.match(message, /Layer .* exceeds the budget/);
        assert.equal(source, 'Lipschitz Lens');
        assert.equal(severity, vscode.DiagnosticSeverity.Warning);
      }
    });
    await until(() => problems().length === 0, 'no problem');
    // Of the network: 11.86 in its only layer.
    const small = sample('markup.onnx');
    const ofNetwork = () => vscode.languages.getDiagnostics(small);
    await analyze(small);
    await withSettings({ 'budget.network': 9 }, async () => {
      await until(() => ofNetwork().length === 1, 'one problem');
      assert.match(ofNetwork()[0].message, /^The product of the .* is 11\.\d+, above the budget of 9/);
      await vscode.commands.executeCommand(COMMANDS.clearCache);
      await until(() => ofNetwork().length === 0, 'no problem');
    });
  });

  it('are above no budget that is no number', async () => {
    const uri = sample('golden_zoo.onnx');
    await analyze(uri);
    for (const wrong of ['5', 'abc', true, [5], {}, -1]) {
      await withSettings({ 'budget.layer': wrong, 'budget.network': 1e-9 }, async () => {
        // That of the network is looked at in the same turn, and exceeded only by a product that is not 0.
        const small = sample('markup.onnx');
        await analyze(small);
        await until(() => vscode.languages.getDiagnostics(small).length === 1, 'the problem of the network');
        assert.deepEqual(vscode.languages.getDiagnostics(uri), [], JSON.stringify(wrong));
      });
    }
  });
});
