/** The extension host stays free for other extensions: it loads no ONNX Runtime, and nothing holds it up for long. */
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/editor/ids';
import { MARK } from './launches';
import { activate, analyze, closeAll, sample } from './extension';

/** Only a real block takes so long on a loaded machine, milliseconds. The aim is 50, and the longest is printed. */
const LIMIT = 2000;

describe('the extension host', () => {
  before(async () => {
    await activate();
    await vscode.commands.executeCommand(COMMANDS.clearCache);
  });
  afterEach(closeAll);

  for (const name of ['detector.onnx', 'many.safetensors']) {
    it(`is not held up by the analysis of ${name}`, async () => {
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      await analyze(sample(name));
      delay.disable();
      const longest = delay.max / 1e6;
      console.log(
        `${MARK}      ${name}: the extension host was held up for ${longest.toFixed(0)} ms at most`,
      );
      assert.ok(longest < LIMIT, `${longest} ms`);
    });
  }

  it('has not loaded ONNX Runtime', () => {
    const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: readonly string[] };
    assert.ok(sharedObjects.length > 0);
    assert.deepEqual(
      sharedObjects.filter((path) => /onnxruntime/i.test(path)),
      [],
    );
    const modules = Object.keys(require.cache);
    assert.ok(modules.some((path) => /dist[\\/]extension\.js$/.test(path)));
    assert.deepEqual(
      modules.filter((path) => /onnxruntime/i.test(path)),
      [],
    );
  });
});
