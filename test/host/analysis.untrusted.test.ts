/** In a workspace that is not trusted, files are analysed on the CPU, whatever the settings or the user say. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/editor/ids';
import type { Report } from '../../src/report/report';
import {
  activate,
  analyze,
  answering,
  closeAll,
  sample,
  sessionOf,
  startedWorkers,
  withSettings,
} from './extension';

describe('analysis in an untrusted workspace', () => {
  afterEach(closeAll);

  it('runs on the CPU', async () => {
    await withSettings({ device: 'webgpu' }, async () => {
      const uri = sample('golden_zoo.onnx');
      const report = await analyze(uri);
      assert.equal(report.settings.device, 'cpu');
      assert.equal(report.device.provider, 'cpu');
      assert.equal((await sessionOf(uri)).state.kind, 'finished');
    });
  });

  it('offers no other device', async () => {
    const uri = sample('markup.onnx');
    await answering(['previous'], vscode.commands.executeCommand(COMMANDS.analyzeWithOptions, uri));
    const { settings } = await sessionOf(uri);
    assert.equal(settings.device, 'cpu');
    assert.equal(settings.padding, 'circular');
  });

  it('runs no model', async () => {
    const { network } = await analyze(sample('markup.onnx'));
    const { length } = startedWorkers();
    const report = await vscode.commands.executeCommand<Report>(COMMANDS.findSlopes);
    assert.equal(startedWorkers().length, length);
    assert.deepEqual(report.network, network);
    assert.equal(network?.bounds[0].lower, null);
  });

  it('tries no other device', async () => {
    await activate();
    const { length } = startedWorkers();
    await vscode.commands.executeCommand(COMMANDS.showDevices);
    assert.equal(startedWorkers().length, length);
  });
});
